"""Fixtures of the ledger's own tests; pytest finds them here by name."""

from ledger_support.fixtures import ledger_database_url, postgres_store, run, store
from support.postgres_server import (
    own_database_url,
    own_postgres,
    postgres_server,
    shared_database_url,
)

__all__ = [
    "ledger_database_url",
    "own_database_url",
    "own_postgres",
    "postgres_server",
    "postgres_store",
    "run",
    "shared_database_url",
    "store",
]
