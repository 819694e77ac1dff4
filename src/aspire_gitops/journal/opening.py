"""Open the journal: in the state folder or in PostgreSQL, at once or when it is first needed."""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from aspire_gitops.journal import database as databases
from aspire_gitops.journal.database import Database, told
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.journal.store import Journal
from aspire_gitops.journal.tables import NEWEST, checked_version, migrate
from aspire_gitops.status.value import JournalFacts
from aspire_gitops.vocabulary import JournalDamaged, JournalUnavailable, UsageError
from aspire_ledger.canonical import JsonValue

FILE = "journal.sqlite3"


def journal_path(state_dir: Path) -> Path:
    """Return where the journal is, unless a database URL says otherwise."""
    return state_dir / FILE


def open_journal(url: str | None, state_dir: Path, *, read_only: bool = False) -> Journal:
    """Open the journal at a PostgreSQL URL, or the SQLite file in the state folder.

    A writer makes what is missing; a reader changes nothing and works beside writers.

    Raises:
        UsageError: The URL is not PostgreSQL's, or the journal is one of a newer version.
        JournalUnavailable: It cannot be reached, is locked, or (for a reader) does not exist yet.
        JournalDamaged: It is not a journal, or it is damaged.
    """
    if url:
        return _ready(databases.postgresql(url, read_only=read_only), read_only=read_only)
    path = journal_path(state_dir)
    place = f"the journal {path}"
    with told(place):
        if not path.exists():
            _begin(path, place, read_only=read_only)
        if path.stat().st_size == 0:
            raise JournalDamaged(f"{place} is empty", help="restore it from a backup")
    database = databases.sqlite(path, read_only=read_only)
    return _ready(
        database,
        read_only=read_only,
        size=lambda: _size(path),
        check_place=_check_place(path, place),
    )


def _ready(
    database: Database,
    *,
    read_only: bool,
    size: Callable[[], int] | None = None,
    check_place: Callable[[], None] = lambda: None,
) -> Journal:
    try:
        if read_only:
            _check_version(database)
        else:
            with database.reading() as connection:
                found = checked_version(connection, place=database.place)
            if found < NEWEST:
                _migrate(database)
    except BaseException:
        database.close()
        raise
    return Journal(database, size=size, check_place=check_place)


def _check_version(database: Database) -> None:
    with database.reading() as connection:
        found = checked_version(connection, place=database.place)
    if found == 0:
        raise JournalUnavailable(
            f"{database.place} does not exist yet", help="start the controller once"
        )
    if found < NEWEST:
        raise UsageError(
            f"{database.place} has an older version ({found}; this program reads {NEWEST})",
            help="start the controller of this version once to upgrade it",
        )


def _migrate(database: Database) -> None:
    with database.writing() as connection:
        migrate(connection, lambda: datetime.now(UTC), place=database.place)


def _begin(path: Path, place: str, *, read_only: bool) -> None:
    if read_only:
        raise JournalUnavailable(
            f"{place} does not exist", help="set ASPIRE_GITOPS_STATE_DIR to the controller's value"
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=path.parent)  # 0600
    os.close(descriptor)
    draft = Path(name)
    try:
        fresh = databases.sqlite(draft, wal=False)
        try:
            _migrate(fresh)
        finally:
            fresh.close()
        with suppress(FileExistsError):  # another process was faster: then its file counts
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_place(path: Path, place: str) -> Callable[[], None]:
    opened = path.stat()

    def check() -> None:
        try:
            found = path.stat()
        except FileNotFoundError:
            found = None
        # An open file can be written to long after it was deleted: into nothing.
        if found is None or (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
            raise JournalDamaged(f"{place} was moved or deleted while in use", help="restore it")

    return check


def _size(path: Path) -> int:
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


@dataclass(slots=True)
class LazyJournal:
    """Passes every call on. Each may raise what opening raises, JournalUnavailable above all."""

    open: Callable[[], Journal]
    _journal: Journal | None = None
    _lock: Lock = field(default_factory=Lock)

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        return self._opened().append(*drafts)

    def read(
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        since: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterable[Entry]:
        return self._opened().read(kinds=kinds, since=since, limit=limit, newest_first=newest_first)

    def recorded_states(self) -> Mapping[str, JsonValue]:
        return self._opened().recorded_states()

    def head(self) -> JournalFacts:
        return self._opened().head()

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _opened(self) -> Journal:
        with self._lock:
            if self._journal is None:
                self._journal = self.open()
            return self._journal
