"""Diagnostics as JSON: a stable format with a version, for other programs."""

from collections.abc import Sequence

from aspire_gitops.vocabulary.diagnostic import Diagnostic
from aspire_ledger.canonical import JsonValue, pretty_json

FORMAT_VERSION = 1
"""Grows when a field goes or changes its meaning; new fields do not count."""


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """Return one JSON object: `version`, how many `errors` and `warnings`, and `diagnostics`."""
    errors = sum(diagnostic.is_error for diagnostic in diagnostics)
    document: JsonValue = {
        "version": FORMAT_VERSION,
        "errors": errors,
        "warnings": len(diagnostics) - errors,
        "diagnostics": [_row(diagnostic) for diagnostic in diagnostics],
    }
    return pretty_json(document)


def _row(diagnostic: Diagnostic) -> JsonValue:
    rule, span = diagnostic.rule, diagnostic.span
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": str(rule.severity),
        "path": whole_text(span.path),
        "line": span.line,
        "column": span.column,
        "end_column": span.end_column,
        "snippet": whole_text(span.snippet),
        "message": whole_text(diagnostic.message),
        "help": whole_text(diagnostic.help) if diagnostic.help else None,
    }


def whole_text(text: str) -> str:
    """Return text that UTF-8 can carry: half a surrogate pair (a strange path) as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
