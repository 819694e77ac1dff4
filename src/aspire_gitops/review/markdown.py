"""A review as a pull request's comment: short on top, the details folded away.

One sentence, what needs agreement or stops the change, one table; then folded parts.
Names, values and messages are untrusted, so all of them are escaped: they cannot
format, link, mention or break out of their cell.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aspire_gitops.planning import FieldChange, Refusal
from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.details import (
    Fitted,
    Section,
    alias_sections,
    fitted,
    later_sections,
    size,
)
from aspire_gitops.review.sentences import alias_brief, headline
from aspire_gitops.review.value import Edit, ResourceEdit, Review
from aspire_gitops.review.wording import (
    SIGNS,
    budget_words,
    change_warnings,
    code,
    file_errors,
    kind_text,
    listed,
    message,
    money_moved,
    revision_brief,
    text_of,
    total_moved,
)
from aspire_gitops.vocabulary import Diagnostic, age, moment_text, plural, revision_text, value_text

COMMENT_BYTES = 60_000  # GitHub refuses comments of more than 65,536 characters
SUMMARY_BYTES = 900_000  # and job summaries of more than a mebibyte
_LEAST_OF_AN_ALIAS = 250  # bytes of its part
_FULL = "aspire-gitops review --format markdown-full"

_FACTS_IN_CELL = 4
_NAMES_IN_CELL = 5


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the text goes: how many bytes fit (None: any number), and where all of it is.

    `full_report` is an https address, or text such as the name of an artefact.
    """

    room: int | None = COMMENT_BYTES
    full_report: str = ""


def review_markdown(review: Review, destination: Destination = Destination()) -> str:
    """Return the comment, ending with a newline; never more than `destination.room` bytes."""
    above, below = _sentence(review), _footer(review)
    room = None
    if destination.room is not None:
        longest_remark = size(_left_out(Fitted((), 10**9, 10**9), destination))
        room = destination.room - size(above) - size(below) - longest_remark - 1
    shown = fitted(_sections(review, room), room)
    shown = replace(shown, left_out=shown.left_out + _unbuilt(review, room))
    return (
        "\n\n".join(filter(None, [above, *shown.parts, _left_out(shown, destination), below]))
        + "\n"
    )


def _sentence(review: Review) -> str:
    said = headline(review)
    return f"**{text_of(said.what)}**{text_of(said.rest)}"


def _sections(review: Review, room: int | None) -> list[Section]:
    aliases = review.aliases[: len(review.aliases) - _unbuilt(review, room)]
    return [
        *_stops(review),
        *summary_table(review),
        *_warnings(review),
        *alias_sections(aliases),
        *later_sections(review),
    ]


def _unbuilt(review: Review, room: int | None) -> int:
    """Return how many aliases get no part of their own, because there is no room for one."""
    return 0 if room is None else max(0, len(review.aliases) - room // _LEAST_OF_AN_ALIAS)


def _stops(review: Review) -> Iterator[Section]:
    if errors := file_errors(review):
        yield _alert(
            "CAUTION", f"{plural(len(errors), 'error')} in the files", map(_finding, errors)
        )
    elif gaps := [(alias.name, gap) for alias in review.aliases for gap in alias.gaps]:
        rows = (f"{code(gap.app)} needs {message(gap.need)} of {code(name)}" for name, gap in gaps)
        yield _alert("CAUTION", "Apps lose what they need", rows)
    if refusals := review.plan.refusals if review.plan else ():
        is_refused = review.plan and review.plan.is_refused
        title = "Apply will refuse this plan" if is_refused else "Apply will hold what this names"
        yield _alert("CAUTION", title, map(_refusal, refusals))
    reported = {refusal.object for refusal in refusals}
    missing = [one for one in review.consents if not (one.given_by or one.object in reported)]
    if missing:
        rows = (f"{code(one.change)} of {code(one.object)}: {message(one.why)}" for one in missing)
        yield _alert("IMPORTANT", f"This needs {plural(len(missing), 'Approval')}", rows)


def _warnings(review: Review) -> Iterator[Section]:
    if warnings := change_warnings(review):
        yield _alert("WARNING", "", map(_finding, warnings))


def _alert(kind: str, title: str, rows: Iterable[str]) -> Section:
    above = (f"> [!{kind}]", *((f"> **{title}**",) if title else ()), ">")
    return Section("", above, [f"> - {row}" for row in rows], "more", is_open=True, most=20)


def _finding(found: Diagnostic) -> str:
    return _item(found.message, found.help, found.rule.code, str(found.span))


def _refusal(refusal: Refusal) -> str:
    return _item(refusal.message, refusal.help, refusal.rule.code, refusal.object)


def _item(wrong: str, help_: str | None, rule: str, where: str) -> str:
    out = f"<br>→ {message(help_)}" if help_ else ""
    return f"{message(wrong)} ({rule}, {code(where)}){out}"


def _left_out(shown: Fitted, destination: Destination) -> str:
    if not (shown.cut or shown.left_out):
        return ""
    said = []
    if shown.left_out:
        said.append(f"{plural(shown.left_out, 'part')} left out")
    if shown.cut:
        said.append(f"{plural(shown.cut, 'part')} cut")
    return f"For length, {' and '.join(said)}. Everything is in {_full_report(destination)}."


def _full_report(destination: Destination) -> str:
    where = destination.full_report
    if where.startswith("https://") and where.isascii() and not set(where) & set(" <>()[]\"'`\\|"):
        return f"[the full report]({where})"
    return message(where) if where else f"the full report: {code(_FULL)}"


def _footer(review: Review) -> str:
    parts = [f"{code(revision_brief(review.base))} → {code(revision_brief(review.head))}"]
    if review.live:
        zone = review.live.taken_at.tzinfo
        at = f" at {code(revision_text(review.live.revision))}" if review.live.revision else ""
        parts.append(
            f"gateway{at} as of {moment_text(review.live.taken_at, zone)}, {age(review.live.age)}"
        )
    else:
        parts.append("no snapshot: compared with the base as if it were live")
    if review.plan:
        parts.append(f"plan {code(review.plan.id)} on {code(review.plan.based_on[:19])}")
    return f"<sub>{' · '.join(parts)}</sub>"


def summary_table(review: Review) -> Iterator[Section]:
    """Yield the one table on top: a row for each resource that the change touches."""
    if not review.edits:
        return
    facts = _Facts(review)
    has_money = any(facts.money(edit) for edit in review.edits)
    traffic = review.live.traffic_days if review.live else None
    days = plural(traffic, "day") if traffic else "the counted days"
    money = (f" AUD in {days} |", "---:|") if has_money else ("", "")
    rows = [facts.row(edit, has_money=has_money) for edit in review.edits]
    above = (f"| change | what | apps |{money[0]}", f"|---|---|---|{money[1]}")
    yield Section("", above, rows, columns=4 if has_money else 3, is_open=True, most=25)


class _Facts:
    """The facts to show for each edit, looked up by name."""

    def __init__(self, review: Review) -> None:
        self.aliases = {alias.name: alias for alias in review.aliases}
        self.budgets = {budget.name: budget for budget in review.budgets}
        self.apps: dict[str, list[str]] = {}
        for app in review.apps:
            for name in app.through:
                self.apps.setdefault(name, []).append(app.name)

    def row(self, edit: ResourceEdit, *, has_money: bool) -> str:
        change = f"{code(SIGNS[edit.edit])} {kind_text(edit.kind)} {code(edit.name)}"
        apps = self.touched(edit)
        shown = ", ".join(map(code, apps[:_NAMES_IN_CELL]))
        more = len(apps) - _NAMES_IN_CELL
        cells = [
            change,
            self.what(edit),
            shown + (f" and {more} more" if more > 0 else ""),
        ]
        return f"| {' | '.join([*cells, *([self.money(edit)] if has_money else [])])} |"

    def touched(self, edit: ResourceEdit) -> Sequence[str]:
        if edit.kind is ResourceKind.ALIAS and edit.name in self.aliases:
            return self.aliases[edit.name].apps
        if edit.kind is ResourceKind.APP:
            return [edit.name]
        if edit.kind is ResourceKind.BUDGET and edit.name in self.budgets:
            return self.budgets[edit.name].apps
        return self.apps.get(f"{kind_text(edit.kind)}/{edit.name}", [])

    def money(self, edit: ResourceEdit) -> str:
        alias = self.aliases.get(edit.name) if edit.kind is ResourceKind.ALIAS else None
        if not (alias and alias.repriced):
            return ""
        repriced = alias.repriced
        few = repriced.called < repriced.days
        counted = f", {plural(repriced.called, 'day')} with calls" if few else ""
        return f"{money_moved(total_moved(repriced), '')}{counted}"

    def what(self, edit: ResourceEdit) -> str:
        found = list(self._said(edit))
        more = len(found) - _FACTS_IN_CELL if len(found) > _FACTS_IN_CELL + 1 else 0
        found = found[:_FACTS_IN_CELL] if more else found
        return "<br>".join([*found, *([f"and {more} more"] if more else [])])

    def _said(self, edit: ResourceEdit) -> Iterator[str]:
        alias = self.aliases.get(edit.name) if edit.kind is ResourceKind.ALIAS else None
        budget = self.budgets.get(edit.name) if edit.kind is ResourceKind.BUDGET else None
        if edit.edit is Edit.REMOVED:
            yield "removed"
        elif alias and edit.edit is Edit.ADDED:
            yield f"new: {text_of(listed(filter(None, (alias.provider.after, alias.model.after)), ' / '))}"
        elif edit.edit is Edit.ADDED:
            yield "new"
        else:
            facts = [*map(text_of, alias_brief(alias))] if alias else []
            facts += [said] if budget and (said := text_of(budget_words(budget))) else []
            yield from facts or map(field_moved, edit.fields)


def field_moved(field: FieldChange) -> str:
    """Return one field: what a list gains and loses, or the values before and after."""
    before, after = field.before, field.after
    if isinstance(before, tuple) and isinstance(after, tuple) and set(before) != set(after):
        signed = (
            *(f"without {code(value_text(item))}" for item in before if item not in after),
            *(f"with {code(value_text(item))}" for item in after if item not in before),
        )
        return f"{code(field.path)} {', '.join(signed)}"
    return f"{code(field.path)} {code(value_text(before))} → {code(value_text(after))}"
