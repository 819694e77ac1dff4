"""The database is away, slow, hung, full, locked, damaged or somebody else's."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aspire_gitops.sandbox.processes import stop
from aspire_ledger import pool
from aspire_ledger.admission import Gatekeeper
from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.process import Admitted
from aspire_ledger.store import StoreRefused, StoreUnavailable
from aspire_ledger.values import Spent, Verdict
from ledger_support.calls import account, both, request, settlement, starting
from support.postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

Run = Callable[..., Any]
PLANTED = "planted-p@ss-4711"


@pytest.mark.slow
def test_a_crash_of_the_server_in_mid_traffic_loses_nothing(
    own_postgres: PostgresServer, run: Run
) -> None:
    url = own_postgres.make_database()
    store = PostgresStore(url, timeout_s=10)
    gatekeeper = Gatekeeper(store)
    answered: list[str] = []

    async def calls(name: str) -> None:
        for number in range(40):
            id_ = f"{name}.{number}"
            decision = await gatekeeper.admit(account(cap=10**6), starting(id_))
            if isinstance(decision, Admitted):
                await asyncio.sleep(0.01)
                answered.append(id_)
                await gatekeeper.settle(id_, Spent(settlement(cost=10).usd))

    async def crash() -> None:  # SIGQUIT: the server does not finish what it does
        await asyncio.sleep(0.15)
        for _ in range(2):
            assert own_postgres._process
            await asyncio.to_thread(stop, own_postgres._process, signal.SIGQUIT)
            await asyncio.to_thread(own_postgres.start)
            await asyncio.sleep(0.1)

    async def story() -> tuple[list[str], bool]:
        await asyncio.gather(crash(), *(calls(f"c{n}") for n in range(8)))
        await gatekeeper.close()
        booked = [entry.request_id for entry in await store.entries()]
        verified = await verify(store)
        await store.close()
        return booked, verified.ok

    booked, ok = run(story())
    assert len(answered) == 320
    assert sorted(booked) == sorted(answered)
    assert ok


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up_in_time(own_postgres: PostgresServer, run: Run) -> None:
    store = PostgresStore(own_postgres.make_database(), timeout_s=0.5)
    run(store.admit(request("r1")))
    servers = _processes(own_postgres)
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        for id_ in ("r2", "r3"):  # over a connection that is open, and over a new one
            with pytest.raises(StoreUnavailable, match="try again"):
                run(store.admit(request(id_)))
        waited = time.monotonic() - began
    finally:
        for pid in servers:
            os.kill(pid, signal.SIGCONT)
    assert waited < 2.5
    assert run(store.admit(request("r4"))).verdict is Verdict.ADMITTED
    run(store.close())


def _processes(server: PostgresServer) -> list[int]:
    assert server._process
    first = server._process.pid
    found = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [first, *(pid for pid in found if _parent(pid) == first)]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_a_slow_statement_is_given_up_by_the_server(
    ledger_database_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A loaded machine brings the server's answer late; the cut must not come before it here.
    monkeypatch.setattr(pool, "_GRACE_S", 30)
    store = PostgresStore(ledger_database_url, timeout_s=0.3)
    run(store.totals("2026-11"))
    with closing(psycopg.connect(ledger_database_url)) as other:
        other.execute("LOCK TABLE aspire_ledger.totals IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="QueryCanceled"):
            run(store.admit(request()))
    assert run(store.admit(request())).verdict is Verdict.ADMITTED
    run(store.close())


def test_a_long_line_that_moves_is_no_outage(ledger_database_url: str, run: Run) -> None:
    """Sixty-four calls at once on a starved machine once waited longer than one may take."""

    async def story() -> tuple[int, float]:
        store = PostgresStore(ledger_database_url, timeout_s=0.4, connections=1)
        await store.totals("2026-11")
        began = time.monotonic()
        slow = "SELECT pg_sleep(0.05)"
        answers = await both(*(store.ask(slow) for _ in range(24)))
        await store.close()
        return len(answers), time.monotonic() - began

    answered, took = run(story())
    assert answered == 24
    assert took > 2 * 0.4


def test_a_prepared_store_waits_for_no_connection(ledger_database_url: str, run: Run) -> None:
    """Sixty-four first calls that each wait for one, on a starved machine, took too long."""
    store = PostgresStore(ledger_database_url, timeout_s=5, connections=4)
    run(store.prepare())
    with psycopg.connect(ledger_database_url) as server:
        counted = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'aspire-gitops ledger'"
            " AND datname = current_database()"
        ).fetchone()
    run(store.close())
    assert counted == (4,)


def test_a_server_that_is_not_there_can_be_prepared_for_later(
    own_postgres: PostgresServer, run: Run
) -> None:
    store = PostgresStore(own_postgres.make_database(), timeout_s=0.5)
    own_postgres.stop()
    with pytest.raises(StoreUnavailable, match="try again"):
        run(store.prepare())
    own_postgres.start()
    run(store.prepare())
    assert run(store.admit(request())).verdict is Verdict.ADMITTED
    run(store.close())


def test_a_line_that_does_not_move_is_given_up_in_time(ledger_database_url: str, run: Run) -> None:
    async def story() -> float:
        store = PostgresStore(ledger_database_url, timeout_s=0.4, connections=1)
        await store.totals("2026-11")
        began = time.monotonic()
        asked = [asyncio.create_task(store.ask("SELECT pg_sleep(5)"))]
        asked += [asyncio.create_task(store.ask("SELECT 1")) for _ in range(8)]
        await asyncio.wait(asked[1:])
        took = time.monotonic() - began
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(each, StoreUnavailable) for each in done[:1])
        await store.close()
        return took

    assert run(story()) < 2


def test_a_server_that_is_not_there_is_told_in_time_and_without_its_password(run: Run) -> None:
    store = PostgresStore(f"postgresql://bob:{PASSWORD}@127.0.0.1:1/ledger", timeout_s=0.3)
    with pytest.raises(StoreUnavailable) as caught:
        run(store.admit(request()))
    assert "127.0.0.1:1/ledger cannot answer" in str(caught.value)
    for text in (str(caught.value), repr(caught.value), repr(store), repr(caught.value.__cause__)):
        assert PASSWORD not in text
        assert PLANTED not in text


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://bob:{PLANTED}@x@127.0.0.1:port/ledger?nonsense=1",
        f"postgresql://bob:{PLANTED}@[::1/ledger",
        f"mysql://bob:{PLANTED}@127.0.0.1/ledger",
        "",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(StoreRefused, match="URL cannot be") as caught:
        PostgresStore(url)
    assert PLANTED not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("url", ["sqlite:////var/lib/ledger.sqlite3", f"sqlite://{PLANTED}"])
def test_a_file_of_sqlite_is_refused_with_the_command_that_moves_it(url: str) -> None:
    with pytest.raises(StoreRefused, match="aspire-gitops ledger move") as caught:
        PostgresStore(url)
    assert PLANTED not in str(caught.value)


def test_several_processes_may_make_the_tables_at_once(own_database_url: str, run: Run) -> None:
    async def story() -> list[int]:
        stores = [PostgresStore(own_database_url, timeout_s=20) for _ in range(6)]
        answers = await both(*(s.admit(request(f"r{n}")) for n, s in enumerate(stores)))
        for store in stores:
            await store.close()
        return sorted(answer.reserved for answer in answers)

    assert run(story()) == [10, 20, 30, 40, 50, 60]


def test_tables_of_a_newer_program_are_left_alone(own_database_url: str, run: Run) -> None:
    store = PostgresStore(own_database_url)
    run(store.totals("2026-11"))
    run(store.close())
    with psycopg.connect(own_database_url, autocommit=True) as server:
        server.execute("INSERT INTO aspire_ledger.version VALUES (99)")
    newer = PostgresStore(own_database_url)
    with pytest.raises(StoreRefused, match="newer release"):
        run(newer.admit(request()))
    run(newer.close())


def test_parallel_settlements_of_one_call_book_it_once(ledger_database_url: str, run: Run) -> None:
    async def story() -> tuple[int, int]:
        store = PostgresStore(ledger_database_url, timeout_s=20)
        await store.admit(request())
        booked = await both(*(store.settle(settlement(cost=7)) for _ in range(12)))
        (total,) = await store.totals("2026-11")
        await store.close()
        return sum(each.fresh for each in booked), total.spent

    assert run(story()) == (1, 7)


def test_parallel_admissions_of_one_call_reserve_once(ledger_database_url: str, run: Run) -> None:
    async def story() -> tuple[set[Verdict], int]:
        store = PostgresStore(ledger_database_url, timeout_s=20)
        answers = await both(*(store.admit(request()) for _ in range(12)))
        (total,) = await store.totals("2026-11")
        await store.close()
        return {each.verdict for each in answers}, total.reserved

    assert run(story()) == ({Verdict.ADMITTED}, 10)


def test_a_percentage_is_crossed_once_however_many_settle_at_once(
    ledger_database_url: str, run: Run
) -> None:
    async def story() -> list[int]:
        store = PostgresStore(ledger_database_url, timeout_s=20)
        booked = await both(
            *(store.settle(settlement(f"r{n}", 50, warn=(50, 80, 95))) for n in range(20))
        )
        await store.close()
        return sorted(percent for each in booked for percent in each.crossed)

    assert run(story()) == [50, 80, 95]


@pytest.mark.parametrize("before", [0, 12], ids=["first", "prepared long ago"])
def test_a_booking_that_waits_for_a_closing_counts_for_the_next_month(
    ledger_database_url: str, run: Run, before: int
) -> None:
    async def story() -> list[str]:
        store = PostgresStore(ledger_database_url, timeout_s=20, connections=1)
        for number in range(before):
            await store.settle(settlement(f"b{number}"))
        await store.totals("2026-11")
        with psycopg.connect(ledger_database_url) as closer:
            closer.execute("LOCK TABLE aspire_ledger.entries IN SHARE ROW EXCLUSIVE MODE")
            booking = asyncio.create_task(store.settle(settlement("late")))
            await asyncio.sleep(0.2)
            assert not booking.done()
            closer.execute("INSERT INTO aspire_ledger.closings VALUES ('2026-11', '2026-12', '')")
        booked = await booking
        await store.close()
        return [booked.month]

    assert run(story()) == ["2026-12"]
