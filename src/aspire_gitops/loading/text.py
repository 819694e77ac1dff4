"""Bytes to text: UTF-8 without a byte order mark, and nothing that a reviewer cannot see."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aspire_gitops.loading.places import snippet_at
from aspire_gitops.loading.rules import (
    FILE_TOO_LARGE,
    INVISIBLE_CHARACTER,
    MAX_FILE_BYTES,
    MAX_FINDINGS,
    NOT_UTF8,
    TAB,
)
from aspire_gitops.vocabulary import Diagnostic, Span

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_BOM_UTF8 = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_HARMLESS = b"\n" + bytes(range(0x20, 0x7F))
# Control characters, line breaks that only some programs break lines at, the
# characters that turn writing direction (a reviewer then sees another order
# than the program), and what Unicode calls no character.
_INVISIBLE = re.compile(
    "\t|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text with each refused character replaced by a space, so that reading can go on.

    `text` is None when there is nothing to read on.
    """

    text: str | None
    findings: tuple[Diagnostic, ...] = ()


def decode(path: str, content: bytes) -> Decoded:
    """Return the text of one file, and everything that is wrong with its characters."""
    if len(content) > MAX_FILE_BYTES:
        return Decoded(None, (_too_large(path, len(content)),))
    if not content.translate(None, _HARMLESS):
        return Decoded(content.decode("ascii"))
    if content.startswith(_WIDE_MARKS) or content[:4].count(0) >= 2:
        message = "the file is UTF-16 or UTF-32; only UTF-8 is supported"
        return Decoded(None, (NOT_UTF8.at(Span(path), message, help="save it as UTF-8"),))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return Decoded(None, (_not_utf8(path, content, error),))
    mark = (_byte_order_mark(path),) if content.startswith(_BOM_UTF8) else ()
    text = text.removeprefix(_BOM)
    findings = tuple(_invisible(path, text))[: MAX_FINDINGS - len(mark)]
    return Decoded(_INVISIBLE.sub(" ", text) if findings else text, mark + findings)


def has_invisible(value: str) -> bool:
    r"""Return whether an escape like `\\0` has put an invisible character into a value."""
    return bool(_INVISIBLE.search(value.replace("\t", "")))


def _invisible(path: str, text: str) -> Iterator[Diagnostic]:
    line, start = 1, 0
    for found in _INVISIBLE.finditer(text):
        at = found.start()
        line += text.count("\n", start, at)
        start = at
        column = at - text.rfind("\n", 0, at)
        shown = _INVISIBLE.sub(" ", snippet_at(text, line, column))
        span = Span(path, line, column, column + 1, shown)
        yield _tab(span) if found[0] == "\t" else _unseen(span, found[0])


def _tab(span: Span) -> Diagnostic:
    return TAB.at(
        span,
        "tab character: its width varies by editor, and YAML counts columns",
        help='use spaces; inside a text write "\\t" in double quotes',
    )


def _unseen(span: Span, character: str) -> Diagnostic:
    return INVISIBLE_CHARACTER.at(
        span,
        f"invisible character U+{ord(character):04X}: a reviewer cannot see it",
        help="delete it; end lines with LF or CRLF",
    )


def _byte_order_mark(path: str) -> Diagnostic:
    message = "the file starts with a byte order mark"
    return NOT_UTF8.at(Span(path), message, help="save it as UTF-8 without a byte order mark")


def _not_utf8(path: str, content: bytes, error: UnicodeDecodeError) -> Diagnostic:
    before = content[: error.start].decode()
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    shown = _INVISIBLE.sub(" ", snippet_at(content.decode(errors="replace"), line, column))
    return NOT_UTF8.at(
        Span(path, line, column, column + 1, shown),
        f"byte 0x{content[error.start]:02x} is not UTF-8",
        help="save the file as UTF-8; it looks like Latin-1 or Windows-1252",
    )


def _too_large(path: str, size: int) -> Diagnostic:
    return FILE_TOO_LARGE.at(
        Span(path),
        f"the file has {size} bytes; the limit is {MAX_FILE_BYTES}",
        help="one resource per file; is this file in the right folder?",
    )
