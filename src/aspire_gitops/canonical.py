"""One byte sequence for one value: canonical JSON, and digests over it.

Pure. Two values that compare equal have the same text here, whatever order
they were built in; digests in plans, marks and manifests rest on that.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)


def canonical_json(value: JsonValue) -> str:
    """Return compact JSON with sorted keys and no escapes beyond what JSON demands.

    Raises:
        ValueError: The value holds a NaN or an infinity, which JSON cannot say.
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
    )


def pretty_json(value: JsonValue) -> str:
    """Return the same value for people and for diffs: indented, sorted, one final newline."""
    return (
        json.dumps(
            value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False, default=_plain
        )
        + "\n"
    )


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def digest(value: JsonValue) -> str:
    """Return `sha256:<hex>` of the canonical JSON of `value`."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode()).hexdigest()


def keyed_digest(secrets: Mapping[str, str], value: JsonValue) -> str:
    """Return `hmac-sha256:<hex>` of `value`, keyed by the secrets that belong to it.

    Whoever holds the secrets can prove that they are the ones that were
    written; nobody else learns anything, and no key has to be stored anywhere.
    """
    key = canonical_json(dict(secrets)).encode()
    return (
        "hmac-sha256:" + hmac.new(key, canonical_json(value).encode(), hashlib.sha256).hexdigest()
    )
