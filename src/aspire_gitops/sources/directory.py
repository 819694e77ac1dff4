"""Reviewed files from a folder, edited by a person or mounted as a volume.

A folder can change while it is read; `GitSource` cannot. Links are followed
only to files inside the same folder, which is how Kubernetes mounts a
ConfigMap; anything that could block or lead elsewhere is reported for that file.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aspire_gitops.loading.rules import MAX_FILE_BYTES
from aspire_gitops.sources.checkout import Checkout, is_below_git
from aspire_gitops.sources.files import (
    MAX_FOLDERS,
    folded_name,
    folded_names,
    is_hidden,
    is_reviewed,
    not_regular,
    refused_link,
    refused_name,
    too_large,
    too_nested,
    unreadable,
)
from aspire_gitops.vocabulary import (
    Revision,
    SourceFile,
    SourceProblem,
    SourceTree,
    SourceUnavailable,
)

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """Every `*.yaml` and `*.yml` below a folder; names that start with a dot are left out.

    `ask_git` looks up the commit that the folder is at, which takes some 0.2 s;
    without it the revision is only `folder:<name>`.
    """

    path: Path
    ask_git: bool = True

    def read(self) -> SourceTree:
        """Read the folder whole, sorted by path.

        Raises:
            SourceUnavailable: The folder is missing, unreadable, empty, or
                changed while it was read. Never an empty tree. Try again.
            SourceRefused: Git checked out only a part of it.
        """
        files: list[SourceFile] = []
        problems: list[SourceProblem] = []
        try:
            root, shown = os.path.realpath(self.path), shown_folder(self.path)
            checkout = Checkout.of(root)
            checkout.check_whole(shown)
            for found in _walk(root, root, shown):
                (files if isinstance(found, SourceFile) else problems).append(found)  # type: ignore[arg-type]  # each goes into its own list
        except OSError as error:
            raise _unavailable(self.path, error) from error
        if not (files or problems):
            raise SourceUnavailable(
                f"{self.path} contains no *.yaml file",
                help="check that it is the right folder and that it is mounted",
            )
        files.sort(key=lambda file: file.path)
        paths = [file.path for file in files]
        problems += (folded_name(*two) for two in folded_names(paths))
        problems += (folded_name(*two) for two in checkout.folded(paths, shown))
        problems.sort(key=lambda problem: problem.path)
        revision = self._revision(root)
        if revision.commit and checkout.differs_unseen(files, shown):
            revision = replace(revision, dirty=True)
        return SourceTree(revision, tuple(files), tuple(problems))

    def read_at(self, commit: str) -> SourceTree:
        """Read an older revision, which a folder never has.

        Raises:
            SourceUnavailable: Always.
        """
        raise SourceUnavailable(
            f"{self.path} is a folder and has no older revision ({commit[:40]})",
            help="use a git repository as the source",
        )

    def keep(self, commit: str) -> None:
        """Keep a commit: nothing to do, because the people who edit a folder keep its commits."""

    def _revision(self, root: str) -> Revision:
        plain = Revision(f"folder:{Path(root).name}")
        if not (self.ask_git and is_below_git(Path(root))):
            return plain
        from aspire_gitops.sources.git import work_tree_revision  # noqa: PLC0415 (0.2 s)

        return work_tree_revision(Path(root)) or plain


def _walk(root: str, folder: str, shown: str) -> Iterator[SourceFile | SourceProblem]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if is_hidden(name):
                continue
            if entry.is_symlink():
                yield from _link(root, entry.path, shown + name)
            elif not entry.is_dir():
                if is_reviewed(name):
                    yield (
                        _file(entry.path, shown + name)
                        if name.isprintable()
                        else refused_name(shown, name)
                    )
            elif not name.isprintable():
                yield refused_name(shown, name)
            else:
                yield from _subfolder(root, entry.path, f"{shown}{name}/")


def _subfolder(root: str, folder: str, shown: str) -> Iterator[SourceFile | SourceProblem]:
    if folder.count("/") - root.count("/") > MAX_FOLDERS:
        yield too_nested(shown.rstrip("/"))
        return
    try:
        yield from _walk(root, folder, shown)
    except PermissionError as error:
        yield unreadable(shown.rstrip("/"), str(error.strerror))


def _link(root: str, path: str, shown: str) -> Iterator[SourceFile | SourceProblem]:
    try:
        target = os.path.realpath(path, strict=True)
    except OSError as error:
        yield refused_link(
            shown, "leads to itself" if error.errno == errno.ELOOP else "leads nowhere"
        )
        return
    if os.path.isdir(target):  # noqa: PTH112 (pathlib raises where a folder may not be entered)
        yield refused_link(shown, "stands for a folder")
    elif not is_reviewed(shown):
        return
    elif not target.startswith(root.rstrip("/") + "/"):
        yield refused_link(shown, "leaves the folder")
    else:
        yield _file(target, shown)


def _file(path: str, shown: str) -> SourceFile | SourceProblem:
    # Opening a pipe would wait for a writer, and a name may become a link at any time.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise  # it existed a moment ago: the folder is changing
    except OSError as error:
        if error.errno == errno.ENXIO:  # what a socket answers
            return not_regular(shown, "a socket")
        return unreadable(shown, str(error.strerror))
    try:
        return _opened_file(descriptor, shown)
    except OSError as error:
        return unreadable(shown, str(error.strerror))
    finally:
        os.close(descriptor)


def _opened_file(descriptor: int, shown: str) -> SourceFile | SourceProblem:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return not_regular(shown, _KINDS.get(stat.S_IFMT(status.st_mode), "something else"))
    if status.st_size > MAX_FILE_BYTES:
        return too_large(shown, status.st_size)
    content = os.read(descriptor, status.st_size + 1)
    if len(content) != status.st_size:
        return unreadable(shown, "it changed while it was read")
    return SourceFile(shown, content)


def shown_folder(path: Path) -> str:
    """Return the folder as people write it, with a final slash: relative where that is possible."""
    try:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow the links that people wrote)
        here = Path.cwd()
    except FileNotFoundError:  # the folder that we were started in is gone
        return f"{path.as_posix().rstrip('/')}/"
    if absolute.is_relative_to(here):
        relative = absolute.relative_to(here).as_posix()
        return "" if relative == "." else f"{relative}/"
    return f"{path.as_posix().rstrip('/')}/"


def _unavailable(path: Path, error: OSError) -> SourceUnavailable:
    if isinstance(error, FileNotFoundError) and os.path.isdir(path):  # noqa: PTH112 (likewise)
        return SourceUnavailable(f"{path} changed while it was read", help="try again", passes=True)
    if isinstance(error, NotADirectoryError):
        return SourceUnavailable(
            f"{path} is not a folder", help="name the folder with the reviewed files"
        )
    return SourceUnavailable(
        f"{path} cannot be read: {error.strerror}", help="name a folder that this user can read"
    )
