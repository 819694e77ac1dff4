"""Spend in the form that leaves this program, and its words for page and terminal. Pure."""

from decimal import Decimal

from aspire_gitops.rendering.spend.words import cents, month_text, reach_text
from aspire_gitops.rendering.status.document import (
    BudgetSpendDocument,
    OwnSpendDocument,
    SpendDocument,
)
from aspire_gitops.reporting import SpendReport
from aspire_gitops.spending import BudgetSpend
from aspire_gitops.spending.own_spend import OwnSpend, Verdict, usd_text
from aspire_gitops.spending.spend import plain

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
        object=str(one.key),
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
