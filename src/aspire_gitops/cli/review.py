"""`aspire-gitops review`: what a change will do to apps, money and uptime."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aspire_gitops.cli.options import as_of, with_today
from aspire_gitops.cli.terminal import (
    ExitCode,
    check_output,
    show,
    told_on_stderr,
    warn,
    write_file,
)
from aspire_gitops.codec.snapshot_reader import MOST_BYTES, SavedSnapshot, read_snapshot
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, Revisions, in_repository
from aspire_gitops.pipeline.change import compare, sides
from aspire_gitops.review.builder import make_review
from aspire_gitops.review.value import Review
from aspire_gitops.state import DEFAULT_OWNER, OWNER_PATTERN
from aspire_gitops.vocabulary import UsageError, plural

if TYPE_CHECKING:
    from rich.text import Text

FORMATS = ("text", "markdown", "summary", "markdown-full", "json", "sarif", "github")


def rendered(format_: str, review: Review, full_report: str = "") -> "Text | str":
    """Return the review in one of `FORMATS`."""
    match format_:
        case "text":
            from aspire_gitops.review.terminal import review_text  # noqa: PLC0415 (rich)

            return review_text(review)
        case "json":
            from aspire_gitops.codec.review import review_json  # noqa: PLC0415 (each format costs only those who ask for it)

            return review_json(review)
        case "sarif" | "github":
            from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS  # noqa: PLC0415 (likewise)

            return DIAGNOSTIC_RENDERERS[format_](review.findings)
        case _:
            return _markdown(format_, review, full_report)


def _markdown(format_: str, review: Review, full_report: str) -> str:
    from aspire_gitops.review.markdown import (  # noqa: PLC0415 (likewise)
        COMMENT_BYTES,
        SUMMARY_BYTES,
        Destination,
        review_markdown,
    )

    rooms = {"markdown": COMMENT_BYTES, "summary": SUMMARY_BYTES, "markdown-full": None}
    return review_markdown(review, Destination(rooms[format_], full_report))


_GIT = "git:"
_PUBLISHED = "snapshot.json"
_EPILOG = """\b
Examples:
  aspire-gitops review                                  the working folder against main
  aspire-gitops review --head my-branch                 that branch, as its pull request shows it
  aspire-gitops review --snapshot git:gateway-state     with what the controller published
  aspire-gitops review -o markdown=comment.md -o sarif=findings.sarif

Exit code 1 means that the files have errors, or that the plan is refused.
Needs no gateway and no secret. docs/review/review.md explains where each figure comes from.
"""


@dataclass(frozen=True, slots=True)
class Output:
    """One file to write, and in which format."""

    format: str
    file: Path


class OutputOption(click.ParamType[Output]):
    """`FORMAT=FILE`."""

    name = "format=file"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Output:
        if isinstance(value, Output):
            return value
        format_, _, file = str(value).partition("=")
        if format_ not in FORMATS or not file:
            self.fail(f"write it as FORMAT=FILE, with one of {', '.join(FORMATS)}", param, ctx)
        return Output(format_, check_output(Path(file)))


def _an_owner(_context: click.Context, _option: click.Parameter, name: str) -> str:
    if not re.match(OWNER_PATTERN, name):
        raise click.BadParameter("write small letters, digits, dots and dashes")
    return name


@click.command(
    name="review",
    short_help="Show what a change will do to apps, money and uptime.",
    epilog=_EPILOG,
)
@click.argument("folder", default=DEFAULT_FOLDER, type=click.Path(path_type=Path))
@click.option("--base", metavar="REF", help="What the change starts from; the commit that it has in common with head counts.  [default: origin/HEAD, or main]")  # fmt: skip
@click.option(
    "--head", metavar="REF", help="What the change leads to.  [default: the folder as it is]"
)
@click.option("--direct", is_flag=True, help="Compare base itself, not the commit in common.")
@click.option("--snapshot", metavar="FILE|git:REF", help="What is on the gateway: a file, or snapshot.json as a controller published it to a branch.")  # fmt: skip
@click.option("--owner", metavar="NAME", envvar="ASPIRE_GITOPS_OWNER", default=DEFAULT_OWNER, callback=_an_owner, help="Owner in our marks.  [variable: ASPIRE_GITOPS_OWNER; default: aspire-gitops]")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="Format on stdout.")  # fmt: skip
@click.option("-o", "--output", "outputs", type=OutputOption(), multiple=True, metavar="FORMAT=FILE", help="Also write this format to a file; may be repeated.")  # fmt: skip
@click.option("--full-report", default="", metavar="WHERE", help="Where markdown-full is, for a comment that had to be cut: an address or words.")  # fmt: skip
@with_today
def command(
    *,
    folder: Path,
    base: str | None,
    head: str | None,
    direct: bool,
    snapshot: str | None,
    owner: str,
    format_: str,
    outputs: tuple[Output, ...],
    full_report: str,
    today: datetime | None,
) -> None:
    """Show what a change of FOLDER means for apps, money and uptime.

    Compares two commits of the folder's repository, and with a snapshot also
    what is live. It contacts nothing and changes nothing.
    """
    comparison = compare(Revisions(folder, base, head, direct))
    told_on_stderr(
        f"{comparison.base.revision.short} → {comparison.head.revision.short},"
        f" {plural(len(comparison.head.files), 'file')}"
    )
    saved, why_not = _saved(snapshot, owner, folder) if snapshot else (None, "")
    both = sides(comparison, as_of(today))
    review = make_review(
        both.base,
        both.head,
        snapshot=saved.snapshot if saved else None,
        owner=owner,
        now=both.now,
        digest=saved.digest if saved else None,
        applied=saved.revision if saved else None,
        related=comparison.related,
    )
    if why_not:
        warn(why_not)
        review = replace(review, unknown=(why_not, *review.unknown))
    _tell(review, format_, outputs, full_report)
    raise SystemExit(ExitCode.DONE if review.ok else ExitCode.FAILED)


def _tell(review: Review, format_: str, outputs: tuple[Output, ...], full_report: str) -> None:
    for output in outputs:
        text = rendered(output.format, review, full_report)
        write_file(output.file, text if isinstance(text, str) else text.plain)
        told_on_stderr(f"wrote {output.file}")
    show(rendered(format_, review, full_report))


def _saved(named: str, owner: str, folder: Path) -> tuple[SavedSnapshot | None, str]:
    """Return the snapshot, or why there is none: the review goes on without it.

    Raises:
        UsageError: A file is named, and cannot be read.
    """
    content = _published(named, folder) if named.startswith(_GIT) else _content(Path(named))
    if content is None:
        return (
            None,
            f"{named} has no {_PUBLISHED}: fetch that branch, or have the controller publish to it.",
        )
    try:
        return read_snapshot(content, owner, name="The snapshot"), ""
    except UsageError as error:
        return None, f"{error}."


def _published(named: str, folder: Path) -> bytes | None:
    from aspire_gitops.sources.git import published  # noqa: PLC0415 (beside the other uses of git)

    return published(in_repository(folder)[0], named.removeprefix(_GIT), _PUBLISHED)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}",
            help=f"name a snapshot file, or a branch as git:{file}",
        ) from error
