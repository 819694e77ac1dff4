"""Scan Python for facts, by its syntax tree. Never imports or runs the code."""

import ast
import warnings
from collections.abc import Iterator

from aspire_gitops.egress.clients import PYTHON, find_client
from aspire_gitops.egress.facts import (
    CodeRange,
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
from aspire_gitops.egress.python.names import PythonNames, Scope, read_names
from aspire_gitops.egress.python.values import Arguments, value_of, variable_of

_COMPARING = frozenset(
    "startswith endswith find index count split rsplit partition removeprefix match search "
    "fullmatch sub compile findall".split()
)
_TELLING = frozenset(
    "print debug info warning warn error exception critical log echo secho success write fail "
    "skip skipif xfail markdown caption link_button text_input".split()
)

_PARTIAL = frozenset({"functools.partial", "partial"})
_MODEL_WORDS = frozenset({"model", "model_name", "model_id", "engine", "deployment_name"})
_NAMED_FIRST = frozenset({"GenerativeModel", "init_chat_model", "LM", "from_provider", "Agent"})
_KEYLESS = ("litellm_proxy/", "ollama/", "ollama_chat/", "hosted_vllm/", "lm_studio/", "vllm/")
_VARIABLES = variables()


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


def scan_python(text: str) -> Iterator[Fact]:
    """Yield the facts of a Python file.

    Raises:
        SyntaxError: The text is not Python of this version; the caller scans it as lines.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `"\\d"` in scanned code is not our concern
        try:
            tree = ast.parse(text)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error
    yield from _Scanner(text, tree).facts()


class _Scanner:
    def __init__(self, text: str, tree: ast.Module) -> None:
        self.tree = tree
        self.lines = text.split("\n")  # as the parser counts; splitlines() breaks at form feeds too
        self.ascii = text.isascii()
        self.names: PythonNames = read_names(tree)
        self.quiet = set(quiet_texts(tree))
        self.arguments = Arguments(self.names)

    def facts(self) -> Iterator[Fact]:
        for node in ast.walk(self.tree):
            match node:
                case ast.Call():
                    yield from self._call(node)
                case ast.Constant(value=str(text)):
                    yield from self._text(node, text)
                case ast.Assign(targets=[target]):
                    yield from self._assigned(target, node.value)

    def _text(self, node: ast.Constant, text: str) -> Iterator[Fact]:
        if node in self.quiet:
            return
        if text in _VARIABLES:
            yield VariableRead(text, self._place(node))
        elif "." in text and not is_prose(text):
            yield Text(text, self._place(node))

    def _assigned(self, target: ast.expr, value: ast.expr) -> Iterator[Fact]:
        if not isinstance(target, ast.Subscript):
            return
        name = variable_of(target, self.names)
        if name:
            yield VariableSet(name, value_of(value, self.names, ()), self._place(target))

    def _call(self, node: ast.Call) -> Iterator[Fact]:
        scope = self.names.scopes.get(node, ())
        name = self._client_name(node, scope)
        if name:
            made = self._construction(node, name, scope)
            if not _is_keyless(made):
                yield made
        yield from self._models(node)
        yield from self._put(node, scope)

    def _put(self, node: ast.Call, scope: Scope) -> Iterator[Fact]:
        """`os.environ.setdefault("X", …)`, `os.putenv("X", …)`."""
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setdefault" | "putenv"),
                args=[ast.Constant(value=str(name)), value],
            ) if name in _VARIABLES:
                yield VariableSet(name, value_of(value, self.names, scope), self._place(node))

    def _client_name(self, node: ast.Call, scope: Scope) -> str | None:
        dotted = self.names.dotted(node.func, scope)
        if dotted in _PARTIAL and node.args:
            return self._row(self.names.dotted(node.args[0], scope))
        if dotted is None or dotted.rpartition(".")[0] in ("boto3", "boto3.Session"):
            return self._aws(node, dotted)
        return self._row(dotted)

    def _row(self, dotted: str | None) -> str | None:
        return find_client("python", dotted) if dotted else None

    def _aws(self, node: ast.Call, dotted: str | None) -> str | None:
        """`boto3.client("textract")`, and `session.client("textract")` where boto3 is at hand."""
        if "boto3" not in {name.partition(".")[0] for name in self.names.imports.values()}:
            return self._own_class(node)
        match node:
            case ast.Call(func=ast.Attribute(attr="client"), args=[first, *_]):
                texts = value_of(first, self.names, self.names.scopes.get(node, ())).texts
                rows = (f"boto3.client:{text}" for text in texts)
                return next((row for row in rows if row in PYTHON), None)
        return self._row(dotted) if dotted else self._own_class(node)

    def _own_class(self, node: ast.Call) -> str | None:
        """Yield a construction for a class of this file that is a client without an address."""
        if not isinstance(node.func, ast.Name):
            return None
        own = self.names.classes.get(node.func.id)
        if own is None or _calls_super(own):
            return None
        rows = (self._row(self.names.dotted(base)) for base in own.bases)
        return next((row for row in rows if row), None)

    def _construction(self, node: ast.Call, name: str, scope: Scope) -> Construction:
        is_partial = self.names.dotted(node.func, scope) in _PARTIAL
        arguments, is_open = self.arguments.of(node, name, scope, skipped=int(is_partial))
        return Construction(name, self._place(node), _shown(node.func, name), arguments, is_open)

    def _models(self, node: ast.Call) -> Iterator[ModelNamed]:
        for keyword in node.keywords:
            match keyword:
                case ast.keyword(arg=str(arg), value=ast.Constant(value=str(text))) if (
                    arg in _MODEL_WORDS
                ):
                    yield ModelNamed(text, self._place(keyword.value))
        match node:
            case ast.Call(
                func=ast.Name(id=last) | ast.Attribute(attr=last),
                args=[ast.Constant(value=str(text)) as first, *_],
            ) if last in _NAMED_FIRST:
                yield ModelNamed(text, self._place(first))

    def _place(self, node: ast.expr) -> CodeRange:
        line, start = node.lineno, node.col_offset
        last, end = node.end_lineno or line, node.end_col_offset or start + 1
        if not self.ascii:
            start = _characters(self.lines[line - 1], start)
            end = _characters(self.lines[last - 1], end)
        return CodeRange(line, start + 1, end + 1, last)


def _characters(line: str, offset: int) -> int:
    return len(line.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace"))


def _calls_super(own: ast.ClassDef) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        for node in ast.walk(own)
    )


def _is_keyless(made: Construction) -> bool:
    """Return whether a client that chooses by the model's name is given a gateway or a local server."""
    named = (made.arguments.get(name) for name in ("model", "model_id", "0"))
    return any(text.startswith(_KEYLESS) for value in named if value for text in value.texts)


def _shown(node: ast.expr, name: str) -> str:
    """Return a call as the code spells it, in one short piece."""
    spelled = ast.unparse(node)
    plain = spelled.replace(".", "").replace("_", "").isalnum() and len(spelled) <= 60
    return spelled if plain and spelled != "partial" else name.replace(":", " ")
