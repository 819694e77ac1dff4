"""What the database adds up is what its lines add up to, one by one."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from pydantic import SecretStr

from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import Cap, MonthSums, Part, month_named
from aspire_gitops.spend.statement import statement_of
from aspire_gitops.spend.statement_markdown import statement_markdown
from aspire_ledger.audit import close_month, forget_entries
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.tables import EVERY_ENTRY_COLUMN
from support.booked_lines import booked_of, sums_of

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
MONTH = "2026-11"
NOVEMBER = month_named(MONTH, ZoneInfo("Australia/Sydney"))
NOW = datetime(2026, 12, 5, tzinfo=UTC)
CAPS: dict[str, Cap] = {}
NAMES = ("a", "b", "B", "ä", "", "z z")
RATES = ("0.6512", "0.65120", "0.66")  # two of them are the same number
COLUMNS = EVERY_ENTRY_COLUMN[1:]
CALLS = ("settled", "unadmitted", "recovered")


@pytest.fixture
def store(ledger_database_url: str, run: Run) -> Iterator[PostgresStore]:
    opened = PostgresStore(ledger_database_url)
    run(opened.prepare())
    yield opened
    run(opened.close())


@pytest.fixture
def reading(ledger_database_url: str, run: Run) -> Iterator[LedgerReading]:
    ledger = LedgerReading(SecretStr(ledger_database_url))
    yield ledger
    run(ledger.close())


def lines(rng: Random, count: int) -> Iterator[dict[str, Any]]:
    """Yield lines of two months: calls, corrections of some of them, and amounts booked by hand."""
    calls: list[str] = []
    for number in range(count):
        kind = rng.choice((*CALLS, *CALLS, "corrected", "adjusted"))
        if kind == "corrected" and not calls:
            continue
        request = calls.pop(rng.randrange(len(calls))) if kind == "corrected" else f"r{number}"
        if kind in CALLS:
            calls.append(request)
        month = rng.choice((MONTH, MONTH, MONTH, "2026-10"))
        day = "" if kind == "adjusted" or rng.random() < 0.1 else f"{month}-{rng.randint(1, 30):02}"
        yield {
            **dict.fromkeys(COLUMNS, 0),
            **dict.fromkeys(("model", "deployment", "call_type", "reported_usd"), ""),
            "request_id": request,
            "kind": kind,
            "at": (NOW - timedelta(seconds=rng.randrange(10**6))).isoformat(
                timespec="microseconds"
            ),
            "month": month,
            "day": day,
            **{name: rng.choice(NAMES) for name in ("budget", "app", "alias", "provider", "key")},
            "nano_aud": rng.randint(-(10**9), 9 * 10**16),
            "usd": "0",
            "usd_per_aud": rng.choice(RATES),
            "note": f"why {number} (mia)",
            "estimated": int(kind != "adjusted" and rng.random() < 0.4),
        }


def write(url: str, rows: list[dict[str, Any]]) -> None:
    names = ", ".join(COLUMNS)
    places = ", ".join(f"%({name})s" for name in COLUMNS)
    with psycopg.connect(url, autocommit=True) as server, server.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO aspire_ledger.entries ({names}) VALUES ({places})".encode(), rows
        )
        cursor.execute(
            "INSERT INTO aspire_ledger.totals (budget, month, spent, calls)"
            " SELECT budget, month, CAST(SUM(nano_aud) AS BIGINT), 0 FROM aspire_ledger.entries"
            " WHERE budget <> 'b' GROUP BY budget, month"
        )


def markdown(sums: MonthSums) -> str:
    return statement_markdown(statement_of(sums, CAPS, month=NOVEMBER, now=NOW))


@pytest.mark.parametrize("seed", range(6))
def test_a_statement_is_the_sum_of_the_lines_one_by_one(
    ledger_database_url: str, store: PostgresStore, reading: LedgerReading, run: Run, seed: int
) -> None:
    write(ledger_database_url, list(lines(Random(seed), 40)))
    entries = run(store.entries(month=MONTH))
    totals = {part.name: part.aud for part in run(reading.totals(MONTH))}
    expected = sums_of(map(booked_of, entries), totals)
    found = run(reading.month_sums(MONTH))
    assert len(entries) == found.lines > 10
    assert markdown(found) == markdown(expected)


def test_an_empty_month_has_an_empty_statement(
    store: PostgresStore, reading: LedgerReading, run: Run
) -> None:
    assert run(store.entries()) == []
    assert run(reading.month_sums(MONTH)) == MonthSums(0, totals={})


def test_the_record_of_a_month_is_the_sum_of_its_lines(
    ledger_database_url: str, store: PostgresStore, reading: LedgerReading, run: Run
) -> None:
    write(ledger_database_url, list(lines(Random(7), 60)))
    record = run(reading.record(NOVEMBER, days=True))
    for by in ("app", "alias", "provider"):
        shares = run(store.spent_by(MONTH, by))
        found = {"app": record.apps, "alias": record.aliases, "provider": record.providers}[by]
        assert [(p.name, int(p.aud * 10**9), p.calls) for p in found] == [
            (share.name, share.spent, share.calls) for share in shares
        ]
    for budget, days in record.days.items():
        daily = [*run(store.daily(budget, "2026-10")), *run(store.daily(budget, MONTH))]
        assert {day: int(aud * 10**9) for day, aud in days.items()} == {
            date.fromisoformat(share.name): share.spent for share in daily
        }
    assert set(record.days) >= {part.name for part in record.budgets}


def test_a_forgotten_month_still_has_its_record(
    ledger_database_url: str, store: PostgresStore, reading: LedgerReading, run: Run
) -> None:
    write(ledger_database_url, list(lines(Random(8), 30)))
    before = run(reading.record(NOVEMBER))
    run(close_month(store, MONTH, NOW))
    run(forget_entries(store, MONTH))
    after = run(reading.record(NOVEMBER))
    assert (after.apps, after.aliases, after.providers) == (
        before.apps,
        before.aliases,
        before.providers,
    )
    assert all(isinstance(part, Part) for part in after.apps)
