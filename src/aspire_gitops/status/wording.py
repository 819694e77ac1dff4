"""Wording of a turn and the status, shared by the page, logs and the terminal. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from aspire_gitops.spend import zone
from aspire_gitops.spend.wording import month_text
from aspire_gitops.status.document import (
    AliasDocument,
    AppDocument,
    DowntimeDocument,
    DriftDocument,
    FlappingDocument,
    HoldDocument,
    PlanDocument,
    ProbeDocument,
    ProbesDocument,
    RevisionDocument,
    StatusDocument,
    TurnDocument,
)
from aspire_gitops.status.document_builder import turn_document
from aspire_gitops.status.value import Answer, DriftKind, HoldKind, Role, Standing, Turn
from aspire_gitops.vocabulary import (
    UNSET,
    ago,
    ahead,
    clock,
    duration,
    minutes,
    one_line,
    plural,
    revision_text,
    span,
)
from aspire_gitops.witness import Settings

STANDING_SIGNS: Mapping[Standing, str] = {  # distinguished by shape, colour is extra
    Standing.READY: "●",
    Standing.WAITING: "◐",
    Standing.STALLED: "■",
}
STANDING_HINTS: Mapping[Standing, str] = {
    Standing.READY: "at rest",
    Standing.WAITING: "passes by itself",
    Standing.STALLED: "needs a commit or a person",
}
ANSWER_WORDS: Mapping[Answer, str] = {
    Answer.HEALED: "healed",
    Answer.REPORTED: "only reported",
    Answer.HELD: "held: healing is slowed down",
    Answer.FAILED: "healing failed",
}
DRIFT_WORDS: Mapping[str, str] = {
    DriftKind.CHANGED: "was changed on the gateway, outside of git",
    DriftKind.DELETED: "was deleted on the gateway, outside of git",
    DriftKind.ADDED: "was added on the gateway, outside of git",
    DriftKind.COUNTED: "is counted otherwise by LiteLLM than by the ledger",
}
_HOLD_WORDS: Mapping[HoldKind, str] = {
    HoldKind.FREEZE: "Frozen",
    HoldKind.SUSPEND: "Suspended",
    HoldKind.REVERT: "Held at an older revision",
}
_TAKES_OVER = "takes over when the other controller ends"
UNKNOWN = "unknown"
"""Shown for who and when if the gateway says neither."""


@dataclass(frozen=True, slots=True)
class StatusHeadline:
    """The word on top, its meaning, and its tone: ready, waiting, stalled or held."""

    word: str
    hint: str
    tone: str


def headline(status: StatusDocument) -> StatusHeadline:
    """Return the headline. A hold shows if there is nothing worse."""
    if status.role is Role.STANDBY:
        return StatusHeadline("Standby", _TAKES_OVER, "held")
    if status.silent_since:
        return StatusHeadline("Gateway not answering", silence_text(status), "stalled")
    if status.standing is Standing.READY and (worse := _of_calls(status)):
        return worse
    if status.standing is Standing.READY and status.brakes:
        return _held({hold.kind for hold in status.brakes})
    return _of_settings(status) or StatusHeadline(
        status.standing.capitalize(), STANDING_HINTS[status.standing], status.standing.value
    )


def _of_calls(status: StatusDocument) -> StatusHeadline | None:
    if status.troubles:
        return StatusHeadline("Degraded", _stopped(status), "stalled")
    if status.probes and status.probes.broken:
        return _broken([row.alias for row in status.probes.broken])
    return None


def _of_settings(status: StatusDocument) -> StatusHeadline | None:
    standing, settings = status.standing, status.settings
    if settings and standing is Standing.STALLED and settings.reason in status.reason:
        return StatusHeadline("Restart needed", "the gateway runs other settings", "stalled")
    if settings and standing is Standing.READY and settings.state == Settings.UNKNOWN:
        return StatusHeadline("Ready", "the gateway's settings are not verified", "unsure")
    return None


def silence_text(status: StatusDocument) -> str:
    """Return `since 09:32 UTC (4 min)`."""
    since = status.silent_since or status.at
    return f"since {clock(since, status.at, there(status))} ({span((status.at - since).total_seconds())})"


def _stopped(status: StatusDocument) -> str:
    apps = {app for trouble in status.troubles for app in trouble.stops}
    if not apps:
        return "needs a person"
    return f"calls of {plural(len(apps), 'app')} fail"


def left_text(found: DowntimeDocument) -> str:
    """Return `12 min of 60 min allowed in November 2026, 48 min left`."""
    left = found.allowed_s - found.seconds
    rest = f"{minutes(left)} left" if left > 0 else f"{minutes(-left)} too much"
    allowed = f"{minutes(found.seconds)} of {minutes(found.allowed_s)} allowed"
    return f"{allowed} in {month_text(found.month)}, {rest}"


def seen_text(status: StatusDocument) -> str:
    """Return `as last seen at 09:31 UTC`; empty while it is known, and before it was ever."""
    if status.is_current or status.seen_at is None:
        return ""
    return f"as last seen at {clock(status.seen_at, status.at, there(status))}"


def nothing_text(status: StatusDocument, word: str) -> str:
    """Return the word for an empty list, or that nobody knows whether it is empty now."""
    if status.is_current:
        return word if status.turns else "Not known yet."
    seen = seen_text(status)
    return f"Not known now; {word.rstrip('.').lower()} {seen}." if seen else "Not known yet."


def others_text(alias: AliasDocument, now: datetime, zone: tzinfo | None = None) -> str:
    """Return who else answers an alias: `gpt-4o at evil.example since 09:32 UTC, 8 of the last 20 calls`."""
    parts = []
    for one in alias.others:
        share = f", {one.calls} of the last {one.of_calls} calls" if one.of_calls else ""
        parts.append(f"{one.model} at {one.vendor} since {clock(one.since, now, zone)}{share}")
    return "; ".join(parts)


def _broken(aliases: Sequence[str]) -> StatusHeadline:
    more = f" and {len(aliases) - 1} more" if len(aliases) > 1 else ""
    return StatusHeadline("Broken alias", f"calls to {aliases[0]}{more} fail", "stalled")


def probe_text(row: ProbeDocument | None, now: datetime, zone: tzinfo | None = None) -> str:
    """Return what is known of an alias's calls: `answers, probed 12 min ago`."""
    if row is None:
        return "not probed"
    probed = f", probed {ago(row.at, now)}" if row.at else ""
    if row.works:
        return f"answers{probed}{'' if row.by_ledger else ', by headers alone'}"
    if row.works is None:
        return f"{row.verdict}{probed}" if row.verdict else "not probed yet"
    since = f" since {clock(row.since, now, zone)}" if row.since else ""
    return f"{row.verdict or 'fails'}{since}{probed}"


def probe_of(found: ProbesDocument, alias: str) -> ProbeDocument | None:
    """Return what is known of an alias, None if it is not probed."""
    return next((row for row in found.rows if row.alias == alias), None)


def probes_text(found: ProbesDocument) -> str:
    """Return how many calls were made of those that may be made today."""
    known = sum(row.works is not None for row in found.rows)
    spent = ": no more until tomorrow" if found.calls_today >= found.calls_per_day else ""
    return (
        f"{known} of {plural(len(found.rows), 'alias')} known,"
        f" {grouped(found.calls_today)} of {plural(found.calls_per_day, 'call')} made today{spent}."
    )


def _held(kinds: Collection[HoldKind]) -> StatusHeadline:
    if kinds == {HoldKind.REVERT}:  # alone it stops nothing: drift from that revision is healed
        return StatusHeadline("Reverted", "holds an older revision", "held")
    word = "Frozen" if HoldKind.FREEZE in kinds else "Suspended"
    return StatusHeadline(word, "looks and reports only", "held")


def downtime_text(found: DowntimeDocument) -> str:
    """Return `gateway without an answer for 61 s of 60 min allowed in November 2026, …`."""
    seconds = "never" if not found.seconds else f"for {minutes(found.seconds, exact=True)}"
    allowed = f"{minutes(found.allowed_s, exact=True)} are allowed"
    since = f"{found.watched_since.day} {found.watched_since:%b}"
    return (
        f"{seconds} in {month_text(found.month)}, as the controller saw it since {since}; {allowed}"
    )


def sentence(text: str) -> str:
    """Return the text with a capital first letter and an end."""
    if not text:
        return ""
    first = text.partition(" ")[0]
    start = text if not first.isalpha() else text[:1].upper() + text[1:]
    return start if start[-1] in ".!?…" else f"{start}."


def commit_short(revision: RevisionDocument) -> str:
    """Return what people compare: twelve digits, or the reference of a plain folder."""
    if revision.commit is None:
        return revision.reference
    return f"{revision.commit[:12]}{' and changes' if revision.dirty else ''}"


def person(name: str) -> str:
    """Return a commit's author without the address: `Mia Okafor`."""
    return name.partition(" <")[0] or name


def is_reverted(status: StatusDocument) -> bool:
    """Return whether an older revision is held instead of git's."""
    return any(hold.kind is HoldKind.REVERT for hold in status.brakes)


def in_git(status: StatusDocument) -> RevisionDocument | None:
    """Return the newest revision in git, None if it is not known."""
    return status.in_git or (None if is_reverted(status) else status.wanted)


def is_behind(status: StatusDocument) -> bool:
    """Return whether git has something that is not on the gateway."""
    newest = in_git(status)
    return newest is not None and newest != status.applied


def revisions_text(status: StatusDocument) -> str:
    """Return how git and the gateway compare."""
    if is_reverted(status) and status.wanted:
        return f"a revert holds {commit_short(status.wanted)}"
    if in_git(status) is None:
        return "git was not read yet"
    if status.applied is None:
        return "nothing was applied yet"
    return "git is ahead" if is_behind(status) else "the same revision"


def there(status: StatusDocument) -> tzinfo | None:
    """Return the Gateway's timezone: where the people are who read the times. None: not known."""
    return zone(status.gateway.timezone) if status.gateway.timezone else None


def hold_text(hold: HoldDocument, now: datetime, zone: tzinfo | None = None) -> str:
    """Return who set the hold, and until when, in one sentence."""
    word = _HOLD_WORDS[hold.kind]
    end = "until resumed"
    if hold.until:
        end = f"until {clock(hold.until, now, zone)} ({ahead(hold.until, now)})"
    return f"{word} by {hold.owner} {end}: {hold.reason}"


def moved_lines(drifted: DriftDocument) -> Iterator[str]:
    """Yield `max_budget: 48.84 → 500`, from what git says to what the gateway has."""
    for moved in drifted.moved:
        git, live = (UNSET if text is None else text for text in (moved.git, moved.live))
        yield f"{moved.path}: {git} → {live}"
    if not drifted.moved:  # of an older controller
        yield from drifted.fields


def heals_again_text(flap: FlappingDocument, now: datetime) -> str:
    """Return `again in 21 min`, or since when healing is not slowed down any more."""
    if now < flap.heals_again_at:
        return f"again {ahead(flap.heals_again_at, now)}"
    return f"at once again since {span((now - flap.heals_again_at).total_seconds())}"


def plan_wait_text(plan: PlanDocument, status: StatusDocument) -> str:
    """Return what the plan waits for."""
    if plan.refusals and all(one.scope == "object" for one in plan.refusals):
        return f"Held: {plural(plan.held, 'change')}. The rest is applied."
    if plan.refusals:
        return f"Refused, for {plural(len(plan.refusals), 'reason')}: it waits for a commit."
    if status.brakes:
        return "It waits for the hold to end."
    return "It waits to be applied by hand."


def plan_count_text(plan: PlanDocument) -> str:
    """Return `5 changes: 2 create, 1 update, 1 of them drift`."""
    parts = ", ".join(f"{count} {action}" for action, count in plan.counts.items())
    drift = f", {plan.drift} of them drift" if plan.drift else ""
    return f"{plural(plan.total, 'change')}: {parts}{drift}" if parts else "no changes"


def keys_text(app: AppDocument) -> str:
    """Return `2 keys live`, or `1 of 2 keys live`."""
    if app.keys == app.live_keys:
        return f"{plural(app.keys, 'key')} live" if app.keys else "no keys"
    return f"{app.live_keys} of {plural(app.keys, 'key')} live"


def role_text(role: Role) -> str:
    """Return the role of this controller beside others."""
    if role is Role.LEADER:
        return "leader: this controller writes"
    return "standby: another controller writes"


def bytes_text(size: int) -> str:
    """Return `3.4 MB`."""
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} bytes"


def grouped(number: int) -> str:
    """Return `4,812`."""
    return f"{number:,}"


def turn_line(turn: Turn | TurnDocument) -> str:
    """Return `ready: … · main@sha1:4f2c9d1 · 2 applied · 1.2 s (gateway 1.0 s, git 0.1 s, own 0.04 s)`."""
    shown = turn if isinstance(turn, TurnDocument) else turn_document(turn)
    parts = [f"{shown.standing}: {one_line(shown.reason)}"]
    if shown.wanted:
        parts.append(revision_short(shown.wanted))
    parts.append(changes_text(shown))
    if shown.drift:
        parts.append(f"drift in {plural(shown.drift, 'object')}")
    parts.append(duration_text(shown))
    return " · ".join(parts)


def turn_lines(turn: TurnDocument) -> Iterator[str]:
    """Yield the turn, then every mistake and failed change, each in its line, and what to do."""
    yield turn_line(turn)
    for found in turn.diagnostics:
        yield f"  {found.place}: {found.code} {found.name}: {one_line(found.message)}"
        if found.help:
            yield f"    = help: {one_line(found.help)}"
    for failure in turn.failures:
        yield f"  failed {one_line(failure)}"
    if turn.help:
        yield f"  = help: {one_line(turn.help)}"
    if turn.settings and turn.standing is Standing.READY:  # else the reason is about them, or worse
        yield f"  {one_line(turn.settings)}"


def runs(
    turns: Sequence[TurnDocument],
) -> tuple[tuple[TurnDocument, tuple[TurnDocument, ...]], ...]:
    """Return each turn with news, together with the older turns that repeat it."""
    found: list[tuple[TurnDocument, tuple[TurnDocument, ...]]] = []
    for turn in turns:
        if found and _repeats(found[-1][0], turn):
            first, more = found.pop()
            found.append((first, (*more, turn)))
        else:
            found.append((turn, ()))
    return tuple(found)


def _repeats(newer: TurnDocument, older: TurnDocument) -> bool:
    noisy = newer.counts or older.counts or newer.diagnostics or newer.failures
    return not noisy and all(
        getattr(newer, name) == getattr(older, name)
        for name in ("standing", "reason", "causes", "wanted", "applied", "plan", "drift")
    )


def changes_text(turn: TurnDocument) -> str:
    """Return `2 applied, 1 failed`, `3 planned`, or `no changes`."""
    if turn.counts:
        return counts_text(turn.counts)
    return f"{turn.planned} planned" if turn.planned else "no changes"


def counts_text(counts: Mapping[str, int]) -> str:
    """Return the counts that are not zero, with their words."""
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "no changes"


def duration_text(turn: TurnDocument) -> str:
    """Return the wall time, and where it went."""
    parts = (("gateway", turn.gateway_s), ("git", turn.source_s), ("own", turn.own_s))
    spent = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts)
    return f"{duration(turn.duration_s)} ({spent})"


def revision_short(revision: RevisionDocument) -> str:
    """Return `main@4f2c9d1a0b3c`, or the reference alone for a folder."""
    if revision.commit is None:
        return revision.reference
    changes = "+changes" if revision.dirty else ""
    return revision_text(f"{revision.reference}@sha1:{revision.commit}{changes}")
