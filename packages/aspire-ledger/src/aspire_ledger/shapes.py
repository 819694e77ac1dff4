"""Whether a parameter's value has the shape that its contract says. Pure.

Bodies come from callers and may be anything that JSON can say. A wrong shape is
answered here: deeper in the gateway it would be an error of the gateway's own.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from aspire_ledger.contract import Shape

_LARGEST: Final = 2**53  # above it JSON numbers are not exact
_FORM_FLAGS: Final = frozenset({"true", "false"})


def is_absent(value: object) -> bool:
    """Say whether a value counts as left out: null, or an empty text, list or object."""
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def fits(shape: Shape, value: object, *, form: bool = False) -> bool:
    """Say whether a value has a shape. In a `form` numbers and flags are texts."""
    if form and isinstance(value, str):
        return _fits_form(shape, value)
    return _CHECKS[shape](value)


def whole(value: object) -> int | None:
    """Return a whole number, also one that a form or a lenient client wrote as a text."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
    return int(value) if _whole(value) and isinstance(value, int | float) else None


def _fits_form(shape: Shape, value: str) -> bool:
    match shape:
        case Shape.WHOLE:
            return whole(value) is not None
        case Shape.FLAG:
            return value.lower() in _FORM_FLAGS
        case Shape.NUMBER:
            return _number_text(value)
        case _:
            return _CHECKS[shape](value)


def _number_text(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST  # no infinity, and not what is no number


def _whole(value: object) -> bool:
    return _number(value) and isinstance(value, int | float) and int(value) == value


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_text, value))


def _object(value: object) -> bool:
    return isinstance(value, Mapping)


def _objects(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_object, value))


def _labels(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and (text is None or isinstance(text, str))
        for name, text in value.items()
    )


def _messages(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_message, value))


def _message(value: object) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("role"), str):
        return False
    content = value.get("content")
    return content is None or _text_or_objects(content)


def _text_or_objects(value: object) -> bool:
    return _text(value) or _objects(value)


def _prompt(value: object) -> bool:
    if _text(value):
        return True
    return isinstance(value, list | tuple) and (
        all(map(_text, value)) or _tokens(value) or all(map(_tokens, value))
    )


def _tokens(value: object) -> bool:
    return isinstance(value, list | tuple) and all(type(each) is int for each in value)


def _pages(value: object) -> bool:
    return _text(value) or _tokens(value)


def _file(value: object) -> bool:
    # A form brings an object of the server's own, JSON may bring a URL or several.
    return value is not None and not isinstance(value, bool | int | float)


_CHECKS: Final[Mapping[Shape, Callable[[Any], bool]]] = {
    Shape.FLAG: lambda value: isinstance(value, bool),
    Shape.NUMBER: _number,
    Shape.WHOLE: _whole,
    Shape.TEXT: _text,
    Shape.TEXTS: _texts,
    Shape.TEXT_OR_TEXTS: lambda value: _text(value) or _texts(value),
    Shape.OBJECT: _object,
    Shape.OBJECTS: _objects,
    Shape.TEXT_OR_OBJECT: lambda value: _text(value) or _object(value),
    Shape.TEXT_OR_OBJECTS: _text_or_objects,
    Shape.MESSAGES: _messages,
    Shape.PROMPT: _prompt,
    Shape.PAGES: _pages,
    Shape.LABELS: _labels,
    Shape.FILE: _file,
}
