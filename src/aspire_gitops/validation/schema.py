"""Judge one document by its JSON Schema. The only module that imports jsonschema.

`validate` asks pydantic first, which accepts a valid document in microseconds.
For every document that pydantic refuses, jsonschema lists the mistakes here. A
property test keeps the two in agreement (`tests/properties/test_schema_agreement.py`).

`mistakes` knows the schema and no prose; `explain` writes the messages.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from aspire_gitops.resources import ResourceKind
from aspire_gitops.resources.schema import schema_for
from aspire_gitops.vocabulary import MAX_FINDINGS


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that the schema refuses.

    `keyword` is the schema's keyword, `limit` its value, and `schema` the whole
    schema of the value at `path`. `field` is the unknown or missing field, if any.
    """

    keyword: str
    path: tuple[str | int, ...]
    value: Any
    limit: Any
    schema: Mapping[str, Any]
    field: str | None = None


def accepts(kind: ResourceKind, value: object) -> bool:
    """Return whether the schema accepts the value."""
    return bool(_validator(kind).is_valid(value))


@dataclass(frozen=True, slots=True)
class Suspects:
    """Which parts of large lists and mappings jsonschema looks into: those that pydantic refuses.

    It takes 0.1 ms for each part, wrong or not. `parts` is by the id of the container, and
    `left_out` counts the wrong ones beyond the first hundred of each.
    """

    parts: Mapping[int, Collection[str | int]]
    left_out: int = 0

    def of(self, container: list[Any] | dict[str, Any]) -> Collection[Any] | None:
        """Return the indexes or keys to look into; None for all of them."""
        return self.parts.get(id(container), ()) if len(container) > _LARGE else None


_LARGE = 2 * MAX_FINDINGS
_SUSPECTS: ContextVar[Suspects | None] = ContextVar("suspects", default=None)


def suspects(value: object, refused: Iterable[tuple[str | int, ...]]) -> Suspects:
    """Return what to look into in a value, by the paths at which pydantic refuses it."""
    wrong: dict[int, dict[str | int, None]] = {}
    for path in refused:
        inner: Any = value
        for part in path:
            if isinstance(inner, dict):
                is_inside = part in inner
            else:
                is_inside = isinstance(inner, list) and isinstance(part, int) and part < len(inner)
            if is_inside:  # else a field that is missing, or the branch of a choice
                wrong.setdefault(id(inner), {})[part] = None
                inner = inner[part]
    parts = {number: [*islice(found, MAX_FINDINGS)] for number, found in wrong.items()}
    return Suspects(parts, sum(len(wrong[number]) - len(parts[number]) for number in parts))


def mistakes(kind: ResourceKind, value: object, suspected: Suspects | None = None) -> list[Mistake]:
    """Return everything that the schema refuses in the value, one for each mistake.

    With `suspected`, it looks into large lists and mappings at these parts alone.
    """
    token = _SUSPECTS.set(suspected)
    try:
        return [one for error in _validator(kind).iter_errors(value) for one in _mistakes(error)]
    finally:
        _SUSPECTS.reset(token)


def _looked_into(container: list[Any] | dict[str, Any]) -> Collection[Any] | None:
    suspected = _SUSPECTS.get()
    return suspected.of(container) if suspected else None


def _items(validator: Any, items: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, list):
        chosen = _looked_into(value)
        for index in range(len(value)) if chosen is None else chosen:
            yield from validator.descend(value[index], items, path=index)


def _mistakes(error: ValidationError) -> Iterator[Mistake]:
    path = tuple(error.absolute_path)
    value: Any = error.instance
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    match error.validator:
        case "required":
            yield Mistake("required", path, value, None, schema, error.message)
        case "additionalProperties":
            for field in _unknown_fields(value, schema):
                yield Mistake("unknown", (*path, field), value[field], None, schema, field)
        case "anyOf":
            yield from _mistakes_of_choice(error, path, schema)
        case keyword:
            limit = error.validator_value
            yield Mistake(str(keyword), path, value, limit, schema)


def _mistakes_of_choice(
    error: ValidationError, path: tuple[str | int, ...], schema: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Explain the alternative that the value is closest to; none if its type fits none."""
    branches: dict[int, list[ValidationError]] = {}
    for sub in error.context or ():
        branches.setdefault(int(sub.schema_path[0]), []).append(sub)
    fitting = [
        errors
        for errors in branches.values()
        if not any(sub.validator == "type" and not sub.relative_path for sub in errors)
    ]
    if not fitting:
        yield Mistake("anyOf", path, error.instance, error.validator_value, schema)
        return
    for sub in min(fitting, key=len):
        yield from _mistakes(sub)


@cache
def _validator(kind: ResourceKind) -> Any:
    formats = FormatChecker(formats=["date"])
    return _Validator(schema_for(kind), format_checker=formats)


@cache
def _ecma(pattern: str) -> re.Pattern[str]:
    """Compile a pattern as ECMA 262 means it: `$` is the end, not before a last newline.

    Our patterns use nothing else that Python treats differently; a test checks.
    """
    return re.compile(re.sub(r"\$$", r"\\Z", pattern), re.ASCII)


def matches(pattern: str, text: str) -> bool:
    """Return whether the text matches, as ECMA 262 and editors understand the pattern."""
    return bool(_ecma(pattern).search(text))


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if is_text(value) and not matches(pattern, value):
        yield ValidationError("does not match")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Any
) -> Iterator[ValidationError]:
    if not is_mapping(value):
        return
    chosen = _looked_into(value)
    for pattern, subschema in patterns.items():
        for name in value if chosen is None else chosen:
            if _ecma(pattern).search(name):
                yield from validator.descend(value[name], subschema, path=name, schema_path=pattern)


def _additional_properties(
    _validator: Any, _allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    # All our mappings are closed: `additionalProperties` is always false.
    if is_mapping(value) and next(_unknown_fields(value, schema), None) is not None:
        yield ValidationError("unknown fields")


def _required(
    _validator: Any, names: list[str], value: Any, _schema: Any
) -> Iterator[ValidationError]:
    if is_mapping(value):
        # The message is the name alone; jsonschema's own has it in prose only.
        yield from (ValidationError(name) for name in names if name not in value)


def _unknown_fields(value: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    properties = schema.get("properties", {})
    patterns = [_ecma(pattern) for pattern in schema.get("patternProperties", {})]
    for name in value:
        if name not in properties and not any(pattern.search(name) for pattern in patterns):
            yield name


def _unique_items(
    _validator: Any, wanted: Any, value: Any, _schema: Any
) -> Iterator[ValidationError]:
    # jsonschema compares items of mixed types each with each.
    if wanted and isinstance(value, list) and first_repeated(value) is not None:
        yield ValidationError("has repeated items")


def first_repeated(items: Sequence[object]) -> int | None:
    """Return the index of the first item that JSON counts equal to an earlier one."""
    seen: set[object] = set()
    for index, item in enumerate(items):
        known = _hashable(item)
        if known in seen:
            return index
        seen.add(known)
    return None


def _hashable(value: object) -> object:
    match value:
        case bool():
            return ("bool", value)  # to Python True is 1
        case list():
            return ("list", *map(_hashable, value))
        case dict():
            return frozenset((key, _hashable(item)) for key, item in value.items())
        case _:
            return value


def is_text(value: object) -> bool:
    """Return whether this is a JSON string: Unicode text, without half a surrogate pair."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_mapping(value: object) -> bool:
    """Return whether this is a JSON object: a mapping whose keys are all text."""
    return isinstance(value, dict) and all(is_text(key) for key in value)


def is_number(value: object) -> bool:
    """Return whether this is a JSON number: finite and not a boolean."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # its stubs leave it out
    Draft202012Validator,
    validators={
        "items": _items,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "required": _required,
        "uniqueItems": _unique_items,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "string": lambda _, value: is_text(value),
            "object": lambda _, value: is_mapping(value),
            "number": lambda _, value: is_number(value),
        }
    ),
)
