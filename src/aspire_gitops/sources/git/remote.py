"""A branch of a remote repository as a source: fetched into a bare clone, read at one commit.

What is verified, read and reported is one commit, by its full name. A clone
that is not whole is made again from the remote by itself, once in a read.
Synchronous: the controller runs it in a thread.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aspire_gitops.errors import SourceRefused, SourceUnavailable, UsageError
from aspire_gitops.revision import SourceTree
from aspire_gitops.sources.git.address import check_branch, parse_address
from aspire_gitops.sources.git.clone import APPLIED, Clone, Damaged
from aspire_gitops.sources.git.credentials import Credentials, check_credentials
from aspire_gitops.sources.git.exchange import Exchange
from aspire_gitops.sources.git.objects import (
    TROUBLE,
    NothingReviewed,
    first_line,
    opened,
    read_tree,
)
from aspire_gitops.sources.git.program import variables

Result = TypeVar("Result")

_NEWEST = "refs/aspire-gitops/newest"
_WANTED = "refs/aspire-gitops/wanted"
_COMMIT = re.compile(r"[0-9a-f]{40}")


def _say_nothing(_sentence: str) -> None:
    pass


@dataclass(slots=True)
class RemoteSource:
    """A folder on a branch of a remote repository, and our clone of it.

    Args:
        url: `https://…`, `ssh://…`, `user@host:path`, or a path. Never with a password.
        clone: The bare clone's folder, made with mode 0700 when it is not there.
        timeout_s: For each run of git, in seconds; then git and its children are ended.
        tell: Hears a sentence when a damaged clone is made again.

    Raises:
        UsageError: The url or the branch is none, or the credentials do not fit it.
    """

    url: str = field(repr=False)
    branch: str = field(default="main", kw_only=True)
    folder: str = field(default="gateway.d", kw_only=True)
    clone: Path = field(kw_only=True)
    credentials: Credentials | None = field(default=None, kw_only=True)
    timeout_s: float = field(default=60, kw_only=True)
    tell: Callable[[str], None] = field(default=_say_nothing, kw_only=True, repr=False)
    _clone: Clone = field(init=False, repr=False)
    _last: SourceTree | None = field(init=False, default=None, repr=False)
    _kept: str | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        address = parse_address(self.url)
        check_branch(self.branch)
        check_credentials(address, self.credentials)
        self._clone = Clone(self.clone.absolute(), address, self.timeout_s, self.tell)

    def read(self) -> SourceTree:
        """Read the branch's newest commit whole. Asks the remote once when nothing is new.

        Raises:
            SourceUnavailable: The remote or the clone cannot be read. Try again.
            SourceRefused: No access, no such branch or folder. A person must act.
        """
        return self._in_whole_clone(self._read_newest)

    def read_at(self, commit: str) -> SourceTree:
        """Read one commit whole, by its full name. The remote is asked only if it is not here.

        Raises:
            SourceUnavailable: The remote or the clone cannot be read. Try again.
            SourceRefused: The remote does not have that commit any more, or what
                `read` refuses. A person must act.
            UsageError: This is no full name of a commit.
        """
        if not _COMMIT.fullmatch(commit):
            raise UsageError(f"{commit[:80]!r} is no commit; write all 40 digits of its name")
        return self._in_whole_clone(lambda exchange: self._read_commit(exchange, commit))

    def keep(self, commit: str) -> None:
        """Keep a commit, the last applied one, whatever becomes of the branch.

        Raises:
            SourceUnavailable: The clone cannot be written. Try again.
        """
        if commit == self._kept:
            return
        with self._clone.locked() as clone:
            clone.point(APPLIED, commit)
        self._kept = commit

    def _in_whole_clone(self, reading: Callable[[Exchange], Result]) -> Result:
        with self._clone.locked() as clone:
            exchange = Exchange(clone, self.credentials)
            try:
                return reading(exchange)
            except Damaged as damaged:
                self._last = self._kept = None
                clone.make_again(str(damaged))
            try:
                return reading(exchange)
            except Damaged as damaged:
                raise SourceUnavailable(
                    f"the clone {clone.path} is not whole though it was just made again: "
                    f"{damaged}; look at that disk"
                ) from damaged

    def _read_newest(self, exchange: Exchange) -> SourceTree:
        tip = exchange.tip(self.branch)
        if tip is None:
            raise SourceRefused(
                f"{exchange.clone.address} has no branch {self.branch}; "
                "push it again, or set another branch"
            )
        if self._last is not None and self._last.revision.commit == tip:
            return self._last
        if exchange.clone.commit_at(_NEWEST) != tip:
            exchange.fetch(f"refs/heads/{self.branch}", _NEWEST)
        # The branch may have moved since it was asked for: what arrived counts.
        self._last = self._read_here(exchange.clone, exchange.clone.commit_at(_NEWEST) or tip)
        return self._last

    def _read_commit(self, exchange: Exchange, commit: str) -> SourceTree:
        if self._last is not None and self._last.revision.commit == commit:
            return self._last
        if exchange.clone.commit_at(commit) is None:
            exchange.fetch(commit, _WANTED)
        return self._read_here(exchange.clone, commit)

    def _read_here(self, clone: Clone, commit: str) -> SourceTree:
        try:
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
