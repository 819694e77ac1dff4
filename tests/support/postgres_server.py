"""A PostgreSQL for tests: made in a second, one for the whole run, a database for each test."""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aspire_gitops.sandbox import PrerequisiteMissing, postgres
from aspire_gitops.sandbox.processes import Process, free_port, stop

PASSWORD = "planted-p%40ss-4711"  # the server trusts everybody; no message may show it
_counter = itertools.count(1)


class PostgresServer:
    """A server that tests may stop, kill and start again, on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: Process | None = None
        command = postgres._unprivileged(
            postgres.programs() / "initdb", "-D", folder / "data", *postgres._INITDB
        )
        subprocess.run(command, check=True, env=postgres._environment(), capture_output=True)

    def start(self) -> None:
        self._process = postgres.start(self.folder / "data", self.folder / "log", self.port)

    def stop(self) -> None:
        """End it, whoever is connected."""
        if self._process:
            stop(self._process, signal.SIGINT)
            self._process = None

    def make_database(self) -> str:
        """Make a database; returns its URL, which holds `PASSWORD`."""
        name = f"test_{os.getpid()}_{next(_counter)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://{postgres.NAME}:{PASSWORD}@127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The server that all tests of a run share. Do not stop it."""
    yield from _running(tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server of a test's own, for one that stops it."""
    yield from _running(tmp_path)


@pytest.fixture(scope="session")
def shared_database_url(postgres_server: PostgresServer) -> str:
    return postgres_server.make_database()


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    """A database without a journal, and with nobody in it. Cheaper than a new one."""
    with psycopg.connect(shared_database_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        server.execute("DROP SCHEMA IF EXISTS aspire_gitops CASCADE")
    return shared_database_url


@pytest.fixture
def own_database_url(postgres_server: PostgresServer) -> str:
    """A new database, for a test that changes more than the journal."""
    return postgres_server.make_database()


def _running(folder: Path) -> Iterator[PostgresServer]:
    try:
        postgres.check_prerequisites()
    except PrerequisiteMissing as missing:
        if os.environ.get("ASPIRE_GITOPS_REQUIRE_REAL") == "1":
            raise
        pytest.skip(f"no PostgreSQL here: {missing}")
    server = PostgresServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
