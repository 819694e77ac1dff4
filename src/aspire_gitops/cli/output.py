"""Print results on stdout, in colour if a person looks."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.text import Text


def show(text: "Text | str", *, on_stderr: bool = False) -> None:
    """Print text, styled text in colour if a person looks; lines are never broken."""
    if isinstance(text, str):
        click.echo(text, nl=not text.endswith("\n"), err=on_stderr)
        return
    from rich.console import Console  # noqa: PLC0415 (0.1 s that JSON and Markdown do not need)

    console = Console(stderr=on_stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
    console.print(text, end="" if text.plain.endswith("\n") else "\n")
