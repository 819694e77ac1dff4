"""Spend and calls in the status: the form that leaves this program, and the words for page and terminal. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from aspire_gitops.spend import BudgetSpend
from aspire_gitops.spend.calls import AliasFailures, AppParameter, CallReport
from aspire_gitops.spend.month import plain
from aspire_gitops.spend.own_spend import OwnSpend, Verdict, usd_text
from aspire_gitops.spend.record import PriceDifferences
from aspire_gitops.spend.wording import cents, day_text, month_text, reach_text
from aspire_gitops.status.document import (
    AliasFailuresDocument,
    AppParameterDocument,
    BudgetSpendDocument,
    CallsDocument,
    ObjectDocument,
    OwnSpendDocument,
    PriceDifferenceDocument,
    PriceDifferencesDocument,
    SpendDocument,
)
from aspire_gitops.status.value import SpendReport
from aspire_gitops.vocabulary.text import plural

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


_NEARLY, _FULL = 80, 100


def spend_document(report: SpendReport) -> SpendDocument:
    """Return what may be told about this month's spend."""
    spend = report.spend
    return SpendDocument(
        month=spend.month if spend else None,
        timezone=spend.timezone if spend else None,
        at=spend.at if spend else None,
        spent_aud=plain(spend.total.aud) if spend else None,
        calls=spend.total.calls if spend else 0,
        budgets=tuple(map(_budget, spend.budgets)) if spend else (),
        problem=report.problem,
        unlike=tuple(map(_own_spend, report.unlike)),
    )


def own_spend_text(one: OwnSpend) -> str:
    """Return what it means that LiteLLM and the ledger disagree about a key, a sentence."""
    figures = (
        f"LiteLLM counts {usd_text(one.litellm)} USD this month, the ledger has"
        f" {usd_text(one.ledger)} USD"
    )
    if one.verdict is Verdict.HIGH:
        return (
            f"{figures}: LiteLLM refuses the app at {usd_text(one.max_budget)} USD although it has"
            " money left. It is set to the ledger's figure; another proxy process without Redis"
            " may go on refusing for ten minutes"
        )
    return (
        f"{figures}: the backstop at {usd_text(one.max_budget)} USD is blind; only the ledger"
        " stops the app"
    )


def aud(amount: str | None) -> str:
    """Return an exact amount as people read it: `1,234.50`; a dash for what is not known."""
    return "-" if amount is None else cents(Decimal(amount))


def tone(budget: BudgetSpendDocument) -> str:
    """Return how near the cap is: good, warm or bad."""
    percent = budget.percent or 0
    full = budget.cap_reached == "reached" or percent >= _FULL
    return "bad" if full else "warm" if percent >= _NEARLY else "good"


def share_text(budget: BudgetSpendDocument) -> str:
    """Return `53 % of 180.00 AUD`."""
    if budget.cap_aud is None:
        return "no cap is known"
    share = f"{budget.percent} % of " if budget.percent is not None else "of "
    return f"{share}{aud(budget.cap_aud)} AUD"


def estimated_text(budget: BudgetSpendDocument) -> str:
    """Return `2.10 AUD of it estimated`; empty where everything was reported."""
    return f"{aud(budget.estimated_aud)} AUD of it estimated" if budget.estimated_calls else ""


def whole_text(spend: SpendDocument) -> str:
    """Return `November 2026: 160.40 AUD in 60 calls`."""
    if spend.month is None:
        return "not known yet"
    calls = "1 call" if spend.calls == 1 else f"{spend.calls:,} calls"
    return f"{month_text(spend.month)}: {aud(spend.spent_aud)} AUD in {calls}"


def _own_spend(one: OwnSpend) -> OwnSpendDocument:
    return OwnSpendDocument(
        object=ObjectDocument.model_validate(str(one.key)),
        litellm_usd=plain(one.litellm),
        ledger_usd=plain(one.ledger),
        max_budget_usd=plain(one.max_budget),
        verdict=one.verdict.value,
        told=own_spend_text(one),
    )


def _budget(row: BudgetSpend) -> BudgetSpendDocument:
    ahead = row.forecast
    per_day = ahead.per_day if ahead else None
    ends = ahead.month_end if ahead else None
    return BudgetSpendDocument(
        name=row.budget,
        apps=row.apps,
        spent_aud=plain(row.spent),
        cap_aud=plain(row.cap) if row.cap is not None else None,
        percent=row.percent,
        calls=row.calls,
        aud_per_day=plain(per_day) if per_day is not None else None,
        cap_reached=ahead.reach.value if ahead else "",
        earliest=ahead.earliest if ahead else None,
        likely=ahead.likely if ahead else None,
        latest=ahead.latest if ahead else None,
        month_end_aud=(plain(ends[0]), plain(ends[1]), plain(ends[2])) if ends else None,
        outlook=reach_text(ahead),
        estimated_aud=plain(row.estimated),
        estimated_calls=row.estimated_calls,
    )
