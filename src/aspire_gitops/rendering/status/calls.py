"""What calls did, in the form that leaves this program, and its words for page and terminal. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from aspire_gitops.rendering.plan.words import plural
from aspire_gitops.rendering.spend.words import day_text, month_text
from aspire_gitops.rendering.status.document import (
    AliasFailuresDocument,
    AppParameterDocument,
    CallsDocument,
    PriceDifferenceDocument,
    PriceDifferencesDocument,
)
from aspire_gitops.spending.calls import AliasFailures, AppParameter, CallReport
from aspire_gitops.spending.own_spend import usd_text
from aspire_gitops.spending.record import PriceDifferences
from aspire_gitops.spending.spend import plain

ROWS: Final = 10
"""How many rows of a list page and terminal show; the JSON has more."""

_MOST: Final = 100
_MOST_OF_APP: Final = 20  # an app that invents names must not push the others out
_MOST_ALIASES: Final = 8  # of one row: callers may name any
_DIGITS: Final = 3
_CENT: Final = Decimal("0.01")
_LEAST: Final = Decimal("1e-9")  # less than that is no difference


def calls_document(report: CallReport) -> CallsDocument:
    """Return what may be told about calls."""
    failures, parameters, prices = report.failures, report.parameters, report.prices
    return CallsDocument(
        at=report.at,
        since=report.since,
        until=report.until,
        failures=None if failures is None else tuple(map(_failed, failures[:_MOST])),
        failure_rows=len(failures or ()),
        unlisted_parameters=None
        if parameters is None
        else tuple(islice(_unlisted(parameters), _MOST)),
        parameter_rows=len(parameters or ()),
        price_differences=None if prices is None else _prices(report.month, prices),
        problem=report.problem,
    )


def is_quiet(calls: CallsDocument) -> bool:
    """Say whether everything is known and there is nothing to show."""
    prices = calls.price_differences
    found = (calls.problem, calls.failures, calls.unlisted_parameters, prices and prices.calls)
    return not any(found)


def days_text(calls: CallsDocument) -> str:
    """Return `17 Nov to 23 Nov`."""
    return f"{day_text(calls.since)} to {day_text(calls.until)}"


def prices_text(prices: PriceDifferencesDocument) -> str:
    """Return `12 calls of November 2026 are priced otherwise than LiteLLM computes them`."""
    are = "is" if prices.calls == 1 else "are"
    many = plural(prices.calls, "call")
    return f"{many} of {month_text(prices.month)} {are} priced otherwise than LiteLLM computes"


def more_text(shown: Sequence[object], rows: int) -> str:
    """Return `and 3 more` where a list was cut; else nothing."""
    left = rows - min(len(shown), ROWS)
    return f"and {left:,} more" if left > 0 else ""


def usd(amount: str) -> str:
    """Return US dollars for people; of a part of a cent the digits that matter: `0.0000213`."""
    exact = Decimal(amount)
    if not exact.is_finite():
        return amount
    if _LEAST <= abs(exact) < _CENT:
        return f"{exact:.{_DIGITS - 1 - exact.adjusted()}f}"
    return usd_text(exact)


def _failed(row: AliasFailures) -> AliasFailuresDocument:
    return AliasFailuresDocument(
        alias=row.alias, outcome=row.outcome, calls=row.calls, today=row.today
    )


def _unlisted(parameters: Sequence[AppParameter]) -> Iterator[AppParameterDocument]:
    """Yield the most frequent parameters of each app."""
    seen: Counter[str] = Counter()
    for row in parameters:
        seen[row.app] += 1
        if seen[row.app] <= _MOST_OF_APP:
            yield AppParameterDocument(
                app=row.app,
                parameter=row.parameter,
                outcome=row.outcome,
                calls=row.calls,
                aliases=row.aliases[:_MOST_ALIASES],
            )


def _prices(month: str, found: PriceDifferences) -> PriceDifferencesDocument:
    return PriceDifferencesDocument(
        month=month,
        calls=found.calls,
        worst=tuple(
            PriceDifferenceDocument(
                request_id=one.request_id,
                alias=one.alias,
                deployment=one.deployment,
                booked_usd=_exact(one.booked),
                litellm_usd=_exact(one.reported),
            )
            for one in found.worst
        ),
    )


def _exact(amount: Decimal) -> str:
    return plain(amount) if amount.is_finite() else str(amount)
