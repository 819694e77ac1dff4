"""Amounts: a cap is never raised, a price never lowered, a month is the timezone's."""

from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from aspire_ledger.money import Aud, ExchangeRate, Month, Usd, json_number, per_unit

SYDNEY = ZoneInfo("Australia/Sydney")


def rate(usd_per_aud: str = "0.6512", *, max_age_days: int = 45) -> ExchangeRate:
    return ExchangeRate(Decimal(usd_per_aud), date(2026, 11, 20), "RBA F11.1", max_age_days)


@pytest.mark.parametrize(
    ("cap", "usd_per_aud", "expected"),
    [
        pytest.param("180", "0.6512", "117.2160", id="exact"),
        pytest.param("100.10", "0.6512", "65.1851", id="a fifth decimal is dropped"),
        pytest.param("0.0001", "0.6512", "0.0000", id="too small to be anything but a stop"),
        pytest.param("0", "0.6512", "0.0000", id="zero stops the app"),
        pytest.param(
            "999999999.999999999", "1.999999999", "1999999998.9999", id="every digit used"
        ),
    ],
)
def test_a_cap_converts_to_us_dollars_and_rounds_down(
    cap: str, usd_per_aud: str, expected: str
) -> None:
    assert rate(usd_per_aud).cap_in_usd(Aud(Decimal(cap))) == Decimal(expected)


def test_us_dollars_convert_back_for_display() -> None:
    assert round(rate("0.65").to_aud(Usd(Decimal("1.30"))), 9) == Decimal(2)


@pytest.mark.parametrize(
    ("today", "stale"),
    [
        pytest.param(date(2027, 1, 4), False, id="on the last day"),
        pytest.param(date(2027, 1, 5), True, id="a day later"),
        pytest.param(date(2026, 11, 1), False, id="a rate of the future is not old"),
    ],
)
def test_a_rate_grows_old(today: date, stale: bool) -> None:  # noqa: FBT001 (a table's column)
    assert rate().is_stale(today) is stale


@pytest.mark.parametrize(
    ("amount", "rounding", "text"),
    [
        pytest.param("117.2160", ROUND_DOWN, "117.216", id="a cap"),
        pytest.param("0", ROUND_DOWN, "0", id="zero is a whole number"),
        pytest.param("100.00", ROUND_DOWN, "100", id="whole, as a database gives it back"),
        pytest.param("0.0000004", ROUND_UP, "4e-07", id="a price of one token"),
        pytest.param("1999999998.99999999", ROUND_DOWN, "1999999998.99999", id="cut, not raised"),
        pytest.param("123.456789123456789", ROUND_UP, "123.456789123457", id="raised, not cut"),
    ],
)
def test_an_amount_is_written_as_a_json_number(amount: str, rounding: str, text: str) -> None:
    assert repr(json_number(Decimal(amount), rounding=rounding)) == text


def test_a_price_per_million_becomes_a_price_per_token() -> None:
    assert per_unit(Decimal("0.40")) == Decimal("0.0000004")


@pytest.mark.parametrize(
    ("moment", "start", "end"),
    [
        pytest.param(
            datetime(2026, 11, 30, 12, 59, tzinfo=UTC),
            datetime(2026, 10, 31, 13, tzinfo=UTC),
            datetime(2026, 11, 30, 13, tzinfo=UTC),
            id="still November in Sydney",
        ),
        pytest.param(
            datetime(2026, 11, 30, 13, tzinfo=UTC),
            datetime(2026, 11, 30, 13, tzinfo=UTC),
            datetime(2026, 12, 31, 13, tzinfo=UTC),
            id="December starts while it is November in UTC",
        ),
        pytest.param(
            datetime(2026, 4, 10, tzinfo=UTC),
            datetime(2026, 3, 31, 13, tzinfo=UTC),
            datetime(2026, 4, 30, 14, tzinfo=UTC),
            id="the clocks change within the month",
        ),
    ],
)
def test_a_month_is_the_one_of_the_timezone(
    moment: datetime, start: datetime, end: datetime
) -> None:
    month = Month.containing(moment, SYDNEY)

    assert (month.start.astimezone(UTC), month.end.astimezone(UTC)) == (start, end)


def test_a_month_is_written_by_year_and_number() -> None:
    assert str(Month.containing(datetime(2026, 11, 30, 13, tzinfo=UTC), SYDNEY)) == "2026-12"
