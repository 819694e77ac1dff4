"""The two databases behind one door: connections, their pace, and the write lock.

SQLite takes its lock with BEGIN IMMEDIATE, PostgreSQL with an advisory lock for
the transaction; both wait a few seconds for another writer. No message holds a
password.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from aspire_gitops.journal.tables import SCHEMA
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    JournalDamaged,
    JournalUnavailable,
    UsageError,
)

_SQLITE_DAMAGED = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is not a database",
    sqlite3.SQLITE_CONSTRAINT: "has a forked chain, or somebody tried to change a line",
    sqlite3.SQLITE_ERROR: "lacks a table or column of the journal",
}
_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "is locked by another process",
    sqlite3.SQLITE_LOCKED: "is locked by another process",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk is full, at its limit, or failing",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_READONLY: "may not be written to",
    sqlite3.SQLITE_PERM: "may not be opened",
    sqlite3.SQLITE_AUTH: "may not be opened",
}
_POSTGRESQL = {
    "08": "lost its connection",
    "25006": "may not be written to: the server is read-only",
    "28": "refuses access: wrong user or password",
    "3D": "does not exist",
    "42501": "refuses access: the user lacks a privilege",
    "53100": "cannot grow: the disk is full",
    "53": "is out of resources",
    "55P03": "is locked by another process",
    "57014": "took too long",
    "57P": "is shutting down or starting",
}
_POSTGRESQL_DAMAGED = {
    "23": "has a forked chain",
    "42P01": "lacks a table",
    "42703": "lacks a column",
    "P0001": "refuses to be changed: somebody tried to change a line",
    "XX": "is damaged",
}
# Of all these, what ends without anybody doing anything.
_SQLITE_PASSES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_POSTGRESQL_PASSES = ("08", "53", "55P03", "57014", "57P")
_LOOK = "nothing is applied until this is resolved: see docs/operate/journal.md"


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn a database's errors into ours, naming `place`.

    Raises:
        JournalUnavailable: It may pass by itself: locked, full, not reachable.
        JournalDamaged: Somebody must look at it.
    """
    try:
        yield
    except exc.DBAPIError as error:
        raise _translated(error.orig, place) from None
    except exc.TimeoutError:
        raise JournalUnavailable(
            f"{place} is busy: too many requests at once", passes=True
        ) from None
    except OSError as error:
        what = os.strerror(error.errno or errno.EIO)
        raise JournalUnavailable(f"{place} cannot be used: {what}") from None
    except Exception as error:
        if not isinstance(error, sqlite3.Error) and not hasattr(error, "sqlstate"):
            raise
        raise _translated(error, place) from None


def _translated(error: BaseException | None, place: str) -> AspireGitopsError:
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, place)
    # psycopg's errors are told by what they carry: importing it would cost a controller
    # with SQLite nine megabytes.
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _of_postgresql(state, place)
    return JournalUnavailable(f"{place} cannot be reached, or lost its connection", passes=True)


def _of_sqlite(error: sqlite3.Error, place: str) -> AspireGitopsError:
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    code = extended & 0xFF
    if extended == sqlite3.SQLITE_IOERR_SHORT_READ:
        code = sqlite3.SQLITE_CORRUPT
    if code in _SQLITE_DAMAGED:
        return JournalDamaged(f"{place} {_SQLITE_DAMAGED[code]}", help=_LOOK)
    what = _SQLITE_UNAVAILABLE.get(code, f"fails ({code})")
    return JournalUnavailable(f"{place} {what}", passes=code in _SQLITE_PASSES)


def _of_postgresql(state: str, place: str) -> AspireGitopsError:
    for start, what in _POSTGRESQL_DAMAGED.items():
        if state.startswith(start):
            return JournalDamaged(f"{place} {what}", help=_LOOK)
    for start, what in _POSTGRESQL.items():
        if state.startswith(start):
            passes = start in _POSTGRESQL_PASSES
            return JournalUnavailable(f"{place} {what}", passes=passes)
    return JournalUnavailable(f"{place} fails (SQLSTATE {state})")


PATIENCE_S = 5.0  # how long one process waits for another that writes
_STATEMENT_S = 60
_POSTGRESQL_SCHEMES = {"postgresql", "postgres", "postgresql+psycopg"}
_WRITES = {"aspire_gitops_writes": True}
_WRITE_LOCK = int.from_bytes(sha256(b"aspire_gitops.journal").digest()[:8], "big", signed=True)


class Database:
    """One database: `place` is what messages call it."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.place = place
        self._engine = engine

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in one transaction, in which nothing moves.

        Raises:
            JournalUnavailable: Locked, or not reachable. Try again.
            JournalDamaged: What is there cannot be read.
        """
        with told(self.place), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that is the only one to write; commit at the end, all or nothing.

        Raises:
            JournalUnavailable: Locked by another, full, read-only or not reachable. Try again.
            JournalDamaged: What is there cannot be relied on.
        """
        with told(self.place), self._engine.connect() as plain:
            connection = plain.execution_options(**_WRITES)
            with connection.begin():
                if not self.is_sqlite:
                    lock = text("SELECT pg_advisory_xact_lock(:key)")
                    connection.execute(lock, {"key": _WRITE_LOCK})
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def sqlite(path: Path, *, read_only: bool = False, wal: bool = True) -> Database:
    """Return the database in a file that exists."""

    def connect() -> sqlite3.Connection:
        # Never made here: a journal that somebody moved away must not begin anew in silence.
        mode = "ro" if read_only else "rw"
        uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = _text
        connection.execute("PRAGMA trusted_schema = OFF")
        if not read_only:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=2, hide_parameters=True
    ).execution_options(schema_translate_map={SCHEMA: None})
    event.listen(engine, "begin", _begin)
    return Database(engine, f"the journal {path}")


def postgresql(url: str, *, read_only: bool = False) -> Database:
    """Return the database at a URL.

    Raises:
        UsageError: It is not a PostgreSQL URL. The message does not quote it.
    """
    parsed = parse_url(url)
    engine = create_engine(
        parsed,
        hide_parameters=True,
        pool_size=2,
        pool_pre_ping=True,  # a server that was restarted is noticed before the next line
        connect_args={
            "connect_timeout": int(PATIENCE_S),
            "tcp_user_timeout": int(PATIENCE_S * 2000),
            "application_name": "aspire-gitops journal",
            "prepare_threshold": None,
        },
    )
    event.listen(engine, "connect", _settings(read_only=read_only))
    where = f"{parsed.host or 'localhost'}{f':{parsed.port}' if parsed.port else ''}"
    return Database(engine, f"the journal in PostgreSQL at {where}/{parsed.database or ''}")


def parse_url(url: str) -> URL:
    """Read `postgresql://user:password@host:port/database`.

    Raises:
        UsageError: It is something else. The message does not quote it.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(
            "invalid database URL",
            help="write it as postgresql://user:password@host:5432/name",
        ) from None
    if parsed.drivername not in _POSTGRESQL_SCHEMES:
        raise UsageError(
            "the database URL is not a PostgreSQL URL",
            help="write it as postgresql://…, or omit it to use SQLite in the state folder",
        )
    if "@" in f"{parsed.host}{parsed.database}":
        raise UsageError(
            "the database URL has more than one @", help="write an @ in the password as %40"
        )
    return parsed.set(drivername="postgresql+psycopg")


def _begin(connection: Connection) -> None:
    # The driver would begin late and read-only first; two writers could then not wait in line.
    writes = connection.get_execution_options().get("aspire_gitops_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _settings(*, read_only: bool) -> Any:
    def settle(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{PATIENCE_S:g}s'")
            cursor.execute(f"SET statement_timeout = '{_STATEMENT_S}s'")
            cursor.execute("SET synchronous_commit = on")
            if read_only:
                cursor.execute("SET default_transaction_read_only = on")
        connection.commit()

    return settle


def _text(content: bytes) -> str:
    # A damaged byte has to come through, so that the line's hash can give it away.
    return content.decode(errors="surrogateescape")
