"""What names and expressions of one Go file stand for, without running it."""

import re

from tree_sitter import Node

from aspire_gitops.egress.facts import (
    NOTHING,
    UNKNOWN,
    Value,
    either,
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


class Values:
    """Names of the whole file; scopes are not told apart."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.values: dict[str, list[Node]] = {}
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
                self.fields.setdefault(f".{self.tree.text(name)}" if name else "", []).append(item)
            else:
                self.values.setdefault(self.tree.text(target), []).append(item)

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
                bound = self.values.get(self.tree.text(node), ())
                return (
                    either(*(self._value(item, depth + 1) for item in bound)) if bound else UNKNOWN
                )
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
