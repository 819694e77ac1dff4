"""Diagnostics as workflow commands, which GitHub shows beside the lines of a pull request."""

from collections.abc import Sequence

from aspire_gitops.vocabulary.diagnostic import Diagnostic
from aspire_gitops.vocabulary.text import one_line


def render_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Return one `::error …::…` or `::warning …::…` line for each diagnostic."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    rule, span = diagnostic.rule, diagnostic.span
    properties = {
        "file": span.path,
        "line": span.line,
        "endLine": span.line,
        "col": span.column,
        "endColumn": span.end_column,
        "title": f"{rule.code} {rule.name}",
    }
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    message = one_line(diagnostic.message)
    if diagnostic.help:
        message += f"\n= help: {one_line(diagnostic.help)}"
    return f"::{rule.severity} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
