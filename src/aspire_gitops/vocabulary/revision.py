"""Where the reviewed files come from: a revision, and the files it holds.

Values and one protocol; no I/O. `sources/` implements `Source` for folders and
git repositories, `loading/` reads the files.
"""

import re
from dataclasses import dataclass
from typing import Protocol

_WRITTEN = re.compile(r"(.*)@sha1:([0-9a-f]{7,40})(\+changes)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit and how it was reached, written `main@sha1:4f2c9d1…`.

    `commit` is None for a plain folder; `dirty` says that the folder differs
    from the commit, so the commit alone does not tell what was read.
    `approvers` are the people in the commit's `Approved-by`, `Reviewed-by` and
    `Acked-by` trailers, as written there.
    """

    reference: str
    commit: str | None = None
    dirty: bool = False
    author: str | None = None
    subject: str | None = None
    approvers: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.commit is None:
            return self.reference
        return f"{self.reference}@sha1:{self.commit}{self._changes}"

    @classmethod
    def parse(cls, text: str) -> "Revision":
        """Read what `str` wrote. Text without a commit is a reference by itself."""
        found = _WRITTEN.fullmatch(text)
        return cls(found[1], found[2], dirty=bool(found[3])) if found else cls(text)

    @property
    def short(self) -> str:
        """Return it for a sentence: `main@4f2c9d1`."""
        return (
            f"{self.reference}@{self.commit[:7]}{self._changes}" if self.commit else self.reference
        )

    @property
    def _changes(self) -> str:
        return "+changes" if self.dirty else ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One reviewed file: its path as people write it (`gateway.d/apps/x.yaml`) and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """A file that is there but cannot be taken: a link out of the folder, a pipe, too large."""

    path: str
    code: str  # the AG0xx rule that it breaks
    message: str
    help: str | None = None


@dataclass(frozen=True, slots=True)
class SourceTree:
    """Everything one revision holds, read whole: files sorted by path, and what could not be taken."""

    revision: Revision
    files: tuple[SourceFile, ...]
    problems: tuple[SourceProblem, ...] = ()


class Source(Protocol):
    """One place that reviewed files come from."""

    def read(self) -> SourceTree:
        """Read the newest revision whole, at one commit.

        Raises:
            SourceUnavailable: The folder or repository cannot be read. Try again.
        """
        ...


class ControlledSource(Source, Protocol):
    """What the controller needs of a source: the newest revision, an older one, and to keep one."""

    def read(self) -> SourceTree:
        """Read the newest revision whole, at one commit.

        Raises:
            SourceUnavailable: It cannot be read now. Try again.
            SourceRefused: It will not, or must not, be used. An operator must act.
        """
        ...

    def read_at(self, commit: str) -> SourceTree:
        """Read one commit whole, by its full name, under the same rules as `read`.

        Raises:
            SourceUnavailable: It cannot be read now, or this source has no older
                revisions. Try again.
            SourceRefused: It is lost, or must not be used. An operator must act.
        """
        ...

    def keep(self, commit: str) -> None:
        """Never lose this commit, the last applied one, until another is kept.

        Raises:
            SourceUnavailable: That cannot be written down now. Try again.
        """
        ...
