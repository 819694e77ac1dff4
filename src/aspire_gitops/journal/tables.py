"""The tables as queries see them. `migrations` makes them; PostgreSQL has them in a schema of ours."""

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text

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
