"""The one table on top of a review: a row for each resource that the change touches."""

from collections.abc import Iterator, Sequence

from aspire_gitops.impact.review import Edit, ResourceEdit, Review
from aspire_gitops.planning.plan import FieldChange
from aspire_gitops.rendering.plan.words import value_text
from aspire_gitops.rendering.review.aliases import alias_brief
from aspire_gitops.rendering.review.amounts import money_moved, total_moved
from aspire_gitops.rendering.review.escaped import code, text_of
from aspire_gitops.rendering.review.sections import Section
from aspire_gitops.rendering.review.words import SIGNS, budget_words, kind_text, listed
from aspire_gitops.resources import ResourceKind

_FACTS_IN_CELL = 4
_NAMES_IN_CELL = 5


def summary_table(review: Review) -> Iterator[Section]:
    """Yield the one table on top: a row for each resource that the change touches."""
    if not review.edits:
        return
    facts = _Facts(review)
    has_money = any(facts.money(edit) for edit in review.edits)
    money = (" AUD in 30 days |", "---:|") if has_money else ("", "")
    rows = [facts.row(edit, has_money=has_money) for edit in review.edits]
    above = (f"| change | what | apps |{money[0]}", f"|---|---|---|{money[1]}")
    yield Section("", above, rows, columns=4 if has_money else 3, is_open=True, most=25)


class _Facts:
    """What is said about each edit, found by its name."""

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
        return money_moved(total_moved(alias.repriced), "") if alias and alias.repriced else ""

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
