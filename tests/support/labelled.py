"""The labelled set of egress: pieces of apps, and which line yields which finding.

`tests/unit/egress/labelled/README.md` says how the files are written.
"""

import json
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.egress.gateway import KnownAlias, KnownGateway
from aspire_gitops.egress.languages import language_of
from aspire_gitops.egress.scanning import scan_text

FOLDER = Path(__file__).parents[1] / "unit" / "egress" / "labelled"
GATEWAY = KnownGateway(
    "https://llm.aspiredigital.group/v1",
    (KnownAlias("claude-sonnet", "claude-sonnet-5-5"), KnownAlias("qwen-chat", "qwen3-max")),
)
_LABEL = re.compile(r"\s*«(AG[0-9]{3})(\??)»")
_KEY = re.compile(r"\{key:([^}]*)\}")
_CELL = re.compile(r"\(cell (\d+), line (\d+)\)$")


@dataclass(frozen=True)
class Piece:
    """One piece: `wanted` is what must be found, `missed` what a static look misses today."""

    path: str
    title: str
    text: str
    wanted: frozenset[tuple[int, str]]
    missed: frozenset[tuple[int, str]]

    @property
    def language(self) -> str:
        return language_of(self.path, self.text[:80].encode())

    def found(self) -> frozenset[tuple[int, str]]:
        """Return what the scanner finds, as (line, code)."""
        notebook = self.path.endswith(".ipynb")
        text = as_notebook(self.text) if notebook else self.text
        judged = scan_text(self.path, text, GATEWAY)
        counted = [f.diagnostic for f in judged.findings if not f.unless & judged.declared]
        if not notebook:
            return frozenset((item.span.line, item.rule.code) for item in counted)
        starts = _cell_starts(self.text)
        found = set()
        for item in counted:
            place = _CELL.search(item.message)
            assert place, item.message
            found.add((starts[int(place[1]) - 1] + int(place[2]), item.rule.code))
        return frozenset(found)


def pieces() -> Iterator[Piece]:
    for file in sorted(FOLDER.glob("*.txt")):
        for part in file.read_text(encoding="utf-8").split("--- ")[1:]:
            head, _, body = part.partition("\n")
            path, _, title = head.partition(" | ")
            yield _piece(path.strip(), f"{file.stem}: {title}", body)


def made_up_key(start: str) -> str:
    """Return a key of a kind, drawn by lot, the same each time."""
    drawn = random.Random(start)
    length = {"AIza": 35, "sk-or-v1-": 64}.get(start, 48)
    letters = "0123456789abcdef" if start == "sk-or-v1-" else string.ascii_letters + string.digits
    return start + "".join(drawn.choice(letters) for _ in range(length))


def as_notebook(text: str) -> str:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell.splitlines(keepends=True)}
        for cell in re.split(r"^%%%%\n", text, flags=re.MULTILINE)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _cell_starts(text: str) -> list[int]:
    starts = [0]
    for number, line in enumerate(text.split("\n"), start=1):
        if line == "%%%%":
            starts.append(number)
    return starts


def _piece(path: str, title: str, body: str) -> Piece:
    wanted: set[tuple[int, str]] = set()
    missed: set[tuple[int, str]] = set()
    lines = []
    for number, line in enumerate(body.rstrip("\n").split("\n"), start=1):
        for label in _LABEL.finditer(line):
            (missed if label[2] else wanted).add((number, label[1]))
        lines.append(_KEY.sub(lambda match: made_up_key(match[1]), _LABEL.sub("", line)))
    return Piece(path, title, "\n".join(lines) + "\n", frozenset(wanted), frozenset(missed))
