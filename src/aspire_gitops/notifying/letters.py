"""Keep notices that wait in a folder: one file each, written in one step, readable by us alone.

A file holds the notice and the names of who still has to be told: no address,
no token. It never decides anything; `waiting` does.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from aspire_gitops.reporting import Notice

_LARGEST = 1024 * 1024
_DRAFT = ".draft-"
_log = structlog.get_logger("aspire_gitops.notifying")


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
