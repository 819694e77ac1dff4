"""A plan for a terminal: one line for each object, one for each field, the count at the end.

Returns rich's `Text`, a value: the caller decides about colour.
"""

from collections.abc import Iterator, Sequence

from rich.text import Text

from aspire_gitops.planning import Action, Cause, Change, FieldChange, Plan, Refusal, Scope
from aspire_gitops.rendering.plan_wording import (
    SIGNS,
    counts_text,
    drift_count,
    held_text,
    note_text,
    reason_text,
    shown_fields,
    where_text,
)
from aspire_gitops.vocabulary import one_line, plural, printable, revision_text, value_text

_STYLES = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "magenta",
    Action.ADOPT: "cyan",
    Action.DELETE: "red",
}
_NAMES_SHOWN = 8


def plan_text(plan: Plan) -> Text:
    """Return the whole plan, ending with a newline."""
    paragraphs = [
        [_title(plan)],
        *(_change(change) for change in plan.changes),
        [line for refusal in plan.refusals for line in _refusal(refusal)],
        list(_held(plan)),
        list(_fallbacks(plan)),
        list(_remarks(plan)),
        [_summary(plan)],
    ]
    blocks = [Text("\n").join(lines) for lines in paragraphs if lines]
    return Text("\n\n").join(blocks).append("\n")


def _title(plan: Plan) -> Text:
    title = Text.assemble(("Plan ", "bold"), (plan.id, "bold"))
    title.append(f" for {one_line(plan.gateway_name)} ({one_line(plan.gateway_url)})")
    return title.append(f" at {revision_text(plan.revision)}")


def _change(change: Change) -> list[Text]:
    head = Text("  ")
    head.append(f"{SIGNS[change.action]} {change.action:<8}", style=_STYLES[change.action])
    head.append(f" {one_line(str(change.key))}", style="bold")
    if where := where_text(change):
        head.append(f"  {where}", style="dim")
    if change.is_drift:
        head.append("  drift: git did not change, the gateway did", style="bold yellow")
    lines = [head]
    if reason := reason_text(change):
        lines.append(Text(f"      because {reason}", style="dim"))
    return [*lines, *_fields(change)]


def _fields(change: Change) -> Iterator[Text]:
    fields = shown_fields(change)
    width = max((len(one_line(field.path)) for field in fields), default=0)
    for field in fields:
        line = _field(field, width, bare=change.action is Action.CREATE)
        note = note_text(change, field)
        yield line.append(f"  ({note})", style="dim") if note else line


def _field(field: FieldChange, width: int, *, bare: bool) -> Text:
    line = Text(f"      {one_line(field.path):<{width}}  ")
    if bare and field.before is None:
        return line.append(value_text(field.after))
    line.append(value_text(field.before), style="red").append(" → ")
    line.append(value_text(field.after), style="green")
    if field.cause is Cause.DRIFT:
        line.append("  (drift)", style="bold yellow")
    return line


def _refusal(refusal: Refusal) -> list[Text]:
    word = "refused" if refusal.scope is Scope.PLAN else "held"
    head = Text.assemble("  ", (word, "bold red"), f" {refusal.rule.code} {refusal.rule.name}")
    head.append(f"  {one_line(refusal.object)}", style="bold")
    return [
        head,
        Text(f"      {printable(refusal.message)}"),
        Text(f"      = help: {printable(refusal.help)}"),
    ]


def _held(plan: Plan) -> Iterator[Text]:
    for one in plan.held:
        line = Text("  ").append(f"held {SIGNS[one.change.action]} {one.change.action:<8}", "red")
        line.append(f" {one_line(str(one.change.key))}", style="bold")
        waits = [name for name in one.waits_for if name != str(one.change.key)]
        yield line.append(f"  waits for {_listed(waits)}" if waits else "", style="dim")


def _fallbacks(plan: Plan) -> Iterator[Text]:
    for fallback in plan.fallbacks:
        answers = ", ".join(map(one_line, fallback.answers))
        line = Text.assemble("  ", ("! LIVE FALLBACK", "bold white on red"))
        line.append(f" calls to {one_line(fallback.alias)} may be answered by {answers}")
        line.append(f" ({one_line(fallback.kind)}, set by hand on the gateway)")
        yield line.append(f"\n      = help: DELETE /fallback/{one_line(fallback.alias)} removes it")


def _remarks(plan: Plan) -> Iterator[Text]:
    for warning in plan.warnings:
        yield Text.assemble("  ", ("warning", "yellow"), f" {printable(warning)}")
    if plan.unverified:
        names = _listed([str(key) for key in plan.unverified])
        yield Text(f"  not compared, their secrets are not set here: {names}", style="dim")
    if plan.unmanaged:
        many = plural(len(plan.unmanaged), "object")
        yield Text(f"  unmanaged, left alone: {many}: {_listed(plan.unmanaged)}", style="dim")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(one_line, names[:_NAMES_SHOWN]))
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _summary(plan: Plan) -> Text:
    line = Text(_capital(counts_text(plan)), style="bold")
    if drift := drift_count(plan):
        line.append(f", {drift} of them drift")
    line.append(".")
    if plan.is_refused:
        reasons = plural(len(plan.refusals), "reason")
        line.append(f" Refused, for {reasons}: apply will not carry it out.", style="bold red")
    elif plan.refusals:
        line.append(f" {held_text(plan)}", style="bold red")
    return line


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
