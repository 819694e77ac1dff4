"""What apps asked of aliases, day by day: every call in one row."""

from collections.abc import Callable
from dataclasses import astuple, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops import ledger_reading
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.usage import Traffic, Usage, window
from aspire_gitops.vocabulary import LedgerRefused
from aspire_ledger.amounts import NanoAud, nano
from aspire_ledger.audit import close_month, forget_entries
from aspire_ledger.money import Aud
from aspire_ledger.recovery import Logged, expire
from aspire_ledger.store import Store
from aspire_ledger.values import UNITS, Adjustment, Counted
from ledger_support.calls import COUNTED, NOON, SYDNEY, request, settlement

Run = Callable[..., Any]

TODAY = date(2026, 11, 20)
SINCE = date(2026, 10, 21)
EARLIER = NOON - timedelta(days=60)


@pytest.fixture
def counted(store: Store, run: Run) -> Callable[..., Traffic]:
    """Ask as the controller does."""

    async def asked(since: date = SINCE, until: date = TODAY) -> Traffic:
        async with LedgerReading(SecretStr("unused"), lambda _: store) as ledger:
            return await ledger.traffic(since, until)

    return lambda *days: run(asked(*days))


def booked(store: Store, run: Run, id_: str, cost: int = 10, **more: Any) -> None:
    run(store.settle(settlement(id_, cost, **more)))


def usage(day: date = TODAY, *, calls: int = 1, cost: int = 10, **more: Any) -> Usage:
    """Return what so many calls of `settlement` add up to."""
    budget, app, alias = (more.get(n, d) for n, d in (("budget", "lab"), ("app", "wiki"), ("alias", "chat")))  # fmt: skip
    money = Aud(Decimal(cost).scaleb(-9))
    return Usage(day, budget, app, alias, calls, money, *(n * calls for n in astuple(COUNTED)))


def test_traffic_has_the_units_of_the_ledger_by_the_same_names() -> None:
    names = [each.name for each in fields(Usage)]
    assert tuple(names[names.index("aud") + 1 :]) == UNITS


def test_calls_of_one_app_to_one_alias_on_one_day_are_one_row(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1")
    booked(store, run, "r2", 5)
    assert counted().rows == (usage(calls=2, cost=15),)


def test_days_budgets_apps_and_aliases_are_told_apart(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    yesterday = NOON - timedelta(days=1)
    booked(store, run, "r1")
    booked(store, run, "r2", at=yesterday)
    booked(store, run, "r3", app="crm")
    booked(store, run, "r4", alias="ocr")
    booked(store, run, "r5", budget="shop")
    assert counted().rows == (
        usage(TODAY - timedelta(days=1)),
        usage(app="crm"),
        usage(),
        usage(alias="ocr"),
        usage(budget="shop"),
    )


def test_the_day_is_that_of_the_budget(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1", at=NOON - timedelta(hours=13))  # an hour before midnight in Sydney
    assert [row.day for row in counted().rows] == [TODAY - timedelta(days=1)]


def test_what_a_person_booked_is_no_traffic(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1")
    invoice = nano(Aud(Decimal(9)))
    run(store.adjust(Adjustment("a1", "lab", "2026-11", invoice, "invoice", "ada", NOON)))
    assert counted().rows == (usage(),)


def test_a_correction_is_money_and_units_and_no_call(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    run(store.admit(request("r1", worst=30)))
    log = {"r1": Logged(Decimal("0.00000002"), Counted(30, 10, 40))}
    run(expire(store, NOON + timedelta(hours=1), log))
    booked(store, run, "r1")
    assert [entry.kind.value for entry in run(store.entries())] == ["recovered", "corrected"]
    assert counted().rows == (usage(),)


def test_days_outside_of_the_window_do_not_count(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    for number, day in enumerate((SINCE - timedelta(days=1), SINCE, TODAY + timedelta(days=1))):
        booked(store, run, f"r{number}", at=datetime(day.year, day.month, day.day, tzinfo=SYDNEY))
    found = counted()
    assert (found.since, found.until) == (SINCE, TODAY)
    assert [row.day for row in found.rows] == [SINCE]


def test_a_young_ledger_says_since_when_it_counts(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1", at=NOON - timedelta(days=3))
    found = counted()
    assert (found.since, found.days) == (TODAY - timedelta(days=3), 4)


def test_an_old_ledger_that_was_quiet_counts_the_whole_window(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1", at=EARLIER)
    assert counted() == Traffic(SINCE, TODAY)


def test_an_empty_ledger_knows_of_today_alone(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    assert run(store.entries()) == []
    assert counted() == Traffic(TODAY, TODAY)


def test_a_forgotten_month_shortens_the_window(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1", at=NOON - timedelta(days=25))  # in October
    booked(store, run, "r2")
    run(close_month(store, "2026-10", NOON))
    run(forget_entries(store, "2026-10"))
    assert counted() == Traffic(date(2026, 11, 1), TODAY, (usage(),))


def test_more_rows_than_anybody_reads_shorten_the_window(
    store: Store, run: Run, counted: Callable[..., Traffic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_reading, "_MOST_ROWS", 3)
    for day in range(4):
        for alias in ("chat", "ocr"):
            booked(store, run, f"{day}{alias}", alias=alias, at=NOON - timedelta(days=day))
    found = counted()
    assert (found.since, len(found.rows)) == (TODAY, 2)


def test_one_day_with_more_rows_than_that_is_refused(
    store: Store, run: Run, counted: Callable[..., Traffic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_reading, "_MOST_ROWS", 1)
    for alias in ("chat", "ocr", "image"):
        booked(store, run, alias, alias=alias)
    with pytest.raises(LedgerRefused, match="more than 1 rows of 2026-11-20"):
        counted()


def test_a_name_without_end_is_cut(store: Store, run: Run, counted: Callable[..., Traffic]) -> None:
    booked(store, run, "r1", alias="x" * 5000)
    assert [len(row.alias) for row in counted().rows] == [201]


def test_the_sum_of_all_rows_is_what_the_calls_cost(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    for number in range(20):
        booked(store, run, f"r{number}", number, app=f"a{number % 3}", at=NOON - timedelta(number))
    daily = counted().daily("lab")
    assert sum(daily.values()) == Decimal(sum(range(20))).scaleb(-9)
    assert daily[TODAY] == Decimal(0)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(NOON, (SINCE, TODAY), id="noon in Sydney"),
        pytest.param(
            datetime(2026, 11, 20, 13, tzinfo=NOON.tzinfo),
            (SINCE + timedelta(days=1), TODAY + timedelta(days=1)),
            id="midnight in Sydney",
        ),
    ],
)
def test_the_window_is_thirty_whole_days_and_today(
    now: datetime, expected: tuple[date, date]
) -> None:
    assert window(now, SYDNEY) == expected


def test_the_cost_is_exact_to_the_nano_dollar(
    store: Store, run: Run, counted: Callable[..., Traffic]
) -> None:
    booked(store, run, "r1", NanoAud(123_456_789_012))
    assert [str(row.aud) for row in counted().rows] == ["123.456789012"]
