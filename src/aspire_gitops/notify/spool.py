"""Notices that wait, and for whom: in memory, with a file behind each, written in one step."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import RLock

import structlog
from pydantic import TypeAdapter, ValidationError

from aspire_gitops.notify.receiver import NoticeCounters, Receiver
from aspire_gitops.status.value import Notice

_LARGEST = 1024 * 1024
_DRAFT = ".draft-"
_log = structlog.get_logger("aspire_gitops.notify")


@dataclass(frozen=True, slots=True)
class QueuedNotice:
    """A notice on its way. `waiting` are the names of the receivers still to be told."""

    number: int
    accepted_at: datetime
    notice: Notice
    waiting: frozenset[str]


_QUEUED = TypeAdapter(QueuedNotice)


@dataclass(frozen=True, slots=True)
class SpoolFolder:
    """The files, named by number: the order in which they are told."""

    path: Path

    def read(self) -> Iterator[QueuedNotice]:
        """Yield what waits, in order. A file that cannot be read as one is set aside and logged.

        Raises:
            OSError: The folder cannot be made or listed.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self.path.iterdir()):
            if path.name.startswith(_DRAFT):
                with suppress(OSError):
                    path.unlink()  # somebody was killed while writing it
            elif path.suffix == ".json":
                yield from self._queued_in(path)

    def write(self, queued: QueuedNotice) -> None:
        """Write or replace one file. A kill or a power cut leaves the old one or the new.

        Raises:
            OSError: It could not be written.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=_DRAFT, dir=self.path)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_QUEUED.dump_json(queued))
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self._file(queued.number))
        except BaseException:
            with suppress(OSError):
                Path(draft).unlink()
            raise
        self._sync()

    def remove(self, number: int) -> None:
        """Forget one. A power cut may bring it back, and then it is told twice.

        Raises:
            OSError: It is still there.
        """
        self._file(number).unlink(missing_ok=True)

    def _queued_in(self, path: Path) -> Iterator[QueuedNotice]:
        try:
            with path.open("rb") as file:
                queued = _QUEUED.validate_json(file.read(_LARGEST))
            if self._file(queued.number) == path:
                yield queued
                return
        except (OSError, ValidationError):
            pass
        _log.warning("a notice that waited cannot be read, set aside", file=path.name)
        with suppress(OSError):
            path.rename(path.with_suffix(".unreadable"))

    def _file(self, number: int) -> Path:
        return self.path / f"{number:012d}.json"

    def _sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Spool:
    """The notices that wait in one folder, oldest first, at most `most` of them."""

    def __init__(
        self, folder: Path, names: frozenset[str], tallies: NoticeCounters, *, most: int
    ) -> None:
        self._folder = SpoolFolder(folder)
        self._names = names
        self._tallies = tallies
        self._most = most
        self._lock = RLock()
        self._queued: dict[int, QueuedNotice] = {}
        self._last = 0
        self._unsaved: set[int] = set()
        self._read()

    def __len__(self) -> int:
        with self._lock:
            return len(self._queued)

    @property
    def unsaved(self) -> int:
        """How many wait in memory alone, because the disk could not be written."""
        with self._lock:
            return len(self._unsaved)

    def add(self, notice: Notice, names: frozenset[str], at: datetime) -> None:
        """Take a notice; the same one twice counts once while it waits. Never raises OSError."""
        with self._lock:
            if any(queued.notice.id == notice.id for queued in self._queued.values()):
                return
            self._last += 1
            queued = QueuedNotice(self._last, at, _plain(notice), names)
            self._queued[queued.number] = queued
            self._unsaved.add(queued.number)
            self._drop_oldest()
            self._save()

    def next_for(self, receiver: Receiver) -> QueuedNotice | None:
        """Return the oldest notice for a receiver; what a newer one replaces is dropped."""
        with self._lock:
            mine = [x for x in self._queued.values() if receiver.name in x.waiting]
            newest = {receiver.subject(x.notice): x.number for x in mine}
            for queued in mine:
                subject = receiver.subject(queued.notice)
                if subject is None or newest[subject] == queued.number:
                    return queued
                if self.done(queued, receiver.name):
                    self._tallies.add(receiver.name, replaced=1)
            return None

    def done(self, queued: QueuedNotice, name: str) -> bool:
        """Take a receiver off a notice. Returns False when it was off already."""
        with self._lock:
            now = self._queued.get(queued.number)
            if now is None or name not in now.waiting:
                return False
            self._change(now, now.waiting - {name})
            self._save()
            return True

    def _read(self) -> None:
        with _disk("the notices that wait cannot be read"):
            for queued in self._folder.read():
                self._queued[queued.number] = queued
                self._last = queued.number
        for queued in list(self._queued.values()):
            for name in sorted(queued.waiting - self._names):
                self._give_up(queued, name, "this receiver is not configured any more")
        self._drop_oldest()
        self._save()

    def _drop_oldest(self) -> None:
        for number in list(self._queued)[: max(0, len(self._queued) - self._most)]:
            queued = self._queued[number]
            for name in sorted(queued.waiting):
                self._give_up(queued, name, f"more than {self._most} notices wait")

    def _give_up(self, queued: QueuedNotice, name: str, why: str) -> None:
        self._tallies.add(name, given_up=1)
        _log.warning("gave up on a notice", receiver=name, notice=queued.notice.id, why=why)
        now = self._queued[queued.number]
        self._change(now, now.waiting - {name})

    def _change(self, queued: QueuedNotice, waiting: frozenset[str]) -> None:
        self._unsaved.add(queued.number)
        if waiting:
            self._queued[queued.number] = replace(queued, waiting=waiting)
        else:
            del self._queued[queued.number]

    def _save(self) -> None:
        with _disk("notices cannot be kept on disk, only in memory"):
            # Removals first: they make room. One failure is enough to see that the disk is full.
            for number in sorted(self._unsaved, key=lambda n: (n in self._queued, n)):
                queued = self._queued.get(number)
                if queued:
                    self._folder.write(queued)
                else:
                    self._folder.remove(number)
                self._unsaved.discard(number)


@contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _log.warning(what, why=error.strerror or type(error).__name__)


def _plain(notice: Notice) -> Notice:
    """Return the notice in text that can be written: a lone surrogate becomes `?`."""
    return replace(
        notice,
        id=_unicode(notice.id),
        title=_unicode(notice.title),
        lines=tuple(map(_unicode, notice.lines)),
        commit=None if notice.commit is None else _unicode(notice.commit),
        gateway=_unicode(notice.gateway),
        turn=_unicode(notice.turn),
    )


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
