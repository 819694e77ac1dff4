"""Bytes to text: UTF-8 without a byte order mark, and nothing that a reviewer cannot see."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from aspire_gitops.loading.places import Lines
from aspire_gitops.loading.rules import (
    FILE_TOO_LARGE,
    INVISIBLE_CHARACTER,
    MAX_FILE_BYTES,
    MAX_FINDINGS,
    NOT_UTF8,
    TAB,
)
from aspire_gitops.vocabulary import Diagnostic, Span, left_out

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
    if is_wide(content):
        message = "the file is UTF-16 or UTF-32; only UTF-8 is supported"
        help_ = "save it as UTF-8, in an editor or with `iconv -f UTF-16 -t UTF-8`"
        return Decoded(None, (NOT_UTF8.at(Span(path), message, help=help_),))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return Decoded(None, (_not_utf8(path, content, error),))
    mark = (_byte_order_mark(path),) if content.startswith(_BOM_UTF8) else ()
    text = text.removeprefix(_BOM)
    findings = tuple(_invisible(path, text))
    return Decoded(_INVISIBLE.sub(" ", text) if findings else text, mark + findings)


def is_wide(content: bytes) -> bool:
    """Say whether this is UTF-16 or UTF-32: with a mark, or with a zero in each ASCII character."""
    if content.startswith(_WIDE_MARKS):
        return True
    sample = content[:64]
    zeros = max(sample[0::2].count(0), sample[1::2].count(0)) * 2
    written = [byte for byte in sample if byte]
    readable = sum(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in written)
    return zeros >= 0.8 * len(sample) > 0 and readable >= 0.8 * len(written) > 0


def has_invisible(value: str) -> bool:
    r"""Return whether an escape like `\\0` has put an invisible character into a value."""
    return bool(_INVISIBLE.search(value.replace("\t", "")))


def _invisible(path: str, text: str) -> Iterator[Diagnostic]:
    found = _INVISIBLE.finditer(text)
    lines: Lines | None = None
    for one in islice(found, MAX_FINDINGS):
        lines = lines or Lines(text)
        line, column = lines.place(one.start())
        shown = _INVISIBLE.sub(" ", lines.snippet(line, column))
        span = Span(path, line, column, column + 1, shown)
        yield _tab(span) if one[0] == "\t" else _unseen(span, one[0])
    if more := sum(1 for _ in found):
        yield left_out(Span(path), more)


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
    lines = Lines(content.decode(errors="replace"))
    shown = _INVISIBLE.sub(" ", lines.snippet(line, column))
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
