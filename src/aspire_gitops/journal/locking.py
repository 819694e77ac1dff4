"""At most one controller writes: a lock in the state folder; `advisory_lock` has one in PostgreSQL."""

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Protocol

from aspire_gitops.vocabulary import JournalUnavailable


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
    """One `flock`; see `locking.WriterLock`."""

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


__all__ = ["FileLock", "WriterLock"]
