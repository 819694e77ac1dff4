"""Output of commands: results, progress, findings, files and exit codes."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from enum import IntEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS, render_text
from aspire_gitops.vocabulary import Diagnostic, UsageError, one_line

if TYPE_CHECKING:
    from rich.text import Text


def show(text: "Text | str", *, on_stderr: bool = False) -> None:
    """Print text, in colour on a terminal; lines are never broken."""
    if isinstance(text, str):
        click.echo(text, nl=not text.endswith("\n"), err=on_stderr)
        return
    from rich.console import Console  # noqa: PLC0415 (0.1 s that JSON and Markdown do not need)

    console = Console(stderr=on_stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
    console.print(text, end="" if text.plain.endswith("\n") else "\n")


def show_paged(lines: "Iterable[Text]") -> None:
    """Print one text after the other; on a terminal through the pager, which may end early."""
    if not sys.stdout.isatty():
        for line in lines:
            show(line)
        return
    os.environ.setdefault("LESS", "-FRX")  # one screenful needs no pager
    click.echo_via_pager(_styled(lines))


def _styled(lines: "Iterable[Text]") -> Iterator[str]:
    from rich.console import Console  # noqa: PLC0415 (likewise)

    for place, line in enumerate(lines):
        into = StringIO()
        console = Console(file=into, force_terminal=True, soft_wrap=True, highlight=False)
        console.print(line, end="")
        yield f"\n{into.getvalue()}" if place else into.getvalue()  # the pager ends the last one


def told_on_stderr(message: str) -> None:
    """Print one step of progress."""
    click.echo(click.style(f"· {one_line(message)}", dim=True), err=True)


def warn(message: str) -> None:
    """Print one warning."""
    click.echo(f"{click.style('warning', fg='yellow')}: {one_line(message)}", err=True)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0  # done, or nothing to do
    FAILED = 1
    CHANGES = 2  # changes are pending; only with --detailed-exitcode
    USAGE = 64
    INTERRUPTED = 130


def write_file(path: Path, text: str) -> bool:
    """Replace a file in one step; returns False if it was the same already.

    Raises:
        UsageError: The file cannot be written.
    """
    content = text.encode()
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", help="choose another path"
        ) from error
    return True


def _replace(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(file.fileno(), 0o666 & ~mask)  # mkstemp uses 0600; these files are not secret
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


with_findings_format = click.option(
    "--format",
    "format_",
    type=click.Choice(list(DIAGNOSTIC_RENDERERS)),
    default="text",
    show_default=True,
    help="Output format.",
)


def show_findings(found: Sequence[Diagnostic], format_: str = "text") -> None:
    """Print all findings on stdout."""
    click.echo(
        _text(found) if format_ == "text" else DIAGNOSTIC_RENDERERS[format_](found), nl=False
    )


def show_warnings(found: Sequence[Diagnostic]) -> None:
    """Print the warnings of files that are good enough to go on with, on stderr."""
    click.echo(_text(found), nl=False, err=True)


def _text(found: Sequence[Diagnostic]) -> str:
    return render_text(found, color=True)  # click removes the colour without a terminal
