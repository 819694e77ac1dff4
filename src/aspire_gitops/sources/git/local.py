"""Reviewed files from commits of a repository on this machine: one, or two of them side by side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aspire_gitops.sources.files import blob_name, is_reviewed
from aspire_gitops.sources.git.objects import (
    TROUBLE,
    UNSHALLOW,
    Blobs,
    Commit,
    NothingReviewed,
    Repo,
    is_shallow,
    lacking,
    opened,
    read_blob,
    read_tree,
    revision_of,
    unreadable,
)
from aspire_gitops.vocabulary import (
    Revision,
    SourceRefused,
    SourceTree,
    SourceUnavailable,
    UsageError,
)


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
                folder is empty. Try again; a push may fix it.
            SourceRefused: Git or gitpython refuses the repository.
        """
        place = f"{self.repository} at {self.reference}"
        with _explained(Path(self.repository), place) as repo:
            commit = _commit_at(repo, self.reference)
            if commit is None:
                raise _no_revision(repo, self.repository, self.reference, SourceUnavailable)
            reference = _branch(repo) if self.reference == "HEAD" else self.reference
            return read_tree(commit, self.folder, reference)


@contextmanager
def _explained(repository: Path, place: str) -> Iterator[Repo]:
    try:
        with opened(repository) as repo:
            try:
                yield repo
            except NothingReviewed as error:
                raise unreadable(place, error) from error
            except TROUBLE as error:
                raise lacking(repo, place, error) from error
    except TROUBLE as error:
        raise unreadable(place, error) from error


def work_tree_revision(folder: Path) -> Revision | None:
    """Return the commit that a folder is checked out at, or None when git cannot say.

    `dirty` counts reviewed files of this folder only.
    """
    try:
        with opened(folder, search_parent_directories=True) as repo:
            if repo.bare:
                return None
            return revision_of(repo.head.commit, _branch(repo), dirty=_differs(repo, folder))
    except (*TROUBLE, SourceRefused):
        return None


def _differs(repo: Repo, folder: Path) -> bool:
    # Ignored files too: they are read, and the commit does not have them.
    status = repo.git.status(
        "--porcelain", "-z", "--untracked-files=all", "--ignored", "--", str(folder)
    )
    return any(is_reviewed(line) or line.endswith("/") for line in status.split("\0"))


def _branch(repo: Repo) -> str:
    return "HEAD" if repo.head.is_detached else repo.active_branch.name


USUAL_BASES = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
_FETCH = "fetch it first (in CI: `fetch-depth: 0`), or name another commit, branch or tag"
_Error = TypeVar("_Error", SourceUnavailable, UsageError)


def _no_revision(repo: Repo, repository: str | Path, name: str, kind: type[_Error]) -> _Error:
    help_ = UNSHALLOW if is_shallow(repo) else _FETCH
    return kind(f"{repository} has no revision {name!r}", help=help_)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both revisions whole, and whether they have a commit in common.

    base has no files where the folder was not there yet.
    """

    base: SourceTree
    head: SourceTree
    related: bool = True


@dataclass(frozen=True, slots=True)
class ComparedTrees:
    """What to compare: a folder of a local repository, which is never changed.

    `base` None is the first of `USUAL_BASES` that the repository has. `direct`
    compares base itself, instead of the commit that it has in common with head.
    """

    repository: Path
    folder: str
    base: str | None = None
    direct: bool = False

    def with_commit(self, head: str) -> Comparison:
        """Read the folder at base and at another reference.

        Raises:
            UsageError: The reference does not exist.
            SourceUnavailable: The repository cannot be read, or head has no reviewed file.
        """
        with _explained(self.repository, f"{self.repository} at {head}") as repo:
            commit, blobs = self._commit(repo, head), Blobs()
            name = "HEAD" if repo.head.is_detached else repo.active_branch.name
            tree = read_tree(commit, self.folder, name if head == "HEAD" else head, blobs=blobs)
            return self._beside(repo, commit, tree, blobs)

    def with_work_tree(self, head: SourceTree) -> Comparison:
        """Read the folder at base, for a head that is as the folder is now.

        Raises:
            UsageError: The reference does not exist.
            SourceUnavailable: The repository cannot be read.
        """
        blobs = Blobs((blob_name(file.content), file.content) for file in head.files)
        with _explained(self.repository, f"{self.repository} at HEAD") as repo:
            return self._beside(repo, self._commit(repo, "HEAD"), head, blobs)

    def _beside(self, repo: Repo, commit: Commit, head: SourceTree, blobs: Blobs) -> Comparison:
        name, named = self._named(repo)
        shared = repo.merge_base(named, commit)
        start = self._commit(repo, shared[0].hexsha) if shared and not self.direct else named
        try:
            base = read_tree(start, self.folder, name, blobs=blobs)
        except NothingReviewed:
            base = SourceTree(revision_of(start, name, dirty=False), ())
        return Comparison(base, head, related=bool(shared))

    def _named(self, repo: Repo) -> tuple[str, Commit]:
        if self.base is not None:
            return self.base, self._commit(repo, self.base)
        for name in USUAL_BASES:
            found = _commit_at(repo, name)
            if found is not None:
                return name, found
        raise UsageError(
            f"{self.repository} has none of {', '.join(USUAL_BASES)}",
            help=UNSHALLOW if is_shallow(repo) else "pass --base COMMIT",
        )

    def _commit(self, repo: Repo, name: str) -> Commit:
        found = _commit_at(repo, name)
        if found is None:
            raise _no_revision(repo, self.repository, name, UsageError)
        return found


def published(repository: Path, reference: str, path: str) -> bytes | None:
    """Return a file that was pushed to a branch of its own, such as `snapshot.json`.

    Looks at the reference, then at the remote's (`origin/gateway-state`), which is
    where a fetch puts it. None if the reference or the file does not exist.

    Raises:
        SourceUnavailable: The repository cannot be read.
    """
    with _explained(repository, str(repository)) as repo:
        found = (_commit_at(repo, name) for name in (reference, f"origin/{reference}"))
        return next((read_blob(commit, path) for commit in found if commit), None)


def _commit_at(repo: Repo, name: str) -> Commit | None:
    try:
        commit = repo.commit(name)
        _ = commit.message  # a shallow clone names parents that it does not have
    except TROUBLE:
        return None
    return commit
