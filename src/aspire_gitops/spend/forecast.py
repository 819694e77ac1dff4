"""When a budget reaches its cap at this pace, with an honest range.

The method, in full: only the last 14 whole days count. Each coming day costs what
one of them did, drawn at random: a working day from working days, a weekend day
from weekend days, once there are two of each. Two hundred such futures are
simulated. The middle one gives the likely day; one in ten is before the early end
of the range, one in ten after the late end. The random numbers are always the same,
so equal figures give equal answers, and more spend never gives a later day. Fewer
than three whole days give no forecast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from random import Random

from aspire_gitops.spend.record import days_of, part_left, timezone_of
from aspire_ledger.money import Aud, Month

WINDOW_DAYS = 14
LEAST_DAYS = 3
_FUTURES = 200
_EARLY, _MIDDLE, _LATE = _FUTURES // 10, _FUTURES // 2, _FUTURES - 1 - _FUTURES // 10
_SATURDAY = 5
_NANO = Decimal(1_000_000_000)
_LONGEST_MONTH = 31


class Reach(StrEnum):
    """Whether the month's cap is reached."""

    REACHED = "reached"  # it is already spent
    LIKELY = "likely"  # in at least half of the futures
    POSSIBLE = "possible"  # in at least one of ten
    NOT_THIS_MONTH = "not-this-month"
    TOO_FEW_DAYS = "too-few-days"
    NO_CAP = "no-cap"  # no key on the gateway carries this budget


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of one budget.

    `days` is how many whole days it rests on, `per_day` their mean (AUD; None for
    too few). `earliest`, `likely` and `latest` are days of this month, None where
    that future ends below the cap. `month_end` is low, middle and high (AUD).
    """

    reach: Reach
    days: int
    per_day: Aud | None = None
    earliest: date | None = None
    likely: date | None = None
    latest: date | None = None
    month_end: tuple[Aud, Aud, Aud] | None = None


def forecast(
    *, spent: Aud, cap: Aud | None, days: Mapping[date, Aud], now: datetime, month: Month
) -> Forecast:
    """Look ahead from `now`, which is a moment of `month`.

    Args:
        spent: What this month has cost so far, adjustments included.
        cap: None if unknown.
        days: What calls cost on each day of this month and the one before. A missing
            day cost nothing; before the first day the budget did not exist.
        now: Aware.
        month: The budget's month, in its timezone.
    """
    today = now.astimezone(timezone_of(month)).date()
    seen = _observed(days, today)
    per_day = _aud(sum(seen.values()) / len(seen)) if len(seen) >= LEAST_DAYS else None
    if cap is not None and spent >= cap:
        return Forecast(Reach.REACHED, len(seen), per_day)
    if per_day is None:
        return Forecast(Reach.TOO_FEW_DAYS if cap is not None else Reach.NO_CAP, len(seen))
    coming = [day for day in days_of(month) if day >= today]
    part = part_left(today, now, timezone_of(month))
    pools = [_pool(day, seen) for day in coming]
    futures = [_future(drawn, pools, part) for drawn in _draws()]
    ends = sorted(future[-1] for future in futures)
    low, middle, high = (_aud(ends[place]) for place in (_EARLY, _MIDDLE, _LATE))
    month_end = (Aud(spent + low), Aud(spent + middle), Aud(spent + high))
    if cap is None:
        return Forecast(Reach.NO_CAP, len(seen), per_day, month_end=month_end)
    left = _nano(Aud(cap - spent))
    crossed = sorted(_crossing(future, left) for future in futures)
    earliest, likely, latest = (
        coming[crossed[place]] if crossed[place] < len(coming) else None
        for place in (_EARLY, _MIDDLE, _LATE)
    )
    reach = Reach.LIKELY if likely else Reach.POSSIBLE if earliest else Reach.NOT_THIS_MONTH
    return Forecast(reach, len(seen), per_day, earliest, likely, latest, month_end)


def _observed(days: Mapping[date, Aud], today: date) -> Mapping[date, int]:
    window = [today - timedelta(days=back) for back in range(WINDOW_DAYS, 0, -1)]
    known = [day for day in days if window[0] <= day <= window[-1]]
    first = min(known, default=today)
    # A correction may take a day below zero; a pace is never negative.
    return {day: max(_nano(days.get(day, Aud(Decimal(0)))), 0) for day in window if day >= first}


def _future(
    drawn: Sequence[float], pools: Sequence[Sequence[int]], part_of_today: float
) -> Sequence[int]:
    """Return the additional spend at the end of each coming day (nano-AUD)."""
    costs = [pool[int(draw * len(pool))] for pool, draw in zip(pools, drawn, strict=False)]
    costs[0] = round(costs[0] * part_of_today)
    return list(accumulate(costs))


def _pool(day: date, seen: Mapping[date, int]) -> Sequence[int]:
    alike = [cost for other, cost in seen.items() if _rests(other) == _rests(day)]
    return alike if 2 <= len(alike) <= len(seen) - 2 else list(seen.values())


def _crossing(future: Sequence[int], left: int) -> int:
    return next((place for place, cost in enumerate(future) if cost >= left), len(future))


@lru_cache(maxsize=1)
def _draws() -> Sequence[Sequence[float]]:
    rng = Random(14)  # noqa: S311 (a forecast, not a secret: the numbers never change)
    return [[rng.random() for _ in range(_LONGEST_MONTH)] for _ in range(_FUTURES)]


def _rests(day: date) -> bool:
    return day.weekday() >= _SATURDAY


def _nano(amount: Aud) -> int:
    return int(amount * _NANO)


def _aud(nano: float) -> Aud:
    # More digits would suggest a precision that a forecast does not have.
    return Aud(round(Decimal(round(nano)) / _NANO, 4))
