"""A PostgreSQL for tests: one server for the whole run, and a database for each worker.

The first worker that needs the server starts it, the last one to leave stops it. Each
holds a shared lock as long as it needs it, which the kernel takes from a killed one.
"""

import fcntl
import itertools
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import pytest

from aspire_gitops.sandbox import PrerequisiteMissing, postgres
from aspire_gitops.sandbox.processes import Process, free_port, stop

PASSWORD = "planted-p%40ss-4711"  # the server trusts everybody; no message may show it
_counter = itertools.count(1)
_KNOWN = "server.json"  # port, pid and birth of the server that runs


class PostgresServer:
    """A server that tests may stop, kill and start again, on the same port."""

    def __init__(self, folder: Path, running: tuple[int, Process] | None = None) -> None:
        """Make a server's data; or, with its port and process, take one that runs."""
        self.folder = folder
        self._process: Process | None = None
        if running:
            self.port, self._process = running
            return
        self.port = free_port()
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
    """The server that all workers of a run share. Do not stop it."""
    _check_prerequisites()
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgres"
    folder.mkdir(exist_ok=True)
    with (folder / "users").open("w") as users:
        with _alone(folder):
            server = _joined(folder)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield server
        finally:
            with _alone(folder):
                if _is_last(users):
                    (folder / _KNOWN).unlink()
                    server.stop()


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


def _joined(folder: Path) -> PostgresServer:
    known = folder / _KNOWN
    if known.exists():
        port, pid, born = json.loads(known.read_text())
        return PostgresServer(folder, (port, Process(pid, born)))
    place = folder / f"server-{os.getpid()}"
    place.mkdir()
    server = PostgresServer(place)
    server.start()
    assert server._process
    known.write_text(json.dumps([server.port, server._process.pid, server._process.born]))
    return server


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_prerequisites() -> None:
    try:
        postgres.check_prerequisites()
    except PrerequisiteMissing as missing:
        if os.environ.get("ASPIRE_GITOPS_REQUIRE_REAL") == "1":
            raise
        pytest.skip(f"no PostgreSQL here: {missing}")


def _running(folder: Path) -> Iterator[PostgresServer]:
    _check_prerequisites()
    server = PostgresServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
