"""What a parameter may be: the shape of its value, and what it does to the bill. Pure.

Bodies come from callers and may be anything that JSON can say. A wrong shape is
answered here: deeper in the gateway it would be an error of the gateway's own.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_LARGEST: Final = 2**53  # above it JSON numbers are not exact
_FORM_FLAGS: Final = frozenset({"true", "false"})


class Effect(StrEnum):
    """What a parameter does to what a call costs."""

    NONE = "none"
    INPUT = "its text is input"
    ANSWERS = "multiplies the answers"
    LIMIT = "limits one answer"
    CACHING = "writes to the prompt cache"
    TOOLS = "tools; those that run at the provider have a fee"
    STORED = "refers to what the provider holds: the whole window"
    PREDICTION = "its text is input, and output where it is rejected"
    THINKING = "thinking, inside the limit of the answer"
    THINKING_BESIDE = "thinking, beside the limit of the answer"
    SEARCH = "a search at the provider, which has a fee"
    COMPACTION = "an answer beside the limit"
    PICTURES = "size and quality of images"
    PREVIEWS = "images on the way to the last one"
    PAGES = "pages"
    ANNOTATION = "annotated pages"
    DEARER = "a dearer price; only for an alias whose price says so"


class Shape(StrEnum):
    """What JSON a parameter's value must be."""

    FLAG = "true or false"
    NUMBER = "a number"
    WHOLE = "a whole number"
    TEXT = "a text"
    TEXTS = "a list of texts"
    TEXT_OR_TEXTS = "a text or a list of texts"
    OBJECT = "an object"
    OBJECTS = "a list of objects"
    TEXT_OR_OBJECT = "a text or an object"
    TEXT_OR_OBJECTS = "a text or a list of objects"
    MESSAGES = "a list of messages, each with a role and a content"
    PROMPT = "a text, a list of texts, or lists of tokens"
    PAGES = "a list of page numbers, or a text such as 0-2"
    LABELS = "an object of texts"
    FILE = "a file"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `values` are all texts that it may be; empty allows any.

    An `extension` needs the alias's consent: its name in `allow_parameters`.
    """

    shape: Shape
    effect: Effect = Effect.NONE
    values: frozenset[str] = frozenset()
    extension: bool = False


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
    return abs(value) <= _LARGEST  # neither infinite nor NaN


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
