"""`aspire-gitops validate`: every mistake in the reviewed files, in one go."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from aspire_gitops.cli.options import as_of, with_source
from aspire_gitops.cli.program import report_error
from aspire_gitops.cli.terminal import (
    ExitCode,
    show_findings,
    told_on_stderr,
    warn,
    with_findings_format,
)
from aspire_gitops.pipeline.catalog import SourceChoice, check, chosen
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable, plural

_EPILOG = """\b
Examples:
  aspire-gitops validate                        the folder gateway.d
  aspire-gitops validate --watch                again whenever a file changes
  aspire-gitops validate git:origin/main        what is on that branch
  aspire-gitops validate --format sarif > x     for GitHub's code scanning

Exit code 1 means that there are errors; warnings alone are 0.
"""


@click.command(
    name="validate",
    short_help="Check the reviewed files and report every mistake.",
    epilog=_EPILOG,
)
@with_source
@with_findings_format
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
def command(
    source: str, revision: str | None, today: datetime | None, format_: str, *, watch: bool
) -> None:
    """Check the reviewed files in SOURCE and report every mistake and how to fix it.

    SOURCE is a folder (default: gateway.d), or `git:REF` for the
    folder gateway.d at a commit, branch or tag. Needs no gateway and no secret.
    """
    choice = chosen(source, revision)
    if not watch:
        raise SystemExit(_check_once(choice, today, format_))
    if choice.reference is not None:
        raise click.UsageError("--watch needs a folder: omit the revision.")
    _watch(choice.folder, lambda: _check_once(choice, today, format_))


def _check_once(choice: SourceChoice, today: datetime | None, format_: str) -> ExitCode:
    checked = check(choice, as_of(today), ask_git=False)
    show_findings(checked.diagnostics, format_)
    if not checked.diagnostics:
        told_on_stderr(f"no problems in {plural(len(list(checked.catalog)), 'resource')}")
    return ExitCode.DONE if checked.ok else ExitCode.FAILED


def _watch(folder: Path, once: Callable[[], ExitCode]) -> NoReturn:
    from aspire_gitops.sources.watch import changes  # noqa: PLC0415 (only --watch needs it)

    once()
    told_on_stderr(f"watching {folder}; stop with Ctrl-C")
    for _ in changes(folder, tell=lambda error: warn(str(error))):
        click.echo(f"{datetime.now(UTC).astimezone():%H:%M:%S}", err=True)
        try:
            once()
        except (
            SourceRefused,
            SourceUnavailable,
        ) as error:  # a folder on the move: say so, and go on watching
            report_error(error)
    raise SystemExit(ExitCode.DONE)
