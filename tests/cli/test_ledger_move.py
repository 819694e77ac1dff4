"""`ledger move`: a file that the release of 8e65ee2 wrote, copied into PostgreSQL.

`tests/data/ledger_in_a_file.sqlite3` has 12 calls and a refund of a closed September, and in
October 21 calls, one more that was lost, recovered and corrected, and two under way.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from aspire_gitops import ledger_move
from aspire_gitops.ledger_move import move
from aspire_gitops.vocabulary import LedgerUnavailable
from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.recovery import expire
from aspire_ledger.store import Store
from ledger_support.calls import settlement
from support.command_line import CommandLine
from support.golden import REPOSITORY
from support.postgres_server import PASSWORD

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
LINES = 12 + 1 + 20 + 1 + 2
EACH = {
    "entries": LINES, "totals": 3, "reservations": 2, "closings": 1, "estimates": 2,
    "warnings": 3, "failures": 1, "seen_parameters": 1,
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copied = tmp_path / "ledger of the gateway.sqlite3"
    shutil.copy(REPOSITORY / "tests" / "data" / "ledger_in_a_file.sqlite3", copied)
    return copied


@pytest.fixture
def shell(tmp_path: Path, ledger_database_url: str) -> CommandLine:
    return CommandLine(tmp_path, {"ASPIRE_GITOPS_LEDGER_URL": ledger_database_url})


def moved(shell: CommandLine, file: Path, *more: str) -> Any:
    return shell.run("ledger", "move", "--from", f"sqlite:///{file}", *more)


def rows_of(file: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as opened:
        return opened.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()


def rows_in(url: str, table: str) -> list[Any]:
    with psycopg.connect(url) as server:
        question = f"SELECT * FROM aspire_ledger.{table} ORDER BY 1, 2, 3"
        return server.execute(question.encode()).fetchall()


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as opened, opened:
        for statement in statements:
            opened.execute(statement)


def test_every_row_of_every_table_is_there_afterwards(
    shell: CommandLine, file: Path, ledger_database_url: str
) -> None:
    ended = moved(shell, file)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        f"moved {LINES} lines",
        (
            "2 calls under way, 0.005 AUD set aside: the gateway books each as its log has it,"
            " or as expected, when its time is over"
        ),
        "3 totals: each is the sum of its lines",
    ]
    assert f"entries: {LINES} of {LINES}, read back" in ended.stderr
    for table in EACH:
        assert rows_in(ledger_database_url, table) == rows_of(file, table), table


def test_the_file_is_not_changed(shell: CommandLine, file: Path) -> None:
    before = file.read_bytes()
    assert moved(shell, file).returncode == 0
    assert file.read_bytes() == before


def test_a_second_move_changes_nothing_and_says_so(
    shell: CommandLine, file: Path, ledger_database_url: str
) -> None:
    moved(shell, file)
    before = {table: rows_in(ledger_database_url, table) for table in EACH}
    ended = moved(shell, file)
    said = f"nothing to move: all {LINES} lines of the file are in PostgreSQL already"
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (0, said)
    assert {table: rows_in(ledger_database_url, table) for table in EACH} == before


def test_for_programs(shell: CommandLine, file: Path, ledger_database_url: str) -> None:
    ended = moved(shell, file, "--to", ledger_database_url, "--format", "json")
    assert json.loads(ended.stdout) == {
        "format": "aspire-gitops/ledger-move", "version": 1, "moved": True, "rows": EACH,
        "calls_under_way": 2, "set_aside_aud": "0.005", "totals_checked": 3, "differences": [],
    }  # fmt: skip


def test_the_ledger_goes_on_where_the_file_ended(
    shell: CommandLine, file: Path, ledger_database_url: str, run: Run
) -> None:
    """Numbers go on, a closed month stays closed, and calls under way are booked when overdue."""
    moved(shell, file)

    async def story(store: Store) -> tuple[int, str, int, bool]:
        booked = await store.settle(settlement("new"))
        late = await store.settle(settlement("late", at=datetime(2026, 9, 30, tzinfo=UTC)))
        found = await expire(store, datetime(2026, 10, 25, tzinfo=UTC))
        numbers = [entry.number for entry in await store.entries()]
        verified = await verify(store)
        await store.close()
        assert booked.fresh
        assert numbers == sorted(set(numbers))
        return numbers[-1], late.month, len(found.as_expected), verified.ok

    last, month, overdue, ok = run(story(PostgresStore(ledger_database_url)))
    assert (last, month, overdue, ok) == (LINES + 4, "2026-10", 2, True)
    assert moved(shell, file).returncode == 0, "what was booked since is no difference"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE entries SET nano_aud = nano_aud + 1 WHERE number = 7", id="changed"),
        pytest.param("DELETE FROM entries WHERE number = 7", id="fewer"),
        pytest.param("INSERT INTO entries SELECT 99, 'x', kind, at, month, day, budget, app, alias, key, provider, model, nano_aud, usd, usd_per_aud, input_tokens, cached_input_tokens, output_tokens, pages, images, note, cache_write_tokens, cache_write_1h_tokens, input_audio_tokens, input_image_tokens, reasoning_tokens, output_audio_tokens, annotated_pages, tool_uses, deployment, call_type, reported_usd, estimated FROM entries WHERE number = 20", id="more"),
    ],
)  # fmt: skip
def test_a_target_that_holds_other_bookings_is_refused(
    shell: CommandLine, file: Path, ledger_database_url: str, statement: str
) -> None:
    moved(shell, file)
    before = {table: rows_in(ledger_database_url, table) for table in EACH}
    change(
        file,
        "DROP TRIGGER entry_is_not_changed",
        "DROP TRIGGER entry_is_not_deleted",
        statement,
    )
    ended = moved(shell, file)
    assert (ended.returncode, "holds other bookings already" in ended.stderr) == (1, True)
    assert {table: rows_in(ledger_database_url, table) for table in EACH} == before


def test_a_target_with_a_single_call_under_way_is_refused(
    shell: CommandLine, file: Path, ledger_database_url: str, run: Run
) -> None:
    from ledger_support.calls import request

    store = PostgresStore(ledger_database_url)
    run(store.admit(request()))
    run(store.close())
    ended = moved(shell, file)
    assert (ended.returncode, "holds other bookings already (0 lines)" in ended.stderr) == (1, True)
    assert rows_in(ledger_database_url, "entries") == []


def test_what_breaks_half_way_leaves_nothing(
    file: Path, ledger_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last table cannot be written: the first ones are gone with it."""
    copy_table = ledger_move._copy_table

    def broken(server: Any, *rest: Any) -> int:
        if rest[1] == "seen_parameters":
            server.execute("SELECT 1 / 0")
        return copy_table(server, *rest)

    monkeypatch.setattr(ledger_move, "_copy_table", broken)
    with pytest.raises(LedgerUnavailable, match="DivisionByZero") as caught:
        move(f"sqlite:///{file}", SecretStr(ledger_database_url), lambda _: None)
    assert PASSWORD not in repr(caught.value)
    assert all(rows_in(ledger_database_url, table) == [] for table in EACH)
    monkeypatch.undo()
    assert move(f"sqlite:///{file}", SecretStr(ledger_database_url), lambda _: None).is_new


def test_a_sum_that_was_wrong_in_the_file_is_told(shell: CommandLine, file: Path) -> None:
    change(file, "UPDATE totals SET spent = spent + 1 WHERE budget = 'shop'")
    ended = moved(shell, file, "--format", "json")
    assert ended.returncode == 1
    found = json.loads(ended.stdout)
    assert (found["moved"], len(found["differences"])) == (True, 1)


def test_a_file_of_the_first_tables_is_moved_with_what_it_has(
    shell: CommandLine, file: Path, ledger_database_url: str, run: Run
) -> None:
    """Before the additions: no units beyond the first five, no counts of failed calls."""
    added = ("deployment", "call_type", "reported_usd", "estimated", "tool_uses")
    change(
        file,
        *(f"ALTER TABLE entries DROP COLUMN {name}" for name in added),
        *(f"ALTER TABLE closings DROP COLUMN {name}" for name in ("format", "full_digest")),
        *(f"DROP TABLE {name}" for name in ("failures", "seen_parameters", "additions")),
    )
    assert moved(shell, file).returncode == 0
    store = PostgresStore(ledger_database_url)
    entries = run(store.entries())
    run(store.close())
    assert len(entries) == LINES
    assert {entry.deployment for entry in entries} == {""}
    assert moved(shell, file).returncode == 0


def test_a_gateway_that_still_writes_is_waited_for_and_then_named(
    shell: CommandLine, file: Path
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as gateway:
        gateway.execute("BEGIN IMMEDIATE")
        ended = moved(shell, file)
    assert (ended.returncode, "stop the gateway that writes to it" in ended.stderr) == (1, True)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        pytest.param("PRAGMA user_version = 2", "newer release", id="a newer version"),
        pytest.param("INSERT INTO additions VALUES (9, 'fees', '')", "newer release", id="a newer step"),
        pytest.param("DROP TABLE entries", "is not a ledger", id="another program's file"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_ours_is_left_alone(
    shell: CommandLine, file: Path, statement: str, said: str
) -> None:
    change(file, statement)
    ended = moved(shell, file)
    assert (ended.returncode, said in ended.stderr) == (1, True)


@pytest.mark.parametrize(
    ("source", "code"),
    [("sqlite:////nowhere/ledger.sqlite3", 64), ("ledger.sqlite3", 64), ("sqlite:///", 64)],
)
def test_a_source_that_names_no_file_is_wrong_usage(
    shell: CommandLine, source: str, code: int
) -> None:
    assert shell.run("ledger", "move", "--from", source).returncode == code


def test_a_letter_is_no_ledger(shell: CommandLine, file: Path) -> None:
    file.write_bytes(b"this is not a database, it is a letter " * 100)
    ended = moved(shell, file)
    assert (ended.returncode, "cannot be read: file is not a database" in ended.stderr) == (1, True)


def test_no_password_is_shown_when_the_target_is_away(shell: CommandLine, file: Path) -> None:
    url = f"postgresql://u:{PASSWORD}@127.0.0.1:1/x?connect_timeout=1"
    ended = moved(shell, file, "--to", url)
    assert ended.returncode == 1
    assert PASSWORD not in ended.stdout + ended.stderr
