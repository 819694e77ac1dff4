"""One file that holds one key: mode 0600, replaced in one step, durable before we go on."""

import asyncio
import errno
import fcntl
import os
import re
import secrets as random
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aspire_gitops.own_files import OwnFiles
from aspire_gitops.vocabulary import DeliveryFailed, DeliveryTaken

_KEY = re.compile(r"sk-[A-Za-z0-9_-]{16,97}")
_LARGEST = 4096
_LOCK_TRIES = 1000
_LOCK_PAUSE_S = 0.01  # keys of one apply are written side by side, also into one folder
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Not blocking: nobody may ever write to a pipe that somebody put there.
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file that holds one key and a final newline.

    `base` is a folder of the operator's; links in its own path are followed.
    `parts` lead from there to the file, and no link on that way is: anyone who may
    write below `base` could otherwise send a key, or a read, to another file.
    """

    base: str
    parts: tuple[str, ...]
    own: OwnFiles = field(default_factory=OwnFiles)

    @property
    def path(self) -> str:
        return "/".join((self.base, *self.parts))

    @property
    def place(self) -> str:
        return f"file:{self.path}"

    async def read(self) -> str | None:
        """Return the key in the file, None without a file, or raise DeliveryFailed."""
        return await _to_the_end(self._read)

    async def write(self, value: str, *, instead_of: str | None) -> None:
        """Replace the file. A reader sees the old content or the new, never a part."""
        await _to_the_end(lambda: self._write(value, instead_of))

    def _read(self) -> str | None:
        self._check_own()
        try:
            with self._folder() as folder:
                self._remove_drafts(folder)
                value = self._value(folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", error) from None
        if not _KEY.fullmatch(value):
            raise DeliveryFailed(
                f"{self.path} holds something that is not a key",
                help="move it away, or deliver elsewhere",
            )
        return value

    def _write(self, value: str, instead_of: str | None) -> None:
        self._check_own()
        try:
            Path(self.base).mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._folder(make=True) as folder:
                # Only one writer at a time looks and replaces.
                if _is_locked(folder) and self._value_if_any(folder) == instead_of:
                    self._replace(folder, value)
                    return
                raise DeliveryTaken(
                    f"another writer delivers to {self.path} at the same time",
                    help="try again",
                    passes=True,
                )
        except OSError as error:
            raise self._failed("write", error) from None

    def _check_own(self) -> None:
        if why := self.own.why_not_write(self.path):
            raise DeliveryFailed(f"no key is delivered to {self.path}: {why}", about_commit=True)

    @contextmanager
    def _folder(self, *, make: bool = False) -> Iterator[int]:
        """Open the file's folder, part by part and through no link."""
        held = os.open(self.base, _FOLDER)
        try:
            for part in self.parts[:-1]:
                below = self._below(held, part, make=make)
                os.close(held)
                held = below
            yield held
        finally:
            os.close(held)

    def _below(self, folder: int, part: str, *, make: bool) -> int:
        if make:
            with suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=folder)
        try:
            return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
        except OSError:
            if _is_link(folder, part):
                raise DeliveryFailed(
                    f'"{part}" in {self.path} is a link, which is not followed',
                    help="put a folder there, or deliver to where it leads",
                ) from None
            raise

    def _value_if_any(self, folder: int) -> str | None:
        try:
            return self._value(folder)
        except FileNotFoundError:
            return None

    def _value(self, folder: int) -> str:
        descriptor = os.open(self.parts[-1], _LOOK, dir_fd=folder)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DeliveryFailed(f"{self.path} is not a file", help="move it away")
            return file.read(_LARGEST).strip()

    def _replace(self, folder: int, value: str) -> None:
        name = self.parts[-1]
        draft = f".{name}.{random.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(draft, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # until it is closed: see `_remove_drafts`
                file.write(f"{value}\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft, dir_fd=folder)
            raise
        # Without this a power cut may forget the rename after the gateway knows the key.
        os.fsync(folder)

    def _remove_drafts(self, folder: int) -> None:
        """Remove drafts of this file that a killed process left: each may hold a key."""
        left = re.compile(rf"\.{re.escape(self.parts[-1])}\.[0-9a-f]{{16}}")
        for name in filter(left.fullmatch, os.listdir(folder)):
            with suppress(OSError):  # locked: another process is writing it
                descriptor = os.open(name, _LOOK, dir_fd=folder)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=folder)
                finally:
                    os.close(descriptor)

    def _failed(self, verb: str, error: OSError) -> DeliveryFailed:
        help_ = _HELP.get(error.errno or 0, "fix it where the controller runs")
        return DeliveryFailed(f"cannot {verb} {self.path}: {error.strerror or error}", help=help_)


_HELP = {
    errno.ENOSPC: "free space on that disk",
    errno.EDQUOT: "free space, or raise the quota",
    errno.EROFS: "mount it for writing",
    errno.EACCES: "give the controller's user write access",
    errno.EPERM: "give the controller's user write access",
}


def _is_locked(folder: int) -> bool:
    """Lock a folder until it is closed; False if others held it all the time."""
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_LOCK_PAUSE_S)
    return False


def _is_link(folder: int, part: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


async def _to_the_end(work: Callable[[], ResultT]) -> ResultT:
    """Do what may wait for a disk in a thread; a caller that is cancelled meanwhile waits for its end.

    A thread cannot be stopped. One that nobody waits for could replace a file long after the
    next apply wrote a newer key there, and nobody would have the value of that one.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise
