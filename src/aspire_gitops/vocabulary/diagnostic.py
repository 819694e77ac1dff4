"""What is wrong in a reviewed file, where, and how to fix it.

Checks yield diagnostics and never raise or print them; `rendering` turns them
into text, JSON, SARIF and GitHub annotations. Every code has a page in
`docs/rules/`, which `aspire-gitops explain` prints.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_FINDINGS = 100  # shown of one file: nobody reads more before mending these
MAX_FINDINGS_IN_ALL = 2000  # shown of one run
_LONGEST = 1200  # characters of a message, and of a help: our longest list of fields has 900


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
        return Diagnostic(self, span, _cut(message), _cut(help) if help else None)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `message` says what is wrong and why it matters, `help` what to do.

    `left_out` is above zero in AG019 alone: it stands for so many findings that are not shown.
    """

    rule: Rule
    span: Span
    message: str
    help: str | None = None
    left_out: int = 0

    @property
    def is_error(self) -> bool:
        return self.rule.severity is Severity.ERROR


FINDINGS_LEFT_OUT = Rule("AG019", "findings-left-out", Severity.WARNING)


def left_out(span: Span, count: int, of: str = "this file") -> Diagnostic:
    """Return AG019 for findings that were counted and not kept."""
    more = f"{count:,} more findings" if count != 1 else "1 more finding"
    message = f"{more} of {of} {'are' if count != 1 else 'is'} not shown"
    help_ = "fix those that are shown, then check again: one mistake often causes the others"
    return Diagnostic(FINDINGS_LEFT_OUT, span, message, help_, count)


def sort_diagnostics(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order findings as a reader meets them: by file, place, then code; drop exact repeats.

    Limited as `Findings` says.
    """
    findings = Findings()
    findings.extend(found)
    return findings.in_order()


@dataclass(slots=True)
class _File:
    """The findings of one file that are kept so far, and how many were not."""

    kept: dict[Diagnostic, None] = field(default_factory=dict)
    left_out: int = 0

    def add(self, one: Diagnostic) -> int:
        """Take one more; returns by how many those that are held have grown."""
        before = len(self.kept)
        if one.left_out:
            self.left_out += one.left_out
        else:
            self.kept[one] = None
            if len(self.kept) > 4 * MAX_FINDINGS:
                self.cut(2 * MAX_FINDINGS)
        return len(self.kept) - before

    def cut(self, most: int) -> None:
        """Keep the first `most`, errors before warnings, and room for AG019 where it is needed."""
        best_first = sorted(self.kept, key=_urgency)
        if len(best_first) > most or (self.left_out and len(best_first) == most):
            self.left_out += len(best_first) - (most - 1)
            best_first = best_first[: most - 1]
        self.kept = dict.fromkeys(best_first)


@dataclass(slots=True)
class Findings:
    """Collects findings, however many come, and keeps a few thousand of them at a time.

    In the end at most `MAX_FINDINGS` of a file and `MAX_FINDINGS_IN_ALL` of all are kept, errors
    before warnings and the first of every file before the second of any; AG019 counts the others.
    """

    files: dict[str, _File] = field(default_factory=dict)
    held: int = 0

    def extend(self, found: Iterable[Diagnostic]) -> None:
        """Take more findings, one after the other."""
        for one in found:
            self.held += self.files.setdefault(one.span.path, _File()).add(one)
            if self.held > 4 * MAX_FINDINGS_IN_ALL:
                self._cut()

    def in_order(self) -> tuple[Diagnostic, ...]:
        """Return what is kept by file, place, then code, with AG019 where some were not."""
        for file in self.files.values():
            file.cut(MAX_FINDINGS)
        self.held = sum(len(file.kept) for file in self.files.values())
        is_cut = self.held > MAX_FINDINGS_IN_ALL
        if is_cut:
            self._cut()
        rows: list[Diagnostic] = []
        for path, file in sorted(self.files.items()):
            rows += sorted(file.kept, key=_order)
            if file.left_out and not is_cut:
                last = rows[-1].span if file.kept else Span(path)
                rows.append(left_out(Span(path, last.line, last.end_column), file.left_out))
        if is_cut:
            rows.append(self._left_out())
        return tuple(rows)

    def _cut(self) -> None:
        ranked = (
            (not one.is_error, rank, path, one)
            for path, file in self.files.items()
            for rank, one in enumerate(sorted(file.kept, key=_urgency))
        )
        chosen = sorted(ranked, key=lambda row: row[:3])[: MAX_FINDINGS_IN_ALL - 1]
        kept: dict[str, dict[Diagnostic, None]] = {}
        for _, _, path, one in chosen:
            kept.setdefault(path, {})[one] = None
        for path, file in self.files.items():
            fewer = kept.get(path, {})
            file.left_out += len(file.kept) - len(fewer)
            file.kept = fewer
        self.held = len(chosen)

    def _left_out(self) -> Diagnostic:
        count = sum(file.left_out for file in self.files.values())
        paths = sorted(path for path, file in self.files.items() if file.left_out)
        of = f"{len(paths):,} files" if len(paths) > 1 else "this file"
        return left_out(Span(paths[-1]), count, of)


def _order(one: Diagnostic) -> tuple[Span, str, str]:
    return one.span, one.rule.code, one.message


def _urgency(one: Diagnostic) -> tuple[bool, Span, str, str]:
    return not one.is_error, *_order(one)


def _cut(text: str) -> str:
    """Return a text that nobody shortened, ended before the word that is too much.

    A word that is cut could be a secret that is then no longer recognised as one.
    """
    if len(text) <= _LONGEST:
        return text
    return text[: max(text.rfind(" ", 0, _LONGEST), 0)] + "…"
