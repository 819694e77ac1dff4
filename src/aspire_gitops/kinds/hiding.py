"""Keep secrets out of what we show: of our own messages, and of what others left on the gateway. Pure.

LiteLLM masks most of what it stores itself. It does not mask the headers of a
deployment, a query in `api_base`, or what people put into metadata. The gateway's
own masks (`sk****9f`) stay: they are how a changed secret shows.
"""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aspire_gitops.state import Fields, Mark
from aspire_gitops.vocabulary.secret_shapes import ALL, matcher
from aspire_ledger.canonical import JsonValue

HIDDEN = "[hidden]"
_KEY_SHAPED = re.compile(
    r"\b(?:sk|pk|rk)-(?:\.\.\.\w+|[A-Za-z0-9_-]{6,})"
)  # or its end: sk-...ab12
_KNOWN, _HINT = matcher(shape for shape in ALL if shape.name != "bearer")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_SHORTEST = 4  # anything shorter stands in every other word


class Redaction:
    """Replaces known secrets, and what looks like a key, by `[hidden]`. Its repr shows nothing."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {form for secret in secrets for form in _spellings(secret)}
        # The longest first: one secret may be the beginning of another.
        self._secrets = tuple(sorted(spellings, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _KEY_SHAPED.sub(HIDDEN, text)
        if _HINT.search(text):
            text = _KNOWN.sub(HIDDEN, text)
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
        return _HASH.sub("[hash]", text)

    def __repr__(self) -> str:
        return f"Redaction({len(self._secrets)} spellings)"


def _spellings(secret: str) -> Iterable[str]:
    if len(secret) < _SHORTEST:
        return ()
    return (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])


_SENSITIVE = frozenset(
    {"apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "key"}
    | {"passwd", "password", "pat", "private", "secret", "session", "sig", "signature", "token"}
)
_NOT_SECRET = frozenset({"litellm_credential_name"})
_HEADERS = frozenset({"extra_headers", "headers", "default_headers", "extra_query"})
_WORDS = re.compile(r"[^a-zA-Z0-9]+")
_KEY = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}")


def visible(fields: Fields, mark: Mark | None) -> Fields:
    """Return the fields with every string that may be a secret replaced by `[hidden]`.

    Under a path that our mark names stands what reviewed files say, which hold
    no secret; there the name of a field (`metadata.key`) accuses nobody.
    """
    ours = mark.fields if mark else frozenset()
    return {path: _shown(path, value, trusted=path in ours) for path, value in fields.items()}


def _shown(path: str, value: JsonValue, *, trusted: bool = False) -> JsonValue:
    name = path.rpartition(".")[2]
    match value:
        case str():
            return _text(name, value, trusted=trusted)
        case Mapping() if name in _HEADERS and not trusted:
            return dict.fromkeys(value, HIDDEN)
        case Mapping():
            return {inner: _shown(inner, item, trusted=trusted) for inner, item in value.items()}
        case tuple():
            return tuple(_shown(path, item, trusted=trusted) for item in value)
        case _:
            return value


def _text(name: str, value: str, *, trusted: bool) -> str:
    if not value or "****" in value:
        return value
    if _is_sensitive(name) and not trusted:
        return HIDDEN
    return _KEY.sub(HIDDEN, _url(value) if "://" in value else value)


def _is_sensitive(name: str) -> bool:
    words = frozenset(word.lower() for word in _WORDS.split(name))
    return name not in _NOT_SECRET and bool(words & _SENSITIVE)


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN
    shown = [(name, HIDDEN if _is_sensitive(name) else item) for name, item in query]
    _, at, host = parts.netloc.rpartition("@")
    if not at and shown == query:
        return value
    netloc = f"{HIDDEN}@{host}" if at else host
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(shown, safe="[]")))
