"""Scan PHP for facts: what its names stand for, and what clients are given."""

from collections.abc import Iterator

from tree_sitter import Node

from aspire_gitops.egress.clients import PHP
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
_STRINGS = frozenset({"string", "encapsed_string"})

_VARIABLES = variables()
_COMPARING = frozenset(
    "str_contains str_starts_with str_ends_with strpos stripos preg_match in_array __ _e esc_html__ trans".split()
)
_TELLING = frozenset(
    {"echo_statement", "print_intrinsic", "throw_expression", "match_condition_list"}
)
_COMPARISONS = frozenset({"===", "==", "!==", "!="})
_FACADE = "OpenAI\\Laravel\\Facades\\OpenAI"


class _PhpNames:
    """Names of the whole file; scopes are not distinguished."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.values: dict[str, list[Node]] = {}
        self.known: dict[tuple[str, int], Value] = {}
        self.calls: dict[str, list[Node]] = {}  # what is given to `->name(…)`, anywhere
        self.nodes = list(tree.nodes())
        for node in self.nodes:
            self._note(node)

    def _note(self, node: Node) -> None:  # noqa: C901 (one case for each kind of node)
        match node.type:
            case "namespace_use_declaration":
                self._use(node)
            case "assignment_expression":
                left, right = field(node, "left"), field(node, "right")
                if left is not None and right is not None:
                    note(self.values, self.tree.text(left), right)
                    if left.type == "member_access_expression":
                        name = field(left, "name")
                        note(self.calls, self.tree.text(name) if name else "", right)
            case "const_element":
                name, *rest = node.named_children
                if rest:
                    note(self.values, self.tree.text(name), rest[-1])
            case "property_element" | "property_promotion_parameter" | "simple_parameter":
                name, value = field(node, "name"), field(node, "default_value")
                if name is not None and value is not None:
                    note(self.values, self.tree.text(name), value)
            case "member_call_expression" | "nullsafe_member_call_expression":
                name, first = field(node, "name"), first_argument(node)
                if name is not None and first is not None:
                    note(self.calls, self.tree.text(name), first)

    def _use(self, node: Node) -> None:
        prefix = next(
            (self.tree.text(i) for i in node.named_children if i.type == "namespace_name"), ""
        )
        group = field(node, "body")
        for clause in (group or node).named_children:
            if clause.type == "namespace_use_clause":
                alias = field(clause, "alias")
                name = self.tree.text(clause.named_children[0])
                whole = (f"{prefix}\\{name}" if group else name).lstrip("\\")
                local = self.tree.text(alias) if alias else whole.rpartition("\\")[2]
                self.imports[local] = whole

    def _class(self, node: Node) -> str:
        """Return the full name of a class, by the file's `use`."""
        name = self.tree.text(node)
        if name.startswith("\\"):
            return name[1:]
        first, _, rest = name.partition("\\")
        whole = self.imports.get(first, first)
        return f"{whole}\\{rest}" if rest else whole

    def _value(  # noqa: PLR0911 (one case for each kind of node)
        self, node: Node | None, depth: int = 0
    ) -> Value:
        if node is None or depth > _DEEPEST:
            return UNKNOWN
        node = unwrapped(node)
        match node.type:
            case "string" | "encapsed_string":
                text = self._plain(node)
                return (UNKNOWN if text.startswith("{}") else Value((text,))) if text else NOTHING
            case "null":
                return NOTHING
            case "variable_name" | "name" | "member_access_expression":
                return self._of_name(self.tree.text(node), depth)
            case "class_constant_access_expression":
                return self._of_name(self.tree.text(node.named_children[-1]), depth)
            case "binary_expression":
                return self._binary(node, depth)
            case "conditional_expression":
                parts = [
                    field(node, "body") or field(node, "condition"),
                    field(node, "alternative"),
                ]
                return either(*(self._value(part, depth + 1) for part in parts))
            case "function_call_expression" | "subscript_expression":
                return self._from_environment(node, depth)
        return UNKNOWN

    def _of_name(self, name: str, depth: int) -> Value:
        def find() -> Value:
            bound = self.values.get(name, ())
            return either(*(self._value(item, depth + 1) for item in bound)) if bound else UNKNOWN

        return followed(self.known, (name, depth), find)

    def _binary(self, node: Node, depth: int) -> Value:
        sign = field(node, "operator")
        left = self._value(field(node, "left"), depth + 1)
        right = self._value(field(node, "right"), depth + 1)
        if sign is not None and self.tree.text(sign) in ("??", "||", "or"):
            return left | right
        return (
            Value(tuple(text + (right.texts or ("{}",))[0] for text in left.texts))
            if left.texts
            else UNKNOWN
        )

    def _from_environment(self, node: Node, depth: int) -> Value:
        """`env("X", "default")`, `getenv("X")`, `$_ENV["X"]`."""
        called = field(node, "function") or node.named_children[0]
        shown = self.tree.text(called).lstrip("\\")
        parts = node.named_children[-1]
        items = parts.named_children if parts.type == "arguments" else [parts]
        plain = [unwrapped(item) for item in items]
        if plain and plain[0].type in _STRINGS:
            if shown in ("env", "getenv", "$_ENV", "$_SERVER"):
                rest = (self._value(item, depth + 1) for item in plain[1:2])
                return Value(variables=(self._plain(plain[0]),)) | either(*rest)
            if shown in ("rtrim", "trim"):
                return self._value(plain[0], depth + 1)
        return UNKNOWN

    def _plain(self, node: Node) -> str:
        if node.type in _STRINGS:
            kept = ("string_content", "string_value", "escape_sequence")
            return "".join(
                self.tree.text(item) if item.type in kept else "{}" for item in node.named_children
            )
        return self.tree.text(node)


def first_argument(node: Node) -> Node | None:
    given = field(node, "arguments")
    if given is None or not given.named_child_count:
        return None
    item = given.named_children[0]
    return unwrapped(item) if item.named_child_count else item


def scan_php(text: str) -> Iterator[Fact]:
    """Yield the facts of a file; HTML around the code is left out."""
    yield from _Scanner(Tree("php", text)).facts()


class _Scanner(_PhpNames):
    """Walks the nodes and yields the facts."""

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
