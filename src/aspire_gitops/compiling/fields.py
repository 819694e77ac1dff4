"""What counts as stated. LiteLLM cannot tell false, empty and null from unset, so we do not either."""

from collections.abc import Mapping

from aspire_gitops.state import Fields, is_unset
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
