"""A review for a terminal: the sentence, what prevents the change, what changes, what is unknown.

Returns rich's `Text`, a value: the caller decides about colour.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from aspire_gitops.rendering.plan_wording import counts_text
from aspire_gitops.review.sentences import alias_rows, headline
from aspire_gitops.review.value import AliasImpact, AppImpact, BudgetImpact, Edit, Effect, Review
from aspire_gitops.review.wording import (
    SIGNS,
    Code,
    Words,
    budget_words,
    change_warnings,
    file_errors,
    file_warnings,
    in_brackets,
    kind_text,
    left_text,
    listed,
    money_moved,
    revision_brief,
)
from aspire_gitops.vocabulary import Diagnostic, age, one_line, value_text

_STYLES = {Edit.ADDED: "green", Edit.REMOVED: "red", Edit.CHANGED: "yellow"}
_DETAILS = 12


def review_text(review: Review) -> Text:
    """Return the whole review, ending with a newline."""
    paragraphs = [
        [_headline(review)],
        *([line] for line in _alerts(review)),
        *_edits(review),
        *map(_alias, filter(_has_details, review.aliases)),
        list(map(_budget, review.budgets)),
        list(_apps(review.apps)),
        list(_uptime(review)),
        list(_consents(review)),
        [Text(f"  unknown: {one_line(said)}", style="dim") for said in review.unknown],
        [_footer(review)],
    ]
    return Text("\n\n").join(Text("\n").join(lines) for lines in paragraphs if lines).append("\n")


def styled(words: Words, style: str = "") -> Text:
    """Return words as text: names bold, and nothing in them acts."""
    text = Text(style=style)
    for part in words:
        if isinstance(part, Code):
            text.append(one_line(part.text), style="bold")
        else:
            text.append(part)
    return text


def _headline(review: Review) -> Text:
    said = headline(review)
    return styled(said.what, "bold").append_text(styled(said.rest))


def _alerts(review: Review) -> Iterator[Text]:
    for found in (*file_errors(review), *change_warnings(review), *file_warnings(review)):
        yield _finding(found)
    for refusal in review.plan.refusals if review.plan else ():
        word = "refused" if review.plan and review.plan.is_refused else "held"
        head = Text.assemble("  ", (word, "bold red"), f" {refusal.rule.code} {refusal.rule.name}")
        head.append(f"  {one_line(refusal.object)}", style="bold")
        head.append(f"\n      {one_line(refusal.message)}")
        yield head.append(f"\n      = help: {one_line(refusal.help)}")


def _finding(found: Diagnostic) -> Text:
    style = "bold red" if found.is_error else "yellow"
    line = Text.assemble("  ", (str(found.rule.severity), style), f" {found.rule.code}")
    line.append(f" {one_line(str(found.span))}", style="bold")
    line.append(f"\n      {one_line(found.message)}")
    return line.append(f"\n      = help: {one_line(found.help)}") if found.help else line


def _edits(review: Review) -> Iterator[list[Text]]:
    lines = []
    for edit in review.edits:
        line = Text("  ")
        line.append(f"{SIGNS[edit.edit]} {edit.edit:<7}", style=_STYLES[edit.edit])
        line.append(f" {kind_text(edit.kind)}/{one_line(edit.name)}", style="bold")
        lines.append(line)
        for field in edit.fields[:_DETAILS]:
            moved = Text(f"      {one_line(field.path)}  ")
            moved.append(value_text(field.before), style="red").append(" → ")
            lines.append(moved.append(value_text(field.after), style="green"))
        if len(edit.fields) > _DETAILS:
            lines.append(Text(f"      and {len(edit.fields) - _DETAILS} more", style="dim"))
    yield lines


def _has_details(alias: AliasImpact) -> bool:
    return alias.edit is Edit.CHANGED and any(alias_rows(alias))


def _alias(alias: AliasImpact) -> list[Text]:
    lines = [Text.assemble("  alias ", (one_line(alias.name), "bold"))]
    lines[0].append_text(styled((", called by ", *(listed(alias.apps) or ("no app",)))))
    rows = list(alias_rows(alias))
    width = max(len(label) for label, *_ in rows)
    for label, before, after, meaning in rows:
        line = Text(f"      {label:<{width}}  ").append_text(styled(before)).append(" → ")
        lines.append(
            line.append_text(styled(after)).append(in_brackets(meaning), style="bold yellow")
        )
    lines += [
        Text(
            f"      {one_line(gap.app)} needs {one_line(gap.need)}, which is gone", style="bold red"
        )
        for gap in alias.gaps
    ]
    if alias.repriced:
        since, until = f"{alias.repriced.since:%Y-%m-%d}", f"{alias.repriced.until:%Y-%m-%d}"
        lines.append(Text(f"      calls {since} to {until}  {money_moved(alias.repriced.total)}"))
        lines += [
            Text(f"        {one_line(row.app)}  {money_moved(row.aud)}")
            for row in alias.repriced.apps
        ]
    return lines


def _budget(budget: BudgetImpact) -> Text:
    line = Text.assemble("  budget ", (one_line(budget.name), "bold"), "  ")
    style = "bold red" if budget.stops_at_once else ""
    return line.append_text(styled(budget_words(budget), style))


def _apps(apps: Sequence[AppImpact]) -> Iterator[Text]:
    for app in apps:
        line = Text.assemble("  app ", (one_line(app.name), "bold"))
        if app.through:
            line.append_text(styled(("  through ", *listed(app.through)), "dim"))
        if app.stops:
            line.append(f"  {one_line(app.stops)}", style="bold red")
        for word, found in (("loses", app.aliases_lost), ("may call", app.aliases_gained)):
            if found:
                line.append_text(styled((f"  {word} ", *listed(found))))
        yield line


def _uptime(review: Review) -> Iterator[Text]:
    uptime = review.uptime
    if uptime and uptime.effect in (Effect.RESTART, Effect.REDEPLOY):
        yield Text.assemble("  ", (str(uptime.effect), "bold yellow"), f"  {left_text(uptime)}")
        yield from _because(uptime.because)


def _because(reasons: Iterable[str]) -> Iterator[Text]:
    return (Text(f"      because of {one_line(reason)}", style="dim") for reason in reasons)


def _consents(review: Review) -> Iterator[Text]:
    reported = {refusal.object for refusal in (review.plan.refusals if review.plan else ())}
    for one in review.consents:
        if one.object in reported and not one.given_by:
            continue  # the refusal reports it
        line = Text.assemble(
            "  approval ", (f"{one_line(one.change)} of {one_line(one.object)}", "bold")
        )
        if one.given_by:
            yield line.append(f"  given by {one_line(one.given_by)}: {one_line(one.reason)}")
        else:
            yield line.append("  missing", style="bold red").append(f": {one_line(one.why)}")


def _footer(review: Review) -> Text:
    base, head = one_line(revision_brief(review.base)), one_line(revision_brief(review.head))
    parts = [f"compared {base} → {head}"]
    if review.live:
        parts.append(f"snapshot {age(review.live.age)}")
    if review.plan:
        parts.append(f"plan {review.plan.id}: {counts_text(review.plan)}")
    return Text("; ".join(parts), style="dim")
