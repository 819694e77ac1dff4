"""A branch of a remote repository as a source: fetched into a bare clone, read at one commit.

What is verified, read and reported is one commit, by its full name. A
damaged clone is recreated from the remote, once in a read.
Synchronous: the controller runs it in a thread.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aspire_gitops.sources.git.address import (
    Credentials,
    check_branch,
    check_credentials,
    parse_address,
)
from aspire_gitops.sources.git.clone import APPLIED, Clone, Damaged, say_nothing
from aspire_gitops.sources.git.exchange import Exchange
from aspire_gitops.sources.git.objects import (
    TROUBLE,
    NothingReviewed,
    first_line,
    opened,
    read_tree,
)
from aspire_gitops.sources.git.program import variables
from aspire_gitops.sources.git.signatures import Allowed, Signers
from aspire_gitops.vocabulary import (
    SourceRefused,
    SourceTree,
    SourceUnavailable,
    UsageError,
    system_help,
)

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
            Damaged: Our clone is damaged.
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
            Damaged: Our clone is damaged.
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
                f"{error} ({commit})", help="push a commit with it, or set another folder"
            ) from None
        except TROUBLE as error:
            if clone.is_sound():
                raise SourceUnavailable(
                    f"{commit} cannot be read from {clone.path}: {first_line(error)}",
                    help=system_help(error) if isinstance(error, OSError) else None,
                ) from error
            raise Damaged(first_line(error)) from error

    def _verify(self, clone: Clone, commit: str) -> None:
        if self.allowed is None:
            return
        try:
            self.allowed.check(clone, commit)
        except SourceRefused as error:
            if not clone.is_sound():
                raise Damaged(error.message) from error
            raise


T = TypeVar("T")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(slots=True)
class RemoteSource:
    """A folder on a branch of a remote repository, and our clone of it.

    Args:
        url: `https://…`, `ssh://…`, `user@host:path`, or a path. Never with a password.
        clone: The bare clone's folder, made with mode 0700 when it is not there.
        signers: Whose signature a commit needs to be read; None: nobody's.
        timeout_s: For each run of git, in seconds; then git and its children are ended.
        tell: Gets a sentence when a damaged clone is recreated.

    Raises:
        UsageError: The URL or the branch is invalid, or the credentials do not fit it.
    """

    url: str = field(repr=False)
    branch: str = field(default="main", kw_only=True)
    folder: str = field(default="gateway.d", kw_only=True)
    clone: Path = field(kw_only=True)
    credentials: Credentials | None = field(default=None, kw_only=True)
    signers: Signers | None = field(default=None, kw_only=True)
    timeout_s: float = field(default=60, kw_only=True)
    tell: Callable[[str], None] = field(default=say_nothing, kw_only=True, repr=False)
    _clone: Clone = field(init=False, repr=False)
    _last: tuple[Allowed | None, SourceTree] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        address = parse_address(self.url)
        check_branch(self.branch)
        check_credentials(address, self.credentials)
        self._clone = Clone(self.clone.absolute(), address, self.timeout_s, self.tell)

    def read(self) -> SourceTree:
        """Read the branch's newest commit whole. Asks the remote once when nothing is new.

        Raises:
            SourceUnavailable: The remote or the clone cannot be read. Try again.
            SourceRefused: No access, no such branch or folder, or no valid
                signature. Somebody must act.
        """
        return self._in_whole_clone(self._read_newest)

    def read_at(self, commit: str) -> SourceTree:
        """Read one commit whole, by its full name. The remote is asked only if it is not here.

        Raises:
            SourceUnavailable: The remote or the clone cannot be read. Try again.
            SourceRefused: The remote no longer has that commit, or as for `read`.
                Somebody must act.
            UsageError: This is not the full name of a commit.
        """
        if not _COMMIT.fullmatch(commit):
            raise UsageError(f"invalid commit {commit[:80]!r}", help="give all 40 digits")
        return self._in_whole_clone(lambda look: self._known(look, commit) or look.at(commit))

    def keep(self, commit: str) -> None:
        """Keep a commit, the last applied one, whatever becomes of the branch.

        Raises:
            SourceUnavailable: The clone cannot be written. Try again.
            SourceRefused: It is not here, and the remote does not have it either.
        """

        def kept(look: Look) -> None:
            clone = look.exchange.clone
            if clone.commit_at(commit) is None:
                look.exchange.fetch(commit, APPLIED)
            clone.point(APPLIED, commit)

        self._in_whole_clone(kept)

    def _in_whole_clone(self, reading: Callable[[Look], T]) -> T:
        allowed = None if self.signers is None else self.signers.read()
        with self._clone.locked() as clone:
            look = Look(Exchange(clone, self.credentials), self.branch, self.folder, allowed)
            try:
                return reading(look)
            except Damaged as damaged:
                self._last = None
                clone.make_again(str(damaged))
            try:
                return reading(look)
            except Damaged as damaged:
                raise SourceUnavailable(
                    f"the clone {clone.path} is damaged even after it was recreated: {damaged}",
                    help="check that disk",
                ) from damaged

    def _read_newest(self, look: Look) -> SourceTree:
        tip = look.exchange.tip(self.branch)
        if tip is None:
            raise SourceRefused(
                f"{look.exchange.clone.address} has no branch {self.branch}",
                help="push the branch again, or set another branch",
            )
        tree = self._known(look, tip) or look.at(look.fetched(tip))
        self._last = (look.allowed, tree)
        return tree

    def _known(self, look: Look, commit: str) -> SourceTree | None:
        # With other keys than last time, a signer may have lost the right to sign.
        match self._last:
            case (allowed, tree) if allowed == look.allowed and tree.revision.commit == commit:
                return tree
            case _:
                return None
