"""The reviewed exceptions: which findings are accepted, by whom, until when. Pure.

A file with a mistake grants nothing, and an exception that has expired or matches nothing
is itself a finding.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aspire_gitops.egress.judging import EXCEPTIONS_FILE, EXPIRED_EXCEPTION, UNUSED_EXCEPTION
from aspire_gitops.egress.redacting import shown_line
from aspire_gitops.loading.document import Document
from aspire_gitops.loading.folder import load_file
from aspire_gitops.resources.egress import EgressExceptionSpec, EgressExceptionsSpec
from aspire_gitops.vocabulary import (
    MAX_FINDINGS,
    Diagnostic,
    SourceFile,
    Span,
    left_out,
    short_line,
)

DEFAULT_NAME = ".aspire-egress.yaml"

_HELPS = {
    "extra_forbidden": "its fields are path, code, line, reason, owner and expires",
    "missing": "each exception needs path, code, reason, owner and expires",
}
_WORDS = {
    "extra_forbidden": "unknown field",
    "missing": "this required field is missing",
    "string_type": "this must be text",
    "tuple_type": "this must be a list of exceptions",
    "model_type": "this must be a mapping",
}


@dataclass(frozen=True, slots=True)
class Exceptions:
    """The exceptions of one file, and what is wrong with the file."""

    entries: tuple[EgressExceptionSpec, ...] = ()
    document: Document | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreed:
    """Findings after the exceptions: those that count, and how many were agreed to."""

    counted: tuple[Diagnostic, ...]
    excepted: int = 0


def read_exceptions(path: str, content: bytes) -> Exceptions:
    """Read one file strictly. A file with a mistake grants no exception."""
    document, found = load_file(SourceFile(path, content))
    diagnostics = [replace(item, span=_shown(item.span)) for item in found]
    if document is None:
        return Exceptions(diagnostics=tuple(diagnostics))
    try:
        spec = EgressExceptionsSpec.model_validate(document.value)
    except ValidationError as error:
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        diagnostics.extend(_refused(document, item) for item in listed[:MAX_FINDINGS])
        if len(listed) > MAX_FINDINGS:
            diagnostics.append(left_out(Span(path), len(listed) - MAX_FINDINGS))
        return Exceptions(document=document, diagnostics=tuple(diagnostics))
    if any(item.is_error for item in diagnostics):
        return Exceptions(document=document, diagnostics=tuple(diagnostics))
    return Exceptions(spec.exceptions, document, tuple(diagnostics))


def _refused(document: Document, error: ErrorDetails) -> Diagnostic:
    kind, place = error["type"], error["loc"]
    span = document.key_span(*place) if kind == "extra_forbidden" else document.span(*place)
    words = _WORDS.get(kind) or _pattern_words(place)
    name = short_line(".".join(map(str, place)), 100)
    message = f"`{name}`: {words}" if name else words
    return EXCEPTIONS_FILE.at(_shown(span), message, help=_HELPS.get(kind))


def _pattern_words(place: tuple[str | int, ...]) -> str:
    """Return what the field must be, in the words of its schema."""
    field_ = _properties().get(place[-1] if place else "", {})
    return str(field_.get("patternErrorMessage", "must be 3 to 500 characters of plain text"))


@cache
def _properties() -> Mapping[str | int, Any]:
    properties: Mapping[str | int, Any] = EgressExceptionSpec.model_json_schema()["properties"]
    return properties


def _shown(span: Span) -> Span:
    return replace(span, snippet=shown_line(span.snippet))


@dataclass(slots=True)
class _Use:
    entry: EgressExceptionSpec
    number: int
    matched: int = 0
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.pattern = _glob(self.entry.path)

    def covers(self, found: Diagnostic) -> bool:
        entry, span = self.entry, found.span
        return (
            entry.code == found.rule.code
            and bool(self.pattern.fullmatch(span.path))
            and (entry.line is None or entry.line in span.snippet)
        )


def agree(
    found: Iterable[Diagnostic], exceptions: Exceptions, *, today: date, whole: bool = True
) -> Agreed:
    """Remove the findings that are agreed to; add what is wrong with the exceptions themselves.

    `whole` says that the whole tree was scanned: only then can an exception be
    reported as unused. Paths of findings are relative to the scanned folder.
    """
    uses = [_Use(entry, number) for number, entry in enumerate(exceptions.entries)]
    counted: list[Diagnostic] = []
    excepted = 0
    for item in found:
        matching = [use for use in uses if use.covers(item)]
        for use in matching:
            use.matched += 1
        if any(use.entry.expires >= today for use in matching):
            excepted += 1
        else:
            counted.append(item)
    own = _about(uses, exceptions.document, today, whole=whole)
    return Agreed((*exceptions.diagnostics, *counted, *own), excepted)


def _about(
    uses: Sequence[_Use], document: Document | None, today: date, *, whole: bool
) -> list[Diagnostic]:
    if document is None:
        return []
    found: list[Diagnostic] = []
    for use in uses:
        expired = use.entry.expires < today
        if use.matched and expired:
            message = f"this exception ended on {use.entry.expires}: {use.matched} of its findings count again"
            help_ = (
                f"point the code at the gateway, or ask {use.entry.owner} to agree to a later day"
            )
            span = document.span("exceptions", use.number, "expires")
            found.append(EXPIRED_EXCEPTION.at(_shown(span), message, help=help_))
        elif not use.matched and whole:
            message = "no finding matches this exception any more"
            span = document.span("exceptions", use.number)
            found.append(UNUSED_EXCEPTION.at(_shown(span), message, help="delete it"))
    return found


def _glob(path: str) -> re.Pattern[str]:
    """Return the pattern of a glob: `*` within a name, `**` across folders, `folder/` all below."""
    whole = f"{path}**" if path.endswith("/") else path
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", whole)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts), re.DOTALL)
