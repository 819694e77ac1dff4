"""A ledger for each test: in memory, and in PostgreSQL for what the contract promises of both."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from aspire_ledger.postgres import PostgresStore
from aspire_ledger.store import Store
from ledger_support.memory_store import MemoryStore

_TABLES = (
    "entries",
    "reservations",
    "totals",
    "estimates",
    "warnings",
    "closings",
    "failures",
    "seen_parameters",
    "processes",
)


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Carry out coroutines on one event loop, as the gateway does."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def ledger_database_url(shared_database_url: str) -> str:
    """The worker's database, without a ledger's rows in it."""
    with psycopg.connect(shared_database_url, autocommit=True) as server:
        there = server.execute("SELECT to_regclass('aspire_ledger.version')").fetchone()
        if there and there[0]:  # emptied, which is faster than made anew or truncated
            server.execute("SET session_replication_role = replica")  # without its guards
            for table in _TABLES:
                server.execute(f"DELETE FROM aspire_ledger.{table}".encode())
    return shared_database_url


@pytest.fixture
def postgres_store(ledger_database_url: str, run: Callable[..., Any]) -> Iterator[PostgresStore]:
    """The store in PostgreSQL, for what a test says of the database itself."""
    opened = PostgresStore(ledger_database_url)
    yield opened
    run(opened.close())


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, run: Callable[..., Any]) -> Iterator[Store]:
    """Every store there is: what a test says of one of them holds for all."""
    opened: Store = MemoryStore()
    if request.param == "postgresql":
        opened = PostgresStore(str(request.getfixturevalue("ledger_database_url")))
    yield opened
    run(opened.close())
