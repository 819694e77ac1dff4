"""What a Python expression may be, and what a client is given, without running it."""

import ast
from collections.abc import Mapping

from aspire_gitops.egress.clients import PYTHON
from aspire_gitops.egress.facts import NOTHING, UNKNOWN, Value, either, followed
from aspire_gitops.egress.python.names import PythonNames, Scope

_DEEPEST = 8
_SAME_TEXT = frozenset({"rstrip", "strip", "lstrip", "lower", "format", "removesuffix", "replace"})
_READERS = frozenset({"getenv", "get", "config", "env", "str", "get_env", "getenv_or_default"})
_WRAPPERS = frozenset({"str", "URL", "HttpUrl", "AnyHttpUrl", "SecretStr", "Field"})


def value_of(  # noqa: C901, PLR0911, PLR0912 (one case for each kind of expression)
    node: ast.expr | None, names: PythonNames, scope: Scope, depth: int = 0
) -> Value:
    """Return what an expression may be. Names are followed as far as this file binds them."""
    if node is None:
        return NOTHING
    if depth > _DEEPEST:
        return UNKNOWN

    def again(part: ast.expr) -> Value:
        return value_of(part, names, scope, depth + 1)

    match node:
        case ast.Constant(value=None) | ast.Constant(value=""):
            return NOTHING
        case ast.Constant(value=str(text)):
            return Value((text,))
        case ast.Name(id="NOT_GIVEN" | "NotGiven" | "omit"):
            return NOTHING
        case ast.Name():
            return _of_name(node.id, names, scope, depth)
        case ast.Attribute(value=ast.Name() as owner):
            bound = names.attributes.get(f"{owner.id}.{node.attr}", ())
            return either(*map(again, bound)) if bound else UNKNOWN
        case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
            return _joined(node, names, scope, depth)
        case ast.BoolOp():
            return _chosen(either(*map(again, node.values)))
        case ast.IfExp():
            return either(again(node.body), again(node.orelse))
        case ast.Subscript():
            variable = variable_of(node, names)
            return Value(variables=(variable,)) if variable else UNKNOWN
        case ast.Call():
            return _of_call(node, names, scope, depth)
        case _:
            return UNKNOWN


def variable_of(node: ast.expr, names: PythonNames) -> str | None:
    """Return the environment variable that an expression reads: `os.environ["X"]`, `os.getenv("X")`."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
            return name if _is_environment(owner, names) else None
        case ast.Call(
            func=ast.Attribute(value=owner, attr="get" | "pop" | "setdefault"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return name if _is_environment(owner, names) else None
        case ast.Call(args=[ast.Constant(value=str(name)), *_]) if name.isupper():
            called = node.func
            last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            return name if last in _READERS or "env" in last.lower() else None
    return None  # fmt: skip


def _is_environment(node: ast.expr, names: PythonNames) -> bool:
    dotted = names.dotted(node)
    return dotted in ("os.environ", "os.environb") or (
        isinstance(node, (ast.Name, ast.Attribute))
        and (getattr(node, "id", "") or getattr(node, "attr", "")) in {"environ", "env"}
    )


def _of_name(name: str, names: PythonNames, scope: Scope, depth: int) -> Value:
    def find() -> Value:
        bound = names.bound(name, scope)
        value = either(*(value_of(item, names, scope, depth + 1) for item in bound))
        return value | UNKNOWN if names.is_parameter(name, scope) or not bound else value

    return followed(names.known, (name, scope, depth), find)


def _chosen(value: Value) -> Value:
    # `a or "text"` is never nothing when the last choice is something.
    return Value(value.texts, value.variables, value.absent and not value.texts, value.other)


def _joined(node: ast.expr, names: PythonNames, scope: Scope, depth: int) -> Value:
    """Return a joined text, with `{}` for each unknown part."""
    parts: list[ast.expr]
    if isinstance(node, ast.JoinedStr):
        parts = [
            item.value if isinstance(item, ast.FormattedValue) else item for item in node.values
        ]
    elif isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    else:
        parts = [node]
    texts: list[str] = [""]
    variables: tuple[str, ...] = ()
    for part in parts:
        value = value_of(part, names, scope, depth + 1)
        variables += value.variables
        texts = [text + (end or "{}") for text in texts for end in (value.texts or ("{}",))][:8]
    only_unknown = all(text.startswith("{}") for text in texts)
    return Value(() if only_unknown else tuple(texts), variables, other=only_unknown)


def _of_call(node: ast.Call, names: PythonNames, scope: Scope, depth: int) -> Value:
    variable = variable_of(node, names)
    if variable is not None:
        defaults = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "default")]
        given = [value_of(item, names, scope, depth + 1) for item in defaults]
        return Value(variables=(variable,)) | either(*given)
    match node.func:
        case ast.Attribute(value=owner, attr=attr) if attr in _SAME_TEXT:
            return value_of(owner, names, scope, depth + 1)
        case ast.Name(id=wrapper) | ast.Attribute(attr=wrapper) if (
            wrapper in _WRAPPERS and node.args
        ):
            return value_of(node.args[0], names, scope, depth + 1)
    return UNKNOWN


class Arguments:
    """Reads the arguments of one file's calls."""

    def __init__(self, names: PythonNames) -> None:
        self.names = names

    def of(
        self, node: ast.Call, name: str, scope: Scope, *, skipped: int
    ) -> tuple[dict[str, Value], bool]:
        """Return the arguments of a call of the client `name`, and whether there may be more.

        The first `skipped` positional ones are not the client's (`partial(OpenAI, …)`).
        """
        found: dict[str, Value] = {}
        is_open = False
        for number, item in enumerate(node.args[skipped:]):
            is_open |= isinstance(item, ast.Starred)
            found[str(number)] = value_of(item, self.names, scope)
        for keyword in node.keywords:
            if keyword.arg is None:
                more = self._spread(keyword.value, scope)
                is_open |= more is None
                found |= more or {}
            else:
                found |= self._nested(keyword.arg, keyword.value, scope)
        found |= self._set_later(node, name, scope)
        return found, is_open

    def _nested(self, name: str, node: ast.expr, scope: Scope) -> Mapping[str, Value]:
        """Return an argument, and what a mapping or an options object in it holds, dotted."""
        found = {name: value_of(node, self.names, scope)}
        match node:
            case ast.Dict():
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        found |= self._nested(f"{name}.{key.value}", value, scope)
            case ast.Call():
                for keyword in node.keywords:
                    if keyword.arg:
                        found |= self._nested(f"{name}.{keyword.arg}", keyword.value, scope)
        if len(found) > 1:
            del found[name]
        return found

    def _spread(self, node: ast.expr, scope: Scope) -> dict[str, Value] | None:
        """Return what `**options` holds, where this file shows all of it."""
        if isinstance(node, ast.Dict):
            return self._of_dict(node, scope)
        if not isinstance(node, ast.Name) or self.names.is_parameter(node.id, scope):
            return None
        bound = self.names.bound(node.id, scope)
        found: dict[str, Value] = {}
        for item in bound:
            if isinstance(item, ast.Call) and self.names.dotted(item.func) is None:
                of_call = getattr(item.func, "id", "") == "dict" and not item.args
                if not of_call:
                    return None
                found |= {
                    k.arg: value_of(k.value, self.names, scope) for k in item.keywords if k.arg
                }
                continue
            listed = self._of_dict(item, scope) if isinstance(item, ast.Dict) else None
            if listed is None:
                return None
            found |= listed
        for key, values in self.names.items.get(node.id, {}).items():
            for value in values:
                found[key] = found.get(key, Value()) | value_of(value, self.names, scope)
        return found if bound else None

    def _of_dict(self, node: ast.Dict, scope: Scope) -> dict[str, Value] | None:
        if any(not isinstance(key, ast.Constant) for key in node.keys):
            return None
        pairs = zip(node.keys, node.values, strict=True)
        return {
            str(key.value): value_of(value, self.names, scope)
            for key, value in pairs
            if isinstance(key, ast.Constant)
        }

    def _set_later(self, node: ast.Call, name: str, scope: Scope) -> Mapping[str, Value]:
        """Return addresses set on the module or on the client: `openai.api_base = …`."""
        base = PYTHON[name].base
        package = name.partition(".")[0]
        owners = {local for local, target in self.names.imports.items() if target == package}
        owners |= self.names.given(node)
        return {
            attribute: value
            for owner in owners
            for attribute in base
            for item in self.names.attributes.get(f"{owner}.{attribute}", ())
            if not (value := value_of(item, self.names, scope)).is_nothing
        }
