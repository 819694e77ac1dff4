"""What a JavaScript expression may be, and what a call is given, without running it."""

from tree_sitter import Node

from aspire_gitops.egress.facts import NOTHING, UNKNOWN, Value, either, followed
from aspire_gitops.egress.syntax.javascript_names import JavaScriptNames
from aspire_gitops.egress.syntax.tree import field, unwrapped

_DEEPEST = 8
_SAME_TEXT = frozenset({"trim", "replace", "toString", "toLowerCase", "concat"})
_CHOICES = frozenset({"??", "||", "&&"})


class JavaScriptValues(JavaScriptNames):
    """Values of expressions, by the names of the file."""

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

    def _value(  # noqa: PLR0911 (one case for each kind of node)
        self, node: Node | None, depth: int = 0
    ) -> Value:
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

        def find() -> Value:
            bound = self.values.get(name, ())
            value = either(*(self._value(item, depth + 1) for item in bound))
            origin = self.imports.get(name, "")
            return value | UNKNOWN if name in self.parameters or not bound or origin else value

        return followed(self.known, (name, depth), find)

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
        if not (shown.endswith(("env", "ENV"))):
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
