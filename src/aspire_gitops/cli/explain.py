"""`aspire-gitops explain`: the page of a rule, or the list of all rules."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import click

from aspire_gitops.cli.shipped import shipped_folder
from aspire_gitops.errors import UsageError

_EPILOG = """\b
Examples:
  aspire-gitops explain          all codes, one line each
  aspire-gitops explain AG201    what it means, an example, and what to do
"""


@click.command(
    name="explain",
    short_help="Say what a code such as AG201 means and what to do.",
    epilog=_EPILOG,
)
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Print the page of CODE, or one line for each code without it."""
    pages = rule_pages(shipped_folder("rules", "docs/rules"))
    if code is None:
        for line in titles(pages):
            click.echo(line)
        return
    page = pages.get(code.upper())
    if page is None:
        raise UsageError(f"there is no code {code}; {_way_out(code, pages)}")
    click.echo(page.read_text(encoding="utf-8").rstrip("\n"))


def rule_pages(folder: Path) -> Mapping[str, Path]:
    """Return the pages of a folder by their codes, in order."""
    return {path.stem: path for path in sorted(folder.glob("AG[0-9][0-9][0-9].md"))}


def titles(pages: Mapping[str, Path]) -> Iterator[str]:
    """Yield the heading of each page: the code and the name of the rule."""
    for path in pages.values():
        with path.open(encoding="utf-8") as file:
            yield file.readline().lstrip("# ").rstrip()


def _way_out(code: str, pages: Mapping[str, Path]) -> str:
    close = get_close_matches(code.upper(), pages, n=1)
    return f"did you mean {close[0]}?" if close else "`aspire-gitops explain` lists them all"
