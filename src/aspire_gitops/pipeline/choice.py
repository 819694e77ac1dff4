"""What is asked of the pipeline: which files, which two revisions, and as of when. Values, no I/O."""

from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from pathlib import Path

from aspire_gitops.vocabulary.errors import UsageError

DEFAULT_FOLDER = "gateway.d"
_GIT = "git:"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The one moment that rates, uplifts, approvals and exceptions are judged by.

    `now` is aware. A `day` that a person names stands for its last moment in the
    Gateway's timezone: what was written or taken on that day has then happened.
    """

    now: datetime
    day: date | None = None

    def at(self, timezone: tzinfo) -> datetime:
        """Return the moment in a timezone; its date is the day that dates are judged by."""
        if self.day is None:
            return self.now.astimezone(timezone)
        return datetime.combine(self.day, time.max, timezone)


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A folder as it is, or a folder of a git repository at `reference`."""

    folder: Path
    reference: str | None = None

    def __post_init__(self) -> None:
        _check_reference(self.reference)


def chosen(source: str, revision: str | None) -> SourceChoice:
    """Return what SOURCE and `--revision` choose. `git:REF` is short for `gateway.d --revision REF`.

    Raises:
        UsageError: Both name a revision, or one is empty.
    """
    if not source.startswith(_GIT):
        return SourceChoice(Path(source), revision)
    if revision is not None:
        raise UsageError(
            f"{source} and --revision both name a revision", help="write the folder as SOURCE"
        )
    return SourceChoice(Path(DEFAULT_FOLDER), source.removeprefix(_GIT))


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which two revisions of a folder: head None is the folder as it is."""

    folder: Path
    base: str | None
    head: str | None
    direct: bool = False

    def __post_init__(self) -> None:
        _check_reference(self.base)
        _check_reference(self.head)


def _check_reference(reference: str | None) -> None:
    if reference is not None and (not reference or reference.startswith("-")):
        raise UsageError(f"invalid revision {reference!r}", help="use a commit, branch or tag")
