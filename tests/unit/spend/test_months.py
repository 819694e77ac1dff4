"""Months by name are exact, in both changes of the clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aspire_gitops.spend import days_of, month_before, month_named

SYDNEY = ZoneInfo("Australia/Sydney")


@pytest.mark.parametrize(
    ("name", "start", "hours"),
    [
        pytest.param("2026-10", datetime(2026, 9, 30, 14, tzinfo=UTC), 31 * 24 - 1, id="clocks go forward"),
        pytest.param("2027-04", datetime(2027, 3, 31, 13, tzinfo=UTC), 30 * 24 + 1, id="clocks go back"),
        pytest.param("2028-02", datetime(2028, 1, 31, 13, tzinfo=UTC), 29 * 24, id="a leap year"),
        pytest.param("2026-12", datetime(2026, 11, 30, 13, tzinfo=UTC), 31 * 24, id="the year turns"),
    ],
)  # fmt: skip
def test_a_month_begins_and_ends_at_midnight_there(name: str, start: datetime, hours: int) -> None:
    month = month_named(name, SYDNEY)
    assert month.start == start
    assert (month.end.astimezone(UTC) - start).total_seconds() == hours * 3600


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "november", "2026-11-01", "", "0000-01"])
def test_an_invalid_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid month"):
        month_named(text, SYDNEY)


def test_the_month_before_january_is_december() -> None:
    assert str(month_before(month_named("2027-01", SYDNEY))) == "2026-12"


def test_a_month_has_each_of_its_days_once() -> None:
    assert [day.day for day in days_of(month_named("2026-10", SYDNEY))] == list(range(1, 32))
