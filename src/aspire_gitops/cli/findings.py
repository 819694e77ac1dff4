"""Show what is wrong in the reviewed files: findings on stdout, warnings beside a result on stderr."""

from collections.abc import Callable, Mapping, Sequence

import click

from aspire_gitops.diagnostics import Diagnostic


def _text(found: Sequence[Diagnostic]) -> str:
    return "".join(f"{d.span}: {d.rule.code} {d.rule.name}\n  {d.message}\n" for d in found)


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = {"text": _text}


def show_findings(found: Sequence[Diagnostic], format_: str = "text") -> None:
    """Print all findings on stdout."""
    click.echo(FORMATS[format_](found), nl=False)


def show_warnings(found: Sequence[Diagnostic]) -> None:
    """Print the warnings of files that are good enough to go on with, on stderr."""
    if found:
        click.echo(_text(found), err=True)
