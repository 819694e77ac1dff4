"""`POST /hooks/git`: parse a forge's push event, and wake the controller.

A forge may send 25 MB, most of it a list of commits. The body is signed as a whole and read
as it comes; only its beginning, which names the branch, is kept and parsed.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from aspire_gitops.server.options import ServerOptions, TurnRequests

_SIGNATURES = {  # header: what stands before the hex digits
    "x-hub-signature-256": "sha256=",  # GitHub, and Gitea and Forgejo too
    "x-hub-signature": "sha256=",  # Bitbucket; what others sign with SHA-1 proves nothing
    "x-gitea-signature": "",
    "x-forgejo-signature": "",
    "x-gogs-signature": "",
}
_WEAK = "sha1="
_TOKEN = "x-gitlab-token"  # noqa: S105 (the name of a header)
_EVENTS = (
    "x-forgejo-event", "x-gitea-event", "x-gogs-event", "x-github-event", "x-gitlab-event",
    "x-event-key",
)  # fmt: skip
_PUSHES = {"push", "push hook", "system hook", "repo:push", "repo:refs_changed"}
_SYSTEM_PUSHES = {"push", "repository_update"}
_FORM = "application/x-www-form-urlencoded"
_CUT = re.compile(r"%[0-9A-Fa-f]?\Z")  # half a byte, where the beginning of a form ends


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Named(_Part):
    name: str = ""
    type: str = ""


class _Id(_Part):
    id: str = ""


class _Change(_Part):
    ref: _Id | str = ""  # Bitbucket Data Center, and GitLab's repository_update
    new: _Named | None = None  # Bitbucket Cloud
    old: _Named | None = None


class _Changes(_Part):
    changes: list[_Change] = []


class _Push(_Changes):
    """What forges say of a push, in their own ways."""

    ref: str | None = None  # GitHub, GitLab, Gitea, Forgejo, Gogs
    event_name: str = ""  # which event GitLab's system hook tells of
    push: _Changes | None = None  # Bitbucket Cloud

    def references(self) -> Iterator[str]:
        """Yield the references that were pushed to, by their full names."""
        if self.ref is not None:
            yield self.ref
        for change in (*self.changes, *(self.push.changes if self.push else ())):
            yield change.ref.id if isinstance(change.ref, _Id) else change.ref
            for named in (change.new, change.old):
                if named and named.type == "branch":
                    yield f"refs/heads/{named.name}"


class Proofs:
    """What the sender says to prove that it knows the secret: signatures of the body, or the token."""

    def __init__(self, headers: Mapping[str, str], secret: str) -> None:
        self._signatures = [
            (headers[name], prefix)
            for name, prefix in _SIGNATURES.items()
            if name in headers and not (name == "x-hub-signature" and _is_weak(headers[name]))
        ]
        self._token = headers.get(_TOKEN)
        self._secret = secret
        self._signed = hmac.new(secret.encode(), digestmod=hashlib.sha256)

    @property
    def can_hold(self) -> bool:
        """Return whether there is any proof, and none that is wrong whatever the body says."""
        if self._token is not None:
            return _equal(self._token, self._secret)
        return bool(self._signatures)

    def update(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        self._signed.update(chunk)

    def hold(self) -> bool:
        """Return whether every given proof is valid for the body that was taken."""
        wanted = self._signed.hexdigest()
        return self.can_hold and all(
            _equal(given, prefix + wanted) for given, prefix in self._signatures
        )


def _is_weak(signature: str) -> bool:
    return signature.startswith(_WEAK)


def is_push_to(branch: str, headers: Mapping[str, str], beginning: bytes, *, whole: bool) -> bool:
    """Say whether the request tells of a push to `branch`; False for all else, and for nonsense.

    A push whose beginning does not name a branch counts: one turn too many costs little.
    """
    events = [headers[name].lower() for name in _EVENTS if name in headers]
    if not events or events[0] not in _PUSHES:
        return False
    try:
        push = _Push.model_validate(
            from_json(_payload(headers, beginning), allow_partial=not whole)
        )
    except (ValidationError, ValueError):
        return False
    if events[0] == "system hook" and push.event_name not in _SYSTEM_PUSHES:
        return not whole and not push.event_name
    references = list(push.references())
    return f"refs/heads/{branch}" in references or (not whole and push.ref is None)


def _payload(headers: Mapping[str, str], body: bytes) -> bytes:
    # GitHub's first choice for a new webhook is a form with the JSON in one field.
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return body
    text = _CUT.sub("", body.decode())
    return parse_qs(text, max_num_fields=8).get("payload", [""])[0].encode()


def _equal(given: str, wanted: str) -> bool:
    # A header arrives as Latin-1; bytes, because compare_digest takes no other text than ASCII.
    return hmac.compare_digest(given.encode("latin-1", "replace"), wanted.encode())


MAX_BYTES = 64 * 1024 * 1024  # 25 MB of JSON, whose quotes and colons a form makes three bytes each
KEPT_BYTES = 64 * 1024
PATIENCE_S = 10.0


class TooLarge(Exception):
    """The body is, or says that it is, larger than we take."""


class TooSlow(Exception):
    """The body did not arrive in time, or not at all."""


async def read_body(
    request: Request,
    take: Callable[[bytes], None] = lambda _: None,
    *,
    patience_s: float = PATIENCE_S,
) -> tuple[bytes, bool]:
    """Let `take` have the whole body, at most `MAX_BYTES`, piece by piece.

    Returns:
        The beginning of the body, at most `KEPT_BYTES`, and whether that is all of it.

    Raises:
        TooLarge: By what Content-Length says, before a byte is read; or by counting.
        TooSlow: The body is not here after `patience_s`, or the caller hung up.
    """
    if not _fits(request.headers.get("content-length", "0")):
        raise TooLarge
    beginning, seen = bytearray(), 0
    try:
        async with asyncio.timeout(patience_s):
            async for chunk in request.stream():
                seen += len(chunk)
                if seen > MAX_BYTES:
                    raise TooLarge
                take(chunk)
                beginning += chunk[: KEPT_BYTES - len(beginning)]
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    return bytes(beginning), seen == len(beginning)


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
        proofs = Proofs(request.headers, self._secret)
        if not proofs.can_hold:
            return PlainTextResponse(_STRANGER, 401, headers=_CLOSE)
        try:
            beginning, whole = await read_body(request, proofs.update)
        except TooLarge:
            limit = f"the body is larger than {MAX_BYTES // 1024**2} MiB\n"
            return PlainTextResponse(limit, 413, headers=_CLOSE)
        except TooSlow:
            return PlainTextResponse("the body did not arrive\n", 408, headers=_CLOSE)
        if not proofs.hold():
            return PlainTextResponse(_STRANGER, 401)
        return self._answer(request.headers, beginning, whole=whole)

    def _answer(self, headers: Mapping[str, str], beginning: bytes, *, whole: bool) -> Response:
        if not is_push_to(self._branch, headers, beginning, whole=whole):
            return PlainTextResponse("nothing to do: not a push to our branch\n", 200)
        self._waking.wake("webhook")
        return PlainTextResponse("reading git now\n", 202)
