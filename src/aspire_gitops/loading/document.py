"""One reviewed file after reading: its value, and the place of each part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from aspire_gitops.vocabulary import Span

Path: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = Mapping[Path, tuple[Any, Any, Any]]
"""For each path the events of its key (None in a list), its value's start and its end."""

_LONGEST_SNIPPET = 400


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. `value` is plain data; places are looked up on demand.

    A lookup reads the text again (about 0.1 ms), which costs less than keeping
    the places of ten thousand documents without mistakes.
    """

    path: str
    value: Mapping[str, Any]
    text: str = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor in the file."""
        return value_span(self.path, self.text, _places(self.path, self.text), path)

    def key_span(self, *path: str | int) -> Span:
        """Return the place of the key at `path`; as `span` when no such key is in the file."""
        return key_span(self.path, self.text, _places(self.path, self.text), path)


@lru_cache(maxsize=8)  # findings in one document come in a row
def _places(path: str, text: str) -> "Places":
    from aspire_gitops.loading.reading import read  # noqa: PLC0415 (plain files need no YAML parser)

    return read(path, text).places


def snippet_at(text: str, line: int, column: int) -> str:
    """Return one line of the text, cut when it is very long; empty if the cut would drop the place."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if not start:
            return ""
    end = text.find("\n", start)
    whole = text[start : end if end >= 0 else len(text)].rstrip("\r")
    if len(whole) <= _LONGEST_SNIPPET:
        return whole
    return f"{whole[:_LONGEST_SNIPPET]}…" if column <= _LONGEST_SNIPPET else ""


def span_between(path: str, text: str, start: Any, end: Any) -> Span:
    """Return the span from one YAML mark to another, kept to its first line and never empty."""
    line, column = start.line + 1, start.column + 1
    snippet = snippet_at(text, line, column)
    end_column = end.column + 1 if end.line == start.line else len(snippet.rstrip()) + 1
    return Span(path, line, column, max(end_column, column + 1), snippet)


def value_span(path: str, text: str, places: Places, at: Path) -> Span:
    """Return the place of the value at `at`, or of its nearest ancestor that the text has."""
    while at and at not in places:
        at = at[:-1]
    if at not in places:
        return Span(path)
    _, first, last = places[at]
    if first is last or first.flow_style:
        return span_between(path, text, first.start_mark, last.end_mark)
    return span_between(path, text, first.start_mark, _end_of_first_line(places, first))


def key_span(path: str, text: str, places: Places, at: Path) -> Span:
    """Return the place of the key at `at`; of the value where there is no key (lists, the top)."""
    key = places[at][0] if at in places else None
    if key is None:
        return value_span(path, text, places, at)
    return span_between(path, text, key.start_mark, key.end_mark)


def _end_of_first_line(places: Places, first: Any) -> Any:
    # A block mapping has no end on its first line, but the last thing there has.
    line, best = first.start_mark.line, first.end_mark
    for key, value, last in places.values():
        for event in (key, value, last):
            if event is not None and event.end_mark.line == line:
                best = max(best, event.end_mark, key=lambda mark: int(mark.column))
    return best
