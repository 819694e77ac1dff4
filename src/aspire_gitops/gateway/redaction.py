"""Take secrets out of text before it reaches a message, a log or an exception. Pure."""

import json
import re
from collections.abc import Iterable

from aspire_gitops.vocabulary.secret_shapes import ALL, matcher

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
