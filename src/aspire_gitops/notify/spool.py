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

from aspire_gitops.notify.receiver import Receiver, Tallies
from aspire_gitops.status.value import Notice

_LARGEST = 1024 * 1024
_DRAFT = ".draft-"
_log = structlog.get_logger("aspire_gitops.notify")


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice on its way. `waiting` are the names of the receivers still to be told."""

    number: int
    accepted_at: datetime
    notice: Notice
    waiting: frozenset[str]


_LETTER = TypeAdapter(Letter)


@dataclass(frozen=True, slots=True)
class LetterFolder:
    """The files, named by number: the order in which they are told."""

    path: Path

    def read(self) -> Iterator[Letter]:
        """Yield what waits, in order. A file that is no letter is set aside and logged.

        Raises:
            OSError: The folder cannot be made or listed.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self.path.iterdir()):
            if path.name.startswith(_DRAFT):
                with suppress(OSError):
                    path.unlink()  # somebody was killed while writing it
            elif path.suffix == ".json":
                yield from self._letter(path)

    def write(self, letter: Letter) -> None:
        """Write or replace one file. A kill or a power cut leaves the old one or the new.

        Raises:
            OSError: It could not be written.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=_DRAFT, dir=self.path)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_LETTER.dump_json(letter))
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self._file(letter.number))
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

    def _letter(self, path: Path) -> Iterator[Letter]:
        try:
            with path.open("rb") as file:
                letter = _LETTER.validate_json(file.read(_LARGEST))
            if self._file(letter.number) == path:
                yield letter
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


class Waiting:
    """The letters of one folder, oldest first, at most `most` of them."""

    def __init__(self, folder: Path, names: frozenset[str], tallies: Tallies, *, most: int) -> None:
        self._folder = LetterFolder(folder)
        self._names = names
        self._tallies = tallies
        self._most = most
        self._lock = RLock()
        self._letters: dict[int, Letter] = {}
        self._last = 0
        self._unsaved: set[int] = set()
        self._read()

    def __len__(self) -> int:
        with self._lock:
            return len(self._letters)

    @property
    def unsaved(self) -> int:
        """How many wait in memory alone, because the disk could not be written."""
        with self._lock:
            return len(self._unsaved)

    def add(self, notice: Notice, names: frozenset[str], at: datetime) -> None:
        """Take a notice; the same one twice counts once while it waits. Never raises OSError."""
        with self._lock:
            if any(letter.notice.id == notice.id for letter in self._letters.values()):
                return
            self._last += 1
            letter = Letter(self._last, at, _plain(notice), names)
            self._letters[letter.number] = letter
            self._unsaved.add(letter.number)
            self._drop_oldest()
            self._save()

    def next_for(self, receiver: Receiver) -> Letter | None:
        """Return the oldest letter for a receiver; what a newer one replaces is taken out."""
        with self._lock:
            mine = [x for x in self._letters.values() if receiver.name in x.waiting]
            newest = {receiver.subject(x.notice): x.number for x in mine}
            for letter in mine:
                subject = receiver.subject(letter.notice)
                if subject is None or newest[subject] == letter.number:
                    return letter
                if self.done(letter, receiver.name):
                    self._tallies.add(receiver.name, replaced=1)
            return None

    def done(self, letter: Letter, name: str) -> bool:
        """Take a receiver off a letter. Returns False when it was not on it any more."""
        with self._lock:
            now = self._letters.get(letter.number)
            if now is None or name not in now.waiting:
                return False
            self._change(now, now.waiting - {name})
            self._save()
            return True

    def _read(self) -> None:
        with _disk("the notices that wait cannot be read"):
            for letter in self._folder.read():
                self._letters[letter.number] = letter
                self._last = letter.number
        for letter in list(self._letters.values()):
            for name in sorted(letter.waiting - self._names):
                self._give_up(letter, name, "this receiver is not configured any more")
        self._drop_oldest()
        self._save()

    def _drop_oldest(self) -> None:
        for number in list(self._letters)[: max(0, len(self._letters) - self._most)]:
            letter = self._letters[number]
            for name in sorted(letter.waiting):
                self._give_up(letter, name, f"more than {self._most} notices wait")

    def _give_up(self, letter: Letter, name: str, why: str) -> None:
        self._tallies.add(name, given_up=1)
        _log.warning("given up telling", receiver=name, notice=letter.notice.id, why=why)
        now = self._letters[letter.number]
        self._change(now, now.waiting - {name})

    def _change(self, letter: Letter, waiting: frozenset[str]) -> None:
        self._unsaved.add(letter.number)
        if waiting:
            self._letters[letter.number] = replace(letter, waiting=waiting)
        else:
            del self._letters[letter.number]

    def _save(self) -> None:
        with _disk("notices cannot be kept on disk, only in memory"):
            # Removals first: they make room. One failure is enough to see that the disk is full.
            for number in sorted(self._unsaved, key=lambda n: (n in self._letters, n)):
                letter = self._letters.get(number)
                if letter:
                    self._folder.write(letter)
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
