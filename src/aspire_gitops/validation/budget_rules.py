"""Budgets: what they may spend, alone and together, and until when."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity
from aspire_gitops.resources import AppSpec, BudgetSpec

SHARED_BUDGET = Rule("AG315", "shared-budget", Severity.WARNING)
ZERO_CAP = Rule("AG319", "zero-cap", Severity.WARNING)
CAPS_ABOVE_TOTAL = Rule("AG324", "caps-above-total")
EXPIRED_UPLIFT = Rule("AG325", "expired-uplift", Severity.WARNING)


def check_budgets(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    """Yield AG315, AG319, AG324 and AG325."""
    keys = _keys_by_budget(catalog)
    ledger = catalog.gateway.spec.ledger if catalog.gateway else None
    for budget in catalog.budgets.values():
        sharing = keys.get(budget.name, [])
        if len(sharing) > 1 and ledger is None:
            yield _shared(budget, sharing)
        yield from _check_uplift(budget, today)
        if not budget.spec.monthly_aud:
            yield ZERO_CAP.at(
                budget.span("monthly_aud"),
                f'a cap of zero stops every key of budget "{budget.name}"',
                help='if that is what you want, all is well; else write a cap like "180"',
            )
    yield from _check_total(catalog, today)


def _check_uplift(budget: Declared[BudgetSpec], today: date) -> Iterator[Diagnostic]:
    uplift = budget.spec.uplift
    if uplift and uplift.expires < today:
        yield EXPIRED_UPLIFT.at(
            budget.span("uplift", "expires"),
            f'the uplift of budget "{budget.name}" ended on {uplift.expires} and counts no more',
            help="remove it, or agree on a new one",
        )


def _check_total(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    gateway = catalog.gateway
    total = gateway.spec.ledger.total_monthly_aud if gateway and gateway.spec.ledger else None
    caps = {budget.name: _cap(budget.spec, today) for budget in catalog.budgets.values()}
    if gateway is None or total is None or sum(caps.values()) <= total:
        return
    dearest = sorted(caps, key=lambda name: (-caps[name], name))[:3]
    listed = ", ".join(f"{name} {caps[name]}" for name in dearest)
    yield CAPS_ABOVE_TOTAL.at(
        gateway.span("ledger", "total_monthly_aud"),
        f"all budgets together may spend {sum(caps.values())} AUD a month, and {total} are agreed",
        help=f"lower a cap (the largest: {listed}), or agree on a higher total",
    )


def _cap(budget: BudgetSpec, today: date) -> Decimal:
    uplift = budget.uplift
    return budget.monthly_aud + (uplift.aud if uplift and uplift.expires >= today else 0)


def _keys_by_budget(catalog: Catalog) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app in catalog.apps.values():
        found.setdefault(app.spec.budget, []).extend(_key_names(app))
    return found


def _key_names(app: Declared[AppSpec]) -> Iterator[str]:
    return (f"{app.name}.{key.name}" for key in app.spec.keys)


def _shared(budget: Declared[BudgetSpec], keys: list[str]) -> Diagnostic:
    listed = ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")
    return SHARED_BUDGET.at(
        budget.span("monthly_aud"),
        f"{len(keys)} keys share this budget ({listed}), and LiteLLM counts each by itself: "
        f"without a ledger that counts them together they can spend {len(keys)} times the cap",
        help="declare `ledger:` in the Gateway, or give each app a budget of its own",
    )
