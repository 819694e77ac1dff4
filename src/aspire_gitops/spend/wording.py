"""Wording of spend, shared by the page, the terminal and files. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from aspire_gitops.spend import Forecast, Reach, Spend
from aspire_gitops.vocabulary import one_line, plural

_CENT = Decimal("0.01")
_PLAIN: Mapping[Reach, str] = {
    Reach.REACHED: "reached",
    Reach.NO_CAP: "no cap is known",
    Reach.TOO_FEW_DAYS: "not enough days yet",
    Reach.NOT_THIS_MONTH: "not this month",
}
BY_HAND = "(booked by hand)"
NOT_KNOWN = "(not known)"


def cents(amount: Decimal) -> str:
    """Return an amount for people: `1,234.50`."""
    rounded = amount.quantize(_CENT, ROUND_HALF_EVEN)
    return f"{rounded or Decimal('0.00'):,}"


def day_text(day: date) -> str:
    """Return `26 Nov`."""
    return f"{day.day} {day:%b}"


def reach_text(forecast: Forecast | None) -> str:
    """Return when the cap is reached at this pace, with the range; empty for a month that is over."""
    if forecast is None:
        return ""
    if forecast.reach is Reach.POSSIBLE and forecast.earliest:
        return f"not this month, at worst {day_text(forecast.earliest)}"
    return _PLAIN.get(forecast.reach) or _likely(forecast)


def month_end_text(forecast: Forecast | None) -> str:
    """Return what the month may cost in the end: `112 to 128 AUD`; empty if it is unknown."""
    if forecast is None or forecast.month_end is None:
        return ""
    low, _, high = (f"{amount:,.0f}" for amount in forecast.month_end)
    return f"{low} AUD" if low == high else f"{low} to {high} AUD"


def month_text(month: str) -> str:
    """Return `November 2026` for `2026-11`."""
    return f"{datetime.strptime(month, '%Y-%m'):%B %Y}"  # noqa: DTZ007 (a name, not a moment)


def estimated_text(spend: Spend) -> str:
    """Return which part of each budget was estimated; empty where everything was reported."""
    parts = [
        f"{one_line(row.budget)} {cents(row.estimated)} AUD in {plural(row.estimated_calls, 'call')}"
        for row in spend.budgets
        if row.estimated_calls
    ]
    return f"Estimated, because no usage was reported: {', '.join(parts)}" if parts else ""


def _likely(forecast: Forecast) -> str:
    if forecast.likely is None or forecast.earliest is None:
        return "not this month"
    likely, earliest = day_text(forecast.likely), day_text(forecast.earliest)
    if forecast.latest is None:
        return f"about {likely} ({earliest} or later, perhaps not this month)"
    if forecast.earliest == forecast.latest:
        return f"about {likely}"
    return f"about {likely} ({earliest} to {day_text(forecast.latest)})"
