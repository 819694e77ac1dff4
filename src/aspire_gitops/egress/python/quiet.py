"""Texts of a Python file that lead nowhere: docstrings, messages, what is only compared with."""

import ast
from collections.abc import Iterator

from aspire_gitops.egress.prose import leads_nowhere

_COMPARING = frozenset(
    "startswith endswith find index count split rsplit partition removeprefix match search "
    "fullmatch sub compile findall".split()
)
_TELLING = frozenset(
    "print debug info warning warn error exception critical log echo secho success write fail "
    "skip skipif xfail markdown caption link_button text_input".split()
)


def quiet_texts(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield every text that no program calls by."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as text):
                yield text
            case ast.Compare():
                yield from _texts(node)
            case ast.Raise() | ast.Assert(msg=ast.expr()):
                yield from _texts(node.exc if isinstance(node, ast.Raise) else node.msg)
            case ast.Call(func=ast.Attribute(attr=last)) if last in _COMPARING or last in _TELLING:
                yield from (part for argument in node.args for part in _texts(argument))
            case ast.Call(func=ast.Name(id=last)) if last in _TELLING:
                yield from (part for argument in node.args for part in _texts(argument))
            case ast.keyword(arg=str(arg)) if leads_nowhere(arg):
                yield from _texts(node.value)
            case ast.Assign(targets=[ast.Name(id=name)]) if leads_nowhere(name):
                yield from _texts(node.value)
            case ast.match_case():
                yield from _texts(node.pattern)


def _texts(node: ast.AST | None) -> Iterator[ast.expr]:
    if node is not None:
        yield from (part for part in ast.walk(node) if isinstance(part, ast.Constant))
