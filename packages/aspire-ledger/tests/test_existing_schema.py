"""A ledger that the release of 8e65ee2 made in PostgreSQL is taken over in place."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.recovery import expire
from aspire_ledger.tables import ADDITIONS
from aspire_ledger.values import EntryKind, Verdict
from ledger_support.calls import request, settlement

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
DUMP = (Path(__file__).parent / "data" / "ledger_at_8e65ee2.sql").read_text(encoding="utf-8")
LINES = 12 + 1 + 20 + 1 + 2
_SHAPE = """
SELECT table_name, column_name, data_type, collation_name, column_default, is_nullable
    FROM information_schema.columns WHERE table_schema = 'aspire_ledger'
UNION ALL SELECT tablename, indexname, indexdef, '', '', '' FROM pg_indexes
    WHERE schemaname = 'aspire_ledger'
UNION ALL SELECT event_object_table, trigger_name, action_statement, '', '', ''
    FROM information_schema.triggers WHERE trigger_schema = 'aspire_ledger'
ORDER BY 1, 2"""


@pytest.fixture
def existing(own_database_url: str) -> str:
    """The URL of a database in which the release of 8e65ee2 kept its ledger."""
    with psycopg.connect(own_database_url, autocommit=True) as server:
        server.execute(DUMP.encode())
    return own_database_url


def shape(url: str) -> list[Any]:
    with psycopg.connect(url) as server:
        return server.execute(_SHAPE).fetchall()


def test_its_tables_become_those_of_a_new_ledger(
    existing: str, ledger_database_url: str, run: Run
) -> None:
    for url in (existing, ledger_database_url):
        store = PostgresStore(url, timeout_s=20)
        run(store.prepare())
        run(store.close())
    assert shape(existing) == shape(ledger_database_url)
    with psycopg.connect(existing) as server:
        made = server.execute("SELECT number, name FROM aspire_ledger.additions ORDER BY number")
        assert made.fetchall() == [(each.number, each.name) for each in ADDITIONS]


def test_every_line_and_every_sum_is_still_right(existing: str, run: Run) -> None:
    store = PostgresStore(existing, timeout_s=20)
    entries = run(store.entries())
    verified = run(verify(store))
    (closing,) = run(store.closings())
    run(store.close())
    assert (len(entries), verified.differences, verified.checked) == (LINES, (), 3)
    assert (closing.month, closing.entries) == ("2026-09", 13)
    assert {entry.kind for entry in entries} == {
        *(EntryKind.SETTLED, EntryKind.RECOVERED, EntryKind.CORRECTED, EntryKind.ADJUSTED)
    }


def test_it_goes_on_where_it_was(existing: str, run: Run) -> None:
    store = PostgresStore(existing, timeout_s=20)

    async def story() -> tuple[Verdict, str, int, bool]:
        answer = await store.admit(request("new"))
        await store.settle(settlement("new"))
        late = await store.settle(settlement("late", at=datetime(2026, 9, 30, tzinfo=UTC)))
        found = await expire(store, datetime(2026, 10, 25, tzinfo=UTC))
        verified = await verify(store)
        await store.close()
        return answer.verdict, late.month, len(found.as_expected), verified.ok

    assert run(story()) == (Verdict.ADMITTED, "2026-10", 2, True)
