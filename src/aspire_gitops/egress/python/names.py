"""What the names of one Python file stand for: imports, assignments, defaults, classes."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from aspire_gitops.egress.facts import Value, note

Scope: TypeAlias = tuple[int, ...]
"""The functions around a place, outermost first, each by its number in the file."""

_HANDED_ON = frozenset({"litellm", "openai", "anthropic", "boto3", "cohere"})


@dataclass(slots=True)
class PythonNames:
    """Names by scope. A name may be bound several times; a static look keeps them all.

    `values` maps a name to its expressions, `items` a mapping's name to what is
    written into it by key, `attributes` an attribute (`self.base_url`, or
    `client.base_url`) to its expressions. `parameters` may be anything.
    """

    imports: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[Scope, str], list[ast.expr]] = field(default_factory=dict)
    items: dict[str, dict[str, list[ast.expr]]] = field(default_factory=dict)
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)
    parameters: set[tuple[Scope, str]] = field(default_factory=set)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)  # of each call and each function
    known: dict[tuple[str, Scope, int], Value] = field(default_factory=dict)  # where names lead
    _given: dict[ast.AST, set[str]] = field(default_factory=dict)

    def given(self, node: ast.AST) -> set[str]:
        """Return the names that an expression is given, in any scope."""
        if not self._given:
            for (_, name), values in self.values.items():
                for value in values:
                    self._given.setdefault(value, set()).add(name)
        return self._given.get(node, set())

    def dotted(self, node: ast.expr, scope: Scope = (), depth: int = 0) -> str | None:
        """Return what a name leads to by the imports: `oa.OpenAI` is `openai.OpenAI`."""
        if depth > 6:
            return None
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value, scope, depth + 1)
            if owner is None and isinstance(node.value, ast.Call):
                return None
            return f"{owner}.{node.attr}" if owner else None
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.imports:
            return self.imports[node.id]
        bound = self.bound(node.id, scope)
        found = (self.dotted(value, scope, depth + 1) for value in bound)
        return next((name for name in found if name), None)

    def bound(self, name: str, scope: Scope) -> list[ast.expr]:
        """Return the expressions of a name in the nearest scope that binds it."""
        for size in range(len(scope), -1, -1):
            here = (scope[:size], name)
            if here in self.values:
                return self.values[here]
            if here in self.parameters:
                return []
        return []

    def is_parameter(self, name: str, scope: Scope) -> bool:
        """Return whether the nearest binding of a name is a parameter."""
        for size in range(len(scope), -1, -1):
            here = (scope[:size], name)
            if here in self.parameters:
                return True
            if here in self.values:
                return False
        return False


def read_names(tree: ast.Module) -> PythonNames:
    """Collect what names stand for, in one walk over the tree."""
    names = PythonNames()
    _Walk(names).walk(tree, ())
    return names


class _Walk:
    def __init__(self, names: PythonNames) -> None:
        self.names = names
        self.number = 0

    def walk(self, node: ast.AST, scope: Scope) -> None:
        stack: list[tuple[ast.AST, Scope]] = [(node, scope)]
        while stack:
            item, here = stack.pop()
            inner = self._note(item, here)
            stack.extend((child, inner) for child in ast.iter_child_nodes(item))

    def _note(self, node: ast.AST, scope: Scope) -> Scope:  # noqa: C901 (one case for each kind of node)
        names = self.names
        match node:
            case ast.Call():
                names.scopes[node] = scope
            case ast.Import():
                names.imports.update(_imported(node))
            case ast.ImportFrom(level=0, module=str(module)):
                for alias in node.names:
                    names.imports[alias.asname or alias.name] = f"{module}.{alias.name}"
                names.imports.update(_handed_on(node))
            case ast.ImportFrom():
                names.imports.update(_handed_on(node))
            case ast.ClassDef():
                names.classes[node.name] = node
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, node.value, scope)
            case ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value):
                self._bind(node.target, value, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self.number += 1
                inner = (*scope, self.number)
                names.scopes[node] = inner
                self._parameters(node.args, inner)
                return inner
        return scope

    def _bind(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        match target:
            case ast.Name():
                note(self.names.values, (scope, target.id), value)
            case ast.Attribute(value=ast.Name() as owner):
                note(self.names.attributes, f"{owner.id}.{target.attr}", value)
            case ast.Subscript(value=ast.Name() as owner, slice=ast.Constant(value=str(key))):
                items = self.names.items.setdefault(owner.id, {})
                note(items, key, value)
            case ast.Tuple(elts=targets) if isinstance(value, ast.Tuple):
                for one, its_value in zip(targets, value.elts, strict=False):
                    self._bind(one, its_value, scope)

    def _parameters(self, arguments: ast.arguments, scope: Scope) -> None:
        listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in [*listed, arguments.vararg, arguments.kwarg]:
            if argument is not None:
                self.names.parameters.add((scope, argument.arg))
        for name, default in _defaults(arguments):
            note(self.names.values, (scope, name), default)


def _imported(node: ast.Import) -> Mapping[str, str]:
    # `import google.genai` binds `google`; with a name it binds the whole.
    return {
        alias.asname or alias.name.partition(".")[0]: (
            alias.name if alias.asname else alias.name.partition(".")[0]
        )
        for alias in node.names
    }


def _handed_on(node: ast.ImportFrom) -> Mapping[str, str]:
    """Return the SDKs that an own module hands on as a whole: `from app.llm import litellm`."""
    return {
        alias.asname or alias.name: alias.name for alias in node.names if alias.name in _HANDED_ON
    }


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = arguments.defaults
    for argument, default in zip(
        positional[len(positional) - len(defaults) :], defaults, strict=True
    ):
        yield argument.arg, default
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if given is not None:
            yield argument.arg, given
