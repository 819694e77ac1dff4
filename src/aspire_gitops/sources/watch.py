"""Watch a folder's reviewed files. The only module that imports watchfiles.

What counts is what the folder holds, and it is looked at every two seconds; inotify only makes
that quick. So a folder that is renamed over, swapped by a link, mounted over or recreated is seen
again, and one that inotify cannot watch is polled.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from watchfiles import Change, watch

from aspire_gitops.sources.files import is_hidden, is_reviewed
from aspire_gitops.vocabulary import SourceUnavailable

QUIET_MS = 200  # an editor's save is several changes
LOOK_S = 2.0  # between two looks while nothing is heard
_ONCE_MORE_S = 300.0  # after which inotify may have room again

Tell = Callable[[SourceUnavailable], None]


def _say_nothing(_error: SourceUnavailable) -> None:
    pass


def changes(path: Path, *, stop: Event | None = None, tell: Tell = _say_nothing) -> Iterator[None]:
    """Yield once after each burst of changes to reviewed files, until interrupted or stopped.

    A folder that does not exist, or no longer, is waited for. `tell` hears why the folder is
    polled: never a reason to end.
    """
    seen = tuple(_found(str(path)))
    for _ in _Watch(path, stop or Event(), tell).looks():
        now = tuple(_found(str(path)))
        if now != seen:
            seen = now
            yield


@dataclass(slots=True)
class _Watch:
    path: Path
    stop: Event
    tell: Tell
    _quick_again_at: float = 0.0  # on the monotonic clock

    def looks(self) -> Iterator[None]:
        """Yield whenever it is time to look: after a burst of changes, and every `LOOK_S`."""
        while not self.stop.is_set():
            root = _identity(self.path)
            try:
                if root and time.monotonic() >= self._quick_again_at:
                    yield from self._heard(root)
                    continue
            except FileNotFoundError:  # it went away just now
                pass
            except (OSError, RuntimeError) as error:  # watchfiles has an error of its own
                self._slow_down(error)
            self.stop.wait(LOOK_S)
            yield

    def _heard(self, root: tuple[str, int, int]) -> Iterator[None]:
        for changed in watch(
            root[0],
            watch_filter=None,  # a ConfigMap changes under hidden names
            debounce=QUIET_MS,
            rust_timeout=round(LOOK_S * 1000),
            yield_on_timeout=True,
            stop_event=self.stop,
            ignore_permission_denied=True,
        ):
            yield
            # A new folder may even get the number of the one that was deleted.
            if _identity(self.path) != root or (Change.deleted, root[0]) in changed:
                return

    def _slow_down(self, error: Exception) -> None:
        if not self._quick_again_at:
            self.tell(
                SourceUnavailable(
                    f"{self.path} is polled every {LOOK_S:g} s, because it cannot be watched: {error}",
                    help="raise fs.inotify.max_user_instances or fs.inotify.max_user_watches",
                )
            )
        self._quick_again_at = time.monotonic() + _ONCE_MORE_S


def _identity(path: Path) -> tuple[str, int, int] | None:
    # The same path may lead to another folder at any time, and inotify would stay with the old one.
    try:
        status = os.stat(path)  # noqa: PTH116 (beside realpath)
        return os.path.realpath(path), status.st_dev, status.st_ino
    except OSError:
        return None


def _found(folder: str, shown: str = "") -> Iterator[tuple[object, ...]]:
    """Yield what tells one state of the reviewed files from the next, sorted; what cannot be read counts, too."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield shown, error.errno
        return
    for entry in listed:
        name = f"{shown}{entry.name}"
        try:
            if is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _found(entry.path, f"{name}/")
            elif is_reviewed(entry.name):
                is_at = entry.stat()  # of what a link leads to
                yield (
                    name, is_at.st_dev, is_at.st_ino, is_at.st_mode, is_at.st_size,
                    is_at.st_mtime_ns, is_at.st_ctime_ns,
                )  # fmt: skip
        except OSError as error:
            yield name, error.errno
