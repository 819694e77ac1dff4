"""Where each part of a document stands: paths to spans. Reads no YAML itself."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from aspire_gitops.vocabulary import Span

Path: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = Mapping[Path, tuple[Any, Any, Any]]
"""For each path the events of its key (None in a list), its value's start and its end."""

_LONGEST_SNIPPET = 400


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
