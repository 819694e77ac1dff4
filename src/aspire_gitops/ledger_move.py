"""Copy a ledger that an earlier release kept in a SQLite file into PostgreSQL: whole or not at all.

The one place that reads such a file. Lines keep their numbers, so the digests of closed
months stay true. The file is locked while it is read, and never written. The copy is one
transaction, and read back before it is committed.
"""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import psycopg
from psycopg import sql
from pydantic import SecretStr

from aspire_gitops.vocabulary import LedgerRefused, LedgerUnavailable, UsageError, plural
from aspire_ledger import tables
from aspire_ledger.amounts import NanoAud, aud
from aspire_ledger.money import Aud
from aspire_ledger.postgres import PostgresStore, check_url
from aspire_ledger.store import StoreRefused, StoreUnavailable

_SCHEME: Final = "sqlite:///"
_VERSION: Final = 1
_PAGE: Final = 20_000  # rows between two words of progress
_TIMEOUT_S: Final = 60.0
# Each table with the columns that order it.
_TABLES: Final = {
    "entries": ("number",),
    "totals": ("budget", "month"),
    "reservations": ("id",),
    "closings": ("month",),
    "estimates": ("app", "alias"),
    "warnings": ("budget", "month", "percent"),
    "failures": ("day", "app", "alias", "deployment", "outcome"),
    "seen_parameters": ("day", "app", "alias", "call_type", "parameter", "outcome"),
}
_BOOKINGS: Final = ("entries", "totals", "reservations", "closings")
_SCHEMA: Final = sql.Identifier(tables.SCHEMA)
_NUMBERING: Final = (
    f"SELECT setval(pg_get_serial_sequence('{tables.SCHEMA}.entries', 'number'), %s, false)"
)

Row = Sequence[Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did. `is_new` is false where everything was there before, and nothing changed.

    `rows` counts by table. `under_way` calls were neither settled nor released when the file
    was read; `set_aside` is what they hold.
    """

    rows: dict[str, int]
    under_way: int
    set_aside: Aud
    is_new: bool


def move(source: str, target: SecretStr, progress: Progress) -> Moved:
    """Copy the ledger at `sqlite:///path` to a PostgreSQL URL.

    A second time changes nothing: the target then has every line of the file.

    Raises:
        UsageError: `source` is no URL of a file.
        LedgerRefused: The file is not a ledger, or a newer program's; the target holds other
            bookings, or may not be written. Nothing was changed.
        LedgerUnavailable: One of them cannot be read now, or a gateway is writing to the
            file. Nothing was changed; try again.
    """
    path = _path(source)
    with _told(path), _opened(path) as file:
        check_url(target.get_secret_value())
        _check_is_ledger(file, path)
        return _copy(file, target.get_secret_value(), progress)


# ── the file ─────────────────────────────────────────────────────────────────


def _path(url: str) -> Path:
    if not url.startswith(_SCHEME) or not url.removeprefix(_SCHEME):
        raise UsageError(
            "--from must name a file", help="write it as sqlite:////var/lib/ledger.sqlite3"
        )
    path = Path(unquote(url.removeprefix(_SCHEME)))
    if not path.is_file():
        raise UsageError(f"{path} does not exist", help="see ASPIRE_LEDGER_URL of the gateway")
    return path


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=2)) as file:
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("BEGIN IMMEDIATE")  # nobody writes while it is read
        try:
            yield file
        finally:
            file.execute("ROLLBACK")


def _check_is_ledger(file: sqlite3.Connection, path: Path) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    there = _tables_of(file)
    if version < _VERSION or not set(_BOOKINGS) <= there:
        raise LedgerRefused(f"{path} is not a ledger")
    made = dict(file.execute("SELECT number, name FROM additions")) if "additions" in there else {}
    known = {each.number: each.name for each in tables.ADDITIONS}
    if version > _VERSION or not made.items() <= known.items():
        raise LedgerRefused(
            f"{path} was written by a newer release", help="move it with that release"
        )


def _tables_of(file: sqlite3.Connection) -> set[str]:
    return {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _columns(file: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns that the file has: an older release's has fewer."""
    names = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
    if not all(name.isidentifier() for name in names):
        raise LedgerRefused(f"table {table} of the file is not a ledger's")
    return names


def _rows(file: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterable[Row]:
    order = ", ".join(_TABLES[table])
    return file.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")  # noqa: S608 (checked names)


# ── the database ─────────────────────────────────────────────────────────────


async def _prepare(url: str) -> None:
    async with PostgresStore(url, timeout_s=_TIMEOUT_S, connections=1) as store:
        await store.prepare()


def _copy(file: sqlite3.Connection, url: str, progress: Progress) -> Moved:
    there = _tables_of(file)
    columns = {table: _columns(file, table) for table in _TABLES if table in there}
    with psycopg.connect(url, connect_timeout=10, application_name="aspire-gitops move") as server:
        asyncio.run(_prepare(url))  # once it is known that somebody answers
        for table in _TABLES:
            lock = sql.SQL("LOCK TABLE {}.{} IN SHARE ROW EXCLUSIVE MODE")
            server.execute(lock.format(_SCHEMA, sql.Identifier(table)))
        is_new = not any(_count(server, table) for table in _BOOKINGS)
        if is_new:
            counts = {
                table: _copy_table(server, file, table, names, progress)
                for table, names in columns.items()
            }
            server.execute(_NUMBERING.encode(), [_last_number(file) + 1])
        else:
            counts = {table: _count_of_file(file, table) for table in columns}
            _check_was_moved(server, file, columns["entries"])
        (under_way, set_aside), *_ = file.execute(
            "SELECT COUNT(*), COALESCE(SUM(nano_aud), 0) FROM reservations"
        )
    return Moved(counts, under_way, aud(NanoAud(set_aside)), is_new)


def _copy_table(
    server: psycopg.Connection,
    file: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    progress: Progress,
) -> int:
    of_all, count, sent = _count_of_file(file, table), 0, hashlib.sha256()
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("COPY {}.{} ({}) FROM STDIN").format(_SCHEMA, sql.Identifier(table), names)
    with server.cursor().copy(command) as copy:
        for count, row in enumerate(_rows(file, table, columns), 1):
            copy.write_row(row)
            sent.update(_line(row))
            if count % _PAGE == 0:
                progress(f"{table}: {count} of {of_all}")
    if _digest(_found(server, table, columns)) != sent.hexdigest():
        raise LedgerUnavailable(
            f"{table} was not read back as it was written; nothing was moved", help="try again"
        )
    progress(f"{table}: {count} of {of_all}, read back")
    return count


def _check_was_moved(
    server: psycopg.Connection, file: sqlite3.Connection, columns: Sequence[str]
) -> None:
    """Refuse a target that has other lines than the file; what was booked since is its own."""
    last, booked = _last_number(file), _count(server, "entries")
    found = _digest(_found(server, "entries", columns, up_to=last))
    if not last or found != _digest(_rows(file, "entries", columns)):
        raise LedgerRefused(
            f"the ledger in PostgreSQL holds other bookings already ({plural(booked, 'line')});"
            " nothing was moved",
            help="name a database without a ledger in it",
        )


def _found(
    server: psycopg.Connection, table: str, columns: Sequence[str], *, up_to: int | None = None
) -> Iterator[Row]:
    question = sql.SQL("SELECT {} FROM {}.{} {} ORDER BY {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        _SCHEMA,
        sql.Identifier(table),
        sql.SQL("" if up_to is None else "WHERE number <= {}").format(sql.Literal(up_to)),
        sql.SQL(", ").join(map(sql.Identifier, _TABLES[table])),
    )
    with server.cursor("found") as cursor:  # on the server: a ledger may be larger than memory
        cursor.itersize = _PAGE
        yield from cursor.execute(question)


def _count(server: psycopg.Connection, table: str) -> int:
    question = sql.SQL("SELECT COUNT(*) FROM {}.{}").format(_SCHEMA, sql.Identifier(table))
    row = server.execute(question).fetchone()
    assert row
    return int(row[0])


def _count_of_file(file: sqlite3.Connection, table: str) -> int:
    (count,) = file.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608 (of our own table)
    return int(count)


def _last_number(file: sqlite3.Connection) -> int:
    # Of a month whose lines were forgotten the numbers are used up, too.
    (last,) = file.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence").fetchone()
    return int(last)


def _digest(rows: Iterable[Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_line(row))
    return digest.hexdigest()


def _line(row: Row) -> bytes:
    return json.dumps(list(row), ensure_ascii=False).encode() + b"\n"


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what both databases raise into our own errors. No message holds a password."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerUnavailable(
            f"{path} cannot be read: {error}",
            help="stop the gateway that writes to it, and try again",
        ) from error
    except StoreRefused as error:
        raise LedgerRefused(error.message, help=error.help) from error
    except StoreUnavailable as error:
        raise LedgerUnavailable(error.message, help=error.help) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise LedgerRefused(
            "this role may not write the ledger's tables",
            help=f"move with the role that owns schema {tables.SCHEMA}",
        ) from error
    except psycopg.Error as error:
        # The driver's own words may quote the connection's.
        raise LedgerUnavailable(
            f"the ledger in PostgreSQL cannot be written ({type(error).__name__});"
            " nothing was moved",
            help="try again",
        ) from None
