"""What counts as stated. LiteLLM cannot tell false, empty and null from unset, so we do not either."""

from collections.abc import Mapping

from aspire_gitops.canonical import JsonValue
from aspire_gitops.state import Fields, is_unset


def stated(values: Mapping[str, JsonValue]) -> Fields:
    """Drop what is unset, and sort the rest by path. The number 0 is a value and stays."""
    return {path: values[path] for path in sorted(values) if not is_unset(values[path])}
