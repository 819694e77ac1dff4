"""Amounts, the reviewed exchange rate, and calendar months in a timezone.

Decimal only, never floats. Pure: the caller passes the date. The ledger
imports this module too, so it imports nothing of ours.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from typing import NewType
from zoneinfo import ZoneInfo

Aud = NewType("Aud", Decimal)
Usd = NewType("Usd", Decimal)

_MILLION = Decimal(1_000_000)
_CAP_STEP = Decimal("0.0001")  # a hundredth of a US cent
_EXACT = Context(prec=60, rounding=ROUND_DOWN)  # more digits than any product of two amounts
_JSON_DIGITS = 15  # a double gives back every decimal of so many digits


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """How many US dollars one Australian dollar buys, and who said so when."""

    usd_per_aud: Decimal
    as_of: date
    source: str
    max_age_days: int

    def cap_in_usd(self, cap: Aud) -> Usd:
        """Convert a cap. Rounds down, so that rounding never raises a cap."""
        return Usd(_EXACT.quantize(_EXACT.multiply(cap, self.usd_per_aud), _CAP_STEP))

    def to_aud(self, amount: Usd) -> Aud:
        """Convert exactly (28 digits); the caller rounds for display."""
        return Aud(amount / self.usd_per_aud)

    def age_days(self, today: date) -> int:
        return (today - self.as_of).days

    def is_stale(self, today: date) -> bool:
        return self.age_days(today) > self.max_age_days


def per_unit(usd_per_million: Decimal) -> Decimal:
    """Return the price of one unit (US dollars) from the price of a million."""
    return _EXACT.divide(usd_per_million, _MILLION)


def json_number(amount: Decimal, *, rounding: str) -> int | float:
    """Return the JSON number that reads as `amount`, to 15 significant digits.

    A longer amount is rounded in the stated direction (a constant of `decimal`),
    so that the number's text is never on the other side of it. Whole numbers
    come without a fraction: PostgreSQL gives 100.0 back as 100.
    """
    short = Context(prec=_JSON_DIGITS, rounding=rounding).plus(amount)
    return int(short) if short == short.to_integral_value() else float(short)


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month of a timezone: from `start` (inclusive) to `end` (exclusive)."""

    start: datetime
    end: datetime

    @classmethod
    def containing(cls, moment: datetime, timezone: ZoneInfo) -> "Month":
        """Return the month that `moment` (aware) falls into, as seen in `timezone`."""
        first = moment.astimezone(timezone).date().replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        return cls(_midnight(first, timezone), _midnight(following, timezone))

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"


def _midnight(day: date, timezone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone)
