"""Diagnostics to text: for terminals, for other programs, and beside the lines of a pull request.

For people each has its place, the line, a caret under the mistake, and what to do.
Lines and carets are laid out by the width that characters have in a terminal,
and what would act on the terminal is shown as an escape. `sarif` has the format
for code scanning.
"""

from collections.abc import Callable, Mapping, Sequence
from unicodedata import combining, east_asian_width

from aspire_gitops.codec.values import diagnostic_json, document, whole_text
from aspire_gitops.rendering.sarif import render_sarif
from aspire_gitops.vocabulary import Diagnostic, Severity, Span, one_line, plural
from aspire_ledger.canonical import JsonValue, pretty_json

_WIDEST = 110  # columns of a shown line; longer ones are cut around the mistake
_BEFORE = 40  # of these, at least so many stay in front of it
_RESET = "\x1b[0m"
_BOLD, _DIM, _CYAN = "\x1b[1m", "\x1b[2m", "\x1b[36m"
_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}


def render_text(diagnostics: Sequence[Diagnostic], *, color: bool = False) -> str:
    """Return one paragraph for each diagnostic and a line that counts them; "" without any."""
    if not diagnostics:
        return ""
    blocks = [_block(diagnostic, color=color) for diagnostic in diagnostics]
    return "\n\n".join([*blocks, counted(diagnostics)]) + "\n"


def counted(diagnostics: Sequence[Diagnostic]) -> str:
    """Return how many there are: "2 errors, 1 warning"."""
    errors, warnings, more = _counts(diagnostics)
    parts = [plural(errors, "error")] if errors else []
    if warnings:
        parts.append(plural(warnings, "warning"))
    if more:
        parts.append(f"{more:,} more not shown")
    return ", ".join(parts) or "no problems"


def _counts(diagnostics: Sequence[Diagnostic]) -> tuple[int, int, int]:
    """Return how many errors and warnings are shown, and how many findings are not."""
    errors = sum(diagnostic.is_error for diagnostic in diagnostics)
    notes = sum(diagnostic.left_out > 0 for diagnostic in diagnostics)
    more = sum(diagnostic.left_out for diagnostic in diagnostics)
    return errors, len(diagnostics) - errors - notes, more


def _block(diagnostic: Diagnostic, *, color: bool) -> str:
    def paint(style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if color else text

    rule, span = diagnostic.rule, diagnostic.span
    colour = _COLOURS[rule.severity]
    suffix = "" if diagnostic.is_error else " (warning)"
    head = f"{paint(_BOLD, one_line(str(span)))}: {paint(colour, rule.code)} {rule.name}{suffix}"
    message = one_line(diagnostic.message)
    gutter = " " * len(str(span.line))
    bar, end = paint(_DIM, "|"), f"{gutter} {paint(_DIM, '=')}"
    lines = [head, f"{gutter} {bar}"]
    if span.snippet.strip():
        shown, caret = _laid_out(span)
        lines.append(f"{paint(_DIM, str(span.line))} {bar} {shown}")
        lines.append(f"{gutter} {bar} {paint(colour, f'{caret} {message}')}")
    else:
        lines.append(f"{gutter} {bar} {paint(colour, message)}")
    if diagnostic.help:
        lines += [f"{gutter} {bar}", f"{end} {paint(_CYAN, 'help')}: {one_line(diagnostic.help)}"]
    return "\n".join(lines)


def _laid_out(span: Span) -> tuple[str, str]:
    """Return the line as it is shown, and spaces and carets that stand below the mistake."""
    cells = [one_line(character) for character in span.snippet]
    start = min(span.column - 1, len(cells))
    end = min(max(span.end_column - 1, start + 1), max(len(cells), start + 1))
    first = _first_shown(cells, start)
    last = _last_shown(cells, first)
    before = "…" if first else ""
    after = "…" if last < len(cells) else ""
    indent = len(before) + sum(map(_width, cells[first:start]))
    carets = max(1, sum(map(_width, cells[start : min(end, last)])))
    return before + "".join(cells[first:last]) + after, " " * indent + "^" * carets


def _first_shown(cells: Sequence[str], start: int) -> int:
    if sum(map(_width, cells)) <= _WIDEST:
        return 0
    return max(0, start - _BEFORE)


def _last_shown(cells: Sequence[str], first: int) -> int:
    width = 0
    for at in range(first, len(cells)):
        width += _width(cells[at])
        if width > _WIDEST:
            return at
    return len(cells)


def _width(cell: str) -> int:
    """Return the columns that a terminal gives to a character, or to the escape shown for it."""
    if len(cell) == 1 and (combining(cell) or cell in "\ufe0e\ufe0f"):
        return 0
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in cell)


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """Return one JSON object: how many `errors` and `warnings`, and the `diagnostics`.

    `left_out` says how many more there are, if there are.
    """
    errors, warnings, more = _counts(diagnostics)
    rows: list[JsonValue] = [
        {**diagnostic_json(one), "snippet": whole_text(one.span.snippet)} for one in diagnostics
    ]
    counted = {"errors": errors, "warnings": warnings, **({"left_out": more} if more else {})}
    return pretty_json(document("findings", {**counted, "diagnostics": rows}))


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


DIAGNOSTIC_RENDERERS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = {
    "text": render_text,
    "json": render_json,
    "sarif": render_sarif,
    "github": render_github,
}
"""Every format by the name that `--format` takes. Each text ends with a newline, or is empty."""
