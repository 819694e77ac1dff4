"""Between nested JSON and flat fields: what is unset is absent, lists are tuples. Pure.

LiteLLM cannot tell false, empty and null from unset, so neither can we.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from typing import Any

from aspire_gitops.state import Fields, is_unset
from aspire_gitops.vocabulary.spec import AMOUNT_PATTERN
from aspire_ledger.canonical import JsonValue


def stated(values: Mapping[str, JsonValue]) -> Fields:
    """Drop what is unset, and sort the rest by path. The number 0 is a value and stays."""
    return {path: values[path] for path in sorted(values) if not is_unset(values[path])}


def as_stored(value: JsonValue) -> JsonValue:
    """Return a value as PostgreSQL gives it back: 1 for 1.0, at every depth."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {name: as_stored(item) for name, item in value.items()}
        case list() | tuple():
            return tuple(map(as_stored, value))
        case _:
            return value


def normal(value: Any) -> JsonValue:
    """Return a JSON value as fields hold it: tuples for lists, no nulls inside mappings, 3 for 3.0."""
    match value:
        case dict():
            return {name: normal(item) for name, item in value.items() if item is not None}
        case list() | tuple():
            return tuple(map(normal, value))
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON")


def fields_under(
    prefix: str, values: Mapping[str, Any], *, skip: Container[str] = ()
) -> Iterator[tuple[str, JsonValue]]:
    """Yield `prefix.name` and value for everything that is set."""
    for name, raw in values.items():
        if name not in skip:
            yield from field_of(f"{prefix}.{name}", raw)


def field_of(path: str, raw: Any) -> Iterator[tuple[str, JsonValue]]:
    """Yield `path` with its value, or nothing when it is unset."""
    value = normal(raw)
    if not is_unset(value):
        yield path, value


def spelled_like(wanted: Fields, live: Fields, amounts: re.Pattern[str]) -> Fields:
    """Return `wanted` with the texts at `amounts` written as `live` writes the same amounts."""
    return {path: _spelled(value, live.get(path), path, amounts) for path, value in wanted.items()}


def _spelled(wanted: JsonValue, live: JsonValue, path: str, amounts: re.Pattern[str]) -> JsonValue:
    match wanted, live:
        case Mapping(), Mapping():
            return {
                name: _spelled(item, live.get(name), f"{path}.{name}", amounts)
                for name, item in wanted.items()
            }
        case (list() | tuple(), list() | tuple()) if len(wanted) == len(live):
            pairs = zip(wanted, live, strict=True)
            return tuple(_spelled(item, there, path, amounts) for item, there in pairs)
        case (str(), str()) if amounts.fullmatch(path) and _is_same_amount(wanted, live):
            return live
        case _:
            return wanted


def _is_same_amount(wanted: str, live: str) -> bool:
    if not all(re.fullmatch(AMOUNT_PATTERN, text) for text in (wanted, live)):
        return False
    return Decimal(wanted) == Decimal(live)


def nested(fields: Mapping[str, JsonValue]) -> defaultdict[str, dict[str, JsonValue]]:
    """Group `litellm_params.model` and its like by what stands before the first dot.

    A field without a dot stands under the empty name.
    """
    groups: defaultdict[str, dict[str, JsonValue]] = defaultdict(dict)
    for path, value in fields.items():
        group, dot, name = path.partition(".")
        groups[group if dot else ""][name if dot else path] = value
    return groups
