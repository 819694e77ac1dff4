"""Reviewed files from a commit of a repository on this machine, which is never changed."""

from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.errors import SourceUnavailable
from aspire_gitops.revision import Revision, SourceTree
from aspire_gitops.sources.files import is_reviewed
from aspire_gitops.sources.git.objects import (
    TROUBLE,
    Repo,
    first_line,
    opened,
    read_tree,
    revision_of,
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
                folder is empty. Try again; a push may mend it.
        """
        try:
            with opened(Path(self.repository)) as repo:
                reference = _branch(repo) if self.reference == "HEAD" else self.reference
                return read_tree(repo.commit(self.reference), self.folder, reference)
        except TROUBLE as error:
            raise SourceUnavailable(
                f"{self.repository} at {self.reference} cannot be read: {first_line(error)}"
            ) from error


def work_tree_revision(folder: Path) -> Revision | None:
    """Return the commit that a folder is checked out at, or None when git cannot say.

    `dirty` counts reviewed files of this folder only.
    """
    try:
        with opened(folder, search_parent_directories=True) as repo:
            if repo.bare:
                return None
            return revision_of(repo.head.commit, _branch(repo), dirty=_differs(repo, folder))
    except TROUBLE:
        return None


def _differs(repo: Repo, folder: Path) -> bool:
    # Ignored files too: they are read, and the commit does not have them.
    status = repo.git.status(
        "--porcelain", "-z", "--untracked-files=all", "--ignored", "--", str(folder)
    )
    return any(is_reviewed(line) or line.endswith("/") for line in status.split("\0"))


def _branch(repo: Repo) -> str:
    return "HEAD" if repo.head.is_detached else repo.active_branch.name
