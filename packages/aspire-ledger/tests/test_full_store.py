"""The ledger's own disk is full while calls come and go: refused clearly, and none is lost."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest

from aspire_ledger.audit import verify
from aspire_ledger.litellm.call_handler import Declined
from aspire_ledger.litellm.events import read_ended
from aspire_ledger.postgres import PostgresStore
from ledger_support.desk import CHAT_NANO, Desk, event

pytestmark = pytest.mark.slow

Run = Callable[..., Any]

# What PostgreSQL itself answers when it cannot extend a table.
_FULL = """
CREATE FUNCTION aspire_ledger.full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON aspire_ledger.reservations
    FOR EACH ROW EXECUTE FUNCTION aspire_ledger.full_disk();
CREATE TRIGGER full_disk BEFORE INSERT ON aspire_ledger.entries
    FOR EACH ROW EXECUTE FUNCTION aspire_ledger.full_disk();
"""
_ROOM = "DROP FUNCTION aspire_ledger.full_disk() CASCADE"


@pytest.fixture
def desk(ledger_database_url: str, run: Run) -> Iterator[Desk]:
    store = PostgresStore(ledger_database_url, timeout_s=0.3)
    desk = Desk(store)
    desk.gate.backlog._pause_s = 0.05
    yield desk
    run(desk.gate.close())
    run(store.close())


@contextmanager
def full(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(_FULL)
        yield
        server.execute(_ROOM)


async def admitted_until_refused(desk: Desk, under_way: list[dict[str, Any]]) -> tuple[int, str]:
    """Go on until the disk is really full: a page that is there has room for a few calls more."""
    try:
        while len(under_way) < 1000:
            under_way += [await desk.admitted(max_tokens=20)]
    except Declined as declined:
        return declined.refusal.status, declined.refusal.type
    raise AssertionError("it was never full")


async def admitted_soon(desk: Desk) -> bool:
    """During an outage the store is asked twice a second only."""
    for _ in range(20):
        with suppress(Declined):
            return bool(await desk.admitted(max_tokens=20))
        await asyncio.sleep(0.1)
    return False


def test_calls_are_refused_while_the_disk_is_full_and_those_under_way_are_booked_later(
    desk: Desk, run: Run, ledger_database_url: str
) -> None:
    async def story() -> int:
        under_way = [await desk.admitted(max_tokens=20) for _ in range(16)]
        with full(ledger_database_url):
            assert await admitted_until_refused(desk, under_way) == (503, "ledger_unavailable")
            await asyncio.gather(
                *(desk.handler.settle(read_ended(event(one))) for one in under_way)
            )
            assert len(desk.gate.backlog) > 0
        await desk.gate.close()  # tells the store what it has not heard yet
        return len(under_way)

    calls = run(story())
    assert run(desk.booked()) == [("settled", CHAT_NANO)] * calls
    (total,) = run(desk.store.totals("2026-11"))
    assert (total.spent, total.reserved) == (CHAT_NANO * calls, 0)
    assert run(verify(desk.store)).ok
    assert run(admitted_soon(desk)), "and the next call goes through"
