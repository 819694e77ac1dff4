"""The ledger in a file, for one gateway process and for the sandbox.

Called inline: a statement takes a tenth of a millisecond, less than handing it to
a thread. `synchronous = NORMAL` with a write-ahead log: a commit is in the
kernel's hands before it returns, so a killed process loses nothing; a power cut
may lose the last moments, but never damages the file. Who needs more than that
runs PostgreSQL, which waits for the disk.
"""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from aspire_ledger import additions, parameters, statements
from aspire_ledger.amounts import NanoAud
from aspire_ledger.booking import Booking
from aspire_ledger.dialect import sqlite as words
from aspire_ledger.parameters import Parameters, Row
from aspire_ledger.store import StoreRefused, StoreUnavailable, answer
from aspire_ledger.tables import VERSIONS_SQLITE
from aspire_ledger.values import Answer, Booked, EntryKind, Request, Verdict

_BUSY_MS = 5  # the whole gateway stands still meanwhile, so others get their turn in between
_PAUSE_S = 0.01

T = TypeVar("T")
_Given = dict[str, Any]


class SqliteStore(Booking):
    """A ledger in one file. `patience_s` is how long it waits for another process that writes."""

    def __init__(self, path: Path, *, patience_s: float = 2.0) -> None:
        """Open the file; make it and its tables if they are missing.

        Raises:
            StoreUnavailable: It cannot be opened, or is locked. Try again.
            StoreRefused: A newer version of this program wrote it.
        """
        self._place: Final = f"the ledger {path}"
        self._patience_s = patience_s
        self._lock = threading.Lock()
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = _connect(path, patience_s)
        try:
            with self._told():
                _migrate(self._connection, self._place)
                self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        except BaseException:
            self._connection.close()
            raise

    def __repr__(self) -> str:
        return f"<{self._place}>"

    async def admit(self, request: Request) -> Answer:
        given = parameters.of_request(request)
        return await self._writing(lambda: self._admit(request, dict(given)))

    async def settle_reserved(self, given: Parameters) -> Booked | None:
        return await self._writing(lambda: self._settle_reserved(dict(given)))

    async def free(self, request_id: str) -> bool:
        return await self._writing(lambda: self._free(request_id))

    async def book(self, given: Parameters) -> Booked | None:
        return await self._writing(lambda: self._book(dict(given)))

    async def rows(self, question: str, **given: str | int) -> Sequence[Row]:
        return await self._patiently(lambda: self._all(question, given))

    async def change(self, statement: str, given: Parameters, *, alone: bool = False) -> int:
        del alone  # whoever writes here is alone
        cursor = await self._writing(lambda: self._connection.execute(words(statement), given))
        return cursor.rowcount

    async def close(self) -> None:
        self._connection.close()

    def _admit(self, request: Request, given: _Given) -> Answer:
        if admitted := self._one(statements.ADMIT, given):
            spent, reserved, granted, expected = admitted
            self._all(statements.RESERVE, given | {"granted": granted, "expected": expected})
            return Answer(Verdict.ADMITTED, NanoAud(spent), NanoAud(reserved), NanoAud(expected))
        standing = self._one(statements.STANDING, given)
        assert standing
        return answer(request, *standing)

    def _settle_reserved(self, given: _Given) -> Booked | None:
        freed = self._freed(given["id"])
        return self._entered(given, freed, -freed["nano_aud"]) if freed else None

    def _free(self, request_id: str) -> bool:
        freed = self._freed(request_id)
        if not freed:
            return False
        moved = {"spent": 0, "reserved": -freed["nano_aud"], "calls": 0}
        self._all(statements.ADD, freed | moved)
        return True

    def _book(self, given: _Given) -> Booked | None:
        row = self._one(statements.GIVEN, given)
        assert row
        return self._entered(given, _named(row, _FREED), 0)

    def _entered(self, given: _Given, facts: _Given, reserved: int) -> Booked | None:
        booked = self._one(statements.BOOK, given | facts)
        cost = booked[0] if booked else 0
        if not booked and not reserved:
            return None
        moved = {"spent": cost, "reserved": reserved, "calls": given["calls"] if booked else 0}
        total = self._one(statements.ADD, facts | moved)
        assert total
        budget, month, spent = total
        self._all(statements.LEARN, given | facts | {"nano_aud": cost})
        crossed = self._warn(given | {"budget": budget, "month": month, "spent": spent})
        kind = EntryKind(given["kind"]) if booked else None
        return Booked(kind, budget, month, NanoAud(cost), NanoAud(spent), crossed)

    def _warn(self, given: _Given) -> tuple[int, ...]:
        # Most calls cross nothing, and asking costs as much as booking.
        reached = [percent for percent in given["percents"] if _crossed(given, percent)]
        if not reached:
            return ()
        found = self._all(statements.WARN, given | {"percents": json.dumps(reached)})
        return tuple(sorted(percent for (percent,) in found))

    def _freed(self, request_id: str) -> _Given | None:
        row = self._one(statements.FREE, {"id": request_id})
        return _named(row, _FREED) if row else None

    def _one(self, statement: str, given: Mapping[str, Any]) -> Row | None:
        found = self._all(statement, given)
        return found[0] if found else None

    def _all(self, statement: str, given: Mapping[str, Any]) -> Sequence[Row]:
        return self._connection.execute(words(statement), given).fetchall()

    async def _writing(self, change: Callable[[], T]) -> T:
        return await self._patiently(lambda: self._transaction(change))

    def _transaction(self, change: Callable[[], T]) -> T:
        connection = self._connection
        with self._lock:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = change()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return result

    async def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask; while another process writes, let the gateway go on and ask again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while True:
            with self._told():
                try:
                    return ask()
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or loop.time() >= until:
                        raise
            await asyncio.sleep(_PAUSE_S)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise StoreRefused(f"{self._place} refuses: {error}") from error
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"{self._place} cannot answer: {error}; try again") from error


_FREED = ("budget", "month", "day", "app", "alias", "key", "nano_aud", "usd_per_aud", "remark")


def _named(row: Row, names: Sequence[str]) -> _Given:
    return dict(zip(names, row, strict=True))


def _crossed(given: _Given, percent: int) -> bool:
    return bool(given["cap"] > 0 and given["spent"] * 100 >= percent * given["cap"])


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _connect(path: Path, patience_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=patience_s, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, place: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection, place)
        for version in VERSIONS_SQLITE[found:]:
            for statement in version:
                connection.execute(words(statement))
        connection.execute(f"PRAGMA user_version = {len(VERSIONS_SQLITE)}")
        _add(connection, place)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _add(connection: sqlite3.Connection, place: str) -> None:
    connection.execute(words(additions.MAKE_TABLE))
    made = dict(connection.execute(words(additions.MADE)).fetchall())
    try:
        for each in additions.missing(made):
            for statement in (*each.statements, additions.recording(each)):
                connection.execute(words(statement))
    except additions.OtherAdditions as other:
        raise StoreRefused(f"{place}: {other}; use the program that made it") from other


def _version(connection: sqlite3.Connection, place: str) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(VERSIONS_SQLITE):
        raise StoreRefused(f"{place} was written by a newer program; use that one")
    return int(found)
