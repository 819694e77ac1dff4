"""However many calls a month has: the controller's loop goes on, and no command needs more memory."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from aspire_gitops.controller.spending import Spending
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import month_named
from aspire_gitops.spend.statement import Statement, statement_of
from aspire_gitops.state import GatewayObject, Kind, Mark, ObjectKey, Snapshot
from support.big_ledger import APPS, BUDGETS, MONTH, beating, write_many
from support.postgres_server import PostgresServer
from support.spend_ledger import Spent, write_calls
from support.turns import OWNER, MemoryJournal
from support.worked_example import GATEWAY_D

pytestmark = pytest.mark.slow

CALLS, FEW = 1_000_000, 1_000
SYDNEY = ZoneInfo("Australia/Sydney")
NOVEMBER = month_named(MONTH, SYDNEY)
NOW = datetime(2026, 11, 29, 3, tzinfo=UTC)
MOST_S = 0.05  # of processor time at a stretch; a month of lines took twelve seconds of it


@pytest.fixture(scope="module")
def many(postgres_server: PostgresServer) -> str:
    url = postgres_server.make_database()
    write_many(url, CALLS)
    return url


@pytest.fixture(scope="module")
def few(postgres_server: PostgresServer) -> str:
    url = postgres_server.make_database()
    write_many(url, FEW)
    return url


def key(number: int) -> GatewayObject:
    """Return an app's live key with its budget's cap."""
    fields = {
        "metadata.budget": f"budget-{number % BUDGETS}",
        "metadata.monthly_aud": "5000",
        "metadata.timezone": "Australia/Sydney",
        "metadata.app": f"app-{number}",
    }
    name = f"app-{number}.main"
    mark = Mark(OWNER, name, frozenset(fields), "sha256:0", "main")
    return GatewayObject(ObjectKey(Kind.KEY, name), name, fields, mark, f"{number:064}")


def test_the_controller_serves_others_while_it_asks(many: str) -> None:
    snapshot = Snapshot(
        objects=tuple(map(key, range(APPS))),
        taken_at=NOW,
        gateway_url="http://gateway.test",
        litellm_version="1",
    )

    async def looked() -> tuple[Snapshot, Spending, float]:
        async with LedgerReading(SecretStr(many)) as ledger:
            spending = Spending(ledger, MemoryJournal(), lambda: NOW, lambda _: None, OWNER)
            async with beating() as beats:
                found = await spending.looked(snapshot)
            return found, spending, beats.longest_s

    found, spending, longest_s = asyncio.run(looked())
    assert spending.report.problem == ""
    assert spending.report.spend
    assert spending.report.spend.total.calls == CALLS
    assert found.traffic
    assert sum(row.calls for row in found.traffic.rows) > CALLS / 2
    assert longest_s < MOST_S


def test_a_statement_stops_no_loop(many: str) -> None:
    async def made() -> tuple[Statement, float]:
        async with LedgerReading(SecretStr(many)) as ledger, beating() as beats:
            sums = await ledger.month_sums(MONTH)
        return statement_of(sums, {}, month=NOVEMBER, now=NOW), beats.longest_s

    statement, longest_s = asyncio.run(made())
    assert (statement.lines, statement.differences) == (CALLS, ())
    assert longest_s < MOST_S


def peak_kib(folder: Path, url: str, *arguments: str) -> int:
    """Return the most memory that a command needed."""
    command = [sys.executable, "-m", "aspire_gitops", *arguments]
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "ASPIRE_GITOPS_LEDGER_URL": url}
    done = subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    assert done.returncode == 0
    return usage.ru_maxrss


@pytest.mark.parametrize("more", [["--statement"], []], ids=["statement", "spend"])
def test_a_thousand_times_the_calls_need_no_more_memory(
    tmp_path: Path, many: str, few: str, more: list[str]
) -> None:
    arguments = ["spend", str(GATEWAY_D), "--month", MONTH, "--today", "2026-11-29", *more]
    small, large = (peak_kib(tmp_path, url, *arguments) for url in (few, many))
    assert large < small * 1.2


@pytest.fixture
def booking(few: str) -> Iterator[None]:
    """Calls are booked all the time."""
    over = threading.Event()

    def book() -> None:
        for number in range(1_000_000):
            if over.is_set():
                return
            name = f"late-{number}"
            write_calls(
                few, [Spent("budget-1", name, "alias-1", "p", "1", date(2026, 11, 28))] * 20
            )

    thread = threading.Thread(target=book)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("booking")
def test_a_statement_never_contradicts_itself_while_calls_are_booked(few: str) -> None:
    async def statements() -> list[Statement]:
        async with LedgerReading(SecretStr(few)) as ledger:
            return [
                statement_of(await ledger.month_sums(MONTH), {}, month=NOVEMBER, now=NOW)
                for _ in range(100)
            ]

    found = asyncio.run(statements())
    assert found[0].lines < found[-1].lines
    assert [one.differences for one in found if one.differences] == []
