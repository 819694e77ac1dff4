"""Show what is wrong in the reviewed files: findings on stdout, warnings beside a result on stderr."""

from collections.abc import Sequence

import click

from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS, render_text

with_findings_format = click.option(
    "--format",
    "format_",
    type=click.Choice(list(DIAGNOSTIC_RENDERERS)),
    default="text",
    show_default=True,
    help="How findings are written.",
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
    return render_text(found, color=True)  # click takes the colour out where nobody looks
