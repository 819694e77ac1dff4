"""What the names of one JavaScript file stand for: imports, bindings, attributes."""

import re

from tree_sitter import Node

from aspire_gitops.egress.facts import Value, note
from aspire_gitops.egress.syntax.tree import Tree, field, unwrapped

_INTEROP = frozenset(
    {
        "__importDefault",
        "__importStar",
        "_interopRequireDefault",
        "_interopRequireWildcard",
        "__toESM",
    }
)
_PACKAGE = re.compile(
    r"(?:npm:|jsr:|https?://(?:esm\.sh|cdn\.skypack\.dev|deno\.land/x)/)?(@?[^@]+)(?:@[^/]*)?"
)


class JavaScriptNames:
    """Names of the whole file; scopes are not distinguished."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.values: dict[str, list[Node]] = {}
        self.known: dict[tuple[str, int], Value] = {}
        self.attributes: dict[str, list[Node]] = {}
        self.parameters: set[str] = set()
        self.nodes = list(tree.nodes())
        for node in self.nodes:
            self._note(node)

    def _note(self, node: Node) -> None:
        match node.type:
            case "import_statement":
                self._import(node)
            case "variable_declarator":
                self._bind(field(node, "name"), field(node, "value"))
            case "assignment_expression":
                self._assign(field(node, "left"), field(node, "right"))
            case "assignment_pattern" | "object_assignment_pattern":
                self._bind(field(node, "left"), field(node, "right"))
            case "required_parameter" | "optional_parameter":
                self._bind(field(node, "pattern"), field(node, "value"), is_parameter=True)
            case "formal_parameters":
                names = (
                    self.tree.text(item)
                    for item in node.named_children
                    if item.type == "identifier"
                )
                self.parameters.update(names)
            case "public_field_definition" | "field_definition":
                name, value = field(node, "name") or field(node, "property"), field(node, "value")
                if name and value:
                    note(self.attributes, f"this.{self.tree.text(name)}", value)

    def _import(self, node: Node) -> None:
        source = field(node, "source")
        package = _package(self._plain(source)) if source else None
        clause = next((item for item in node.named_children if item.type == "import_clause"), None)
        if not package or clause is None:
            return
        for item in clause.named_children:
            match item.type:
                case "identifier":
                    self.imports[self.tree.text(item)] = f"{package}.default"
                case "namespace_import":
                    self.imports[self.tree.text(item.named_children[0])] = package
                case "named_imports":
                    self._named(item, package)

    def _named(self, node: Node, owner: str) -> None:
        for item in node.named_children:
            name = field(item, "name")
            if name:
                local = field(item, "alias") or name
                self.imports[self.tree.text(local)] = f"{owner}.{self.tree.text(name)}"

    def _bind(self, target: Node | None, value: Node | None, *, is_parameter: bool = False) -> None:
        if target is None:
            return
        if target.type in ("identifier", "shorthand_property_identifier_pattern"):
            name = self.tree.text(target)
            if is_parameter:
                self.parameters.add(name)
            if value is not None:
                owner = self._dotted(value)
                if owner and name not in self.imports:
                    self.imports[name] = owner
                note(self.values, name, value)
        elif target.type == "object_pattern" and value is not None:
            owner = self._dotted(value)
            if owner:
                self._destructured(target, owner)

    def _destructured(self, target: Node, owner: str) -> None:
        for item in target.named_children:
            if item.type == "shorthand_property_identifier_pattern":
                name = self.tree.text(item)
                self.imports[name] = f"{owner}.{name}"
            elif item.type == "pair_pattern":
                key, value = field(item, "key"), field(item, "value")
                if key and value:
                    self.imports[self.tree.text(value)] = f"{owner}.{self.tree.text(key)}"

    def _assign(self, left: Node | None, right: Node | None) -> None:
        if left is None or right is None:
            return
        if left.type == "identifier":
            self._bind(left, right)
        elif left.type == "member_expression":
            note(self.attributes, self.tree.text(left), right)

    def _dotted(self, node: Node | None) -> str | None:
        """Return what an expression leads to by the imports: `lib.OpenAI` is `openai.OpenAI`."""
        if node is None:
            return None
        node = unwrapped(node)
        match node.type:
            case "identifier":
                return self.imports.get(self.tree.text(node))
            case "member_expression":
                owner, name = self._dotted(field(node, "object")), field(node, "property")
                return f"{owner}.{self.tree.text(name)}" if owner and name else None
            case "call_expression":
                return self._required(node)
        return None

    def _required(self, node: Node) -> str | None:
        """`require("openai")` and `import("openai")` are the package, also as compilers write it."""
        called, given = field(node, "function"), field(node, "arguments")
        if called is None or given is None or called.type not in ("identifier", "import"):
            return None
        first = given.named_children[0] if given.named_child_count else None
        if self.tree.text(called) in _INTEROP:
            return self._dotted(first)
        if self.tree.text(called) in ("require", "import") and first and first.type == "string":
            return _package(self._plain(first))
        return None

    def _plain(self, node: Node) -> str:
        """Return a string's text, a template's with `{}` for what is put in, or a name."""
        if node.type == "string":
            return "".join(self.tree.text(item) for item in node.named_children)
        if node.type == "template_string":
            pieces = (
                self.tree.text(item) if item.type == "string_fragment" else "{}"
                for item in node.named_children
            )
            return "".join(pieces)
        return self.tree.text(node)


def _package(name: str) -> str | None:
    match = _PACKAGE.fullmatch(name)
    if not match or name.startswith("."):
        return None
    whole = match[1]
    # `openai/index.mjs` and `openai@4/resources` are openai; `@langchain/openai` is one name.
    return whole.removesuffix("/index.mjs").removesuffix("/index.js")
