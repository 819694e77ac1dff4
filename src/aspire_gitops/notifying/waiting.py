"""Which notices wait, and for whom: in memory, with a file behind each.

May be used from several threads. A disk that cannot be written is logged and
never raised: the notice then waits in memory alone, and its file is tried
again with the next change. `outbox` tells them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import RLock

import structlog

from aspire_gitops.notifying.letters import Letter, LetterFolder
from aspire_gitops.notifying.receiver import Receiver
from aspire_gitops.notifying.tally import Tallies
from aspire_gitops.reporting import Notice

_log = structlog.get_logger("aspire_gitops.notifying")


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
