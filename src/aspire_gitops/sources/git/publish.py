"""Publish one small file on a branch of its own: one commit each time it changes.

No work tree, never by force, and never onto a branch that holds anything else.
The controller publishes its snapshot so; reviewers' machines read it from there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from aspire_gitops.sources.git.address import (
    Credentials,
    check_branch,
    check_credentials,
    parse_address,
)
from aspire_gitops.sources.git.clone import Clone, Damaged
from aspire_gitops.sources.git.exchange import Exchange, known_fault
from aspire_gitops.sources.git.program import Finished, one_line
from aspire_gitops.vocabulary import (
    NotificationFailed,
    SourceRefused,
    SourceUnavailable,
    UsageError,
)

_PUBLISHED = "refs/aspire-gitops/published"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a commit says that it is by."""

    name: str = "aspire-gitops"
    email: str = "aspire-gitops@localhost"


OURS = Identity()


def publish_file(
    url: str,
    *,
    clone: Path,
    content: bytes,
    message: str,
    branch: str = "gateway-state",
    path: str = "snapshot.json",
    credentials: Credentials | None = None,
    author: Identity = OURS,
    timeout_s: float = 60,
) -> str | None:
    """Push one commit with this content, and return its name; None when it is there already.

    `clone` is a folder for our objects; it may be a `RemoteSource`'s of the same
    address. Somebody else's push in between is seen, and the file put on top of it.

    Raises:
        NotificationFailed: The remote rejects it, or the branch contains other files.
            `permanent` says that trying again cannot help.
        UsageError: The address, branch or path is invalid.
    """
    address = parse_address(url)
    check_credentials(address, credentials)
    parts = _parts(path)
    kept = Clone(clone.absolute(), address, timeout_s)
    try:
        with kept.locked() as held:
            publication = _Publication(
                Exchange(held, credentials), check_branch(branch), parts, author
            )
            try:
                return publication.publish(content, message)
            except Damaged as damaged:
                held.make_again(str(damaged))
                return publication.publish(content, message)
    except (SourceUnavailable, SourceRefused) as error:
        permanent = isinstance(error, SourceRefused)
        raise NotificationFailed(
            f"not published: {error.message}", help=error.help, permanent=permanent
        ) from error
    except Damaged as damaged:
        raise NotificationFailed(
            f"not published: the clone {clone} is damaged: {damaged}"
        ) from damaged


@dataclass(frozen=True, slots=True)
class _Publication:
    exchange: Exchange
    branch: str
    parts: tuple[str, ...]
    author: Identity

    def publish(self, content: bytes, message: str) -> str | None:
        for last in (False, True):
            before = self._newest()
            tree = self._tree(content)
            if before is not None:
                self._check_alone(before)
                if self._name(f"{before}^{{tree}}") == tree:
                    return None
            commit = self._commit(tree, before, message)
            pushed = self.exchange.push(commit, self.branch)
            if pushed.status == 0:
                self.exchange.clone.point(_PUBLISHED, commit)
                return commit
            if last or not _was_overtaken(pushed):
                self._complain(pushed)
        raise AssertionError("the second attempt returns or raises")

    def _newest(self) -> str | None:
        tip = self.exchange.tip(self.branch)
        if tip is None:
            return None
        clone = self.exchange.clone
        if clone.commit_at(_PUBLISHED) != tip:
            self.exchange.fetch(f"refs/heads/{self.branch}", _PUBLISHED)
        return clone.commit_at(_PUBLISHED)

    def _check_alone(self, commit: str) -> None:
        listed = self._ask("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
        others = sorted({*listed.strip("\0").split("\0")} - {"", "/".join(self.parts)})
        if others:
            raise NotificationFailed(
                f"not published: branch {self.branch} contains other files ({one_line(others[0])})",
                help="use a branch for the published file alone",
                permanent=True,
            )

    def _tree(self, content: bytes) -> str:
        name = self._ask("hash-object", "-w", "--stdin", given=content)
        kind = "100644 blob"
        for part in reversed(self.parts):
            name = self._ask("mktree", given=f"{kind} {name}\t{part}\n".encode())
            kind = "040000 tree"
        return name

    def _commit(self, tree: str, before: str | None, message: str) -> str:
        parent = () if before is None else ("-p", before)
        people = tuple(
            (f"GIT_{role}_{what}", text)
            for role in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", self.author.name), ("EMAIL", self.author.email))
        )
        text = f"{message.strip()}\n".encode()
        return self._ask("commit-tree", tree, *parent, given=text, extra=people)

    def _name(self, expression: str) -> str:
        return self._ask("rev-parse", "--verify", expression)

    def _ask(self, *words: str, given: bytes = b"", extra: tuple[tuple[str, str], ...] = ()) -> str:
        done = self.exchange.clone.git(*words, given=given, extra=extra)
        if done.status != 0:
            if known_fault(done) is None and not self.exchange.clone.is_sound():
                raise Damaged(done.complaint)
            self._complain(done)
        return done.text

    def _complain(self, done: Finished) -> NoReturn:
        fault = known_fault(done)
        declined = _was_declined(done)
        what = fault.what if fault else "the remote rejects it"
        help_ = fault.help if fault else "check the branch protection rules"
        raise NotificationFailed(
            f"not published to {self.exchange.clone.address} {self.branch}: {what} ({_reason(done)})",
            help=help_,
            permanent=declined or (fault is not None and fault.refused),
        )


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(path.split("/"))
    if any(part in ("", ".", "..", ".git") or not part.isprintable() for part in parts):
        raise UsageError(
            f"invalid path for the published file: {path[:100]!r}", help="write it as snapshot.json"
        )
    return parts


def _was_overtaken(pushed: Finished) -> bool:
    return any(
        word in pushed.text + pushed.said
        for word in (
            "fetch first",
            "non-fast-forward",
            "cannot lock ref",
            "reference already exists",
        )
    )


def _was_declined(pushed: Finished) -> bool:
    return any(
        word in pushed.text
        for word in ("hook declined", "protected branch", "denied", "prohibited")
    )


def _reason(done: Finished) -> str:
    rejected = [line for line in done.text.splitlines() if line.startswith("!")]
    return one_line(rejected[0].removeprefix("!")) if rejected else done.complaint
