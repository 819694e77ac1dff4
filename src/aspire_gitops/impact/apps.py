"""What a change means for each app that it touches: what it may call, its keys, its money."""

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from aspire_gitops.catalog import Declared
from aspire_gitops.impact.caps import cap_at
from aspire_gitops.impact.compared import Compared
from aspire_gitops.impact.known import Known
from aspire_gitops.impact.repricing import Repricing, app_cost
from aspire_gitops.impact.review import AliasImpact, AppImpact, Edit, Moved, ResourceEdit
from aspire_gitops.resources import AppSpec, BudgetSpec, ResourceKind
from aspire_gitops.spending.spend import plain
from aspire_ledger.money import Aud

_App = Declared[AppSpec] | None
_REMOVED = "it is removed, and its keys are deleted"


def app_impacts(
    compared: Compared, edits: Iterable[ResourceEdit], aliases: Iterable[AliasImpact]
) -> tuple[AppImpact, ...]:
    """Return one for each app that is touched by an edit, by an alias or by the rate, by name."""
    edits = tuple(edits)
    own = {edit.name: edit.edit for edit in edits if edit.kind is ResourceKind.APP}
    through: dict[str, list[str]] = {name: [] for name in own}
    for app, resource in _touched(compared, edits, aliases):
        through.setdefault(app, []).append(resource)
    return tuple(_impact(compared, name, own.get(name), through[name]) for name in sorted(through))


def _touched(
    compared: Compared, edits: Iterable[ResourceEdit], aliases: Iterable[AliasImpact]
) -> Iterator[tuple[str, str]]:
    """Yield the apps that something else than their own file touches, and what it is."""
    yield from ((app, f"alias/{alias.name}") for alias in aliases for app in alias.apps)
    budgets = {edit.name for edit in edits if edit.kind is ResourceKind.BUDGET}
    yield from _paid_by(budgets, compared)
    base, head, repricing = compared.base, compared.head, compared.repricing
    if repricing and repricing.rate.changed and head.gateway:
        used = (app for app in base.apps if app in head.apps and repricing.of_app(app))
        yield from ((app, f"gateway/{head.gateway.name}") for app in used)


def _paid_by(budgets: Collection[str], compared: Compared) -> Iterable[tuple[str, str]]:
    pairs = {
        (app.name, f"budget/{app.spec.budget}")
        for catalog in (compared.base, compared.head)
        for app in catalog.apps.values()
        if app.spec.budget in budgets
    }
    return sorted(pairs)


def _impact(compared: Compared, name: str, edit: Edit | None, through: Iterable[str]) -> AppImpact:
    before, after = compared.base.apps.get(name), compared.head.apps.get(name)
    some = after or before
    if some is None:
        raise ValueError(f"neither side declares app {name}")
    old, new = _aliases(before), _aliases(after)
    keys, new_keys = _keys(before), _keys(after)
    return AppImpact(
        name=some.name,
        owner=some.spec.owner,
        edit=edit,
        through=tuple(through),
        aliases_lost=tuple(sorted(old - new)),
        aliases_gained=tuple(sorted(new - old)),
        keys_lost=tuple(sorted(keys - new_keys)),
        keys_gained=tuple(sorted(new_keys - keys)),
        aud=_aud(some.name, compared.repricing),
        stops=_stops(after, compared) if before else "",
    )


def _aliases(app: _App) -> set[str]:
    return set(app.spec.aliases) if app else set()


def _keys(app: _App) -> set[str]:
    return {key.name for key in app.spec.keys} if app else set()


def _aud(app: str, repricing: Repricing | None) -> Moved[Aud] | None:
    rows = [row for row in repricing.of_app(app) if row.is_counted] if repricing else []
    return app_cost(app, rows).aud if rows else None


def _stops(after: _App, compared: Compared) -> str:
    """Say why an app that was there cannot call anything after the change; empty if it can."""
    if after is None:
        return _REMOVED
    if not any(alias in compared.head.aliases for alias in after.spec.aliases):
        return "none of its aliases is declared any more"
    budget = compared.head.budgets.get(after.spec.budget)
    return _spent(budget, compared.known) if budget else ""


def _spent(budget: Declared[BudgetSpec], known: Known) -> str:
    cap, spent = cap_at(budget.spec, known.today), known.spent(budget.name)
    if not cap:
        return f'budget "{budget.name}" is 0 AUD a month'
    if spent is not None and cap < spent:
        return f'budget "{budget.name}" is {plain(cap)} AUD, and {plain(Decimal(spent))} AUD are spent this month'
    return ""
