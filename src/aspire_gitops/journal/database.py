"""The two databases behind one door: connections, their pace, and the write lock.

SQLite takes its lock with BEGIN IMMEDIATE, PostgreSQL with an advisory lock for
the transaction; both wait a few seconds for another writer. No message holds a
password.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from aspire_gitops.errors import UsageError
from aspire_gitops.journal.faults import told
from aspire_gitops.journal.tables import SCHEMA

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
            "the database URL cannot be read; write it as postgresql://user:password@host:5432/name"
        ) from None
    if parsed.drivername not in _POSTGRESQL_SCHEMES:
        raise UsageError(
            "the database URL is not PostgreSQL's; write it as postgresql://…, or leave it out for"
            " SQLite in the state folder"
        )
    if "@" in f"{parsed.host}{parsed.database}":
        raise UsageError("the database URL has an @ too many; write one in a password as %40")
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
