"""`aspire-gitops secrets`: keys and passwords in any files, before they are committed."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from aspire_gitops.cli.terminal import ExitCode, show_findings, with_findings_format
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER
from aspire_gitops.validation.literal_secrets import diagnose, find
from aspire_gitops.vocabulary import UsageError, sort_diagnostics

_EPILOG = """\b
Examples:
  aspire-gitops secrets                     every file of gateway.d
  aspire-gitops secrets notes.md .env       these files

Exit code 1 means that something was found. Secrets are never shown.
"""


@click.command(
    name="secrets",
    short_help="Find keys and passwords in files.",
    epilog=_EPILOG,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@with_findings_format
def command(paths: tuple[Path, ...], format_: str) -> None:
    """Search PATHS for secrets: files, or folders with all of their files but git's own.

    Searches the text, so comments and other file types count too.
    """
    found = sort_diagnostics(
        secret
        for path in _files(paths or (Path(DEFAULT_FOLDER),))
        for text in [_text(path)]
        for secret in diagnose(path.as_posix(), text, find(text))
    )
    show_findings(found, format_)
    raise SystemExit(ExitCode.FAILED if found else ExitCode.DONE)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            files = (below for below in path.rglob("*") if below.is_file())
            yield from sorted(file for file in files if ".git" not in file.parts)
        elif path.is_file():
            yield path
        elif not path.is_symlink():  # git keeps a link's target as text; there is no file to read
            raise UsageError(
                f"no such file or folder: {path}", help="name existing files or folders"
            )


def _text(path: Path) -> str:
    """Return a file's text as far as it is one: a key among other bytes is still a key."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", help="give this user read access"
        ) from error
    return content.replace(b"\0", b"").decode("utf-8", "replace")  # without NUL UTF-16 is ASCII
