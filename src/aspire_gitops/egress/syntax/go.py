"""Go to facts."""

from collections.abc import Iterator

from tree_sitter import Node

from aspire_gitops.egress.clients import find_client
from aspire_gitops.egress.clients.go import GO
from aspire_gitops.egress.facts import (
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
from aspire_gitops.egress.syntax.go_values import Values
from aspire_gitops.egress.syntax.tree import Tree, field, unwrapped

_VARIABLES = variables()
_STRINGS = frozenset({"interpreted_string_literal", "raw_string_literal"})
_COMPARING = frozenset(
    "Contains HasPrefix HasSuffix EqualFold MatchString MustCompile Index TrimPrefix".split()
)
_TELLING = frozenset(
    "Errorf New Printf Println Print Fatal Fatalf Fatalln Logf Log Error Info Warn Debug Wrap".split()
)
_TELLERS = frozenset("fmt log errors slog logger t b zap logrus".split())


def scan_go(text: str) -> Iterator[Fact]:
    """Yield the facts of a file."""
    yield from _Scanner(Tree("go", text)).facts()


class _Scanner(Values):
    """Walks over the nodes and tells the facts."""

    def facts(self) -> Iterator[Fact]:
        for node in self.nodes:
            if node.type == "call_expression":
                yield from self._call(node)
            elif node.type in _STRINGS:
                yield from self._text(node)
            elif node.type == "keyed_element":
                yield from self._model(node)

    def _call(self, node: Node) -> Iterator[Fact]:
        owner, name = self._called(node)
        if name == "Setenv" and owner == "os":
            yield from self._set(node)
        row = find_client("go", f"{self.imports.get(owner, '')}.{name}")
        if row is None:
            return
        arguments, is_open = self._arguments(node)
        for base in GO[row].base:
            if base in self.fields:
                arguments[base] = either(*map(self._value, self.fields[base]))
        yield Construction(row, self.tree.place(node), f"{owner}.{name}", arguments, is_open)

    def _set(self, node: Node) -> Iterator[Fact]:
        given = field(node, "arguments")
        if given is None or given.named_child_count != 2:
            return
        name, value = given.named_children
        if self._plain(name) in _VARIABLES:
            yield VariableSet(self._plain(name), self._value(value), self.tree.place(node))

    def _arguments(self, node: Node) -> tuple[dict[str, Value], bool]:
        found: dict[str, Value] = {}
        is_open = False
        given = field(node, "arguments")
        for number, item in enumerate(given.named_children if given else ()):
            is_open |= item.type == "variadic_argument"
            inner = unwrapped(item)
            if inner.type == "call_expression":
                _, name = self._called(inner)
                parts = field(inner, "arguments")
                first = parts.named_children[0] if parts and parts.named_child_count else None
                found[name] = self._value(first)
            elif inner.type == "composite_literal":
                self._flatten(inner, "", found)
            else:
                found[str(number)] = self._value(inner)
        return found, is_open

    def _flatten(self, node: Node, prefix: str, found: dict[str, Value]) -> None:
        for item in (field(node, "body") or node).named_children:
            key, value = field(item, "key"), field(item, "value")
            if key is None or value is None:
                continue
            inner = unwrapped(value)
            name = prefix + self.tree.text(key)
            if inner.type == "composite_literal":
                self._flatten(inner, f"{name}.", found)
            else:
                found[name] = self._value(inner)

    def _model(self, node: Node) -> Iterator[Fact]:
        key, value = field(node, "key"), field(node, "value")
        if key is None or value is None or self.tree.text(key) != "Model":
            return
        inner = unwrapped(value)
        if inner.type in _STRINGS:
            yield ModelNamed(self._plain(inner), self.tree.place(inner))

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
        for _ in range(5):
            if above is None:
                return False
            match above.type:
                case "import_spec" | "expression_case" | "field_declaration":
                    return True
                case "binary_expression":
                    sign = field(above, "operator")
                    if sign is not None and self.tree.text(sign) in ("==", "!="):
                        return True
                case "call_expression":
                    owner, name = self._called(above)
                    return name in _COMPARING or (name in _TELLING and owner in _TELLERS)
                case "keyed_element":
                    key = field(above, "key")
                    return key is not None and (
                        key.id == child.id or leads_nowhere(self.tree.text(key).lower())
                    )
                case "block":
                    return False
            child = above
            above = above.parent
        return False
