"""The tables of the journal, and the numbered steps that bring older ones up to date."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
)

from aspire_gitops.journal.chain import time_text
from aspire_gitops.vocabulary import JournalDamaged, UsageError

SCHEMA = "aspire_gitops"

_metadata = MetaData(schema=SCHEMA)

ENTRY = Table(
    "entry",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Text),
    Column("kind", Text),
    Column("turn", Text),
    Column("revision", Text),
    Column("git_commit", Text),
    Column("author", Text),
    Column("approvers", Text),
    Column("plan", Text),
    Column("object", Text),
    Column("tells_state", Boolean),
    Column("body", Text),
    Column("previous", Text),
    Column("hash", Text),
)

VERSION = Table(
    "schema_version",
    _metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Text),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step, in the words of each database."""

    version: int
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]


_COLUMNS = """
    number {number} PRIMARY KEY CHECK (number > 0),
    at TEXT {bytewise} NOT NULL,
    kind TEXT NOT NULL,
    turn TEXT NOT NULL,
    revision TEXT {bytewise} NOT NULL,
    git_commit TEXT {bytewise},
    author TEXT,
    approvers TEXT NOT NULL,
    plan TEXT,
    object TEXT,
    tells_state BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    previous TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL
"""


def _indexes(table: str, tells_state: str) -> tuple[str, ...]:
    return (
        f"CREATE INDEX entry_of_object ON {table} (object, number) WHERE object IS NOT NULL",
        f"CREATE INDEX entry_with_state ON {table} (object, number) WHERE {tells_state}",
        f"CREATE INDEX entry_of_kind ON {table} (kind, number)",
        f"CREATE INDEX entry_of_turn ON {table} (turn, number)",
        f"CREATE INDEX entry_of_commit ON {table} (git_commit, number)",
        f"CREATE INDEX entry_at ON {table} (at, number)",
    )


_REFUSAL = "the journal is append-only"

MIGRATIONS = (
    Migration(
        1,  # the lines, and that they stay as they are
        sqlite=(
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, at TEXT NOT NULL)",
            f"CREATE TABLE entry ({_COLUMNS.format(number='INTEGER', bytewise='')})",
            f"CREATE TRIGGER entry_is_not_updated BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
            f"CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
            # INSERT OR REPLACE deletes without asking the trigger above.
            f"CREATE TRIGGER entry_comes_last BEFORE INSERT ON entry WHEN NEW.number <= (SELECT max(number) FROM entry) BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",  # noqa: S608 (a constant)
        ),
        postgresql=(
            f"CREATE TABLE {SCHEMA}.schema_version (version INTEGER PRIMARY KEY, at TEXT NOT NULL)",
            f"""CREATE TABLE {SCHEMA}.entry ({_COLUMNS.format(number="BIGINT", bytewise='COLLATE "C"')})""",
            f"CREATE FUNCTION {SCHEMA}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
            f"CREATE TRIGGER entry_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.entry FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse()",
        ),
    ),
    Migration(
        2,  # found fast
        sqlite=_indexes("entry", "tells_state = 1"),  # as SQLAlchemy asks: or the index is not used
        postgresql=_indexes(f"{SCHEMA}.entry", "tells_state"),
    ),
)
NEWEST = MIGRATIONS[-1].version


def migrate(
    connection: Connection, now: Callable[[], datetime], *, place: str, upto: int = NEWEST
) -> None:
    """Carry out what is missing. The caller holds the write lock and commits.

    Raises:
        UsageError: A newer version of this program has been here.
        JournalDamaged: The database is not a journal.
    """
    found = checked_version(connection, place=place)
    if found == 0 and connection.dialect.name == "postgresql":
        _make_schema(connection)
    for step in MIGRATIONS:
        if found < step.version <= upto:
            for statement in getattr(step, connection.dialect.name):
                connection.exec_driver_sql(statement)
            connection.execute(insert(VERSION).values(version=step.version, at=time_text(now())))


def checked_version(connection: Connection, *, place: str) -> int:
    """Return the version of the tables, 0 if there are none yet.

    Raises:
        UsageError: A newer version of this program has been here.
        JournalDamaged: There are tables, and they are not a journal's.
    """
    schema = SCHEMA if connection.dialect.name == "postgresql" else None
    tables = inspect(connection).get_table_names(schema)
    if VERSION.name not in tables:
        if tables:
            raise JournalDamaged(
                f"{place} is not an aspire-gitops journal", help="choose another path"
            )
        return 0
    version = connection.scalar(select(func.max(VERSION.c.version))) or 0
    if version > NEWEST:
        raise UsageError(
            f"{place} was written by a newer aspire-gitops (version {version}; "
            f"this program reads {NEWEST})",
            help="upgrade aspire-gitops",
        )
    return int(version)


def _make_schema(connection: Connection) -> None:
    # Not IF NOT EXISTS: that asks for the right to make one even where it is there.
    if SCHEMA not in inspect(connection).get_schema_names():
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
