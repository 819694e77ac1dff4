"""`POST /hooks/git`: parse a forge's push event, and wake the controller."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from aspire_gitops.server.options import ServerOptions, TurnRequests

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
    """Return whether the headers contain any signature or token."""
    return _TOKEN in headers or any(name in headers for name in _SIGNATURES)


def is_from_forge(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return whether the sender knows the secret. Every given proof must be valid."""
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


MAX_BYTES = 1024 * 1024
PATIENCE_S = 10.0


class TooLarge(Exception):
    """The body is, or says that it is, larger than we take."""


class TooSlow(Exception):
    """The body did not arrive in time, or not at all."""


async def read_body(request: Request, *, patience_s: float = PATIENCE_S) -> bytes:
    """Return the whole body, at most `MAX_BYTES`.

    Raises:
        TooLarge: By what Content-Length says, before a byte is read; or by counting.
        TooSlow: The body is not here after `patience_s`, or the caller hung up.
    """
    if not _fits(request.headers.get("content-length", "0")):
        raise TooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(patience_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise TooLarge
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    return bytes(body)


def _fits(length: str) -> bool:
    # Python refuses to read a number of thousands of digits.
    return length.isdecimal() and len(length) < 10 and int(length) <= MAX_BYTES


_CLOSE = {"connection": "close"}  # what is left of the body is not read
_CLOSED = "the hook is disabled: set ASPIRE_GITOPS_WEBHOOK_SECRET\n"
_STRANGER = "no valid signature; nothing happened\n"


class Hook:
    """The endpoint. Never logs or returns anything of a request."""

    def __init__(self, waking: TurnRequests, options: ServerOptions) -> None:
        self._waking = waking
        self._secret = options.webhook_secret
        self._branch = options.branch

    async def post(self, request: Request) -> Response:
        if not self._secret:
            return PlainTextResponse(_CLOSED, 404, headers=_CLOSE)
        if not is_signed_at_all(request.headers):
            return PlainTextResponse(_STRANGER, 401, headers=_CLOSE)
        try:
            body = await read_body(request)
        except TooLarge:
            return PlainTextResponse("the body is larger than 1 MiB\n", 413, headers=_CLOSE)
        except TooSlow:
            return PlainTextResponse("the body did not arrive\n", 408, headers=_CLOSE)
        return self._answer(request, body, self._secret)

    def _answer(self, request: Request, body: bytes, secret: str) -> Response:
        if not is_from_forge(request.headers, body, secret):
            return PlainTextResponse(_STRANGER, 401)
        if not is_push_to(self._branch, request.headers, body):
            return PlainTextResponse("nothing to do: not a push to our branch\n", 200)
        self._waking.wake("webhook")
        return PlainTextResponse("reading git now\n", 202)
