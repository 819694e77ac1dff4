"""Scan Go for facts: what its names stand for, and what clients are given."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from aspire_gitops.egress.clients import GO, find_client
from aspire_gitops.egress.facts import (
    NOTHING,
    UNKNOWN,
    Construction,
    Fact,
    ModelNamed,
    Text,
    Value,
    VariableRead,
    VariableSet,
    either,
    followed,
    is_prose,
    leads_nowhere,
    note,
    variables,
)
from aspire_gitops.egress.syntax.tree import Tree, field, unwrapped

_DEEPEST = 8
_STRINGS = frozenset({"interpreted_string_literal", "raw_string_literal"})
_CALLED_BY = {
    "openai-go": "openai",
    "go-openai": "openai",
    "anthropic-sdk-go": "anthropic",
    "go-anthropic": "anthropic",
    "cohere-go": "cohere",
    "mistral-go": "mistral",
}

_VARIABLES = variables()
_COMPARING = frozenset(
    "Contains HasPrefix HasSuffix EqualFold MatchString MustCompile Index TrimPrefix".split()
)
_TELLING = frozenset(
    "Errorf New Printf Println Print Fatal Fatalf Fatalln Logf Log Error Info Warn Debug Wrap".split()
)
_TELLERS = frozenset("fmt log errors slog logger t b zap logrus".split())


class _GoNames:
    """Names of the whole file; scopes are not distinguished."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.values: dict[str, list[Node]] = {}
        self.known: dict[tuple[str, int], Value] = {}
        self.fields: dict[str, list[Node]] = {}
        self.nodes = list(tree.nodes())
        for node in self.nodes:
            self._note(node)

    def _note(self, node: Node) -> None:
        match node.type:
            case "import_spec":
                self._import(node)
            case "const_spec" | "var_spec":
                self._bind(node.children_by_field_name("name"), field(node, "value"))
            case "short_var_declaration" | "assignment_statement":
                left = field(node, "left")
                self._bind(left.named_children if left else [], field(node, "right"))

    def _import(self, node: Node) -> None:
        path, alias = field(node, "path"), field(node, "name")
        if path is None:
            return
        whole = re.sub(r"/v[0-9]+(?=/|$)", "", self._plain(path))
        parts = [part for part in whole.split("/") if not re.fullmatch(r"apiv[0-9].*", part)]
        local = self.tree.text(alias) if alias else _CALLED_BY.get(parts[-1], parts[-1])
        self.imports[local] = whole

    def _bind(self, targets: list[Node], value: Node | None) -> None:
        values = value.named_children if value is not None else []
        for target, item in zip(targets, values, strict=False):
            if target.type == "selector_expression":
                name = field(target, "field")
                note(self.fields, f".{self.tree.text(name)}" if name else "", item)
            else:
                note(self.values, self.tree.text(target), item)

    def _of_name(self, name: str, depth: int) -> Value:
        def find() -> Value:
            bound = self.values.get(name, ())
            return either(*(self._value(item, depth + 1) for item in bound)) if bound else UNKNOWN

        return followed(self.known, (name, depth), find)

    def _called(self, node: Node) -> tuple[str, str]:
        called = field(node, "function")
        owner, name = field(called, "operand"), field(called, "field")
        if owner is None or name is None:
            return "", self.tree.text(called) if called else ""
        return self.tree.text(owner), self.tree.text(name)

    def _value(  # noqa: PLR0911 (one case for each kind of node)
        self, node: Node | None, depth: int = 0
    ) -> Value:
        if node is None or depth > _DEEPEST:
            return UNKNOWN
        node = unwrapped(node)
        match node.type:
            case "interpreted_string_literal" | "raw_string_literal":
                text = self._plain(node)
                return Value((text,)) if text else NOTHING
            case "nil":
                return NOTHING
            case "identifier":
                return self._of_name(self.tree.text(node), depth)
            case "binary_expression":
                left = self._value(field(node, "left"), depth + 1)
                right = self._value(field(node, "right"), depth + 1)
                texts = tuple(text + (right.texts or ("{}",))[0] for text in left.texts)
                return Value(texts) if texts else UNKNOWN
            case "call_expression":
                return self._of_call(node, depth)
        return UNKNOWN

    def _of_call(self, node: Node, depth: int) -> Value:
        owner, name = self._called(node)
        given = field(node, "arguments")
        items = given.named_children if given else []
        if items and name in ("Getenv", "LookupEnv") and items[0].type in _STRINGS:
            return Value(variables=(self._plain(items[0]),))
        if items and "env" in name.lower() and items[0].type in _STRINGS:
            rest = (self._value(item, depth + 1) for item in items[1:])
            return Value(variables=(self._plain(items[0]),)) | either(*rest)
        if owner == "cmp" and name == "Or":
            return either(*(self._value(item, depth + 1) for item in items))
        return UNKNOWN

    def _plain(self, node: Node) -> str:
        text = self.tree.text(node)
        return text[1:-1] if node.type in _STRINGS else text


def scan_go(text: str) -> Iterator[Fact]:
    """Yield the facts of a file."""
    yield from _Scanner(Tree("go", text)).facts()


class _Scanner(_GoNames):
    """Walks the nodes and yields the facts."""

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
