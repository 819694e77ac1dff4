"""Reviewed files from a commit, without a work tree. The only module that imports git.

Each `Repo` is closed before anything returns: it keeps child processes and
descriptors. Variables such as `GIT_DIR`, which git sets while it runs a hook,
would point every call at another repository, so they are hidden meanwhile.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

import git
from git.exc import GitError, ODBError
from git.objects import Blob, Commit, Tree

from aspire_gitops.errors import SourceUnavailable
from aspire_gitops.loading.rules import MAX_FILE_BYTES
from aspire_gitops.revision import Revision, SourceFile, SourceProblem, SourceTree
from aspire_gitops.sources.files import (
    is_hidden,
    is_reviewed,
    not_regular,
    refused_link,
    refused_name,
    too_large,
)

# gitpython raises ValueError and KeyError for references and paths that are
# not there, and OSError for a repository that goes away.
_TROUBLE = (GitError, ODBError, ValueError, KeyError, OSError)
_ENVIRONMENT = RLock()


@dataclass(frozen=True, slots=True)
class GitSource:
    """The reviewed folder as one commit of a local repository (bare or not) has it."""

    repository: str | Path
    reference: str = "HEAD"
    folder: str = "gateway.d"

    def read(self) -> SourceTree:
        """Read the folder at the newest commit of the reference. Paths start with the folder.

        Raises:
            SourceUnavailable: No such repository, reference or folder, or the
                folder is empty. Try again; a push may mend it.
        """
        try:
            with _opened(Path(self.repository)) as repo:
                commit = repo.commit(self.reference)
                return self._tree(repo, commit)
        except _TROUBLE as error:
            raise SourceUnavailable(
                f"{self.repository} at {self.reference} cannot be read: {_first_line(error)}"
            ) from error

    def _tree(self, repo: git.Repo, commit: Commit) -> SourceTree:
        name = self.folder.strip("/")
        top = commit.tree / name if name not in ("", ".") else commit.tree
        if not isinstance(top, Tree):
            raise SourceUnavailable(f"{name} is not a folder at {self.reference}")
        found = sorted(_walk(top), key=lambda item: item.path)
        if not found:
            raise SourceUnavailable(f"{name} holds no *.yaml file at {self.reference}")
        reference = _branch(repo) if self.reference == "HEAD" else self.reference
        return SourceTree(
            _revision(commit, reference, dirty=False),
            tuple(item for item in found if isinstance(item, SourceFile)),
            tuple(item for item in found if isinstance(item, SourceProblem)),
        )


def work_tree_revision(folder: Path) -> Revision | None:
    """Return the commit that a folder is checked out at, or None when git cannot say.

    `dirty` counts reviewed files of this folder only.
    """
    try:
        with _opened(folder, search_parent_directories=True) as repo:
            if repo.bare:
                return None
            return _revision(repo.head.commit, _branch(repo), dirty=_differs(repo, folder))
    except _TROUBLE:
        return None


@contextmanager
def _opened(path: Path, *, search_parent_directories: bool = False) -> Iterator[git.Repo]:
    with (
        _no_git_variables(),
        git.Repo(path, search_parent_directories=search_parent_directories) as repo,
    ):
        yield repo


@contextmanager
def _no_git_variables() -> Iterator[None]:
    with _ENVIRONMENT:
        hidden = {name: value for name, value in os.environ.items() if name.startswith("GIT_")}
        for name in hidden:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(hidden)


def _walk(tree: Tree) -> Iterator[SourceFile | SourceProblem]:
    for item in tree:
        path = str(item.path)
        name = path.rpartition("/")[2]
        if is_hidden(name):
            continue
        if not name.isprintable():
            yield refused_name(path.removesuffix(name), name)
        elif isinstance(item, Tree):
            yield from _walk(item)
        elif not isinstance(item, Blob):
            yield not_regular(path, "a submodule")
        elif item.mode == Blob.link_mode:
            if (
                is_reviewed(name) or "." not in name
            ):  # others stand for no file and no folder of ours
                yield refused_link(path, "is not followed in a commit")
        elif is_reviewed(name):
            yield _file(item, path)


def _file(blob: Blob, path: str) -> SourceFile | SourceProblem:
    stream = blob.data_stream
    if stream.size > MAX_FILE_BYTES:
        return too_large(path, stream.size)
    return SourceFile(path, stream.read())


def _differs(repo: git.Repo, folder: Path) -> bool:
    # Ignored files too: they are read, and the commit does not have them.
    status = repo.git.status(
        "--porcelain", "-z", "--untracked-files=all", "--ignored", "--", str(folder)
    )
    return any(is_reviewed(line) or line.endswith("/") for line in status.split("\0"))


def _branch(repo: git.Repo) -> str:
    return "HEAD" if repo.head.is_detached else repo.active_branch.name


def _revision(commit: Commit, reference: str, *, dirty: bool) -> Revision:
    return Revision(
        reference=reference,
        commit=commit.hexsha,
        dirty=dirty,
        author=commit.author.name,
        subject=str(commit.summary),
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, git.NoSuchPathError):
        return "there is no such folder"
    if isinstance(error, git.InvalidGitRepositoryError):
        return "it is not a git repository"
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
