"""One byte sequence for one value: canonical JSON, and digests over it.

Pure. Two values that compare equal have the same text here, whatever order
they were built in; digests in plans, marks and manifests rest on that.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)


_COMPACT = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def canonical_json(value: JsonValue) -> str:
    """Return compact JSON with sorted keys and no escapes beyond what JSON demands.

    Raises:
        ValueError: The value holds a NaN or an infinity, which JSON cannot say.
        TypeError: The value holds something that has no JSON form, such as a Decimal.
    """
    return _COMPACT.encode(_normal(value))


def pretty_json(value: JsonValue) -> str:
    """Return the same value for people and for diffs: indented, sorted, one final newline."""
    text = json.dumps(_normal(value), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def _normal(value: JsonValue) -> JsonValue:
    if type(value) in _AS_THEY_ARE:
        return value
    # 100.0 and 100 compare equal, and a database gives one back for the other.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    return value


def digest(value: JsonValue) -> str:
    """Return `sha256:<hex>` of the canonical JSON of `value`."""
    return digest_of_text(canonical_json(value))


def digest_of_text(text: str) -> str:
    """Return `digest(value)` for a `text` that is the canonical JSON of that value already."""
    return "sha256:" + hashlib.sha256(_bytes(text)).hexdigest()


CONFIG_DIGEST: Final = "ASPIRE_GATEWAY_CONFIG_DIGEST"
"""The variable by which a compiled `config.yaml` tells its own digest."""
_OWN_LINE: Final = re.compile(rf'^  {CONFIG_DIGEST}: "sha256:[0-9a-f]{{64}}"\n', re.MULTILINE)


def config_digest(text: str) -> str:
    """Return `sha256:<hex>` of a `config.yaml` without the one line that tells this digest.

    Only the line in exactly the form that the compiler writes is left out, and only the
    first: any other one could hide settings.
    """
    return digest_of_text(_OWN_LINE.sub("", text, count=1))


def keyed_digest(secrets: Mapping[str, str], value: JsonValue) -> str:
    """Return `hmac-sha256:<hex>` of `value`, keyed by the secrets that belong to it.

    A holder of the secrets can prove that they are the ones that were
    written; nobody else learns anything, and no key has to be stored anywhere.
    """
    key = _bytes(canonical_json(dict(secrets)))
    text = _bytes(canonical_json(value))
    return "hmac-sha256:" + hmac.new(key, text, hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    # A gateway's reply may hold half a surrogate pair, which is JSON but not UTF-8.
    return text.encode(errors="surrogatepass")
