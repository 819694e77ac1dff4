"""The status for a terminal: what the page says, in the same words.

Returns rich's `Text`, a value: the caller decides about colour.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.text import Text

from aspire_gitops.rendering.plan_wording import SIGNS
from aspire_gitops.status import figures
from aspire_gitops.status import wording as words
from aspire_gitops.status.document import (
    AliasDocument,
    CallsDocument,
    ChangeDocument,
    DriftDocument,
    PlanDocument,
    RevisionDocument,
    StatusDocument,
    TurnDocument,
)
from aspire_gitops.vocabulary import ago, ahead, one_line, plural

_TONES: Mapping[str, str] = {
    "ready": "bold green",
    "waiting": "bold yellow",
    "stalled": "bold red",
    "held": "bold cyan",
    "unsure": "bold",
}
_SPEND_TONES: Mapping[str, str] = {"good": "", "warm": "yellow", "bad": "red"}
_SIGNS: Mapping[str, str] = {
    **{str(standing): sign for standing, sign in words.STANDING_SIGNS.items()},
    "held": "‖",
    "unsure": "○",
}
_TURNS_SHOWN = 8
_CHANGE_SIGNS: Mapping[str, str] = {action.value: sign for action, sign in SIGNS.items()}


def status_text(status: StatusDocument) -> Text:
    """Return the whole status, ending with a newline. What is empty is left out."""
    paragraphs = [
        list(_top(status)),
        list(_troubles(status)),
        list(_revisions(status)),
        list(_mistakes(status)),
        list(_pending(status)),
        list(_drift(status)),
        list(_turns(status)),
        list(_probes(status)),
        list(_aliases(status)),
        list(_apps(status)),
        list(_spend(status)),
        list(_calls(status)),
        list(_unmanaged(status)),
        list(_settings(status)),
        list(_controller(status)),
    ]
    blocks = [Text("\n").join(lines) for lines in paragraphs if lines]
    return Text("\n\n").join(blocks).append("\n")


def _top(status: StatusDocument) -> Iterator[Text]:
    top = words.headline(status)
    sign = _SIGNS[top.tone]
    line = Text.assemble((f"{sign} {top.word}", _TONES[top.tone]), (f"  {top.hint}", "dim"))
    if status.gateway.name:
        line.append(f"  {status.gateway.name} ({status.gateway.url or 'no address'})", style="dim")
    yield line
    if status.silent_since and status.downtime:
        yield _told(f"down {words.left_text(status.downtime)}", indent=2)
    yield _told(status.reason, indent=2)
    if status.help:
        yield _told(status.help, indent=2, lead="= help: ")
    for hold in status.brakes:
        yield Text(
            f"  {words.sentence(words.hold_text(hold, status.at, words.there(status)))}",
            style="cyan",
        )
    yield Text(f"  {', '.join(_pulse(status))}", style="dim")


def _pulse(status: StatusDocument) -> Iterator[str]:
    success = status.last_success_at
    yield f"last ready {ago(success, status.at)}" if success else "never ready yet"
    if status.at_work:
        yield f"just now: {status.at_work}"
    elif status.next_look_at:
        yield f"next look {ahead(status.next_look_at, status.at)}"


def _troubles(status: StatusDocument) -> Iterator[Text]:
    if status.troubles:
        yield _title("Needs a person")
    for trouble in status.troubles:
        line = Text.assemble("  ", (trouble.kind, "bold red"), f" {trouble.name}")
        yield line.append(f"  stops {', '.join(trouble.stops)}" if trouble.stops else "")
        yield _told(trouble.what)
        yield _told(trouble.help, lead="= help: ")


def _revisions(status: StatusDocument) -> Iterator[Text]:
    newest = words.in_git(status)
    if newest and not words.is_behind(status):
        yield _revision("git and gateway", newest, _applied(status))
        return
    yield _revision("git", newest)
    if words.is_reverted(status):
        yield _revision("held by a revert", status.wanted)
    yield _revision("gateway", status.applied, _applied(status))


def _applied(status: StatusDocument) -> str:
    at = status.applied_at
    return f"applied {ago(at, status.at)}" if at else ""


def _revision(place: str, revision: RevisionDocument | None, when: str = "") -> Text:
    line = Text.assemble((f"  {place:<17}", "dim"))
    if revision is None:
        return line.append("nothing yet")
    line.append(words.commit_short(revision), style="bold")
    line.append(f"  {revision.subject or 'no subject'}")
    told = [words.person(revision.author)] if revision.author else []
    told += [when] if when else []
    return line.append(f"  ({', '.join(told)})" if told else "", style="dim")


def _mistakes(status: StatusDocument) -> Iterator[Text]:
    found = status.turns[0].diagnostics if status.turns else ()
    for mistake in found:
        yield Text.assemble(
            "  ", (f"{mistake.code} {mistake.name}", "bold red"), f"  {mistake.place}"
        )
        yield _told(mistake.message)
        if mistake.help:
            yield _told(mistake.help, lead="= help: ")


def _pending(status: StatusDocument) -> Iterator[Text]:
    plan = status.pending
    if plan is None:
        return
    yield _title("Pending plan", plan.id)
    yield Text(
        f"  {words.sentence(words.plan_count_text(plan))} {words.plan_wait_text(plan, status)}"
    )
    yield from map(_change, plan.changes)
    if more := plan.total - len(plan.changes):
        yield Text(f"  and {more} more", style="dim")
    yield from _refusals_and_warnings(plan)


def _change(change: ChangeDocument) -> Text:
    sign = _CHANGE_SIGNS.get(change.action, "·")
    line = Text(f"  {sign} {change.action:<8} {change.object}")
    return line.append("  drift", style="bold yellow") if change.drift else line


def _refusals_and_warnings(plan: PlanDocument) -> Iterator[Text]:
    for refusal in plan.refusals:
        head = Text.assemble("  ", ("refused", "bold red"), f" {refusal.code} {refusal.name}")
        yield head.append(f"  {refusal.object}", style="bold")
        yield _told(refusal.message)
        yield _told(refusal.help, lead="= help: ")
    for warning in plan.warnings:
        yield Text.assemble("  ", ("warning", "yellow"), f" {one_line(words.sentence(warning))}")


def _drift(status: StatusDocument) -> Iterator[Text]:
    if status.drift or status.fights:
        yield _title("Drift")
    for drifted in status.drift:
        told = ", ".join([words.DRIFT_WORDS[drifted.kind], *_touched(drifted, status)])
        yield Text(f"  {drifted.object} {told}; {words.ANSWER_WORDS[drifted.answer]}")
        yield from (Text(f"      {line}") for line in words.moved_lines(drifted))
    for flap in status.fights:
        again = words.heals_again_text(flap, status.at)
        line = Text.assemble("  ", ("flapping", "bold red"), f": {flap.path} of {flap.object}")
        yield line.append(f", {plural(flap.times, 'time')} in the last hour; healed {again}")


def _touched(drifted: DriftDocument, status: StatusDocument) -> Iterator[str]:
    if drifted.by:
        yield f"by {drifted.by}"
    if drifted.since:
        yield ago(drifted.since, status.at)
    if drifted.first_seen:
        yield f"first seen {ago(drifted.first_seen, status.at)}"


def _turns(status: StatusDocument) -> Iterator[Text]:
    if status.turns:
        yield _title("Last turns")
    for turn, more in words.runs(status.turns)[:_TURNS_SHOWN]:
        yield _turn(turn, status)
        if more:
            since = ago(more[-1].started_at, status.at)
            many = plural(len(more), "turn")
            yield Text(f"{'':15}and {many} like it, back to {since}", style="dim")


def _turn(turn: TurnDocument, status: StatusDocument) -> Text:
    line = Text(f"  {ago(turn.started_at, status.at):<12} ", style="dim")
    sign = words.STANDING_SIGNS[turn.standing]
    told = Text(f"{sign} {turn.standing}", style=_TONES[turn.standing])
    told.append(
        f": {one_line(turn.reason)}; {words.changes_text(turn)}; {words.duration_text(turn)}",
        style="not bold default",
    )
    return Text("").join([line, told])


def _probes(status: StatusDocument) -> Iterator[Text]:
    if status.probes is None:
        return
    yield _title("Probes", words.probes_text(status.probes))
    for row in status.probes.broken:
        yield Text.assemble(
            ("  ✗ ", "bold red"),
            row.alias,
            f"  {words.probe_text(row, status.at, words.there(status))}",
        )
        if row.told:
            yield _told(row.told, indent=6)
        if row.help:
            yield _told(row.help, indent=6, lead="= help: ")


def _aliases(status: StatusDocument) -> Iterator[Text]:
    if not status.aliases:
        return
    yield _title("Aliases")
    rows = [(row.name, row.vendor, f"{row.provider}/{row.model}") for row in status.aliases]
    for row, line in zip(status.aliases, _columns(rows), strict=True):
        yield line.append(*_alias_state(row, status))


def _alias_state(row: AliasDocument, status: StatusDocument) -> tuple[str, str]:
    if row.others:
        others = words.others_text(row, status.at, words.there(status))
        return f"  ✗ also answered by {others}", "bold red"
    if not status.is_current:
        return f"  {words.seen_text(status) or 'not known'}", "dim"
    return ("", "") if row.live else ("  ≠ differs from git", "yellow")


def _apps(status: StatusDocument) -> Iterator[Text]:
    if not status.apps:
        return
    yield _title("Apps")
    rows = [
        (app.name, f"{app.monthly_aud} AUD a month", words.keys_text(app), ", ".join(app.aliases))
        for app in status.apps
    ]
    yield from _columns(rows)


def _spend(status: StatusDocument) -> Iterator[Text]:
    spend = status.spend
    if spend is None:
        return
    yield _title("Spend", figures.whole_text(spend))
    if spend.problem:
        yield Text("  the ledger does not answer", style="bold yellow")
        yield _told(spend.problem)
    rows = [
        (
            row.name,
            f"{figures.aud(row.spent_aud)} AUD",
            figures.share_text(row),
            f"cap reached: {row.outlook}",
        )
        for row in spend.budgets
    ]
    for row, line in zip(spend.budgets, _columns(rows) if rows else (), strict=True):
        line.stylize(_SPEND_TONES[figures.tone(row)])
        yield line
        if row.estimated_calls:
            yield Text(f"      {figures.estimated_text(row)}", style="dim")
    for one in spend.unlike:
        yield Text.assemble("  ", ("! own spend", "bold yellow"), f" {one.object}")
        yield _told(one.told)


def _calls(status: StatusDocument) -> Iterator[Text]:
    found = status.calls
    if found is None or figures.is_quiet(found):
        return
    yield _title("Calls", f"{figures.days_text(found)}, as of {ago(found.at, status.at)}")
    if found.problem:
        yield Text("  not everything is known", style="bold yellow")
        yield _told(found.problem)
    yield from _failed_calls(found)
    yield from _unlisted_parameters(found)
    yield from _price_differences(found)


def _failed_calls(found: CallsDocument) -> Iterator[Text]:
    shown = (found.failures or ())[: figures.ROWS]
    rows = [
        ("failed", row.alias, row.outcome, f"{row.calls:,}", f"{row.today:,} today")
        for row in shown
    ]
    yield from _listed(rows, figures.more_text(shown, found.failure_rows))


def _unlisted_parameters(found: CallsDocument) -> Iterator[Text]:
    shown = (found.unlisted_parameters or ())[: figures.ROWS]
    rows = [
        (
            "not listed",
            row.app,
            row.parameter,
            row.outcome,
            plural(row.calls, "call"),
            f"to {', '.join(row.aliases)}" if row.aliases else "",
        )
        for row in shown
    ]
    yield from _listed(rows, figures.more_text(shown, found.parameter_rows))


def _price_differences(found: CallsDocument) -> Iterator[Text]:
    prices = found.price_differences
    if prices is None or not prices.calls:
        return
    yield Text(f"  {figures.prices_text(prices)}; the worst:")
    for one in prices.worst:
        booked, litellm = figures.usd(one.booked_usd), figures.usd(one.litellm_usd)
        yield Text(
            f"      {one.alias}: booked {booked} USD, LiteLLM {litellm} USD  {one.request_id}"
        )


def _listed(rows: Sequence[Sequence[str]], more: str) -> Iterator[Text]:
    yield from _columns(rows) if rows else ()
    if more:
        yield Text(f"      {more}", style="dim")


def _unmanaged(status: StatusDocument) -> Iterator[Text]:
    for fallback in status.fallbacks:
        line = Text.assemble("  ", ("! LIVE FALLBACK", "bold white on red"))
        line.append(f" calls to {fallback.alias} may be answered by {', '.join(fallback.answers)}")
        yield line.append(f"\n      = help: DELETE /fallback/{fallback.alias} removes it")
    if status.foreign:
        many = plural(len(status.foreign), "object")
        yield Text(f"  unmanaged, left alone: {many}: {', '.join(status.foreign)}", style="dim")


def _settings(status: StatusDocument) -> Iterator[Text]:
    found = status.settings
    if found is None:
        return
    yield _title("Settings", found.state)
    yield _told(found.reason)
    if found.help:
        yield _told(found.help, lead="= help: ")
    rows = [(one.process, one.trust, one.why) for one in found.processes]
    yield from _columns(rows) if rows else ()


def _controller(status: StatusDocument) -> Iterator[Text]:
    parts = [words.role_text(status.role), f"version {status.program_version}"]
    parts.append(f"started {ago(status.started_at, status.at)}")
    if status.journal:
        parts.append(f"journal {plural(status.journal.entries, 'entry')}")
    if status.untold:
        parts.append(f"{plural(status.untold, 'notice')} not delivered")
    yield Text(f"  {'; '.join(parts)}", style="dim")
    if status.downtime:
        tone = "bold red" if status.downtime.seconds > status.downtime.allowed_s else "dim"
        yield Text(f"  gateway down: {words.downtime_text(status.downtime)}", style=tone)


def _told(text: str, *, indent: int = 6, lead: str = "") -> Text:
    # Every line is indented, so that third-party text cannot look like a line of ours.
    margin = " " * indent
    told = words.sentence(text).replace("\n", f"\n{margin}")
    return Text(f"{margin}{lead}{told}")


def _title(text: str, detail: str = "") -> Text:
    return Text.assemble((text, "bold"), (f" {detail}" if detail else "", "dim"))


def _columns(rows: Sequence[Sequence[str]]) -> Iterable[Text]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        yield Text.assemble("  ", (cells[0], "bold"), "  ", "  ".join(cells[1:]).rstrip())
