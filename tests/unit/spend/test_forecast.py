"""When a cap is reached: honest about how little a few days say, and never surprising."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.spend import Forecast, Reach, forecast
from aspire_ledger.money import Aud, Month

SYDNEY = ZoneInfo("Australia/Sydney")
NOVEMBER_23 = datetime(2026, 11, 23, 9, 30, tzinfo=SYDNEY)


def aud(amount: str | int) -> Aud:
    return Aud(Decimal(amount))


def even_days(amount: str | int, count: int = 14, today: datetime = NOVEMBER_23) -> dict[date, Aud]:
    """Return the same spend on each of the `count` days before today."""
    return {today.date() - timedelta(days=back): aud(amount) for back in range(1, count + 1)}


def ahead(
    spent: Aud, cap: Aud | None, days: Mapping[date, Aud], now: datetime = NOVEMBER_23
) -> Forecast:
    return forecast(spent=spent, cap=cap, days=days, now=now, month=Month.containing(now, SYDNEY))


@pytest.mark.parametrize(
    ("spent", "cap", "days", "expected"),
    [
        pytest.param("100", "100", even_days(5), Reach.REACHED, id="the cap is spent to the cent"),
        pytest.param("0", "0", even_days(5), Reach.REACHED, id="a cap of zero is always reached"),
        pytest.param("70", "100", even_days(10), Reach.LIKELY, id="three days of money are left"),
        pytest.param("10", "100", even_days(1), Reach.NOT_THIS_MONTH, id="far from the cap"),
        pytest.param("10", "100", even_days(9, 2), Reach.TOO_FEW_DAYS, id="two days say nothing"),
        pytest.param("10", "100", {}, Reach.TOO_FEW_DAYS, id="a budget nobody has used before"),
        pytest.param("10", None, even_days(1), Reach.NO_CAP, id="no key carries the budget"),
    ],
)
def test_reach(spent: str, cap: str | None, days: Mapping[date, Aud], expected: Reach) -> None:
    assert ahead(aud(spent), aud(cap) if cap else None, days).reach is expected


def test_an_even_pace_says_the_very_day() -> None:
    """70 of 100 are spent on the morning of the 23rd, at 10 a day: about 6 more today."""
    found = ahead(aud(70), aud(100), even_days(10))
    assert (found.earliest, found.likely, found.latest) == (date(2026, 11, 26),) * 3


def test_uneven_days_give_a_range() -> None:
    days = {day: aud(20 if day.day % 2 else 0) for day in even_days(0)}
    found = ahead(aud(40), aud(80), days)
    found_days = [day_or_never(day) for day in (found.earliest, found.likely, found.latest)]
    assert found_days == sorted(set(found_days))


def test_a_weekend_is_expected_to_be_a_weekend() -> None:
    """On a Saturday, an app that rests at weekends is not expected to spend before Monday."""
    saturday = datetime(2026, 11, 21, 9, tzinfo=SYDNEY)
    days = {day: aud(0 if day.weekday() >= 5 else 10) for day in even_days(0, today=saturday)}
    assert ahead(aud(95), aud(100), days, saturday).earliest == date(2026, 11, 23)


def test_days_before_the_first_booking_do_not_slow_the_pace() -> None:
    assert ahead(aud(0), aud(100), even_days(9, 4)).per_day == aud(9)


def test_days_without_spend_since_the_first_booking_do() -> None:
    assert ahead(aud(0), aud(100), {NOVEMBER_23.date() - timedelta(days=9): aud(9)}).per_day == aud(
        1
    )


def test_the_month_before_counts_for_the_pace_on_the_first() -> None:
    first = datetime(2026, 11, 1, 8, tzinfo=SYDNEY)
    assert ahead(aud(0), aud(100), even_days(9, today=first), first).likely == date(2026, 11, 12)


@pytest.mark.parametrize(
    ("now", "rest_of_today"),
    [
        pytest.param(datetime(2026, 10, 4, 12, tzinfo=SYDNEY), 12 / 23, id="clocks go forward"),
        pytest.param(datetime(2027, 4, 4, 12, tzinfo=SYDNEY), 12 / 25, id="clocks go back"),
        pytest.param(datetime(2026, 11, 23, 12, tzinfo=SYDNEY), 12 / 24, id="any other day"),
    ],
)
def test_the_rest_of_today_is_measured_in_real_hours(now: datetime, rest_of_today: float) -> None:
    found = ahead(aud(0), aud(10_000), even_days(24, today=now), now)
    month = Month.containing(now, SYDNEY)
    whole_days = (month.end.date() - now.date()).days - 1
    assert found.month_end is not None
    assert float(found.month_end[1]) == pytest.approx(24 * (whole_days + rest_of_today))


amounts = st.decimals(0, 500, places=2).map(Aud)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(  # noqa: DTZ001 (given one at once)
    lambda moment: moment.replace(tzinfo=UTC)
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[datetime, dict[date, Aud]]:
    """Return a moment in Sydney, and what was spent on days before it."""
    now = draw(moments)
    today = now.astimezone(SYDNEY).date()
    backs = draw(st.lists(st.integers(0, 20), unique=True, max_size=20))
    return now, {today - timedelta(days=back): draw(amounts) for back in backs}


def day_or_never(day: date | None) -> date:
    return day or date.max


@given(situations(), amounts, amounts)
def test_no_day_is_in_the_past_or_in_another_month(
    situation: tuple[datetime, dict[date, Aud]], spent: Aud, cap: Aud
) -> None:
    now, days = situation
    found, month = ahead(spent, cap, days, now), Month.containing(now, SYDNEY)
    for day in (found.earliest, found.likely, found.latest):
        assert day is None or now.astimezone(SYDNEY).date() <= day < month.end.date()


@given(situations(), amounts, amounts, st.integers(0, 20), amounts)
def test_more_spend_never_gives_a_later_day(
    situation: tuple[datetime, dict[date, Aud]], spent: Aud, cap: Aud, back: int, more: Aud
) -> None:
    now, days = situation
    day = now.astimezone(SYDNEY).date() - timedelta(days=back)
    if day not in days:
        return
    dearer = {**days, day: Aud(days[day] + more)}
    one, other = ahead(spent, cap, days, now), ahead(spent, cap, dearer, now)
    for name in ("earliest", "likely", "latest"):
        assert day_or_never(getattr(other, name)) <= day_or_never(getattr(one, name))


@given(situations(), amounts, amounts, amounts)
def test_a_higher_cap_never_gives_an_earlier_day(
    situation: tuple[datetime, dict[date, Aud]], spent: Aud, cap: Aud, more: Aud
) -> None:
    now, days = situation
    one, other = ahead(spent, cap, days, now), ahead(spent, Aud(cap + more), days, now)
    if Reach.REACHED not in (one.reach, other.reach):
        assert day_or_never(other.likely) >= day_or_never(one.likely)


@given(situations(), amounts, amounts)
def test_the_range_is_in_order(
    situation: tuple[datetime, dict[date, Aud]], spent: Aud, cap: Aud
) -> None:
    now, days = situation
    found = ahead(spent, cap, days, now)
    assert (
        day_or_never(found.earliest) <= day_or_never(found.likely) <= day_or_never(found.latest)
        or found.reach is Reach.REACHED
    )
    assert found.month_end is None or list(found.month_end) == sorted(found.month_end)
