"""Say in our words what a database could not do. Nothing of its own text is quoted.

A driver's message may hold a piece of a badly written URL, and so of a password;
its code says enough.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from aspire_gitops.errors import AspireGitopsError, JournalDamaged, JournalUnavailable

_SQLITE_DAMAGED = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is not a database",
    sqlite3.SQLITE_CONSTRAINT: "has a forked chain, or somebody tried to change a line",
    sqlite3.SQLITE_ERROR: "lacks what a journal has",
}
_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "is locked by another process",
    sqlite3.SQLITE_LOCKED: "is locked by another process",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk is full, at its limit, or failing",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_READONLY: "may not be written to",
    sqlite3.SQLITE_PERM: "may not be opened",
    sqlite3.SQLITE_AUTH: "may not be opened",
}
_POSTGRESQL = {
    "08": "lost its connection",
    "25006": "may not be written to: the server is read-only",
    "28": "is not open to us: user or password is wrong",
    "3D": "does not exist",
    "42501": "is not open to us: the user lacks the right",
    "53100": "cannot grow: the disk is full",
    "53": "has no room for us",
    "55P03": "is locked by another process",
    "57014": "took too long",
    "57P": "is shutting down or starting",
}
_POSTGRESQL_DAMAGED = {
    "23": "has a forked chain",
    "42P01": "lacks a table",
    "42703": "lacks a column",
    "P0001": "refuses to be changed: somebody tried to change a line",
    "XX": "is damaged",
}
_LOOK = "nothing is applied until a person has looked, see docs/operate/journal.md"


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn a database's errors into ours, naming `place`.

    Raises:
        JournalUnavailable: It may pass by itself: locked, full, not reachable.
        JournalDamaged: A person must look.
    """
    try:
        yield
    except exc.DBAPIError as error:
        raise _translated(error.orig, place) from None
    except exc.TimeoutError:
        raise JournalUnavailable(f"{place} is busy: too many ask it at once") from None
    except OSError as error:
        what = os.strerror(error.errno or errno.EIO)
        raise JournalUnavailable(f"{place} cannot be used: {what}") from None
    except Exception as error:
        if not isinstance(error, sqlite3.Error) and not hasattr(error, "sqlstate"):
            raise
        raise _translated(error, place) from None


def _translated(error: BaseException | None, place: str) -> AspireGitopsError:
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, place)
    # psycopg's errors are told by what they carry: importing it would cost a controller
    # with SQLite nine megabytes.
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _of_postgresql(state, place)
    return JournalUnavailable(f"{place} cannot be reached, or lost its connection")


def _of_sqlite(error: sqlite3.Error, place: str) -> AspireGitopsError:
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    code = extended & 0xFF
    if extended == sqlite3.SQLITE_IOERR_SHORT_READ:
        code = sqlite3.SQLITE_CORRUPT
    if code in _SQLITE_DAMAGED:
        return JournalDamaged(f"{place} {_SQLITE_DAMAGED[code]}; {_LOOK}")
    return JournalUnavailable(f"{place} {_SQLITE_UNAVAILABLE.get(code, f'fails ({code})')}")


def _of_postgresql(state: str, place: str) -> AspireGitopsError:
    for start, what in _POSTGRESQL_DAMAGED.items():
        if state.startswith(start):
            return JournalDamaged(f"{place} {what}; {_LOOK}")
    for start, what in _POSTGRESQL.items():
        if state.startswith(start):
            return JournalUnavailable(f"{place} {what}")
    return JournalUnavailable(f"{place} fails (SQLSTATE {state})")
