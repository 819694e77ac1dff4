"""New columns and tables, while a ledger of the previous release works on the same database."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from aspire_ledger.audit import Difference, close_month, verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.tables import (
    ADDITIONS,
    ENTRY_COLUMNS,
    EVERY_ENTRY_COLUMN,
    NEWEST_FORMAT,
    entry_columns,
)
from aspire_ledger.values import UNITS, Counted, FailedCalls, Reservation, SeenParameter
from ledger_support.calls import COUNTED, NOON, both, fair, request, settlement
from ledger_support.previous_release import PreviousLedger
from support.postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.slow  # other programs at work, and killed

Run = Callable[..., Any]
LATER = NOON + timedelta(hours=1)
NEXT_MONTH = NOON + timedelta(days=20)
NAMES = [(each.number, each.name) for each in ADDITIONS]


@pytest.fixture
def previous(own_database_url: str) -> Iterator[PreviousLedger]:
    """A ledger of the previous release, which made its tables in a new database."""
    ledger = PreviousLedger(own_database_url)
    ledger.start()
    yield ledger
    ledger.close()


@pytest.fixture
def ours(own_database_url: str, run: Run) -> Iterator[Store]:
    store = PostgresStore(own_database_url, timeout_s=20)
    yield store
    run(store.close())


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as server:
        cursor = server.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def added(url: str) -> list[tuple[Any, ...]]:
    return rows(url, "SELECT number, name FROM aspire_ledger.additions ORDER BY number")


# ── the steps ────────────────────────────────────────────────────────────────


def test_steps_are_numbered_without_a_gap() -> None:
    assert [each.number for each in ADDITIONS] == list(range(1, len(ADDITIONS) + 1))


def test_every_unit_is_a_column_and_a_closing_digests_all_of_them() -> None:
    assert set(UNITS) <= set(EVERY_ENTRY_COLUMN)
    assert entry_columns(1) == ENTRY_COLUMNS
    assert entry_columns(NEWEST_FORMAT) == EVERY_ENTRY_COLUMN


def test_a_step_only_adds_what_an_older_insert_need_not_name() -> None:
    for each in ADDITIONS:
        assert all("NOT NULL DEFAULT" in type_ for type_ in each.entry_columns.values())
        for statement in each.others:
            is_column = "ADD COLUMN" in statement and "NOT NULL DEFAULT" in statement
            assert is_column or statement.lstrip().startswith("CREATE TABLE")


@pytest.mark.usefixtures("previous")
def test_what_older_programs_would_refuse_is_left_as_it_was(
    own_database_url: str, ours: Store, run: Run
) -> None:
    run(ours.prepare())
    assert rows(own_database_url, "SELECT number FROM aspire_ledger.version") == [(1,)]
    assert added(own_database_url) == NAMES


# ── two releases on one database ─────────────────────────────────────────────


@dataclass
class Model:
    """What must be booked, by call."""

    under_way: dict[str, int] = field(default_factory=dict)  # to what it was admitted for
    costs: dict[str, int] = field(default_factory=dict)
    recovered: set[str] = field(default_factory=set)
    count: int = 0


async def play(model: Model, dice: Random, ours: Store, previous: PreviousLedger) -> None:
    """Let one of both releases do one thing to one call, whichever of them admitted it."""
    is_ours = dice.random() < 0.5
    match dice.choice(("admit", "admit", "settle", "settle", "free", "recover", "unadmitted")):
        case "admit":
            await admit(model, dice, ours if is_ours else previous)
        case "unadmitted":
            model.count += 1
            await settle(model, dice, f"u{model.count}", ours if is_ours else previous)
        case action if model.under_way or model.recovered:
            late = dice.random() < 0.3 and model.recovered
            id_ = dice.choice(
                sorted(model.recovered if late or not model.under_way else model.under_way)
            )
            await end(model, dice, action, id_, ours if is_ours else previous)
        case _:
            pass


async def admit(model: Model, dice: Random, ledger: Store | PreviousLedger) -> None:
    model.count += 1
    id_, worst = f"r{model.count}", dice.randrange(1, 50)
    wish = dice.choice((request, fair))(id_, worst=worst, cap=10**6)
    if isinstance(ledger, PreviousLedger):
        assert ledger.admit(wish)
        model.under_way[id_] = worst
    else:
        answer = await ledger.admit(wish)
        model.under_way[id_] = answer.expected


async def settle(model: Model, dice: Random, id_: str, ledger: Store | PreviousLedger) -> None:
    cost = dice.randrange(60)
    if isinstance(ledger, PreviousLedger):
        assert ledger.settle(settlement(id_, cost))
    else:
        assert (await ledger.settle(settlement(id_, cost, estimated=dice.random() < 0.5))).fresh
    model.costs[id_] = cost
    model.under_way.pop(id_, None)
    model.recovered.discard(id_)


async def end(
    model: Model, dice: Random, action: str, id_: str, ledger: Store | PreviousLedger
) -> None:
    is_held = id_ in model.under_way
    if action == "settle" or not is_held:
        await settle(model, dice, id_, ledger)
        return
    expected = model.under_way.pop(id_)
    if action == "free":
        found = ledger.free(id_)
        assert found if isinstance(found, bool) else await found
        return
    if isinstance(ledger, PreviousLedger):
        assert ledger.recover(settlement(id_, expected))
    else:
        wish = request(id_)
        held = Reservation(wish.call, wish.worst, wish.worst, wish.expires_at)
        assert (await ledger.recover(held, settlement(id_, expected, estimated=True))).fresh
    model.costs[id_] = expected
    model.recovered.add(id_)


@pytest.mark.parametrize("seed", range(3))
def test_both_releases_keep_the_same_books(
    previous: PreviousLedger, ours: Store, run: Run, seed: int
) -> None:
    """It begins on the old tables; ours adds to them in the middle of the old one's work."""

    async def story() -> Model:
        model, dice = Model(), Random(seed)
        for _ in range(20):  # so often that the old one's statements are prepared on old tables
            await admit(model, dice, previous)
        for id_ in sorted(model.under_way)[:10]:
            await settle(model, dice, id_, previous)
        await ours.prepare()
        for _ in range(150):
            await play(model, dice, ours, previous)
        return model

    model = run(story())
    assert run(verify(ours)).differences == ()
    assert previous.is_content()
    (total,) = run(ours.totals("2026-11"))
    assert total.spent == sum(model.costs.values())
    assert total.calls == len(model.costs)
    assert list(previous.ask("totals", month="2026-11")) == [
        ("lab", "2026-11", total.spent, total.reserved, total.calls)
    ]


def test_both_releases_may_settle_one_call_at_once_and_it_is_booked_once(
    previous: PreviousLedger, ours: Store, run: Run
) -> None:
    run(ours.prepare())
    fresh: list[bool] = []
    for number in range(20):
        id_ = f"r{number}"
        run(ours.admit(request(id_)))
        older = threading.Thread(
            target=lambda id_=id_: fresh.append(previous.settle(settlement(id_, 7)))
        )
        older.start()
        fresh.append(run(ours.settle(settlement(id_, 7))).fresh)
        older.join()
    assert sum(fresh) == 20
    (total,) = run(ours.totals("2026-11"))
    assert (total.spent, total.reserved, total.calls) == (140, 0, 20)


def test_ours_reads_what_the_previous_release_booked(
    previous: PreviousLedger, ours: Store, run: Run
) -> None:
    previous.settle(settlement("before"))
    run(ours.prepare())
    previous.settle(settlement("after"))
    first_five = replace(Counted(), **{unit: getattr(COUNTED, unit) for unit in UNITS[:5]})
    for entry in run(ours.entries()):
        assert entry.counted == first_five
        assert (entry.deployment, entry.call_type, entry.estimated) == ("", "", False)
        assert entry.reported_usd is None


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ("estimate", {"app": "wiki", "alias": "chat"}),
        ("expired", {"now": LATER.isoformat()}),
        ("booked", {"id": "r1"}),
        ("totals", {"month": "2026-11"}),
        ("spent", {"budget": "lab", "month": "2026-11"}),
        ("spent_by", {"month": "2026-11"}),
        ("daily", {"month": "2026-11", "budget": "lab"}),
        ("first_day", {}),
        ("entries", {"month": "2026-11", "budget": "", "after": 0}),
        ("closings", {}),
        ("under_way", {"month": "2026-11"}),
        ("sums", {}),
        (
            "traffic",
            {
                "since": "2026-11-01",
                "until": "2026-11-30",
                "first_month": "2026-11",
                "last_month": "2026-11",
                "most": 9,
            },
        ),
    ],
)
def test_the_previous_release_reads_the_same_before_and_after(
    previous: PreviousLedger, ours: Store, run: Run, question: str, given: dict[str, Any]
) -> None:
    previous.admit(request("held"))
    previous.settle(settlement("r1", estimated=True))
    previous.close_month("2026-10", "2026-11", NOON)
    before = [previous.ask(question, given) for _ in range(10)]  # the driver prepares it by then
    run(ours.prepare())
    after = previous.ask(question, given)
    assert before == [after] * 10
    assert after


# ── closed months ────────────────────────────────────────────────────────────


def tamper(url: str, change: str) -> None:
    rows(url, f"SET session_replication_role = replica; UPDATE aspire_ledger.entries SET {change}")


def test_a_month_that_was_closed_before_stays_verifiable(
    previous: PreviousLedger, ours: Store, run: Run, own_database_url: str
) -> None:
    previous.settle(settlement(cost=7))
    digest = previous.close_month("2026-11", "2026-12", NEXT_MONTH)
    assert run(verify(ours)).ok
    (closing_,) = run(ours.closings())
    assert (closing_.digest, closing_.format, closing_.full_digest) == (digest, 1, "")
    tamper(own_database_url, "note = 'cheaper'")
    assert [each.what for each in run(verify(ours)).differences] == ["digest"]


def test_a_month_that_the_previous_release_closes_meanwhile_is_verifiable_by_both(
    previous: PreviousLedger, ours: Store, run: Run
) -> None:
    run(ours.settle(settlement(cost=7)))
    previous.close_month("2026-11", "2026-12", NEXT_MONTH)
    assert run(verify(ours)).ok
    assert previous.is_content()


@pytest.mark.parametrize("change", ["cache_write_tokens = 1", "deployment = 'x'", "estimated = 1"])
def test_a_month_that_ours_closes_is_verifiable_by_both_and_ours_covers_every_column(
    previous: PreviousLedger, ours: Store, run: Run, own_database_url: str, change: str
) -> None:
    run(ours.settle(settlement(cost=7)))
    closed = run(close_month(ours, "2026-11", NEXT_MONTH))
    assert (closed.format, len(run(ours.closings()))) == (NEWEST_FORMAT, 1)
    assert run(verify(ours)).ok
    assert previous.is_content()
    tamper(own_database_url, change)
    (difference,) = run(verify(ours)).differences
    assert isinstance(difference, Difference)
    assert (difference.what, difference.expected) == ("digest", closed.full_digest)


def test_of_a_format_of_a_newer_release_what_version_1_had_is_verified(
    ours: Store, run: Run, own_database_url: str
) -> None:
    run(ours.settle(settlement(cost=7)))
    run(close_month(ours, "2026-11", NEXT_MONTH))
    rows(own_database_url, "UPDATE aspire_ledger.closings SET format = 99, full_digest = 'x'")
    assert run(verify(ours)).ok
    tamper(own_database_url, "alias = 'x'")
    assert [each.what for each in run(verify(ours)).differences] == ["digest"]


# ── adding ───────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("previous")
def test_processes_that_start_at_once_add_each_step_once(own_database_url: str, run: Run) -> None:
    async def story() -> list[int]:
        stores = [PostgresStore(own_database_url, timeout_s=20) for _ in range(6)]
        answers = await both(*(s.admit(request(f"r{n}")) for n, s in enumerate(stores)))
        for store in stores:
            await store.close()
        return sorted(answer.reserved for answer in answers)

    assert run(story()) == [10, 20, 30, 40, 50, 60]
    assert added(own_database_url) == NAMES


_STARTING = """
import asyncio, sys
from aspire_ledger.postgres import PostgresStore
asyncio.run(PostgresStore(sys.argv[1], timeout_s=60).prepare())
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.05)


def has_begun(url: str) -> bool:
    there = rows(url, "SELECT to_regclass('aspire_ledger.additions')::text")
    return there != [(None,)] and len(added(url)) == 1


def test_a_process_that_is_killed_half_way_leaves_whole_steps(
    previous: PreviousLedger, own_database_url: str, run: Run
) -> None:
    with closing(psycopg.connect(own_database_url)) as reader:
        reader.execute("LOCK TABLE aspire_ledger.closings IN ACCESS SHARE MODE")
        process = subprocess.Popen([sys.executable, "-c", _STARTING, own_database_url])
        wait_until(lambda: has_begun(own_database_url))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert added(own_database_url) == NAMES[:1]
    assert previous.settle(settlement("r1"))
    store = PostgresStore(own_database_url, timeout_s=20)
    assert run(store.settle(settlement("r2"))).fresh
    run(store.close())
    assert added(own_database_url) == NAMES


def test_a_step_that_fails_leaves_nothing_of_itself(
    previous: PreviousLedger, own_database_url: str, run: Run
) -> None:
    rows(own_database_url, "CREATE TABLE aspire_ledger.seen_parameters (mine BIGINT)")
    store = PostgresStore(own_database_url, timeout_s=1)
    with pytest.raises(StoreUnavailable, match="DuplicateTable"):
        run(store.prepare())
    run(store.close())
    assert added(own_database_url) == NAMES[:2]
    assert rows(own_database_url, "SELECT to_regclass('aspire_ledger.failures')") == [(None,)]
    assert previous.settle(settlement("r1"))


def test_a_long_reader_stops_neither_the_previous_release_nor_anybody_for_long(
    previous: PreviousLedger, own_database_url: str, run: Run
) -> None:
    """A report that reads for minutes holds the table; whoever waits for it makes others wait."""
    took: list[float] = []
    over = threading.Event()

    def work() -> None:
        number = 0
        while not over.is_set():
            began = time.monotonic()
            number += 1
            previous.settle(settlement(f"p{number}"))
            took.append(time.monotonic() - began)

    store = PostgresStore(own_database_url, timeout_s=2)
    with closing(psycopg.connect(own_database_url)) as reader:
        reader.execute("SELECT COUNT(*) FROM aspire_ledger.entries")
        worker = threading.Thread(target=work)
        worker.start()
        began = time.monotonic()

        async def crowd() -> list[object]:
            wishes = (store.admit(request(f"r{number}")) for number in range(10))
            return await asyncio.gather(*wishes, return_exceptions=True)

        answers = run(crowd())
        waited = time.monotonic() - began
        over.set()
        worker.join()
    assert {type(each) for each in answers} <= {
        StoreUnavailable,
        *StoreUnavailable.__subclasses__(),
    }
    assert all("are in use; try again" in str(each) for each in answers)
    assert waited < 8, "all of a crowd wait for one attempt, not each for its own"
    assert len(took) > 5
    assert max(took) < 1.5, "each attempt holds others up for a tenth of a second"
    assert run(store.settle(settlement("after"))).fresh
    run(store.close())
    assert added(own_database_url) == NAMES


_VACUUMED = """
ALTER TABLE aspire_ledger.entries SET (autovacuum_vacuum_insert_threshold = 1,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_cost_limit = 1,
    autovacuum_vacuum_cost_delay = 100);
SET session_replication_role = replica;
INSERT INTO aspire_ledger.entries (request_id, kind, at, month, day, budget, app, alias, key,
    provider, model, nano_aud, usd, usd_per_aud, input_tokens, cached_input_tokens,
    output_tokens, pages, images, note)
SELECT 'r' || g, 'settled', '', '', '', '', '', '', '', '', '', 0, '0', '1', 0, 0, 0, 0, 0, ''
FROM generate_series(1, 20000) AS g"""


def test_autovacuum_gives_way(own_postgres: PostgresServer, run: Run) -> None:
    """It would keep a large table for minutes, and does not notice who waits for an instant."""
    rows(own_postgres.url("postgres"), "ALTER SYSTEM SET autovacuum_naptime = '1s'")
    rows(own_postgres.url("postgres"), "SELECT pg_reload_conf()")
    url = own_postgres.make_database()
    with closing(PreviousLedger(url)) as previous:
        previous.start()
        rows(url, _VACUUMED)
        vacuums = (
            "SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = 'aspire_ledger.entries'::regclass"
        )
        wait_until(lambda: rows(url, vacuums) != [])
        store = PostgresStore(url, timeout_s=5)
        run(store.prepare())
        assert added(url) == NAMES
        run(store.close())


def test_a_caller_who_gives_up_does_not_stop_the_adding(
    previous: PreviousLedger, own_database_url: str, run: Run
) -> None:
    async def story() -> int:
        store = PostgresStore(own_database_url, timeout_s=20)
        with psycopg.connect(own_database_url) as reader:
            reader.execute("SELECT COUNT(*) FROM aspire_ledger.entries")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.totals("2026-11"), 0.3)
        totals = await store.totals("2026-11")
        await store.close()
        return len(totals)

    previous.settle(settlement())
    assert run(story()) == 1


def test_closing_a_store_while_it_adds_ends_it(
    previous: PreviousLedger, own_database_url: str, run: Run
) -> None:
    async def story() -> set[asyncio.Task[Any]]:
        store = PostgresStore(own_database_url, timeout_s=20)
        with psycopg.connect(own_database_url) as reader:
            reader.execute("SELECT COUNT(*) FROM aspire_ledger.entries")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.totals("2026-11"), 0.3)
            await store.close()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert run(story()) == set()
    assert previous.settle(settlement())


# ── roles, other programs ────────────────────────────────────────────────────


@pytest.fixture
def worker_url(own_database_url: str) -> Iterator[Callable[[], str]]:
    """Return the URL of a role that may read and write all tables that are there, and make none."""
    database = own_database_url.rpartition("/")[2]
    role = f"worker_of_{database}"

    def granted() -> str:
        rows(
            own_database_url,
            f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA aspire_ledger TO {role};"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA aspire_ledger"
            f" TO {role}",
        )
        return own_database_url.replace(f"litellm:{PASSWORD}", f"{role}:{PASSWORD}")

    yield granted
    rows(own_database_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_may_make_nothing_works_on_tables_that_are_there(
    worker_url: Callable[[], str], ours: Store, run: Run
) -> None:
    run(ours.prepare())
    store = PostgresStore(worker_url())
    run(store.admit(request()))
    assert run(store.settle(settlement())).fresh
    run(store.count_failures([FailedCalls("2026-11-20", "wiki", "chat", "chat.eu", "5xx")]))
    run(store.count_parameters([SeenParameter("2026-11-20", "wiki", "chat", "a", "x", "passed")]))
    assert run(verify(store)).ok
    run(store.close())


@pytest.mark.usefixtures("previous")
def test_a_role_that_may_not_add_what_is_missing_is_told_what_and_how(
    worker_url: Callable[[], str], run: Run
) -> None:
    store = PostgresStore(worker_url())
    with pytest.raises(
        StoreRefused, match=r"InsufficientPrivilege.*tables lack .*every unit"
    ) as caught:
        run(store.admit(request()))
    assert "start this release once with the role that owns schema aspire_ledger" in str(
        caught.value
    )
    assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__!r}"
    run(store.close())


@pytest.mark.usefixtures("previous")
def test_a_role_that_was_granted_nothing_of_what_was_added_is_told_so(
    worker_url: Callable[[], str], ours: Store, run: Run
) -> None:
    url = worker_url()
    run(ours.prepare())
    store = PostgresStore(url)
    with pytest.raises(
        StoreRefused, match="on all tables of schema aspire_ledger, SELECT at least"
    ):
        run(store.totals("2026-11"))
    run(store.close())


def test_what_a_newer_release_added_does_no_harm(
    ours: Store, own_database_url: str, run: Run
) -> None:
    run(ours.prepare())
    rows(
        own_database_url,
        "ALTER TABLE aspire_ledger.entries ADD COLUMN fees BIGINT NOT NULL DEFAULT 0;"
        " INSERT INTO aspire_ledger.additions VALUES (99, 'fees', '')",
    )
    store = PostgresStore(own_database_url)
    assert run(store.settle(settlement())).fresh
    assert run(verify(store)).ok
    run(store.close())


def test_a_step_of_another_program_is_refused(ours: Store, own_database_url: str, run: Run) -> None:
    run(ours.prepare())
    rows(own_database_url, "UPDATE aspire_ledger.additions SET name = 'fees' WHERE number = 2")
    store = PostgresStore(own_database_url)
    with pytest.raises(StoreRefused, match="addition 2 to the tables is 'fees' there"):
        run(store.prepare())
    run(store.close())


# ── counting, in several processes ───────────────────────────────────────────


def test_processes_that_count_the_same_at_once_wait_for_each_other_in_no_ring(
    own_database_url: str, run: Run
) -> None:
    """Each brings the rows in another order; a deadlock would take a second, and count twice."""
    failed = [FailedCalls("2026-11-20", "wiki", f"a{n}", "eu", "5xx") for n in range(50)]
    seen = [SeenParameter("2026-11-20", "wiki", "chat", "a", f"p{n}", "passed") for n in range(50)]

    async def story() -> set[int]:
        stores = [PostgresStore(own_database_url, timeout_s=20) for _ in range(4)]
        dice = Random(7)
        for _ in range(10):
            await both(
                *(s.count_failures(dice.sample(failed, 50)) for s in stores),
                *(s.count_parameters(dice.sample(seen, 50)) for s in stores),
            )
        counts = {each.calls for each in await stores[0].failures("", "9")}
        counts |= {each.calls for each in await stores[0].seen_parameters("", "9")}
        for store in stores:
            await store.close()
        return counts

    assert run(story()) == {40}
    with psycopg.connect(own_database_url) as server:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert server.execute(query).fetchall() == [(0,)]
