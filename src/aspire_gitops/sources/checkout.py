"""Whether a folder shows everything that its git checkout has there.

A sparse checkout, a skip-worktree bit and a submodule that is not checked out leave
files out of a folder, and what is left out would count as deleted. Reads git's index,
through the git program: gitpython takes 0.2 s to import. Next is `directory`.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.sources.files import (
    blob_name,
    dubious_ownership,
    is_git_setting,
    is_hidden,
    is_reviewed,
    same_elsewhere,
)
from aspire_gitops.vocabulary import (
    SourceFile,
    SourceRefused,
    SourceUnavailable,
    plural,
    printable,
    short_line,
)

_TIMEOUT_S = 60
_SUBMODULE = "160000"
_NAMED = 3  # examples in a message
# Listing an index runs nothing of the repository: no hook, no monitor, no remote's program.
# So another user's repository may be asked, as containers mount one.
_GIT = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "safe.directory=*")
_VARIABLES = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
_NOT_A_CHECKOUT = ("not a git repository", "must be run in a work tree")


@dataclass(frozen=True, slots=True)
class Tracked:
    """One entry of the index. `path` starts below the folder that was asked about."""

    path: str
    mode: str
    blob: str
    is_skipped: bool  # skip-worktree: git leaves it out and does not compare it
    is_assumed: bool  # assume-unchanged: git does not compare it

    @property
    def counts(self) -> bool:
        """Say whether the file would be read if it were there."""
        parts = self.path.split("/")
        return is_reviewed(self.path) and not any(is_hidden(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Checkout:
    """What git's index has below one folder; nothing for a folder outside of git."""

    folder: Path
    tracked: tuple[Tracked, ...]

    @classmethod
    def of(cls, root: str) -> "Checkout":
        """Ask git about a folder, whether or not it exists.

        Raises:
            SourceRefused: Git cannot say what is checked out.
            SourceUnavailable: It took too long.
        """
        folder = Path(root)
        nearest = _nearest(folder)
        if not is_below_git(nearest):
            return cls(folder, ())
        inner = "" if nearest == folder else f"{folder.relative_to(nearest)}/"
        listed = _ask(nearest, "ls-files", "-z", "-v", "--stage", "--", inner or ".")
        entries = (line for line in listed.split("\0") if line)
        return cls(folder, tuple(_tracked(line, inner) for line in entries))

    def check_whole(self, shown: str) -> None:
        """Refuse a folder that shows only a part.

        Raises:
            SourceRefused: Files are left out, or a submodule is not checked out.
        """
        for entry in self._submodules():
            place = self.folder / entry.path
            name = (shown + entry.path).rstrip("/") or str(self.folder)
            if entry.is_skipped or _is_empty_folder(place):
                raise SourceRefused(
                    f"the submodule {printable(name)} is not checked out, so its files are unknown",
                    help=f"run `git submodule update --init {printable(name)}`,"
                    " or keep the files in this repository",
                )
            if (place / ".git").exists() and entry.path:
                Checkout.of(str(place)).check_whole(f"{name}/")
        left_out = [entry for entry in self._unwatched() if not self._lies_at(entry.path)]
        if left_out:
            raise self._partly(left_out, shown)

    def differs_unseen(self, files: Iterable[SourceFile], shown: str) -> bool:
        """Say whether a file differs from the index where git was told not to look."""
        pinned = {shown + entry.path: entry.blob for entry in self._unwatched()}
        return bool(pinned) and any(
            file.path in pinned and blob_name(file.content) != pinned[file.path] for file in files
        )

    def folded(self, present: Sequence[str], shown: str) -> Iterator[tuple[str, str]]:
        """Yield (lost, instead) where the disk keeps two names of the index as one file."""
        missing = {shown + entry.path for entry in self.tracked if entry.counts} - set(present)
        seen = {same_elsewhere(path): path for path in present} if missing else {}
        names = {shown + entry.path for entry in self.tracked}
        for path in sorted(missing):
            instead = seen.get(same_elsewhere(path))
            if instead in names and self._lies_at(path.removeprefix(shown)):
                yield path, str(instead)

    def _submodules(self) -> Iterator[Tracked]:
        for entry in self.tracked:
            if entry.mode == _SUBMODULE and not any(map(is_hidden, entry.path.split("/"))):
                yield entry

    def _unwatched(self) -> Iterator[Tracked]:
        for entry in self.tracked:
            if (entry.is_skipped or entry.is_assumed) and entry.counts:
                yield entry

    def _lies_at(self, path: str) -> bool:
        return os.path.lexists(self.folder / path)

    def _partly(self, left_out: Sequence[Tracked], shown: str) -> SourceRefused:
        names = [printable(shown + entry.path) for entry in left_out]
        some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        assumed = not any(entry.is_skipped for entry in left_out)
        flag = "assume-unchanged" if assumed else "skip-worktree"
        help_ = (
            f"run `git update-index --no-{flag} FILE`, then `git checkout -- FILE` to get it"
            " back or `git rm FILE` to delete it"
        )
        if not assumed and self._is_sparse():
            help_ = "run `git sparse-checkout disable`, or `git sparse-checkout add` this folder"
        return SourceRefused(
            f"{shown.rstrip('/') or '.'} is only partly checked out:"
            f" {plural(len(names), 'reviewed file')} left out ({some})",
            help=help_,
        )

    def _is_sparse(self) -> bool:
        return (
            _run(_nearest(self.folder), "config", "--bool", "core.sparseCheckout").stdout.strip()
            == b"true"
        )


def is_below_git(folder: Path) -> bool:
    return any(os.path.exists(above / ".git") for above in (folder, *folder.parents))  # noqa: PTH110 (pathlib raises where a folder is closed to us)


def _nearest(folder: Path) -> Path:
    return next(above for above in (folder, *folder.parents) if os.path.isdir(above))  # noqa: PTH112 (likewise)


def _tracked(line: str, inner: str) -> Tracked:
    facts, _, path = line.partition("\t")
    flag, mode, blob, _ = facts.split(" ")
    return Tracked(
        path.removeprefix("./").removeprefix(inner),
        mode,
        blob,
        is_skipped=flag in "Ss",
        is_assumed=flag.islower(),
    )


def _is_empty_folder(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _ask(folder: Path, *words: str) -> str:
    try:
        done = _run(folder, *words)
    except (FileNotFoundError, PermissionError):
        return ""  # no git program here, or a folder that is closed to us, which reading it reports
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceUnavailable(
            f"git cannot say whether {folder} is checked out whole: {type(error).__name__}",
            help="it will be retried",
        ) from error
    said = done.stderr.decode(errors="replace")
    if done.returncode == 0:
        return os.fsdecode(done.stdout)
    if any(words in said for words in _NOT_A_CHECKOUT):
        return ""
    if "dubious ownership" in said:
        raise dubious_ownership(folder)
    help_ = (
        "repair that repository until `git status` works, or read a copy of the folder elsewhere"
    )
    if "unknown repository" in said:
        help_ = "install a newer git: this one does not know how that repository is stored"
    reason = " ".join(said.split()).removeprefix("fatal: ") or "git gave no reason"
    raise SourceRefused(
        f"git cannot say whether {folder} is checked out whole: {short_line(reason, 300)}",
        help=help_,
    )


def _run(folder: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or is_git_setting(name)
    }
    return subprocess.run(
        (*_GIT, *words),
        cwd=folder,
        env=kept | _VARIABLES,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
