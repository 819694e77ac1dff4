"""Apps that may send, for some days, parameters that no list names."""

from collections.abc import Iterator
from datetime import date, timedelta

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity
from aspire_gitops.resources import AppSpec

REPORT_NOT_ALLOWED = Rule("AG339", "report-not-allowed")
EXPIRED_REPORT = Rule("AG340", "expired-report", Severity.WARNING)

MOST_DAYS = 31


def check_unknown_parameters(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    """Yield AG339 and AG340 for apps that say `unknown_parameters`."""
    for app in catalog.apps.values():
        if app.spec.unknown_parameters:
            yield from _check_allowed(app, catalog)
            yield from _check_until(app, app.spec.unknown_parameters.until, today)


def _check_allowed(app: Declared[AppSpec], catalog: Catalog) -> Iterator[Diagnostic]:
    place = app.document.key_span("unknown_parameters")
    gateway, budget = catalog.gateway, catalog.budgets.get(app.spec.budget)
    if gateway and gateway.spec.policy.unknown_parameters == "refuse":
        yield REPORT_NOT_ALLOWED.at(
            place,
            f'app "{app.name}" passes parameters that no list names, and the gateway refuses them',
            help="remove it, or write `policy: {unknown_parameters: apps_may_report}` in "
            f"{gateway.document.path}",
        )
    if budget and budget.spec.admission == "strict":
        yield REPORT_NOT_ALLOWED.at(
            place,
            f'budget "{budget.name}" is strict, and nobody can bound what an unknown parameter costs',
            help="remove it, or give the app a budget with `admission: fair`",
        )


def _check_until(app: Declared[AppSpec], until: date, today: date) -> Iterator[Diagnostic]:
    place = app.span("unknown_parameters", "until")
    if until < today:
        yield EXPIRED_REPORT.at(
            place,
            f"this ended on {until}: unknown parameters are refused again",
            help="remove `unknown_parameters`",
        )
    elif until - today > timedelta(days=MOST_DAYS):
        yield REPORT_NOT_ALLOWED.at(
            place,
            f"{until} is {(until - today).days} days ahead, and {MOST_DAYS} are the most",
            help=f"write a day up to {today + timedelta(days=MOST_DAYS)}",
        )
