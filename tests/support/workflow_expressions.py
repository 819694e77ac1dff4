"""Evaluate the expressions of GitHub Actions that our files use, and refuse every other.

`${{ … }}` with contexts, literals, `==`, `!=`, `!`, `&&`, `||`, brackets, and the status
functions. Comparison is GitHub's: text ignores case, and unlike types become numbers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Value = str | float | bool | None | Mapping[str, Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<operator>==|!=|&&|\|\||[!()])"
    r"|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)|(?P<number>\d+))"
)
_EMBEDDED = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_LITERALS: Mapping[str, Value] = {"true": True, "false": False, "null": None}


class NotUnderstood(Exception):
    """The expression uses something that is not in this evaluator."""


def evaluated(text: str, contexts: Mapping[str, Any], status: str = "success") -> Value:
    """Return the value of a text: of the expression if it is one, else with each one filled in."""
    whole = _EMBEDDED.fullmatch(text.strip())
    if whole:
        return _Parser(whole[1], contexts, status).value()
    return _EMBEDDED.sub(lambda m: shown(_Parser(m[1], contexts, status).value()), text)


def condition(text: str, contexts: Mapping[str, Any], status: str) -> bool:
    """Return whether a step with this `if:` runs; without a status function it needs success."""
    inside = _EMBEDDED.fullmatch(text.strip())
    expression = inside[1] if inside else text
    asks_status = re.search(r"\b(always|cancelled|failure|success)\(\)", expression)
    value = truth(_Parser(expression, contexts, status).value())
    return value if asks_status else value and status == "success"


def truth(value: Value) -> bool:
    return value not in (None, False, 0, "")


def shown(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case str():
            return value
        case _:
            raise NotUnderstood("a mapping has no text")


@dataclass
class _Parser:
    text: str
    contexts: Mapping[str, Any]
    status: str
    position: int = 0

    def value(self) -> Value:
        value = self._either()
        if self.text[self.position :].strip():
            raise NotUnderstood(f"left over: {self.text[self.position :]!r}")
        return value

    def _either(self) -> Value:
        value = self._both()
        while self._taken("||"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._taken("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Value:
        value = self._single()
        if self._taken("=="):
            return _equal(value, self._single())
        if self._taken("!="):
            return not _equal(value, self._single())
        return value

    def _single(self) -> Value:
        if self._taken("!"):
            return not truth(self._single())
        if self._taken("("):
            value = self._either()
            self._must(")")
            return value
        kind, token = self._next()
        match kind:
            case "text":
                return token[1:-1].replace("''", "'")
            case "number":
                return float(token)
            case "name":
                return self._named(token)
        raise NotUnderstood(f"{token!r} in {self.text!r}")

    def _named(self, name: str) -> Value:
        if name in _LITERALS:
            return _LITERALS[name]
        if self._taken("("):
            self._must(")")
            return self._status(name)
        return self._looked_up(name)

    def _status(self, function: str) -> bool:
        functions: Mapping[str, Callable[[], bool]] = {
            "always": lambda: True,
            "cancelled": lambda: False,
            "failure": lambda: self.status == "failure",
            "success": lambda: self.status == "success",
        }
        if function not in functions:
            raise NotUnderstood(f"{function}()")
        return functions[function]()

    def _looked_up(self, name: str) -> Value:
        root, *path = name.split(".")
        if root not in self.contexts:
            raise NotUnderstood(f"the context {root}")
        found: Any = self.contexts[root]
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return float(found) if type(found) is int else found

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self.text, self.position)
        if not found or not found.lastgroup:
            raise NotUnderstood(f"{self.text[self.position :]!r}")
        self.position = found.end()
        return found.lastgroup, found[found.lastgroup]

    def _taken(self, operator: str) -> bool:
        found = _TOKEN.match(self.text, self.position)
        if found and found["operator"] == operator:
            self.position = found.end()
            return True
        return False

    def _must(self, operator: str) -> None:
        if not self._taken(operator):
            raise NotUnderstood(f"no {operator} in {self.text!r}")


def _equal(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        raise NotUnderstood("mappings are not compared")
    if type(one) is type(other):
        return one == other
    return _number(one) == _number(other)


def _number(value: Value) -> float:
    assert not isinstance(value, Mapping)
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")
