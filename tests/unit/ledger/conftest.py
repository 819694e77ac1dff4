"""A ledger for each test, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aspire_ledger.booking import Booking
from aspire_ledger.opening import open_store

_TABLES = (
    "entries",
    "reservations",
    "totals",
    "estimates",
    "warnings",
    "closings",
    "failures",
    "seen_parameters",
)


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Carry out coroutines on one event loop, as the gateway does."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def ledger_database_url(shared_database_url: str) -> str:
    """A database without a ledger in it."""
    with psycopg.connect(shared_database_url, autocommit=True) as server:
        there = server.execute("SELECT to_regclass('aspire_ledger.version')").fetchone()
        if there and there[0]:  # emptied, which is faster than made anew or truncated
            server.execute("SET session_replication_role = replica")  # without its guards
            for table in _TABLES:
                server.execute(f"DELETE FROM aspire_ledger.{table}".encode())
    return shared_database_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return str(request.getfixturevalue("ledger_database_url"))


@pytest.fixture
def store(ledger_url: str, run: Callable[..., Any]) -> Iterator[Booking]:
    opened = open_store(ledger_url)
    yield opened
    run(opened.close())
