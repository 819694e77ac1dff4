"""Fast path for plain files, which are nearly all of them: one pass, line by line.

`plain_document` reads only what means the same to every YAML reader:
`key: value` lines, lists, and one level of brackets, each value on one line.
For anything else (an anchor, a tag, a block scalar, a repeated key, a tab, any
mistake) it returns None, and `reading` decides. A property test holds the two
to the same result.
"""

import re
import sys
from typing import Any

from aspire_gitops.loading.scalars import NUMBER_STARTS, WORDS, Refused, plain_value

# Until 3.11.5 Python's own `re` loses characters in possessive groups (gh-106052): `- chat`
# was read as `hat`. Debian 12 ships 3.11.2, so there every file takes the slow path.
TRUSTED = sys.version_info[:3] >= (3, 11, 5)

_LARGEST = 16 * 1024  # characters; larger files are not plain
_DEEPEST = 8  # well below the limit of `reading`

_KEY = r"(?!(?:null|true|false):)[a-z_][a-z0-9_.-]{0,63}"  # fields, and names such as `qwen-ocr`
_QUOTED = r"""\"[^"\\\n]*+"|'[^'\n]*+'"""
_TEXT = r"[A-Za-z0-9_/.][^\s:#]*+(?:[ :][^\s:#]++)*+"  # `: ` and ` #` end a plain text
_WORD = r"[A-Za-z0-9_/.@+-]"
_INNER = rf"(?:{_QUOTED}|(?![@+-]){_WORD}++(?: {_WORD}++)*+)"
_PAIR = rf"{_KEY}: ++{_INNER}"
_LIST = rf"\[ *+(?:{_INNER}(?: *+, *+{_INNER})*+)?+ *+\]"
_MAPPING = rf"\{{ *+{_PAIR}(?: *+, *+{_PAIR})*+ *+\}}"
_LINE = re.compile(
    r"^ *+(?:#.*)?$"
    rf"|^( *+)(- ++)?+(?:({_KEY}):(?: ++|$))?+({_TEXT}|{_QUOTED}|{_LIST}|{_MAPPING})?+"
    r" *+(?:(?<= )#.*)?$"
    r"|^(.+)$",
    re.MULTILINE,
)
_INNERS = re.compile(_INNER)
_PAIRS = re.compile(rf"({_KEY}): ++({_INNER})")


class _NotPlainError(Exception):
    """This file needs the full reader."""


def plain_document(text: str) -> dict[str, Any] | None:
    """Return the document if the text is plain, else None. None says nothing about the text."""
    if len(text) > _LARGEST or not TRUSTED:
        return None
    builder = _Builder()
    try:
        for indent, dash, key, token, other in _LINE.findall(text):
            if key or token:
                builder.line(len(indent), len(dash), key, token)
            elif other or dash:
                return None
    except _NotPlainError:
        return None
    return builder.top if builder.top and builder.opened is None else None


class _Builder:
    """The document so far: the innermost block, its column, and the blocks around it."""

    __slots__ = ("block", "column", "opened", "outer", "top")

    def __init__(self) -> None:
        self.top: dict[str, Any] = {}
        self.block: Any = self.top
        self.column = 0
        self.outer: list[tuple[int, Any]] = []
        self.opened: str | None = None  # a key whose block comes next

    def line(self, column: int, dash: int, key: str, token: str) -> None:
        """Add a line: its column, the width of its `- ` or 0, its key and value or nothing."""
        if self.opened is not None:
            self._open(column, dash)
        elif column < self.column or (not dash and self.block.__class__ is list):
            self._close(column, dash)
        block = self.block
        if column != self.column or (block.__class__ is list) != (dash > 0):
            raise _NotPlainError
        if dash:
            if not key:
                block.append(_value(token))
                return
            item: dict[str, Any] = {}
            block.append(item)
            self._enter(item, column + dash)
            block = item
        if not key or key in block:
            raise _NotPlainError
        if token:
            block[key] = _value(token)
        else:
            self.opened = key

    def _open(self, column: int, dash: int) -> None:
        # A list may start in the column of its key; a mapping must be further in.
        if column < self.column + (not dash):
            raise _NotPlainError
        inner: Any = [] if dash else {}
        self.block[self.opened] = inner
        self.opened = None
        self._enter(inner, column)

    def _enter(self, inner: Any, column: int) -> None:
        if len(self.outer) >= _DEEPEST:
            raise _NotPlainError
        self.outer.append((self.column, self.block))
        self.block, self.column = inner, column

    def _close(self, column: int, dash: int) -> None:
        while self.outer and (
            column < self.column
            or (column == self.column and not dash and self.block.__class__ is list)
        ):
            self.column, self.block = self.outer.pop()


def _value(token: str) -> Any:
    first = token[0]
    if first == "[":
        return [_scalar(inner) for inner in _INNERS.findall(token)]
    if first == "{":
        pairs = _PAIRS.findall(token)
        mapping = {key: _scalar(inner) for key, inner in pairs}
        if len(mapping) < len(pairs):
            raise _NotPlainError
        return mapping
    return _scalar(token)


def _scalar(token: str) -> Any:
    first = token[0]
    if first in "\"'":
        return token[1:-1]
    if first not in NUMBER_STARTS and token not in WORDS:
        return token
    value = plain_value(token)
    if value.__class__ is Refused:
        raise _NotPlainError
    return value
