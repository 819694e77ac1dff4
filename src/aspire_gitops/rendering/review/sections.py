"""Parts of a long text, and how much of it fits into a place that takes only so many bytes.

What matters most is shown first, and whole. What does not fit is cut step by
step: fewer rows, then none; and the text says what was left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aspire_gitops.rendering.plan.words import plural

_STEPS = (1000, 200, 60, 20, 5)
_LEAST = 200  # bytes; nothing of use fits into less


@dataclass(frozen=True, slots=True)
class Section:
    """One folded part. `title` is HTML, the rest Markdown; each row is one line.

    `above` are paragraphs, or the head of the table whose rows follow. A section
    that is `open` is not folded.
    """

    title: str
    above: tuple[str, ...] = ()
    rows: Sequence[str] = ()
    noun: str = "row"
    columns: int = 0  # of a table; 0 for a list
    is_open: bool = False
    most: int = 200  # rows, in a place that is short of room

    def shown(self, most: int | None = None) -> str:
        """Return it with at most so many rows."""
        rows = list(self.rows[:most])
        more = len(self.rows) - len(rows)
        if more:
            rest = f"and {plural(more, f'more {self.noun}')}"
            rows.append(f"| {rest} |{' |' * (self.columns - 1)}" if self.columns else f"- {rest}")
        inner = "\n".join([*self.above, *rows])
        if self.is_open:
            return inner
        return f"<details><summary>{self.title}</summary>\n\n{inner}\n\n</details>"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fits, in order; how many sections had rows cut, and how many are not there at all."""

    parts: tuple[str, ...]
    cut: int = 0
    left_out: int = 0


def fitted(sections: Sequence[Section], room: int | None) -> Fitted:
    """Return as much of the sections as fits into `room` bytes; all of it where that is None."""
    if room is None:
        return Fitted(tuple(section.shown() for section in sections))
    parts: list[str] = []
    cut = 0
    for section in sections:
        if room < _LEAST:
            break
        for most in _steps(section):
            text = section.shown(most)
            if size(text) <= room:
                room -= size(text)
                parts.append(text)
                cut += most < len(section.rows)
                break
    return Fitted(tuple(parts), cut, len(sections) - len(parts))


def size(text: str) -> int:
    """Return the bytes of a paragraph, with the empty line after it."""
    return len(text.encode()) + 2


def _steps(section: Section) -> Iterator[int]:
    whole = len(section.rows)
    yield min(whole, section.most)
    yield from (step for step in _STEPS if step < min(whole, section.most))
