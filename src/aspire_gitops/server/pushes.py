"""Understand a push that GitHub, GitLab, Gitea or Forgejo tells of. Pure.

A forge proves that it knows our secret: by a signature over the body, or, GitLab,
by sending the secret itself. Nothing of a body is believed beyond "somebody
pushed to this branch", and that only makes us look at git ourselves.
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError

_SIGNATURES = {  # header: what stands before the hex digits
    "x-hub-signature-256": "sha256=",
    "x-gitea-signature": "",
    "x-forgejo-signature": "",
}
_TOKEN = "x-gitlab-token"  # noqa: S105 (the name of a header)
_EVENTS = ("x-forgejo-event", "x-gitea-event", "x-github-event", "x-gitlab-event")
_PUSHES = {"push", "push hook"}
_FORM = "application/x-www-form-urlencoded"


class _Push(BaseModel):
    ref: str = ""


def is_signed_at_all(headers: Mapping[str, str]) -> bool:
    """Say whether anything in the headers could prove where the request comes from."""
    return _TOKEN in headers or any(name in headers for name in _SIGNATURES)


def is_from_forge(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Say whether the sender knows the secret. Every proof that is given must hold."""
    proofs = [
        _equal(headers[name], prefix + _hmac(body, secret))
        for name, prefix in _SIGNATURES.items()
        if name in headers
    ]
    if _TOKEN in headers:
        proofs.append(_equal(headers[_TOKEN], secret))
    return bool(proofs) and all(proofs)


def is_push_to(branch: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Say whether the request tells of a push to `branch`; False for all else, and for nonsense."""
    events = [headers[name].lower() for name in _EVENTS if name in headers]
    if not events or events[0] not in _PUSHES:
        return False
    try:
        push = _Push.model_validate_json(_payload(headers, body))
    except (ValidationError, ValueError):
        return False
    return push.ref == f"refs/heads/{branch}"


def _payload(headers: Mapping[str, str], body: bytes) -> bytes:
    # GitHub's first choice for a new webhook is a form with the JSON in one field.
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return body
    return parse_qs(body.decode(), max_num_fields=8).get("payload", [""])[0].encode()


def _hmac(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _equal(given: str, wanted: str) -> bool:
    # A header arrives as Latin-1; bytes, because compare_digest takes no other text than ASCII.
    return hmac.compare_digest(given.encode("latin-1", "replace"), wanted.encode())
