"""Our bare clone: a folder that can be deleted and recreated.

It holds what was fetched, and the last applied commit. Every user
of it holds its lock, and so do git's children, so that a git that outlives a killed
controller is never disturbed. `exchange` fetches into it, `remote` reads from it.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aspire_gitops.sources.git.address import Address
from aspire_gitops.sources.git.program import NO_ACCESS, Access, Finished, run, variables
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable, system_help

APPLIED = "refs/aspire-gitops/applied"
_MARKER = "aspire-gitops-clone-of"  # a file of ours, so that nobody else's folder is removed
# What a git that was killed leaves behind: locks, half packs, packs that housekeeping must keep.
_LEFT_BEHIND = (
    "*.lock", "refs/**/*.lock", "objects/**/*.lock", "gc.pid", "objects/pack/tmp_*",
    "objects/pack/.tmp-*", "objects/pack/*.keep", "objects/tmp_*", "objects/??/tmp_obj_*",
)  # fmt: skip


def say_nothing(_sentence: str) -> None:
    """Hear what was repaired, and do nothing."""


class Damaged(Exception):
    """The clone is damaged. It can be recreated from the remote."""


@dataclass(frozen=True, slots=True)
class Clone:
    """The folder of the clone, and whose clone it is. `tell` hears what was repaired, in a sentence."""

    path: Path
    address: Address
    timeout_s: float
    tell: Callable[[str], None] = say_nothing
    held: int | None = None  # the lock's descriptor

    @contextmanager
    def locked(self) -> Iterator["Clone"]:
        """Lock the clone, created or repaired as far as that needs no remote.

        Raises:
            SourceRefused: The folder holds something else, or we may not write there.
            SourceUnavailable: The disk is full, or another process held it all the time.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._wait_for(lock)
            held = replace(self, held=lock)
            held._make()
            yield held
        finally:
            os.close(lock)

    def git(
        self,
        *words: str,
        access: Access = NO_ACCESS,
        config: tuple[tuple[str, str], ...] = (),
        given: bytes = b"",
        extra: tuple[tuple[str, str], ...] = (),
    ) -> Finished:
        """Run git in the clone; `extra` are variables. A status that is not 0 is the caller's."""
        return run(
            ("git", *words),
            environment=variables(access, config) | {"GIT_DIR": str(self.path)} | dict(extra),
            timeout_s=self.timeout_s,
            given=given,
            held=self.held,
            hidden=access.hidden,
            about=str(self.address),
        )

    def commit_at(self, name: str) -> str | None:
        """Return the commit that a reference or a full name of a commit leads to here, if any."""
        found = self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return found.text if found.status == 0 else None

    def point(self, reference: str, commit: str) -> None:
        """Let a private reference keep a commit from being lost.

        Raises:
            SourceUnavailable: It cannot be written.
        """
        done = self.git("update-ref", reference, commit)
        if done.status != 0:
            raise SourceUnavailable(
                f"{commit} cannot be kept in {self.path}: {done.complaint}",
                help="check that disk",
            )

    def is_sound(self) -> bool:
        """Say whether everything that the references need is there and whole."""
        # fsck does not mind an emptied config; a reader then takes the clone for a work tree.
        bare = self.git("config", "--file", str(self.path / "config"), "--get", "core.bare")
        whole = self.git("fsck", "--no-dangling", "--no-progress", "--no-reflogs")
        return bare.text == "true" and whole.status == 0

    def sweep(self) -> None:
        """Remove what a killed git left behind. Nobody else works here while we hold the lock."""
        for pattern in _LEFT_BEHIND:
            for path in self.path.glob(pattern):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    with contextlib.suppress(OSError):
                        path.unlink()

    def make_again(self, why: str) -> None:
        """Set the clone aside and begin an empty one; the last applied commit is carried over.

        Raises:
            SourceUnavailable: The folder cannot be written.
        """
        self.tell(f"the clone {self.path} is recreated: {why}")
        try:
            shutil.rmtree(self._aside, ignore_errors=True)
            self.path.rename(self._aside)
        except OSError as error:
            raise self._unwritable(error) from error
        self._make()

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.aside")

    def _make(self) -> None:
        try:
            if not self._is_ours():
                self._begin()
            elif (self.path / _MARKER).read_text() != self.address.url:
                self.make_again(f"it belongs to another address than {self.address}")
            elif not (self.path / "HEAD").exists():  # we were killed while we made it
                self._init()
            if self._aside.exists():
                self._carry_over()
        except OSError as error:
            raise self._unwritable(error) from error

    def _is_ours(self) -> bool:
        if (self.path / _MARKER).is_file():
            return True
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise SourceRefused(
                f"{self.path} holds something other than our clone", help="choose an empty folder"
            )
        return False

    def _begin(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        (self.path / _MARKER).write_text(self.address.url)
        self._init()

    def _init(self) -> None:
        made = self.git("init", "--quiet", "--bare", "--template=")
        if made.status != 0:
            raise SourceUnavailable(
                f"cannot clone into {self.path}: {made.complaint}", help="check that disk"
            )

    def _carry_over(self) -> None:
        lost = (self._aside / APPLIED).exists() or (self._aside / "packed-refs").exists()
        words = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--update-shallow")
        carried = self.git(*words, str(self._aside), f"+{APPLIED}:{APPLIED}", access=Access("file"))
        if lost and carried.status != 0:
            self.tell(f"the last applied commit in {self.path} could not be saved")
        shutil.rmtree(self._aside, ignore_errors=True)

    def _wait_for(self, lock: int) -> None:
        deadline = time.monotonic() + self.timeout_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SourceUnavailable(
                        f"{self.path} is in use by another process",
                        help="give each controller its own state folder",
                        passes=True,
                    ) from None
                time.sleep(0.05)
            else:
                return

    def _unwritable(self, error: OSError) -> SourceRefused | SourceUnavailable:
        # A disk may be cleaned up by somebody; nobody gives us rights by chance.
        rights = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
        return (SourceRefused if rights else SourceUnavailable)(
            f"the clone {self.path} cannot be written: {error.strerror}",
            help=system_help(error) or "free disk space, or give this user write access",
        )
