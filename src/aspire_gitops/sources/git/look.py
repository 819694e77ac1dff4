"""One look into the clone while we hold it: fetch a branch, verify a commit, read it.

The commit that is verified is the commit that is read, by its full name.
`remote` decides what to look at, and mends the clone when it is not whole.
"""

from dataclasses import dataclass

from aspire_gitops.errors import SourceRefused, SourceUnavailable
from aspire_gitops.revision import SourceTree
from aspire_gitops.sources.git.clone import Clone, Damaged
from aspire_gitops.sources.git.exchange import Exchange
from aspire_gitops.sources.git.objects import (
    TROUBLE,
    NothingReviewed,
    first_line,
    opened,
    read_tree,
)
from aspire_gitops.sources.git.program import variables
from aspire_gitops.sources.git.signatures import Allowed

_NEWEST = "refs/aspire-gitops/newest"
_WANTED = "refs/aspire-gitops/wanted"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look reads, and whose signature that needs (None: nobody's)."""

    exchange: Exchange
    branch: str
    folder: str
    allowed: Allowed | None

    def fetched(self, tip: str) -> str:
        """Return the branch's commit, which is here now: `tip`, or one pushed since.

        Raises:
            SourceUnavailable, SourceRefused: The remote does not give it.
            Damaged: Our clone is not whole.
        """
        clone = self.exchange.clone
        if clone.commit_at(_NEWEST) != tip:
            self.exchange.fetch(f"refs/heads/{self.branch}", _NEWEST)
        commit = clone.commit_at(_NEWEST)
        if commit is None:
            raise Damaged(f"{tip} was fetched and is not there")
        return commit

    def at(self, commit: str) -> SourceTree:
        """Verify and read one commit, fetched if it is not here.

        Raises:
            SourceUnavailable, SourceRefused: It cannot or must not be read.
            Damaged: Our clone is not whole.
        """
        clone = self.exchange.clone
        if clone.commit_at(commit) is None:
            self.exchange.fetch(commit, _WANTED)
        try:
            self._verify(clone, commit)
            with opened(clone.path, variables=variables()) as repo:
                return read_tree(repo.commit(commit), self.folder, self.branch)
        except NothingReviewed as error:
            raise SourceRefused(
                f"{error} ({commit}); push a commit with it, or set another folder"
            ) from None
        except TROUBLE as error:
            if clone.is_sound():
                raise SourceUnavailable(
                    f"{commit} cannot be read from {clone.path}: {first_line(error)}"
                ) from error
            raise Damaged(first_line(error)) from error

    def _verify(self, clone: Clone, commit: str) -> None:
        if self.allowed is None:
            return
        try:
            self.allowed.check(clone, commit)
        except SourceRefused as error:
            if not clone.is_sound():
                raise Damaged(str(error)) from error
            raise
