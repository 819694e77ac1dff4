"""What a scanner reads out of one file, the same for all languages.

One scanner per language turns a text into facts, and `judging` turns facts into
findings, so that each rule is written once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class CodeRange:
    """Where something is in a file. Lines and columns count from 1, in characters; ends are exclusive.

    `last_line` is the line on which it ends: a call may be many lines long.
    """

    line: int
    column: int
    end_column: int
    last_line: int = 0

    def holds(self, other: "CodeRange") -> bool:
        """Return whether the other range lies within this one."""
        last = max(self.last_line, self.line)
        starts = (self.line, self.column) <= (other.line, other.column)
        return starts and (
            other.line < last or (other.line == last and other.column < self.end_column)
        )


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression may be, as far as a static look can tell.

    `texts` are literals that it may hold, `variables` environment variables
    that it may come from. `absent` says that it may be unset, `other` that it
    may be something that only the running program knows.
    """

    texts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    absent: bool = False
    other: bool = False

    def __or__(self, more: "Value") -> "Value":
        return Value(
            tuple(dict.fromkeys((*self.texts, *more.texts))),
            tuple(dict.fromkeys((*self.variables, *more.variables))),
            self.absent or more.absent,
            self.other or more.other,
        )

    @property
    def is_nothing(self) -> bool:
        """Return whether it can only be unset, like `base_url=None`."""
        return not (self.texts or self.variables or self.other)


NOTHING = Value(absent=True)
UNKNOWN = Value(other=True)


def either(*values: Value) -> Value:
    """Return what any of the values may be."""
    result = Value()
    for value in values:
        result |= value
    return result


@dataclass(frozen=True, slots=True)
class Construction:
    """A client that is made: `OpenAI(base_url=…)`, in any language.

    `name` is the client's full name in the table of `clients`. `arguments` are
    by name, nested ones dotted (`configuration.baseURL`); `open` says that more
    arguments may come from elsewhere (`**options`).
    """

    name: str
    place: CodeRange
    shown: str  # as the code spells it
    arguments: Mapping[str, Value] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text that the program uses: not a comment, docstring or message for people."""

    text: str
    place: CodeRange


@dataclass(frozen=True, slots=True)
class VariableRead:
    """An environment variable is read."""

    name: str
    place: CodeRange


@dataclass(frozen=True, slots=True)
class VariableSet:
    """An environment variable is set or passed on."""

    name: str
    value: Value
    place: CodeRange


@dataclass(frozen=True, slots=True)
class ModelNamed:
    """A model's name, as the code sends it."""

    name: str
    place: CodeRange


Fact: TypeAlias = Construction | Text | VariableRead | VariableSet | ModelNamed
