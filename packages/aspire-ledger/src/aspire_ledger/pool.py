"""A few connections to PostgreSQL, each used for one statement at a time.

Every statement is a transaction of its own and may be sent twice, so a
connection that a restart of the server cut is replaced and the statement sent
again, until its time is over. A queue that moves is not an outage, however long it is:
on a starved machine sixty calls that begin at once wait for seconds. No message
holds a password.
"""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8

from aspire_ledger.store import StoreRefused, StoreUnavailable, TablesInUse

_PAUSE_S = 0.05
_GRACE_S = 0.25  # for the server's own answer that it gave up
_CONFLICTS = (  # of two statements that met; sent again, one of them is first
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.UniqueViolation,
)
_NEVER = (  # and trying again cannot help
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.RaiseException,
)

_Statements: TypeAlias = Sequence[tuple[str, Mapping[str, Any]]]
_Result: TypeAlias = tuple[Sequence[Sequence[Any]], int]  # rows, and how many it changed


class Pool:
    """Connections to one database, made when they are needed. Belongs to one event loop."""

    def __init__(self, url: str, *, size: int, timeout_s: float) -> None:
        """Read the URL; nothing is connected yet.

        Raises:
            StoreRefused: It is not a PostgreSQL URL. The message does not quote it.
        """
        try:
            parsed = conninfo_to_dict(url)
        except psycopg.Error:
            raise StoreRefused(
                "the ledger's URL cannot be read",
                help="write it as postgresql://user:password@host:5432/name,"
                " with an @ in a password as %40",
            ) from None
        where = f"{parsed.get('host', 'localhost')}:{parsed.get('port', 5432)}"
        self.place: Final = f"the ledger in PostgreSQL at {where}/{parsed.get('dbname', '')}"
        self._timeout_s = timeout_s
        self._idle: list[psycopg.AsyncConnection] = []
        self._size = size
        self._turn = asyncio.Semaphore(size)
        self._in_line: set[asyncio.Timeout] = set()
        self._arguments = {**parsed, **_settings(timeout_s)}

    def __repr__(self) -> str:
        return f"<connections of {self.place}>"

    async def run(self, statement: str, given: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Carry out one statement; return its rows."""
        rows, _ = await self._attempts([(statement, given)])
        return rows

    async def change(self, *statements: tuple[str, Mapping[str, Any]]) -> int:
        """Carry out statements in one transaction; return how many rows the last one changed."""
        _, changed = await self._attempts(statements)
        return changed

    async def fill(self) -> None:
        """Open as many connections as may be open: the first crowd finds them there."""
        while len(self._idle) < self._size:
            try:
                self._idle.append(await self._connect(self._patience_ends()))
            except (TimeoutError, psycopg.Error) as error:
                raise StoreUnavailable(
                    f"{self.place} cannot be reached ({type(error).__name__})", help="try again"
                ) from None

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _attempts(self, statements: _Statements) -> _Result:
        try:
            await self._stand_in_line()
            try:
                return await self._again_until(self._patience_ends(), statements)
            finally:
                self._turn.release()
        except _NEVER as error:
            raise StoreRefused(f"{self.place} refuses: {_named(error)}") from None
        except psycopg.errors.LockNotAvailable:
            raise TablesInUse(f"the tables of {self.place} are in use", help="try again") from None
        except TimeoutError:
            raise StoreUnavailable(
                f"{self.place} did not answer within {self._timeout_s:g} s", help="try again"
            ) from None
        except psycopg.Error as error:
            raise StoreUnavailable(
                f"{self.place} cannot answer ({_named(error)})", help="try again"
            ) from None

    async def _stand_in_line(self) -> None:
        async with asyncio.timeout_at(self._patience_ends()) as limit:
            self._in_line.add(limit)
            try:
                await self._turn.acquire()
            finally:
                self._in_line.discard(limit)

    def _line_moves(self) -> None:
        for limit in self._in_line:
            if not limit.expired():
                limit.reschedule(self._patience_ends())

    def _patience_ends(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout_s

    async def _again_until(self, until: float, statements: _Statements) -> _Result:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._once(until, statements)
            except (psycopg.OperationalError, *_CONFLICTS) as error:
                if not _may_be_sent_again(error) or loop.time() + _PAUSE_S >= until:
                    raise
            await asyncio.sleep(_PAUSE_S)  # a server that restarts is soon there again

    async def _once(self, until: float, statements: _Statements) -> _Result:
        connection = self._idle.pop() if self._idle else await self._connect(until)
        # A server that hangs does not give up by itself, and cancelling would ask it to.
        cut = asyncio.get_running_loop().call_at(until + _GRACE_S, _cut, connection)
        try:
            result = await _sent(connection, statements)
        except asyncio.CancelledError:
            await connection.close()
            raise
        except BaseException:
            await self._sort_out(connection)
            raise
        finally:
            cut.cancel()
        self._idle.append(connection)
        self._line_moves()
        return result

    async def _connect(self, until: float) -> psycopg.AsyncConnection:
        async with asyncio.timeout_at(until):
            return await psycopg.AsyncConnection.connect("", autocommit=True, **self._arguments)

    async def _sort_out(self, connection: psycopg.AsyncConnection) -> None:
        if not connection.closed:
            self._idle.append(connection)
            return
        # A server that was restarted cut the idle ones too.
        broken, self._idle = [connection, *self._idle], []
        for each in broken:
            with suppress(psycopg.Error):
                await each.close()


async def _sent(connection: psycopg.AsyncConnection, statements: _Statements) -> _Result:
    if len(statements) == 1:
        cursor = await connection.execute(*_typed(*statements[0]), prepare=True)
        return (await cursor.fetchall() if cursor.description else []), cursor.rowcount
    async with connection.transaction():
        for statement, given in statements:
            cursor = await connection.execute(*_typed(statement, given))
    return [], cursor.rowcount


def _cut(connection: psycopg.AsyncConnection) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


def _settings(timeout_s: float) -> dict[str, Any]:
    return {
        "connect_timeout": max(2, int(timeout_s)),
        "tcp_user_timeout": int(timeout_s * 2000),
        "application_name": "aspire-gitops ledger",
        "options": f"-c statement_timeout={int(timeout_s * 1000)} -c synchronous_commit=on",
    }


def _typed(statement: str, given: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    # One type for all whole numbers, or each size of number would be prepared by itself.
    return statement.encode(), {
        name: Int8(value) if type(value) is int else value for name, value in given.items()
    }


def _may_be_sent_again(error: psycopg.Error) -> bool:
    # A timeout of the server's is its answer: asking again would only add to its load.
    return not isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable)


def _named(error: psycopg.Error) -> str:
    # The driver's own words may quote the connection's; the kind of error says enough.
    return f"{type(error).__name__}{f' {error.sqlstate}' if error.sqlstate else ''}"
