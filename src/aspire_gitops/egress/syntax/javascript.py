"""Scan JavaScript and TypeScript for facts."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from aspire_gitops.egress.clients import JAVASCRIPT, find_client
from aspire_gitops.egress.facts import (
    NOTHING,
    Construction,
    Fact,
    ModelNamed,
    Text,
    VariableRead,
    VariableSet,
    is_prose,
    leads_nowhere,
    variables,
)
from aspire_gitops.egress.syntax.javascript_values import JavaScriptValues
from aspire_gitops.egress.syntax.tree import Tree, field

_VARIABLES = variables()
_COMPARING = frozenset(
    "includes startsWith endsWith indexOf match test search replace replaceAll split has equals "
    "toBe toEqual toContain toMatch".split()
)
_COMPARISONS = frozenset({"===", "==", "!==", "!=", "in", "instanceof"})
_MODEL_WORDS = frozenset({"model", "modelName", "modelId"})


def scan_javascript(text: str, grammar: str) -> Iterator[Fact]:
    """Yield the facts of a file; `grammar` is javascript, typescript or tsx."""
    yield from _Scanner(Tree(grammar, text)).facts()


class _Scanner(JavaScriptValues):
    """Walks the nodes and yields the facts."""

    def facts(self) -> Iterator[Fact]:
        for node in self.nodes:
            match node.type:
                case "new_expression":
                    yield from self._made(node, field(node, "constructor"), is_new=True)
                case "call_expression":
                    yield from self._made(node, field(node, "function"), is_new=False)
                case "string" | "template_string":
                    yield from self._text(node)
                case "member_expression" | "subscript_expression":
                    yield from self._environment(node)
                case "shorthand_property_identifier_pattern":
                    yield from self._named_variable(node)
                case "pair":
                    yield from self._model(node)

    def _made(self, node: Node, called: Node | None, *, is_new: bool) -> Iterator[Fact]:
        dotted = self._dotted(called)
        name = self._row(dotted, is_new=is_new) if dotted else None
        if name is None or called is None:
            return
        arguments, is_open = self._arguments(node)
        if name.endswith("()"):  # `openai("gpt-4o")`
            yield from (
                ModelNamed(text, self.tree.place(node))
                for text in arguments.get("0", NOTHING).texts
            )
        shown = self.tree.text(called)
        shown = shown if re.fullmatch(r"[\w.$]{1,60}", shown) else name.removesuffix("()")
        yield Construction(
            name, self.tree.place(node), f"new {shown}" if is_new else shown, arguments, is_open
        )

    def _row(self, dotted: str, *, is_new: bool) -> str | None:
        if not is_new:
            package, _, _ = dotted.partition("/")
            ready = dotted if f"{dotted}()" in JAVASCRIPT else dotted.rpartition(".")[0]
            if f"{ready}()" in JAVASCRIPT and package:
                return f"{ready}()"
        found = find_client("javascript", dotted)
        if found is None and f"{dotted}.default" in JAVASCRIPT:
            found = f"{dotted}.default"
        if found is None:
            return None
        last = found.rpartition(".")[2]
        is_class = last[:1].isupper() or (last == "default" and not found.startswith("@azure-rest"))
        return found if is_class == is_new else None

    def _environment(self, node: Node) -> Iterator[Fact]:
        variable = self._variable(node)
        if variable not in _VARIABLES or variable is None:
            return
        parent = node.parent
        left = field(parent, "left") if parent and parent.type == "assignment_expression" else None
        if left is not None and left.id == node.id:
            value = self._value(field(parent, "right"))
            yield VariableSet(variable, value, self.tree.place(node))
        elif field(node, "property"):
            yield VariableRead(variable, self.tree.place(node))

    def _named_variable(self, node: Node) -> Iterator[Fact]:
        name = self.tree.text(node)
        if name in _VARIABLES:
            yield VariableRead(name, self.tree.place(node))

    def _model(self, node: Node) -> Iterator[Fact]:
        key, value = field(node, "key"), field(node, "value")
        if key and value and value.type == "string" and self._plain(key) in _MODEL_WORDS:
            yield ModelNamed(self._plain(value), self.tree.place(value))

    def _text(self, node: Node) -> Iterator[Fact]:
        text = self._plain(node)
        if text in _VARIABLES and not self._is_quiet(node):
            yield VariableRead(text, self.tree.place(node))
        elif "." in text and not is_prose(text) and not self._is_quiet(node):
            yield Text(text, self.tree.place(node))

    def _is_quiet(self, node: Node) -> bool:  # noqa: C901, PLR0911 (one case for each kind of node)
        """Return whether a text is only compared with, shown to people, or a package's name."""
        above: Node | None = node.parent
        child = node
        for _ in range(6):
            if above is None:
                return False
            match above.type:
                case "import_statement" | "export_statement" | "throw_statement" | "jsx_attribute":
                    return above.type != "export_statement" or field(above, "source") is not None
                case "expression_statement" | "switch_case" | "literal_type":
                    return above.type != "expression_statement" or child.id == node.id
                case "binary_expression":
                    sign = field(above, "operator")
                    if sign is not None and self.tree.text(sign) in _COMPARISONS:
                        return True
                case "call_expression" | "new_expression":
                    return self._tells(above, child)
                case "pair":
                    key = field(above, "key")
                    return key is not None and (
                        key.id == child.id or leads_nowhere(_snake(self._plain(key)))
                    )
                case "variable_declarator":
                    name = field(above, "name")
                    return name is not None and leads_nowhere(_snake(self.tree.text(name)))
                case "statement_block" | "program":
                    return False
            child = above
            above = above.parent
        return False

    def _tells(self, call: Node, child: Node) -> bool:
        called = field(call, "function") or field(call, "constructor")
        if called is None or called.id == child.id:
            return False
        shown = self.tree.text(called)
        last = shown.rpartition(".")[2]
        return (
            last in _COMPARING
            or shown.startswith(("console.", "logger.", "log.", "toast"))
            or last.endswith("Error")
        )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
