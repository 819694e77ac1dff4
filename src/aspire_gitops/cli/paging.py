"""Show long text a screen at a time where a person looks, and as it is everywhere else."""

import os
import sys
from collections.abc import Iterable, Iterator
from io import StringIO

import click
from rich.console import Console
from rich.text import Text

from aspire_gitops.cli.output import show


def show_paged(lines: Iterable[Text]) -> None:
    """Print one text after the other; on a terminal through the pager, which may end early."""
    if not sys.stdout.isatty():
        for line in lines:
            show(line)
        return
    os.environ.setdefault("LESS", "-FRX")  # one screenful needs no pager
    click.echo_via_pager(_styled(lines))


def _styled(lines: Iterable[Text]) -> Iterator[str]:
    for place, line in enumerate(lines):
        into = StringIO()
        console = Console(file=into, force_terminal=True, soft_wrap=True, highlight=False)
        console.print(line, end="")
        yield f"\n{into.getvalue()}" if place else into.getvalue()  # the pager ends the last one
