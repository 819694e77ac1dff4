"""A month beside its caps: who reached what, and who used nothing yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from aspire_gitops.spend import (
    Cap,
    MonthRecord,
    Part,
    known_spent,
    month_named,
    percent_of,
    plain,
    spend_of,
)
from aspire_ledger.money import Aud

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOVEMBER = month_named("2026-11", ZoneInfo("Australia/Sydney"))
RECORD = MonthRecord("2026-11", budgets=(Part("media", Aud(Decimal("76.4")), 12),))
CAP = Cap("media", Aud(Decimal("95.50")), "Australia/Sydney", ("transcripts",), (), (50, 80, 95))


def test_an_unused_budget_is_listed_with_zero() -> None:
    unused = Cap("idle", Aud(Decimal(5)), "Australia/Sydney", (), ())
    spend = spend_of(RECORD, {"idle": unused}, month=NOVEMBER, now=NOW)
    assert [(row.budget, row.spent) for row in spend.budgets] == [
        ("idle", 0),
        ("media", Decimal("76.4")),
    ]


def test_a_budget_without_a_total_has_spent_nothing() -> None:
    known = known_spent(RECORD.budgets, ["idle", "media"])
    assert known == {"idle": "0.00", "media": "76.40"}


def test_the_percentages_that_were_reached() -> None:
    spend = spend_of(RECORD, {"media": CAP}, month=NOVEMBER, now=NOW)
    assert [str(crossing) for crossing in spend.crossings] == [
        "media 2026-11 50%",
        "media 2026-11 80%",
    ]


def test_a_month_that_is_over_has_no_forecast() -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    [row] = spend_of(RECORD, {"media": CAP}, month=NOVEMBER, now=later).budgets
    assert row.forecast is None


@pytest.mark.parametrize(
    ("spent", "cap", "expected"),
    [
        pytest.param("99.999", "100", 99, id="rounded down, because something is left"),
        pytest.param("100", "100", 100, id="all of it"),
        pytest.param("250", "100", 250, id="more than all"),
        pytest.param("1", "0", None, id="no share of nothing"),
    ],
)
def test_percent(spent: str, cap: str, expected: int | None) -> None:
    assert percent_of(Aud(Decimal(spent)), Aud(Decimal(cap))) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0", "0.00"), ("1E+2", "100.00"), ("0.000000001", "0.000000001"), ("-12.3", "-12.30")],
)
def test_amounts_are_written_out(amount: str, expected: str) -> None:
    assert plain(Decimal(amount)) == expected


def dear_days(aud: str) -> MonthRecord:
    """Return a month of which 76.40 AUD are spent, at so much a day."""
    yesterday = NOW.date() - timedelta(days=1)
    days = {yesterday - timedelta(days=back): Aud(Decimal(aud)) for back in range(7)}
    return replace(RECORD, days={"media": days})


def test_a_forecast_of_a_moment_ago_is_kept() -> None:
    caps = {"media": CAP}
    before = spend_of(dear_days("5"), caps, month=NOVEMBER, now=NOW)
    again = spend_of(dear_days("9"), caps, month=NOVEMBER, now=NOW, lately=before)
    assert again.budgets[0].forecast is before.budgets[0].forecast


@pytest.mark.parametrize(
    ("cap", "spent"),
    [
        pytest.param("200", "76.4", id="another cap"),
        pytest.param("95.50", "95.50", id="the cap is reached"),
    ],
)
def test_a_forecast_is_made_anew_when_the_budget_stands_otherwise(cap: str, spent: str) -> None:
    before = spend_of(dear_days("5"), {"media": CAP}, month=NOVEMBER, now=NOW)
    record = replace(dear_days("5"), budgets=(Part("media", Aud(Decimal(spent)), 12),))
    caps = {"media": replace(CAP, aud=Aud(Decimal(cap)))}
    again = spend_of(record, caps, month=NOVEMBER, now=NOW, lately=before)
    assert again == spend_of(record, caps, month=NOVEMBER, now=NOW)
