"""The controller's own files: never read as a provider's secret, never written as an app's key."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Files and folders that belong to the controller, under whatever spelling they are named.

    `files` hold its secrets, and so does all of the folder `secrets`; `state` is its
    state folder, `keys` the folder that apps' keys are delivered to, which may be
    inside the state folder.
    """

    files: tuple[Path, ...] = ()
    state: Path | None = None
    keys: Path | None = None
    secrets: Path | None = None

    def why_not_read(self, path: str) -> str | None:
        """Return why the file that `path` leads to is not a provider's secret; links are followed."""
        real = os.path.realpath(path)
        if self._is_a_file(real):
            return "it is the controller's own secret"
        if _is_in(real, [self.state, self.keys]):
            return "it is in a folder of the controller's own"
        return None

    def why_not_write(self, path: str) -> str | None:
        """Return why no key is delivered to the file that `path` leads to."""
        real = os.path.realpath(path)
        if self._is_a_file(real):
            return "it is the controller's own secret"
        if _is_in(real, [self.state]) and not (
            _is_in(real, [self.keys]) and _is_in(os.path.realpath(self.keys or ""), [self.state])
        ):
            return "it is in the controller's state folder"
        return None

    def _is_a_file(self, real: str) -> bool:
        return _is_in(real, [self.secrets]) or any(
            real == os.path.realpath(file) or _same_file(real, file) for file in self._named
        )

    @property
    def _named(self) -> Iterator[Path]:
        yield from self.files
        with suppress(OSError):
            yield from self.secrets.iterdir() if self.secrets else ()


def _same_file(one: str, other: Path) -> bool:
    try:
        return Path(one).samefile(other)  # a hard link, or another spelling of the file system
    except OSError:
        return False


def _is_in(real: str, folders: Iterable[Path | None]) -> bool:
    return any(real.startswith(os.path.realpath(one) + os.sep) for one in folders if one)
