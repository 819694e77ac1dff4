"""JavaScript and TypeScript to facts."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from aspire_gitops.egress.clients import JAVASCRIPT, find_client
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
)
from aspire_gitops.egress.prose import is_prose, leads_nowhere
from aspire_gitops.egress.providers import variables
from aspire_gitops.egress.syntax.tree import Tree, field, unwrapped

_VARIABLES = variables()
_DEEPEST = 8
_SAME_TEXT = frozenset({"trim", "replace", "toString", "toLowerCase", "concat"})
_COMPARING = frozenset(
    "includes startsWith endsWith indexOf match test search replace replaceAll split has equals "
    "toBe toEqual toContain toMatch".split()
)
_COMPARISONS = frozenset({"===", "==", "!==", "!=", "in", "instanceof"})
_CHOICES = frozenset({"??", "||", "&&"})
_INTEROP = frozenset(
    {
        "__importDefault",
        "__importStar",
        "_interopRequireDefault",
        "_interopRequireWildcard",
        "__toESM",
    }
)
_MODEL_WORDS = frozenset({"model", "modelName", "modelId"})
_STRINGS = frozenset({"string", "template_string"})
_PACKAGE = re.compile(
    r"(?:npm:|jsr:|https?://(?:esm\.sh|cdn\.skypack\.dev|deno\.land/x)/)?(@?[^@]+)(?:@[^/]*)?"
)


def scan_javascript(text: str, grammar: str) -> Iterator[Fact]:
    """Yield the facts of a file; `grammar` is javascript, typescript or tsx."""
    yield from _Scanner(Tree(grammar, text)).facts()


class _Scanner:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.values: dict[str, list[Node]] = {}
        self.attributes: dict[str, list[Node]] = {}
        self.parameters: set[str] = set()
        self.nodes = list(tree.nodes())
        for node in self.nodes:
            self._note(node)

    # What names stand for.

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
                    self.attributes.setdefault(f"this.{self.tree.text(name)}", []).append(value)

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
                self.values.setdefault(name, []).append(value)
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
            self.attributes.setdefault(self.tree.text(left), []).append(right)

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

    # Facts.

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

    def _arguments(self, node: Node) -> tuple[dict[str, Value], bool]:
        found: dict[str, Value] = {}
        is_open = False
        given = field(node, "arguments")
        items = [] if given is None else [i for i in given.named_children if i.type != "comment"]
        for number, item in enumerate(items):
            prefix = "" if number == 0 else f"{number}."
            options = self._options(item)
            if options is not None:
                is_open |= self._flatten(options, prefix, found)
                is_open |= self._set_later(item, prefix, found)
            elif unwrapped(item).type in (
                "identifier",
                "call_expression",
                "member_expression",
                "spread_element",
            ):
                value = self._value(item)
                found[str(number)] = value
                is_open |= value.other and number == 0
            else:
                found[str(number)] = self._value(item)
        return found, is_open

    def _set_later(self, node: Node, prefix: str, found: dict[str, Value]) -> bool:
        """`options.configuration = { baseURL }`, after the object was made."""
        node = unwrapped(node)
        is_open = False
        start = f"{self.tree.text(node)}." if node.type == "identifier" else None
        for name, values in self.attributes.items() if start else ():
            if start is None or not name.startswith(start):
                continue
            for value in values:
                key = prefix + name[len(start) :]
                options = self._options(value)
                if options is not None:
                    is_open |= self._flatten(options, f"{key}.", found)
                else:
                    found[key] = found.get(key, Value()) | self._value(value)
        return is_open

    def _options(self, node: Node) -> Node | None:
        node = unwrapped(node)
        if node.type == "object":
            return node
        if node.type == "identifier":
            bound = self.values.get(self.tree.text(node), ())
            objects = [unwrapped(item) for item in bound]
            if objects and all(item.type == "object" for item in objects):
                return objects[0]
        return None

    def _flatten(self, node: Node, prefix: str, found: dict[str, Value]) -> bool:
        is_open = False
        for item in node.named_children:
            match item.type:
                case "pair":
                    key, value = field(item, "key"), field(item, "value")
                    if key is None or value is None:
                        continue
                    name = prefix + self._plain(key)
                    options = self._options(value)
                    if options is not None:
                        is_open |= self._flatten(options, f"{name}.", found)
                    else:
                        found[name] = self._value(value)
                case "shorthand_property_identifier":
                    name = self.tree.text(item)
                    found[prefix + name] = self._of_name(name, 0)
                case "spread_element":
                    is_open |= self._spread(item, prefix, found)
        return is_open

    def _spread(self, item: Node, prefix: str, found: dict[str, Value]) -> bool:
        """`...options`, and `...(url ? { baseURL: url } : {})`."""
        inner = unwrapped(item.named_children[0]) if item.named_child_count else item
        options = self._options(inner)
        if options is not None:
            is_open = self._flatten(options, prefix, found)
            return self._set_later(inner, prefix, found) or is_open
        known = False
        for part in inner.named_children:
            options = self._options(part)
            if options is not None:
                known = True
                self._flatten(options, prefix, found)
        return not known

    def _value(self, node: Node | None, depth: int = 0) -> Value:
        if node is None or depth > _DEEPEST:
            return UNKNOWN
        node = unwrapped(node)
        match node.type:
            case "string":
                text = self._plain(node)
                return Value((text,)) if text else NOTHING
            case "template_string":
                return self._template(node, depth)
            case "undefined" | "null":
                return NOTHING
            case "identifier":
                return self._of_name(self.tree.text(node), depth)
            case "ternary_expression":
                parts = (field(node, "consequence"), field(node, "alternative"))
                return either(*(self._value(part, depth + 1) for part in parts))
            case "binary_expression":
                return self._binary(node, depth)
            case "member_expression" | "subscript_expression":
                return self._member(node, depth)
            case "call_expression":
                return self._called(node, depth)
        return UNKNOWN

    def _of_name(self, name: str, depth: int) -> Value:
        if name == "undefined":
            return NOTHING
        if depth > _DEEPEST:
            return UNKNOWN
        bound = self.values.get(name, ())
        value = either(*(self._value(item, depth + 1) for item in bound))
        origin = self.imports.get(name, "")
        return value | UNKNOWN if name in self.parameters or not bound or origin else value

    def _template(self, node: Node, depth: int) -> Value:
        text = ""
        for part in node.named_children:
            if part.type == "string_fragment":
                text += self.tree.text(part)
                continue
            inner = (
                self._value(part.named_children[0], depth + 1)
                if part.named_child_count
                else UNKNOWN
            )
            text += inner.texts[0] if inner.texts else "{}"
        return UNKNOWN if text.startswith("{}") else Value((text,))

    def _binary(self, node: Node, depth: int) -> Value:
        sign = field(node, "operator")
        left = self._value(field(node, "left"), depth + 1)
        right = self._value(field(node, "right"), depth + 1)
        if sign is not None and self.tree.text(sign) in _CHOICES:
            return left | right
        if left.texts:
            return Value(tuple(text + (right.texts or ("{}",))[0] for text in left.texts))
        return UNKNOWN

    def _member(self, node: Node, depth: int) -> Value:
        variable = self._variable(node)
        if variable:
            return Value(variables=(variable,))
        bound = self.attributes.get(self.tree.text(node), ())
        return either(*(self._value(item, depth + 1) for item in bound)) | (
            Value() if bound else UNKNOWN
        )

    def _called(self, node: Node, depth: int) -> Value:
        called = field(node, "function")
        name = field(called, "property") if called and called.type == "member_expression" else None
        if name is not None and self.tree.text(name) in _SAME_TEXT:
            return self._value(field(called, "object"), depth + 1)
        variable = self._variable_of_call(node)
        return Value(variables=(variable,)) if variable else UNKNOWN

    def _variable(self, node: Node) -> str | None:
        """Return the variable of `process.env.X`, `process.env["X"]`, `import.meta.env.X`, `env.X`."""
        owner = field(node, "object")
        name = field(node, "property") or field(node, "index")
        if owner is None or name is None:
            return None
        shown = self.tree.text(owner)
        if not (shown.endswith("env") or shown.endswith("ENV")):
            return None
        text = self._plain(name)
        return text if text.isupper() else None

    def _variable_of_call(self, node: Node) -> str | None:
        """Return the variable of `Deno.env.get("X")`, `getEnvironmentVariable("X")`."""
        called, given = field(node, "function"), field(node, "arguments")
        if called is None or given is None or not given.named_child_count:
            return None
        first = given.named_children[0]
        reads = "env" in self.tree.text(called).lower()
        text = self._plain(first) if first.type == "string" else ""
        return text if reads and text.isupper() else None

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

    def _is_quiet(self, node: Node) -> bool:
        """Say whether a text is only compared with, shown to people, or a package's name."""
        above, child = node.parent, node
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
            above, child = above.parent, above
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


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
