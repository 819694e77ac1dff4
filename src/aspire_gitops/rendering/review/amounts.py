"""How a review writes amounts, shares, numbers and spans of time. Pure."""

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from aspire_gitops.impact.review import Moved, Repriced
from aspire_gitops.rendering.plan.words import plural
from aspire_gitops.rendering.spend.words import cents
from aspire_ledger.money import Aud

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def money_moved(aud: Moved[Aud], unit: str = " AUD") -> str:
    """Return `43.80 → 62.20 AUD (+42 %)`; `unit` is empty where a table's head names it."""
    before, after = aud.before, aud.after
    if after is None:
        return f"{cents(before or Decimal(0))}{unit} → nothing"
    if before is None or cents(before) == cents(after):
        return f"{cents(after)}{unit}{'' if before is None else ', as before'}"
    return f"{cents(before)} → {cents(after)}{unit}{in_brackets(percent(before, after))}"


def total_moved(repriced: Repriced) -> Moved[Aud]:
    """Return what all calls cost together; nothing afterwards where none of them can be made."""
    goes_on = any(row.aud.after is not None for row in repriced.apps)
    return repriced.total if goes_on else Moved(repriced.total.before, None)


def repriced_text(repriced: Repriced) -> str:
    """Return `18.40 AUD more for the calls of the last 30 days`."""
    days = plural((repriced.until - repriced.since).days + 1, "day")
    before, after = (
        repriced.total.before or Aud(Decimal(0)),
        repriced.total.after or Aud(Decimal(0)),
    )
    moved = Decimal(after) - Decimal(before)
    if not moved:
        return f"exactly as much for the calls of the last {days}"
    word = "more" if moved > 0 else "less"
    return f"{cents(abs(moved))} AUD {word} for the calls of the last {days}"


def percent(before: Decimal | None, after: Decimal | None) -> str:
    """Return `+42 %`; empty where there is nothing to compare with."""
    if not before or after is None:
        return ""
    share = ((after - before) * 100 / before).quantize(Decimal(1), ROUND_HALF_EVEN)
    if not share and before != after:
        return "less than 1 %" if after > before else "less than -1 %"
    return f"{share:+,} %"


def number(amount: Decimal | int | None, missing: str = "not stated") -> str:
    """Return a number as people write it: `131,072`, `0.40`."""
    if amount is None:
        return missing
    return f"{amount:,f}" if isinstance(amount, Decimal) else f"{amount:,}"


def in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def seconds_text(seconds: float) -> str:
    """Return `45 s`, `3 min` or `3 min 20 s`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, _MINUTE_S)
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"


def age_text(age: timedelta) -> str:
    """Return `3 h old`."""
    seconds = max(age.total_seconds(), 0)
    for size, unit in ((_DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if seconds >= 2 * size or (seconds >= size and unit == "minute"):
            return f"{plural(int(seconds // size), unit)} old"
    return "less than a minute old"
