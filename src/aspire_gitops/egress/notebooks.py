"""Notebooks: each code cell as Python, at a place that people can find.

A finding's line is the line of the .ipynb file, where reviews and annotations
point; its message names the cell and the line in it, which people see.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = re.compile(r"^(\s*)([%!?].*)$")


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell. `number` counts all cells from 1; `lines` are the lines of the file, by its own."""

    number: int
    text: str
    lines: tuple[int, ...]


def cells(text: str) -> Iterator[Cell]:
    """Yield the code cells of a notebook. Shell lines (`!pip …`, `%env …`) become comments.

    Raises:
        ValueError: The text is no notebook.
    """
    document = json.loads(text)
    listed = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no cells")  # noqa: TRY004 (the caller treats it as broken JSON)
    finder = _Finder(text)
    for number, cell in enumerate(listed, start=1):
        source = _source(cell)
        places = tuple(finder.find(line) for line in source)
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            yield Cell(number, "\n".join(map(_plain, source)), places)


def _source(cell: object) -> list[str]:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        source = "".join(item for item in source if isinstance(item, str))
    return source.split("\n") if isinstance(source, str) else []


def _plain(line: str) -> str:
    magic = _MAGIC.match(line)
    return f"{magic[1]}pass  # {magic[2]}" if magic else line


class _Finder:
    """Finds the file's line on which each line of a cell stands, in order."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0

    def find(self, line: str) -> int:
        written = json.dumps(line)[1:-1]
        plain = json.dumps(line, ensure_ascii=False)[1:-1]
        for number in range(self.at, len(self.lines)):
            if written in self.lines[number] or plain in self.lines[number]:
                if line.strip():
                    self.at = number
                return number + 1
        return self.at + 1
