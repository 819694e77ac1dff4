"""What a client is given in Python: arguments by name, those from `**options`, those set later."""

import ast
from collections.abc import Mapping

from aspire_gitops.egress.clients.python import PYTHON
from aspire_gitops.egress.facts import Value
from aspire_gitops.egress.python.names import Names, Scope
from aspire_gitops.egress.python.values import value_of


class Arguments:
    """Reads the arguments of one file's calls."""

    def __init__(self, names: Names) -> None:
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
        owners |= {
            local
            for (_, local), values in self.names.values.items()
            if any(value is node for value in values)
        }
        return {
            attribute: value
            for owner in owners
            for attribute in base
            for item in self.names.attributes.get(f"{owner}.{attribute}", ())
            if not (value := value_of(item, self.names, scope)).is_nothing
        }
