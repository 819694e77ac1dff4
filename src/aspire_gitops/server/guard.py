"""Who may read: everybody who shows the token, or, without one, people on this machine."""

import base64
import binascii
import hmac
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aspire_gitops.server.options import ServerOptions, is_loopback

OPEN_TO_ALL = frozenset({"/healthz", "/readyz", "/hooks/git"})
_ASK = {"www-authenticate": 'Basic realm="aspire-gitops", charset="UTF-8"'}
_NO_TOKEN = "the status token is needed: as a bearer token, or as the password of any user\n"  # noqa: S105 (a message)
_WRONG_HOST = (
    "this page is for this machine under its own name; "
    "set ASPIRE_GITOPS_PUBLIC_URL or ASPIRE_GITOPS_STATUS_TOKEN\n"
)


class Guard:
    """Middleware that turns everybody else away."""

    def __init__(self, app: ASGIApp, options: ServerOptions) -> None:
        self._app = app
        self._refusal = _by_token(options.token) if options.token else _by_host(options.public_host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if scope["type"] == "http" and scope["path"] not in OPEN_TO_ALL:
            refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send)


def _by_token(token: str) -> Callable[[Request], Response | None]:
    wanted = token.encode()

    def refusal(request: Request) -> Response | None:
        if hmac.compare_digest(_given(request.headers.get("authorization", "")), wanted):
            return None
        return PlainTextResponse(_NO_TOKEN, 401, headers=_ASK)

    return refusal


def _by_host(public_host: str | None) -> Callable[[Request], Response | None]:
    # A page elsewhere may point its own name at 127.0.0.1 and read us through
    # its visitor's browser. Its name is in the Host header.
    def refusal(request: Request) -> Response | None:
        host = _host(request.headers.get("host", ""))
        if host in ("localhost", public_host) or _is_loopback(host):
            return None
        return PlainTextResponse(_WRONG_HOST, 421)

    return refusal


def _given(authorization: str) -> bytes:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("latin-1", "replace")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def _is_loopback(host: str) -> bool:
    try:
        return is_loopback(host)
    except ValueError:
        return False
