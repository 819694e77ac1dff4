"""Calendar months by name, and their days. Pure; days are those of the month's own timezone."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aspire_ledger.money import Month

_NAME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_DAY = timedelta(days=1)


def month_named(name: str, timezone: ZoneInfo) -> Month:
    """Return the month called `2026-11`.

    Raises:
        ValueError: It is no month.
    """
    if not is_month(name):
        raise ValueError(f"{name!r} is no month; write it as 2026-11")
    noon = datetime(int(name[:4]), int(name[5:]), 1, 12, tzinfo=timezone)
    return Month.containing(noon, timezone)


def is_month(name: str) -> bool:
    """Say whether this is the name of a month."""
    return bool(_NAME.fullmatch(name)) and not name.startswith("0000")


def month_before(month: Month) -> Month:
    """Return the month that ends where this one starts."""
    timezone = timezone_of(month)
    return Month.containing(
        datetime.combine(month.start.date() - _DAY, time(12), timezone), timezone
    )


def timezone_of(month: Month) -> ZoneInfo:
    """Return where the month is one."""
    timezone = month.start.tzinfo
    if not isinstance(timezone, ZoneInfo):
        raise TypeError("a month without a timezone")
    return timezone


def days_of(month: Month) -> Iterator[date]:
    """Yield the days of the month, in order."""
    day = month.start.date()
    while day < month.end.date():
        yield day
        day += _DAY


def part_left(day: date, now: datetime, timezone: ZoneInfo) -> float:
    """Return how much of `day` is still to come at `now`, 0 to 1.

    Measured in real time: a day on which clocks are changed has 23 or 25 hours.
    """
    start, end = _midnight(day, timezone), _midnight(day + _DAY, timezone)
    left = (end - now.astimezone(UTC)) / (end - start)
    return min(max(left, 0.0), 1.0)


def _midnight(day: date, timezone: ZoneInfo) -> datetime:
    # In UTC, because the difference of two times of one zone ignores that clocks are changed.
    return datetime.combine(day, time(), timezone).astimezone(UTC)
