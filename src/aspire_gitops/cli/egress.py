"""`aspire-gitops egress scan`: where an app's repository goes around the gateway."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import click

from aspire_gitops.cli.egress_parts import Target, gateway_for, target_of
from aspire_gitops.cli.options import as_of, with_today
from aspire_gitops.cli.terminal import (
    ExitCode,
    check_output,
    is_plain,
    show_findings,
    told_on_stderr,
    warn,
    with_findings_format,
    write_file,
)
from aspire_gitops.egress.exceptions import DEFAULT_NAME, Agreed, Exceptions, agree, read_exceptions
from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS
from aspire_gitops.vocabulary import Diagnostic, UsageError, plural, sort_diagnostics

_EPILOG = """\b
Examples:
  aspire-gitops egress scan                                 this folder
  aspire-gitops egress scan --gateway-d ../infra/gateway.d  fixes name the right alias
  aspire-gitops egress scan src/a.py src/b.ts               single files, as pre-commit names them
  aspire-gitops egress scan --format github -o sarif=egress.sarif
"""
_BETWEEN_TOLD_S = 0.2


@click.group(name="egress", short_help="Find where an app goes around the gateway.", epilog=_EPILOG)
def command() -> None:
    """Check that all LLM, vision and OCR traffic of an app's repository uses the gateway."""


@command.command(
    name="scan", short_help="Report direct clients, hosts, keys and variables.", epilog=_EPILOG
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--gateway-url", metavar="URL", help="The gateway's base URL, with /v1, for the fixes."
)
@click.option(
    "--gateway-d",
    type=click.Path(path_type=Path),
    help="The gateway's reviewed files: its URL and aliases for the fixes.",
)
@click.option(
    "--exceptions",
    "exceptions_file",
    type=click.Path(path_type=Path),
    help=f"Reviewed exceptions.  [default: {DEFAULT_NAME} in the scanned folder]",
)
@with_findings_format
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Also write the findings to a file; may be repeated.",
)
@click.option(
    "--tests", is_flag=True, help="Read tests for clients and hosts, too; without it only for keys."
)
@click.option("--no-gitignore", is_flag=True, help="Also read what git ignores.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes that scan.  [default: one for each processor]",
)
@with_today
def scan(
    *,
    paths: tuple[Path, ...],
    gateway_url: str | None,
    gateway_d: Path | None,
    exceptions_file: Path | None,
    format_: str,
    outputs: tuple[str, ...],
    jobs: int | None,
    today: datetime | None,
    tests: bool,
    no_gitignore: bool,
) -> None:  # fmt: skip
    """Report where the code below PATHS goes around the gateway, each with the change that fixes it.

    PATHS are folders or files (default: this folder). Exit code 1
    means that there are errors; warnings alone are 0.
    """
    _need_the_extra()
    written = [_output(item) for item in outputs]
    for path in paths:
        if not path.exists():
            raise UsageError(
                f"no such file or folder: {path}", help="name existing files or folders"
            )
    gateway, day = gateway_for(gateway_url, gateway_d, as_of(today))
    if gateway.url is None:
        warn(
            "the gateway's address is unknown: fixes name variables instead, and addresses other "
            "than a provider's are not checked (set --gateway-url or --gateway-d)"
        )
    target = target_of(paths, gitignore=not no_gitignore)
    exceptions = _exceptions(exceptions_file, target.root)
    from aspire_gitops.egress.folder import Scan, processors  # noqa: PLC0415 (needs the extra)

    with _progress() as told:
        scanned = Scan(gateway, tests=tests, jobs=jobs or processors()).run(target.files(), told)
        scanned.declared |= target.declared(gateway)
    agreed = agree(scanned.diagnostics(), exceptions, today=day, whole=target.is_whole)
    found = sort_diagnostics(_shown(agreed.counted, target))
    show_findings(found, format_)
    for format_name, path in written:
        write_file(path, DIAGNOSTIC_RENDERERS[format_name](found))
    _tell(scanned.files, agreed, scanned.skipped + target.left_out)
    raise SystemExit(ExitCode.FAILED if any(item.is_error for item in found) else ExitCode.DONE)


def _need_the_extra() -> None:
    missing = [name for name in ("pathspec", "tree_sitter") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"egress needs {' and '.join(missing)}, which is not installed",
            help='run: pip install "aspire-gitops[egress]"',
        )


def _output(item: str) -> tuple[str, Path]:
    name, equals, path = item.partition("=")
    if not equals or not path or name not in DIAGNOSTIC_RENDERERS:
        raise UsageError(
            f"invalid --output {item}: expected FORMAT=FILE",
            help=f"formats are {', '.join(DIAGNOSTIC_RENDERERS)}",
        )
    return name, check_output(Path(path))


def _exceptions(chosen: Path | None, root: Path) -> Exceptions:
    path = chosen or root / DEFAULT_NAME
    if chosen is None and not path.is_file():
        return Exceptions()
    try:
        return read_exceptions(os.path.relpath(path, root), path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", help="name another file"
        ) from error


def _shown(found: Sequence[Diagnostic], target: Target) -> Iterator[Diagnostic]:
    for item in found:
        yield replace(item, span=replace(item.span, path=target.shown(item.span.path)))


@contextmanager
def _progress() -> "Iterator[Counting]":
    """Count files on stderr while a person looks."""
    counting = Counting(is_shown=sys.stderr.isatty() and not is_plain())
    try:
        yield counting
    finally:
        counting.end()


class Counting:
    """How far a scan has come, on one line that is written over."""

    def __init__(self, *, is_shown: bool) -> None:
        self.is_shown = is_shown
        self.next_at = time.monotonic() + _BETWEEN_TOLD_S
        self.has_told = False

    def __call__(self, files: int) -> None:
        if self.is_shown and time.monotonic() >= self.next_at:
            self.next_at = time.monotonic() + _BETWEEN_TOLD_S
            self.has_told = True
            click.echo(f"\r· {plural(files, 'file')}", err=True, nl=False)

    def end(self) -> None:
        if self.has_told:
            click.echo("\r\x1b[K", err=True, nl=False)


def _tell(files: int, agreed: Agreed, left_out: Counter[str]) -> None:
    message = f"{plural(files, 'file')} read"
    if agreed.excepted:
        message += f", {plural(agreed.excepted, 'finding')} agreed to by exceptions"
    if left_out:
        parts = (f"{count} {reason}" for reason, count in sorted(left_out.items()))
        message += f"; left out: {', '.join(parts)}"
    told_on_stderr(message)
