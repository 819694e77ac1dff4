"""Tell people on stderr what goes on, so that stdout stays for results."""

import click

from aspire_gitops.rendering.characters import one_line


def told_on_stderr(message: str) -> None:
    """Print one step of progress."""
    click.echo(click.style(f"· {one_line(message)}", dim=True), err=True)


def warn(message: str) -> None:
    """Print one warning."""
    click.echo(f"{click.style('warning', fg='yellow')}: {one_line(message)}", err=True)
