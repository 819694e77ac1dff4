"""At most one controller writes: a lock in the state folder, or one in PostgreSQL."""

import fcntl
import os
import socket
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Protocol, TypeAlias

import psycopg

from aspire_gitops.vocabulary.errors import JournalUnavailable


class WriterLock(Protocol):
    """The right to write, held by one process at a time. Thread-safe."""

    def try_acquire(self) -> bool:
        """Take the lock unless another process has it; True if it is ours now. Never waits long.

        Raises:
            JournalUnavailable: The lock cannot be reached. Try again.
        """
        ...

    def held(self, *, now: bool = False) -> bool:
        """Say whether the lock is still ours. Cheap; `now` makes sure of it at this moment.

        A lock that was lost stays lost until `try_acquire` takes it again.
        """
        ...

    def holder(self) -> str | None:
        """Say who holds it (`pid 7 on web-1`), for people; None if nobody, or nobody can say."""
        ...

    def release(self) -> None:
        """Release it. Does nothing if it is not ours."""
        ...


def this_process() -> str:
    """Return how we introduce ourselves."""
    return f"pid {os.getpid()} on {socket.gethostname()}"


_LONGEST_TEXT = 200


class FileLock:
    """One `flock`; see `lock.WriterLock`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._one_at_a_time = RLock()

    def try_acquire(self) -> bool:
        with self._one_at_a_time:
            if self.held():
                return True
            self.release()  # of a file that somebody deleted
            try:
                return self._take()
            except OSError as error:
                raise JournalUnavailable(
                    f"the lock {self.path} cannot be taken: {error.strerror}"
                ) from None

    def held(self, *, now: bool = False) -> bool:  # noqa: ARG002 (asking is always cheap here)
        with self._one_at_a_time:
            return self._file is not None and _is_at(self.path, self._file)

    def holder(self) -> str | None:
        with self._one_at_a_time:
            if self.held():
                return this_process()
        try:
            file = os.open(self.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return None if _is_free(file) else _text(file)
        finally:
            os.close(file)

    def release(self) -> None:
        with self._one_at_a_time:
            if self._file is not None:
                os.close(self._file)  # and with it the kernel's lock
                self._file = None

    def _take(self) -> bool:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Deleted in between, the path is another file, which another process may lock.
            if _is_at(self.path, file):
                self._file, file = file, -1
        except BlockingIOError:
            return False
        finally:
            if file >= 0:
                os.close(file)
        return self._file is not None and self._introduce(self._file)

    @staticmethod
    def _introduce(file: int) -> bool:
        with suppress(OSError):  # a full disk takes the text, and not the lock
            os.ftruncate(file, 0)
            os.pwrite(file, f"{this_process()}\n".encode(), 0)
        return True


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except OSError:
        return False


def _is_free(file: int) -> bool:
    # A shared lock for a moment; a process that tries just then fails, and tries again.
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _text(file: int) -> str:
    text = os.pread(file, _LONGEST_TEXT, 0).decode("ascii", errors="replace").strip()
    return text if text.isprintable() and text else "another process"


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
    """One session advisory lock called `name`; see `lock.WriterLock`."""

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


__all__ = ["FileLock", "WriterLock"]
