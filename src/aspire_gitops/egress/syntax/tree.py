"""The only module that parses with tree-sitter: a text to a tree, and what all scanners need of it."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

from tree_sitter import Language, Node, Parser

from aspire_gitops.egress.facts import CodeRange

_GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "php": ("tree_sitter_php", "language_php"),
    "go": ("tree_sitter_go", "language"),
}

_WRAPPERS = frozenset(
    "parenthesized_expression await_expression as_expression satisfies_expression "
    "non_null_expression unary_expression literal_element argument variadic_argument".split()
)


@cache
def _parser(grammar: str) -> Parser:
    module, function = _GRAMMARS[grammar]
    make: Callable[[], Any] = getattr(import_module(module), function)
    return Parser(Language(make()))


class Tree:
    """One file's syntax tree. Broken code has one too: what cannot be parsed is skipped."""

    def __init__(self, grammar: str, text: str) -> None:
        self.content = text.encode("utf-8", "surrogatepass")
        self.root: Node = _parser(grammar).parse(self.content).root_node
        self.ascii = text.isascii()
        self._within: dict[int, list[int]] = {}
        self._lines = [] if self.ascii else self.content.split(b"\n")

    def text(self, node: Node) -> str:
        return self.content[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def place(self, node: Node) -> CodeRange:
        (line, start), (last, end) = node.start_point, node.end_point
        if not self.ascii:
            start, end = self._characters(line, start), self._characters(last, end)
        return CodeRange(line + 1, start + 1, end + 1, last + 1)

    def _characters(self, line: int, offset: int) -> int:
        known = self._within.get(line)
        if known is None:  # where the bytes are that begin no character
            found = re.finditer(rb"[\x80-\xbf]", self._lines[line])
            known = self._within[line] = [match.start() for match in found]
        return offset - bisect_left(known, offset)

    def nodes(self) -> Iterator[Node]:
        """Yield every named node, a parent before its children, in the order of the text."""
        cursor = self.root.walk()
        while True:
            node = cursor.node
            if node is not None and node.is_named:
                yield node
            if cursor.goto_first_child() or cursor.goto_next_sibling():
                continue
            while cursor.goto_parent():
                if cursor.goto_next_sibling():
                    break
            else:
                return


def field(node: Node | None, name: str) -> Node | None:
    return node.child_by_field_name(name) if node is not None else None


def unwrapped(node: Node) -> Node:
    """Return what is inside parentheses, `await`, `as T`, `!` and `&`."""
    while node.type in _WRAPPERS and node.named_child_count:
        inner = node.named_children[0]
        node = inner
    return node
