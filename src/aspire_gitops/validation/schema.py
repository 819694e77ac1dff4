"""Judge one document by its JSON Schema. The only module that imports jsonschema.

`validate` asks pydantic first, which accepts a valid document in microseconds.
For every document that pydantic refuses, jsonschema lists the mistakes here. A
property test keeps the two in agreement (`tests/properties/test_schema_agreement.py`).

`mistakes` knows the schema and no prose; `explain` writes the messages.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from aspire_gitops.resources import ResourceKind
from aspire_gitops.resources.schema import schema_for


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


def mistakes(kind: ResourceKind, value: object) -> Iterator[Mistake]:
    """Yield everything that the schema refuses in the value, one for each mistake."""
    for error in _validator(kind).iter_errors(value):
        yield from _mistakes(error)


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
    for pattern, subschema in patterns.items():
        for name, item in value.items():
            if _ecma(pattern).search(name):
                yield from validator.descend(item, subschema, path=name, schema_path=pattern)


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
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "required": _required,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "string": lambda _, value: is_text(value),
            "object": lambda _, value: is_mapping(value),
            "number": lambda _, value: is_number(value),
        }
    ),
)
