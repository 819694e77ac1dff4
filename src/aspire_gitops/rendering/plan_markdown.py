"""A plan for a pull request: a sentence and a table on top, the details folded away.

Names and values on a gateway are untrusted, so all of them are escaped: they
cannot format, link, mention or break out of their cell.
"""

from collections.abc import Iterator, Sequence

from aspire_gitops.planning import Action, Cause, Change, FieldChange, Plan
from aspire_gitops.rendering.plan_wording import (
    SIGNS,
    counts_text,
    drift_count,
    shown_fields,
    where_text,
)
from aspire_gitops.vocabulary import code, markdown, plural, revision_text, value_text

_LONGEST = 60_000  # GitHub refuses comments of more than 65,536 characters
_MOST_ROWS = 60
_MOST_FIELDS = 200
_FIELDS_IN_CELL = 3


def plan_markdown(plan: Plan) -> str:
    """Return the comment, ending with a newline."""
    above = [_sentence(plan), _refusals(plan), _fallbacks(plan)]
    below = [
        _remarks(plan),
        f"<sub>Plan {code(plan.id)} at {code(revision_text(plan.revision))}</sub>",
    ]
    middles = [[_table(plan.changes), _details(plan)], [_table(plan.changes)], []]
    versions = ("\n\n".join(filter(None, above + middle + below)) + "\n" for middle in middles)
    return next((text for text in versions if len(text) <= _LONGEST), _cut(above))


def _cut(above: Sequence[str]) -> str:
    return above[0] + "\n\nThe plan is too long for a comment; run `aspire-gitops plan`.\n"


def _sentence(plan: Plan) -> str:
    gateway = f"{code(plan.gateway_name)} ({code(plan.gateway_url)})"
    if not plan.changes:
        return f"**No changes** for {gateway}."
    drift = drift_count(plan)
    undone = f" {drift} of them only undo what was changed by hand on the gateway." if drift else ""
    return f"**{counts_text(plan)}** for {gateway}.{undone}"


def _refusals(plan: Plan) -> str:
    if not plan.refusals:
        return ""
    rows = [
        f"> - {refusal.rule.code} {code(refusal.object)}: {markdown(refusal.message)} "
        f"*{markdown(refusal.help)}*"
        for refusal in plan.refusals[:_MOST_ROWS]
    ]
    reasons = plural(len(plan.refusals), "reason")
    return "\n".join(["> [!CAUTION]", f"> **Apply will refuse this**, for {reasons}:", *rows])


def _fallbacks(plan: Plan) -> str:
    rows = [
        f"> - calls to {code(item.alias)} may be answered by {', '.join(map(code, item.answers))} "
        f"({markdown(item.kind)})"
        for item in plan.fallbacks[:_MOST_ROWS]
    ]
    if not rows:
        return ""
    return "\n".join(["> [!WARNING]", "> **A fallback is in force**, set by hand:", *rows])


def _table(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    rows = ["| | object | what |", "|---|---|---|", *map(change_row, changes[:_MOST_ROWS])]
    more = len(changes) - _MOST_ROWS
    return "\n".join([*rows, *([f"| | and {more} more | |"] if more > 0 else [])])


def change_row(change: Change) -> str:
    """Return one change as a row of a table with three columns."""
    drift = " (drift)" if change.is_drift else ""
    sign = f"{code(SIGNS[change.action])} {change.action}{drift}"
    return f"| {sign} | {code(str(change.key))} | {_what(change)} |"


def _what(change: Change) -> str:
    if change.action is Action.CREATE:
        return plural(len(shown_fields(change)), "field")
    if not change.fields:
        return markdown(change.reason) or code(where_text(change))
    fields = shown_fields(change)
    shown = [_moved(field) for field in fields[:_FIELDS_IN_CELL]]
    more = len(fields) - _FIELDS_IN_CELL
    return "<br>".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def _moved(field: FieldChange) -> str:
    return f"{code(field.path)} {code(value_text(field.before))} → {code(value_text(field.after))}"


def _details(plan: Plan) -> str:
    rows = list(_detail_rows(plan.changes))
    if not rows:
        return ""
    more = len(rows) - _MOST_FIELDS
    table = ["| object | field | before | after | why |", "|---|---|---|---|---|"]
    table += rows[:_MOST_FIELDS]
    if more > 0:
        table.append(f"| | and {more} more | | | |")
    summary = f"<details><summary>Every field ({len(rows)})</summary>"
    return "\n".join([summary, "", *table, "", "</details>"])


def _detail_rows(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        for field in shown_fields(change):
            why = "drift" if field.cause is Cause.DRIFT else "git"
            before, after = code(value_text(field.before)), code(value_text(field.after))
            yield f"| {code(str(change.key))} | {code(field.path)} | {before} | {after} | {why} |"


def _remarks(plan: Plan) -> str:
    rows = [f"- warning: {markdown(warning)}" for warning in plan.warnings[:_MOST_ROWS]]
    if plan.unverified:
        names = ", ".join(code(str(key)) for key in plan.unverified[:_MOST_ROWS])
        rows.append(f"- not compared, their secrets were not set: {names}")
    if plan.unmanaged:
        rows.append(f"- unmanaged, left alone: {plural(len(plan.unmanaged), 'object')}")
    return "\n".join(rows)
