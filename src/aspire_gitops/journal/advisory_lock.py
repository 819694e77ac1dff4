"""At most one controller writes: a lock in PostgreSQL, for two controllers on two hosts.

Apart from `locking`, because the driver costs a controller with SQLite nine megabytes.
"""

import time
from hashlib import sha256
from threading import RLock
from typing import TypeAlias

import psycopg

from aspire_gitops.journal.locking import this_process
from aspire_gitops.vocabulary import JournalUnavailable

_PING_EVERY_S = 3.0
_PATIENCE_S = 5
_LONGEST_NAME = 63  # of an application, in bytes

_HELD = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((classid::bigint << 32) | objid::bigint) = %s
"""
_HOLDER = """
    SELECT activity.application_name FROM pg_locks
    JOIN pg_stat_activity AS activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((classid::bigint << 32) | objid::bigint) = %s
"""
# Both ends notice a dead line within seconds, so that another controller may take over.
_SETTINGS = (
    "SET statement_timeout = '5s'",
    # PostgreSQL 13 has no such setting, and does not need it.
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
)

_Connection: TypeAlias = "psycopg.Connection[tuple[object, ...]]"


class AdvisoryLock:
    """One session advisory lock called `name`; see `locking.WriterLock`."""

    def __init__(
        self, database_url: str, name: str, *, ping_every_s: float = _PING_EVERY_S
    ) -> None:
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._key = _key(name)
        self._ping_every_s = ping_every_s
        self._connection: _Connection | None = None
        self._proved_at = 0.0
        self._one_at_a_time = RLock()

    def try_acquire(self) -> bool:
        with self._one_at_a_time:
            if self.held(now=True):
                return True
            self.release()
            connection = self._connected()
            try:
                found = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,))
                taken = found.fetchone() == (True,)
            except psycopg.Error:
                connection.close()
                raise _unavailable() from None
            if not taken:
                connection.close()
                return False
            self._connection, self._proved_at = connection, time.monotonic()
            return True

    def held(self, *, now: bool = False) -> bool:
        with self._one_at_a_time:
            if self._connection is None:
                return False
            fresh = time.monotonic() - self._proved_at < self._ping_every_s
            if not self._connection.closed and fresh and not now:
                return True
            if self._proves(self._connection):
                self._proved_at = time.monotonic()
                return True
            self.release()
            return False

    def holder(self) -> str | None:
        with self._one_at_a_time:
            if self.held():
                return this_process()
        try:
            with self._connected() as connection:
                found = connection.execute(_HOLDER, (self._key,)).fetchone()
        except (psycopg.Error, JournalUnavailable):
            return None
        return str(found[0]).removeprefix("aspire-gitops ") if found else None

    def release(self) -> None:
        with self._one_at_a_time:
            if self._connection is not None:
                self._connection.close()  # and with it the session's lock
                self._connection = None

    def _proves(self, connection: _Connection) -> bool:
        try:
            return connection.execute(_HELD, (self._key,)).fetchone() == (1,)
        except psycopg.Error:
            return False

    def _connected(self) -> _Connection:
        try:
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_PATIENCE_S,
                application_name=f"aspire-gitops {this_process()}"[:_LONGEST_NAME],
                prepare_threshold=None,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=_PATIENCE_S * 1000,
            )
        except psycopg.Error:
            raise _unavailable() from None  # its text may hold a piece of the URL
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
        except psycopg.Error:
            connection.close()
            raise _unavailable() from None
        return connection


def _key(name: str) -> int:
    # pg_locks shows the key as two unsigned halves; a positive one can be put together again.
    return int.from_bytes(sha256(f"aspire-gitops {name}".encode()).digest()[:8], "big") >> 1


def _unavailable() -> JournalUnavailable:
    return JournalUnavailable("the lock cannot be taken: PostgreSQL cannot be reached")
