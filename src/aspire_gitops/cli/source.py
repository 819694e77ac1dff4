"""The SOURCE argument and the options beside it: which files, at which revision, as of which day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from aspire_gitops.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

_GIT = "git:"
DEFAULT_FOLDER = "gateway.d"


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A folder as it is, or a folder of a git repository at `reference`."""

    folder: Path
    reference: str | None = None


with_today = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Judge dates in the files by this day, such as 2027-03-01, instead of today.",
)


def with_source(command: Command) -> Command:
    """Add SOURCE, `--revision` and `--today`."""
    for option in (
        with_today,
        click.option("--revision", metavar="REF", help="Read SOURCE at this commit, branch or tag of its git repository."),
        click.argument("source", default=DEFAULT_FOLDER),
    ):  # fmt: skip
        command = option(command)
    return command


def chosen(source: str, revision: str | None) -> SourceChoice:
    """Return what SOURCE and `--revision` choose. `git:REF` is short for `gateway.d --revision REF`.

    Raises:
        UsageError: Both name a revision, or one is empty.
    """
    reference = revision
    if source.startswith(_GIT):
        if revision is not None:
            raise UsageError(
                f"{source} and --revision both name a revision; write the folder as SOURCE"
            )
        source, reference = DEFAULT_FOLDER, source.removeprefix(_GIT)
    if reference is not None and (not reference or reference.startswith("-")):
        raise UsageError(f"{reference!r} is no revision; write a commit, a branch or a tag")
    return SourceChoice(Path(source), reference)


def day(today: datetime | None) -> date:
    """Return the day that dates are judged by: today's, unless somebody said another."""
    return (today or datetime.now(UTC).astimezone()).date()
