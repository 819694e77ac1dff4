"""What the YAML parser could not read, explained in our own words and with a fix. Never parses."""

from yaml import MarkedYAMLError, YAMLError

from aspire_gitops.loading.places import Lines
from aspire_gitops.loading.rules import YAML_SYNTAX
from aspire_gitops.vocabulary import Diagnostic, Span

_LEFT_OPEN = ("could not find expected ':'", "unexpected", "',' or")
# The parser's complaint contains this; the message; the help.
_EXPLAINED: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed",
        "a second `: ` where a value should end, or a key that is indented too far",
        "put a value that contains `: ` in quotes; keys of one mapping start in one column",
    ),
    (
        "could not find expected ':'",
        "a key without a colon",
        "write `key: value`, with a space after the colon",
    ),
    (
        "cannot start any token",
        "no value can start with this character",
        "put the value in quotes",
    ),
    (
        "unexpected end of stream",
        "the file ends inside a quoted text",
        "close the quote that opens above",
    ),
    (
        "unexpected document indicator",
        "a document ends inside a quoted text",
        "close the quote that opens above",
    ),
    (
        "escape",
        "unknown escape sequence",
        "put a text with backslashes in single quotes",
    ),
    (
        "undefined alias",
        "an alias of an undefined anchor",
        "write the value out",
    ),
    (
        "',' or",
        "a list or mapping in brackets that is not closed, or lacks a comma",
        "separate its parts with commas and close it with `]` or `}`",
    ),
    (
        "expected node content",
        "a value is missing here",
        "write the value, and close every bracket",
    ),
    (
        "expected the node content",
        "a value is missing here",
        "write the value, and close every bracket",
    ),
    (
        "expected key",
        "this line does not fit any mapping or list above it",
        "keys of one mapping start in one column; check the indentation and look for an open quote",
    ),
    (
        "<block end>",
        "this line does not fit any mapping or list above it",
        "keys of one mapping start in one column; check the indentation and look for an open quote",
    ),
    (
        "'-' indicator",
        "this line does not continue the list above it",
        "start each item with `- `, all in one column",
    ),
    (
        "sequence entries are not allowed",
        "a list cannot start here",
        "put `- ` on a line of its own, below the key",
    ),
    (
        "document start",
        "unexpected content after the document",
        "check the indentation, and look for a bracket or quote that closes too early",
    ),
)


def explain(path: str, text: str, error: YAMLError) -> Diagnostic:
    """Return AG001 at the place that most likely needs to change."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return YAML_SYNTAX.at(Span(path), f"invalid YAML: {str(error).splitlines()[0]}")
    problem, mark = error.problem or "", error.problem_mark
    begun = error.context_mark
    if begun and begun.line < mark.line and any(words in problem for words in _LEFT_OPEN):
        mark = begun  # the place left open tells more than the line where the parser noticed
    span = Lines(text).span(path, mark, mark)
    if not text[mark.index :].strip():
        span = _last_character(path, text)
    for words, message, help_ in _EXPLAINED:
        if words in problem:
            return YAML_SYNTAX.at(span, message, help=help_)
    return YAML_SYNTAX.at(span, f"invalid YAML: {problem}")


def _last_character(path: str, text: str) -> Span:
    visible = text.rstrip()
    line, column = visible.count("\n") + 1, len(visible) - visible.rfind("\n") - 1
    return Span(path, line, column, column + 1, Lines(visible).snippet(line, column))
