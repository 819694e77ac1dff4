"""Where each part of a document stands: paths to spans. Reads no YAML itself."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from aspire_gitops.vocabulary import Span

Path: TypeAlias = tuple[str | int, ...]
Events: TypeAlias = Mapping[Path, tuple[Any, Any, Any]]
"""For each path the events of its key (None in a list), its value's start and its end."""

_LONGEST_SNIPPET = 400
_ITSELF = None  # beside the parts of a mapping or list: its own number
_NUMBERS = 8  # for each value: line and column where its key starts and ends, and where it does


class Lines:
    """The lines of one text. Knows where each starts, so no place is looked for twice."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = array("I", [0])
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character, from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def snippet(self, line: int, column: int) -> str:
        """Return one line, cut when it is very long; empty if the cut would drop the place."""
        if line > len(self.starts):
            return ""
        start = self.starts[line - 1]
        end = self.starts[line] - 1 if line < len(self.starts) else len(self.text)
        if end - start <= _LONGEST_SNIPPET + 1:
            whole = self.text[start:end].rstrip("\r")
            if len(whole) <= _LONGEST_SNIPPET:
                return whole
        if column > _LONGEST_SNIPPET:
            return ""
        return f"{self.text[start : start + _LONGEST_SNIPPET]}…"

    def span(self, path: str, start: Any, end: Any) -> Span:
        """Return the span from one YAML mark to another, kept to its first line and never empty."""
        return self.between(path, (start.line, start.column, end.line, end.column))

    def between(self, path: str, place: tuple[int, int, int, int]) -> Span:
        """Return the span of a place: line and column of its start, then of its end, from 0."""
        line, column = place[0] + 1, place[1] + 1
        snippet = self.snippet(line, column)
        end = place[3] + 1 if place[2] == place[0] else len(snippet.rstrip()) + 1
        return Span(path, line, column, max(end, column + 1), snippet)


class Places:
    """Where every key and value of one text stands; a look-up walks down its path alone.

    Takes about as much memory as the document itself. Built once, when the first finding
    asks for a place.
    """

    __slots__ = ("_ends", "_marks", "_top", "lines")

    def __init__(self, text: str, events: Events) -> None:
        self.lines = Lines(text)
        self._marks = array("i")
        self._ends: dict[int, int] = {}  # by line: where the last thing that ends in it does
        self._top: dict[Any, Any] = {}
        for path, (key, first, last) in events.items():
            self._add(path, key, first, last)

    def value(self, path: str, at: Path) -> Span:
        """Return the place of the value at `at`, or of its nearest ancestor that the text has."""
        number, _ = self._find(at)
        if number is None:
            return Span(path)
        line, column, end_line, end_column = self._marks[number + 4 : number + _NUMBERS]
        if end_line < 0:  # a block has no end on its first line, but the last thing there has
            end_line, end_column = line, max(self._ends.get(line, 0), end_column)
        return self.lines.between(path, (line, column, end_line, end_column))

    def key(self, path: str, at: Path) -> Span:
        """Return the place of the key at `at`; of the value where there is no key (lists, the top)."""
        number, is_exact = self._find(at)
        if number is None or not is_exact or self._marks[number] < 0:
            return self.value(path, at)
        line, column, end_line, end_column = self._marks[number : number + 4]
        return self.lines.between(path, (line, column, end_line, end_column))

    def _add(self, path: Path, key: Any, first: Any, last: Any) -> None:
        inner = self._top
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
            if inner.__class__ is int:
                return  # below a repeated key, which nothing asks for
        number = len(self._marks)
        marks = first.start_mark, last.end_mark
        is_block = not (first is last or first.flow_style)
        if is_block:
            marks = first.start_mark, first.end_mark
        self._marks.extend(
            (-1, -1, -1, -1) if key is None else _numbers(key.start_mark, key.end_mark)
        )
        self._marks.extend(_numbers(*marks))
        if is_block:
            self._marks[-2] = -1
        for event in (key, first, last):
            if event is not None:
                end = event.end_mark
                self._ends[end.line] = max(self._ends.get(end.line, 0), end.column)
        if not path:
            self._top[_ITSELF] = number
        elif (known := inner.get(path[-1])).__class__ is dict:
            known[_ITSELF] = number
        else:
            inner[path[-1]] = number

    def _find(self, at: Path) -> tuple[int | None, bool]:
        """Return the number of the nearest ancestor that the text has, and whether it is `at` itself."""
        inner: Any = self._top
        nearest, is_exact = inner.get(_ITSELF), not at
        for depth, part in enumerate(at, start=1):
            inner = inner.get(part)
            if inner is None:
                break
            number = inner if inner.__class__ is int else inner.get(_ITSELF)
            if number is not None:
                nearest, is_exact = number, depth == len(at)
            if inner.__class__ is int:
                break
        return nearest, is_exact


def _numbers(start: Any, end: Any) -> Iterator[int]:
    yield from (start.line, start.column, end.line, end.column)
