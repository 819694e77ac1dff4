"""Wording of spend and calls in the status, shared by the page and the terminal. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from aspire_gitops.spend import OwnSpend, Verdict, usd_text
from aspire_gitops.spend.wording import cents, day_text, month_text
from aspire_gitops.status.document import (
    BudgetSpendDocument,
    CallsDocument,
    PriceDifferencesDocument,
    SpendDocument,
)
from aspire_gitops.vocabulary import plural

ROWS: Final = 10
"""How many rows of a list the page and the terminal show; the JSON has more."""

_DIGITS: Final = 3
_CENT: Final = Decimal("0.01")
_LEAST: Final = Decimal("1e-9")  # a smaller difference shows as zero
_NEARLY, _FULL = 80, 100  # percent of the cap


def whole_text(spend: SpendDocument) -> str:
    """Return `November 2026: 160.40 AUD in 60 calls`."""
    if spend.month is None:
        return "not known yet"
    calls = plural(spend.calls, "call")
    return f"{month_text(spend.month)}: {aud(spend.spent_aud)} AUD in {calls}"


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


def own_spend_text(one: OwnSpend) -> str:
    """Return a sentence on what it means that LiteLLM and the ledger disagree about a key."""
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


def is_quiet(calls: CallsDocument) -> bool:
    """Return whether everything is known and there is nothing to show."""
    prices = calls.price_differences
    found = (calls.problem, calls.failures, calls.unlisted_parameters, prices and prices.calls)
    return not any(found)


def days_text(calls: CallsDocument) -> str:
    """Return `17 Nov to 23 Nov`."""
    return f"{day_text(calls.since)} to {day_text(calls.until)}"


def prices_text(prices: PriceDifferencesDocument) -> str:
    """Return `12 calls of November 2026 are priced differently from LiteLLM`."""
    are = "is" if prices.calls == 1 else "are"
    many = plural(prices.calls, "call")
    return f"{many} of {month_text(prices.month)} {are} priced differently from LiteLLM"


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
