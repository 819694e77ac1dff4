"""What a change means for each app and each budget that it affects."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.resources import AppSpec, BudgetSpec, ResourceKind
from aspire_gitops.review.comparison import Compared, Known
from aspire_gitops.review.repricing import Repricing, app_cost
from aspire_gitops.review.value import (
    AliasImpact,
    AppImpact,
    BudgetImpact,
    Edit,
    Moved,
    ResourceEdit,
)
from aspire_gitops.spend import Forecast, forecast, plain
from aspire_ledger.money import Aud

_NOTHING = Aud(Decimal(0))
_LONGEST_MONTH = 31

_App = Declared[AppSpec] | None
_REMOVED = "it is removed, and its keys are deleted"


def budget_impacts(
    compared: Compared, edits: Iterable[ResourceEdit], touched: Collection[str]
) -> tuple[BudgetImpact, ...]:
    """Return the impact on each budget that is edited or whose cap date moves, by name.

    `touched` are the apps that the change affects: the cost of no other app changes.
    """
    edited = {edit.name for edit in edits if edit.kind is ResourceKind.BUDGET}
    payers = Moved(_payers(compared.base), _payers(compared.head))
    found = (
        _Budget(name, compared, payers) for name in sorted(edited | _paying(compared, touched))
    )
    return tuple(
        impact
        for budget in found
        if budget.name in edited or budget.may_move
        if _is_moved(impact := budget.impact()) or budget.name in edited
    )


def _paying(compared: Compared, apps: Collection[str]) -> set[str]:
    """Return the budgets that pay, or paid, for these apps."""
    return {
        app.spec.budget
        for catalog in (compared.base, compared.head)
        for name in apps
        if (app := catalog.apps.get(name)) and app.spec.budget in catalog.budgets
    }


def _payers(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for app in catalog.apps.values():
        found[app.spec.budget].append(app.name)
    return {budget: tuple(apps) for budget, apps in found.items()}


def _is_moved(impact: BudgetImpact) -> bool:
    if impact.cap.changed or impact.uplift.changed:
        return True
    before, after = (impact.reach.before, impact.reach.after) if impact.reach else (None, None)
    return _dates(before) != _dates(after)


def _dates(ahead: Forecast | None) -> object:
    return ahead and (ahead.reach, ahead.earliest, ahead.likely, ahead.latest)


@dataclass(frozen=True, slots=True)
class _Budget:
    """One budget on both sides of a change."""

    name: str
    compared: Compared
    payers: Moved[Mapping[str, tuple[str, ...]]]

    @property
    def may_move(self) -> bool:
        """Return whether a forecast, which takes milliseconds, could change at all."""
        cap, spent = self._caps, self.compared.known.spent(self.name)
        if cap.changed:
            return True
        before, after = self._all_days
        if before == after or cap.after is None or spent is None:
            return False
        dearest = max((*before.values(), *after.values()), default=_NOTHING)
        return spent + _LONGEST_MONTH * dearest >= cap.after

    def impact(self) -> BudgetImpact:
        base, head = self.compared.base, self.compared.head
        before, after = self._apps(self.payers.before), self._apps(self.payers.after)
        return BudgetImpact(
            name=self.name,
            apps=tuple(sorted({*before, *after})),
            cap=self._caps,
            spent=self.compared.known.spent(self.name),
            reach=self._reach(),
            uplift=Moved(self._uplift(base), self._uplift(head)),
        )

    def _apps(self, payers: Mapping[str, tuple[str, ...]] | None) -> tuple[str, ...]:
        return (payers or {}).get(self.name, ())

    def _cap(self, catalog: Catalog) -> Aud | None:
        budget = catalog.budgets.get(self.name)
        return Aud(budget.spec.cap_on(self.compared.known.today)) if budget else None

    def _uplift(self, catalog: Catalog) -> str | None:
        budget = catalog.budgets.get(self.name)
        if budget is None or budget.spec.uplift is None:
            return None
        return f"{plain(budget.spec.uplift.aud)} AUD until {budget.spec.uplift.expires}"

    @property
    def _caps(self) -> Moved[Aud]:
        return Moved(self._cap(self.compared.base), self._cap(self.compared.head))

    def _reach(self) -> Moved[Forecast] | None:
        if self.compared.repricing is None or self.compared.known.spent(self.name) is None:
            return None
        before, after = self._all_days
        cap = self._caps
        return Moved(self._ahead(cap.before, before), self._ahead(cap.after, after))

    @property
    def _all_days(self) -> tuple[Mapping[date, Aud], Mapping[date, Aud]]:
        before, after = self._apps(self.payers.before), self._apps(self.payers.after)
        return self._days(before, is_after=False), self._days(after, is_after=True)

    def _ahead(self, cap: Aud | None, days: Mapping[date, Aud]) -> Forecast | None:
        known = self.compared.known
        month, snapshot, spent = known.month, known.snapshot, known.spent(self.name)
        if cap is None or month is None or snapshot is None or spent is None:
            return None
        # As of the snapshot: what was spent in the hours since then is unknown.
        return forecast(spent=spent, cap=cap, days=days, now=snapshot.taken_at, month=month)

    def _days(self, apps: Iterable[str], *, is_after: bool) -> Mapping[date, Aud]:
        found: dict[date, Aud] = {}
        for day, amount in self._amounts(apps, is_after=is_after):
            found[day] = Aud(found.get(day, _NOTHING) + amount)
        return found

    def _amounts(self, apps: Iterable[str], *, is_after: bool) -> Iterator[tuple[date, Aud]]:
        repricing = self.compared.repricing
        if repricing is None:
            return
        for app in apps:
            for row in repricing.of_app(app):
                yield row.usage.day, row.booked_after if is_after else row.usage.aud


def app_impacts(
    compared: Compared, edits: Iterable[ResourceEdit], aliases: Iterable[AliasImpact]
) -> tuple[AppImpact, ...]:
    """Return the impact on each app that an edit, an alias or the rate affects, by name."""
    edits = tuple(edits)
    own = {edit.name: edit.edit for edit in edits if edit.kind is ResourceKind.APP}
    through: dict[str, list[str]] = {name: [] for name in own}
    for app, resource in _touched(compared, edits, aliases):
        through.setdefault(app, []).append(resource)
    return tuple(_impact(compared, name, own.get(name), through[name]) for name in sorted(through))


def _touched(
    compared: Compared, edits: Iterable[ResourceEdit], aliases: Iterable[AliasImpact]
) -> Iterator[tuple[str, str]]:
    """Yield the apps that something other than their own file affects, and what that is."""
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
    """Return why an existing app cannot call anything after the change; empty if it can."""
    if after is None:
        return _REMOVED
    if not any(alias in compared.head.aliases for alias in after.spec.aliases):
        return "none of its aliases is declared any longer"
    budget = compared.head.budgets.get(after.spec.budget)
    return _spent(budget, compared.known) if budget else ""


def _spent(budget: Declared[BudgetSpec], known: Known) -> str:
    cap, spent = budget.spec.cap_on(known.today), known.spent(budget.name)
    if not cap:
        return f'budget "{budget.name}" is 0 AUD a month'
    if spent is not None and cap < spent:
        return f'budget "{budget.name}" is {plain(cap)} AUD, and {plain(Decimal(spent))} AUD are spent this month'
    return ""
