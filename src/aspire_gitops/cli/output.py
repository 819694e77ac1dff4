"""Print results on stdout, in colour if a person looks."""

from rich.console import Console
from rich.text import Text


def show(text: Text | str, *, on_stderr: bool = False) -> None:
    """Print styled text, in colour if a person looks; lines are never broken."""
    console = Console(stderr=on_stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
    console.print(text, end="" if _ends_line(text) else "\n")


def _ends_line(text: Text | str) -> bool:
    plain = text.plain if isinstance(text, Text) else text
    return plain.endswith("\n")
