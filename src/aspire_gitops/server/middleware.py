"""Middleware: authorisation, security headers, a count, and a safe answer to a bug."""

import base64
import binascii
import hmac
import traceback
from collections.abc import Callable, Mapping
from email.utils import formatdate

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aspire_gitops.server.metrics import Metrics
from aspire_gitops.server.options import ServerOptions, is_loopback
from aspire_gitops.status.page import STYLE_SOURCE

OPEN_TO_ALL = frozenset({"/healthz", "/readyz", "/hooks/git"})
_ASK = {"www-authenticate": 'Basic realm="aspire-gitops", charset="UTF-8"'}
_NO_TOKEN = "the status token is required: as a bearer token, or as the password of any user\n"  # noqa: S105 (a message)
_WRONG_HOST = (
    "this page is only served to this machine under its own name; "
    "set ASPIRE_GITOPS_PUBLIC_URL or ASPIRE_GITOPS_STATUS_TOKEN\n"
)


class Guard:
    """Middleware that refuses unauthorised requests."""

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


_POLICY = "; ".join(
    [
        "default-src 'none'",  # no script, from nowhere
        f"style-src {STYLE_SOURCE}",
        "img-src data:",  # the icon
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_UNKNOWN = "unknown"  # one label for all paths that strangers try

_log = structlog.get_logger()


class ResponseMiddleware:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update({"date": formatdate(usegmt=True), **HEADERS})
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 (a bug in one answer must not reach the loop)
            _tell(error)
            if not status:
                bug = PlainTextResponse("this is a bug in aspire-gitops; see its log\n", 500)
                await bug(scope, receive, send_with_headers)
        route = scope["path"] if scope["path"] in self._routes else _UNKNOWN
        self._metrics.answered(route, status)


def _tell(error: Exception) -> None:
    # Its place and type only: the text may quote a secret.
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
    _log.error("a request met a bug", error=type(error).__name__, where=where)
