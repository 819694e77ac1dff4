"""What is wrong in a reviewed file, where, and how to fix it.

Checks yield diagnostics and never raise or print them; `rendering` turns them
into text, JSON, SARIF and GitHub annotations. Every code has a page in
`docs/rules/`, which `aspire-gitops explain` prints.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a source file. Lines and columns count from 1; `end_column` is exclusive.

    `snippet` is the first line of the place, kept so that a diagnostic can be
    shown long after the file has changed.
    """

    path: str
    line: int = 1
    column: int = 1
    end_column: int = 2
    snippet: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong: a stable code and a kebab-case name."""

    code: str
    name: str
    severity: Severity = Severity.ERROR

    def at(self, span: Span, message: str, *, help: str | None = None) -> "Diagnostic":  # noqa: A002 (the word people read)
        return Diagnostic(self, span, message, help)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `message` says what is wrong and why it matters, `help` what to do."""

    rule: Rule
    span: Span
    message: str
    help: str | None = None

    @property
    def is_error(self) -> bool:
        return self.rule.severity is Severity.ERROR


def sort_diagnostics(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order findings as a reader meets them: by file, place, then code; drop exact repeats."""
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda d: (d.span, d.rule.code, d.message)))
