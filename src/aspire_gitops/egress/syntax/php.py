"""PHP to facts."""

from collections.abc import Iterator

from tree_sitter import Node

from aspire_gitops.egress.clients.php import PHP
from aspire_gitops.egress.facts import (
    UNKNOWN,
    Construction,
    Fact,
    ModelNamed,
    Text,
    Value,
    VariableRead,
    VariableSet,
    either,
)
from aspire_gitops.egress.prose import is_prose, leads_nowhere
from aspire_gitops.egress.providers import variables
from aspire_gitops.egress.syntax.php_values import Values, first_argument
from aspire_gitops.egress.syntax.tree import Tree, field, unwrapped

_VARIABLES = variables()
_STRINGS = frozenset({"string", "encapsed_string"})
_COMPARING = frozenset(
    "str_contains str_starts_with str_ends_with strpos stripos preg_match in_array __ _e esc_html__ trans".split()
)
_TELLING = frozenset(
    {"echo_statement", "print_intrinsic", "throw_expression", "match_condition_list"}
)
_COMPARISONS = frozenset({"===", "==", "!==", "!="})
_FACADE = "OpenAI\\Laravel\\Facades\\OpenAI"


def scan_php(text: str) -> Iterator[Fact]:
    """Yield the facts of a file; HTML around the code is left out."""
    yield from _Scanner(Tree("php", text)).facts()


class _Scanner(Values):
    """Walks over the nodes and tells the facts."""

    def facts(self) -> Iterator[Fact]:
        for node in self.nodes:
            match node.type:
                case "object_creation_expression":
                    yield from self._created(node)
                case "scoped_call_expression":
                    yield from self._static(node)
                case "function_call_expression":
                    yield from self._put(node)
                case "string" | "encapsed_string":
                    yield from self._text(node)
                case "array_element_initializer" | "argument":
                    yield from self._model(node)

    def _created(self, node: Node) -> Iterator[Fact]:
        named = next((i for i in node.named_children if i.type in ("name", "qualified_name")), None)
        if named is None:
            return
        row = self._class(named)
        if row in PHP:
            yield self._construction(node, row, f"new {row}", node)

    def _static(self, node: Node) -> Iterator[Fact]:
        owner, name = field(node, "scope"), field(node, "name")
        if owner is None or name is None:
            return
        whole = self._class(owner)
        if whole == _FACADE:
            if self.tree.text(name) not in (
                "fake",
                "assertSent",
                "assertNotSent",
                "assertNothingSent",
            ):
                yield self._construction(node, f"{_FACADE}::", "OpenAI (Laravel)", node)
            return
        row = f"{whole}::{self.tree.text(name)}"
        if row in PHP:
            yield self._construction(node, row, row, self._chain(node))

    def _chain(self, node: Node) -> Node:
        """Return the whole of `OpenAI::factory()->withApiKey(…)->make()`."""
        above = node.parent
        while above is not None and above.type == "member_call_expression":
            whole = field(above, "object")
            if whole is None or whole.id != node.id:
                break
            node, above = above, above.parent
        return node

    def _construction(self, node: Node, row: str, shown: str, whole: Node) -> Construction:
        found: dict[str, Value] = {}
        is_open = False
        given = field(node, "arguments") or next(
            (i for i in node.named_children if i.type == "arguments"), None
        )
        for number, item in enumerate(given.named_children if given else ()):
            name = field(item, "name")
            is_open |= any(part.type == "variadic_unpacking" for part in item.named_children)
            key = self.tree.text(name) if name else str(number)
            found[key] = self._value(item.named_children[-1]) if item.named_child_count else UNKNOWN
        for name_ in PHP[row].base:
            if name_ in self.calls:
                found[name_] = either(*map(self._value, self.calls[name_]))
        return Construction(row, self.tree.place(whole), shown, found, is_open)

    def _put(self, node: Node) -> Iterator[Fact]:
        called, first = field(node, "function"), first_argument(node)
        if called is None or first is None or self.tree.text(called) != "putenv":
            return
        name, _, value = self._plain(first).partition("=")
        if name in _VARIABLES:
            yield VariableSet(name, Value((value,)), self.tree.place(node))

    def _model(self, node: Node) -> Iterator[Fact]:
        children = [unwrapped(item) for item in node.named_children]
        if (
            len(children) == 2
            and children[1].type in _STRINGS
            and self._plain(children[0]) == "model"
        ):
            yield ModelNamed(self._plain(children[1]), self.tree.place(children[1]))

    def _text(self, node: Node) -> Iterator[Fact]:
        text = self._plain(node)
        if self._is_quiet(node):
            return
        if text in _VARIABLES:
            yield VariableRead(text, self.tree.place(node))
        elif "." in text and not is_prose(text):
            yield Text(text, self.tree.place(node))

    def _is_quiet(self, node: Node) -> bool:  # noqa: PLR0911 (one case for each kind of node)
        above: Node | None = node.parent
        child = node
        for _ in range(6):
            if above is None:
                return False
            if above.type in _TELLING:
                return True
            match above.type:
                case "binary_expression":
                    sign = field(above, "operator")
                    if sign is not None and self.tree.text(sign) in _COMPARISONS:
                        return True
                case "function_call_expression":
                    called = field(above, "function")
                    return called is not None and self.tree.text(called) in _COMPARING
                case "array_element_initializer":
                    key = above.named_children[0]
                    if above.named_child_count > 1 and key.id != child.id:
                        return leads_nowhere(self._plain(key))
                case "compound_statement" | "program":
                    return False
            child = above
            above = above.parent
        return False
