"""The two applications, for the network and for the socket in the state folder: what can be read there, and what every request goes through."""

import asyncio
import base64
import binascii
import hmac
import traceback
from collections.abc import Callable, Mapping
from email.utils import formatdate

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aspire_gitops.server.metrics import METRICS_TYPE, Metrics
from aspire_gitops.server.options import ServerOptions, StatusProvider, TurnRequests, is_loopback
from aspire_gitops.server.webhook import Hook
from aspire_gitops.status.document_builder import status_document, turn_document
from aspire_gitops.status.page import STYLE_SOURCE, status_page
from aspire_gitops.status.value import Role, Status, Turn
from aspire_gitops.vocabulary import AspireGitopsError

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


def not_ready(status: Status) -> str | None:
    """Return why the controller is not ready, None when it is.

    A standby is ready to take over. A stalled controller is ready too: it needs a
    person, not a restart.
    """
    if status.role is Role.STANDBY:
        return None
    if not status.turns:
        return "no turn has ended yet"
    if status.journal is None:
        return "the journal cannot be read, so nothing may be applied"
    return None


_STUCK = "the loop has not moved within its deadline"


class Views:
    """The read-only endpoints. Nothing here changes anything."""

    def __init__(self, watched: StatusProvider, metrics: Metrics) -> None:
        self._watched = watched
        self._metrics = metrics

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page),
            Route("/healthz", self.health),
            Route("/readyz", self.readiness),
            Route("/metrics", self.metrics),
            Route("/api/status", self.status),
        ]

    async def health(self, _request: Request) -> Response:
        return _answer(None if self._watched.alive() else _STUCK)

    async def readiness(self, _request: Request) -> Response:
        stuck = None if self._watched.alive() else _STUCK
        return _answer(stuck or not_ready(self._watched.status()))

    async def metrics(self, _request: Request) -> Response:
        text = self._metrics.text(self._watched.status())
        return Response(text, media_type=METRICS_TYPE)

    async def status(self, _request: Request) -> Response:
        text = await asyncio.to_thread(_status_json, self._watched.status())
        return Response(text, media_type="application/json")

    async def page(self, request: Request) -> Response:
        still = request.query_params.get("refresh") == "off"
        return HTMLResponse(
            await asyncio.to_thread(_page, self._watched.status(), refreshing=not still)
        )


# A plan with thousands of changes takes a second to write down: in a thread, beside the turn.
def _status_json(status: Status) -> str:
    return status_document(status).model_dump_json()


def _page(status: Status, *, refreshing: bool) -> str:
    return status_page(status_document(status), refreshing=refreshing)


def _turn_json(turn: Turn) -> str:
    return turn_document(turn).model_dump_json()


def _answer(reason: str | None) -> Response:
    if reason is None:
        return PlainTextResponse("ok\n")
    return PlainTextResponse(f"{reason}\n", 503)


_CAUSES = ("reconcile", "brake")  # why somebody on this machine may ask for a turn


def application(
    watched: StatusProvider,
    waking: TurnRequests,
    options: ServerOptions,
    metrics: Metrics | None = None,
) -> Starlette:
    """Return what is served on the network."""
    metrics = metrics or Metrics()
    routes = [
        *Views(watched, metrics).routes(),
        Route("/hooks/git", Hook(waking, options).post, methods=["POST"]),
    ]
    guard = Middleware(Guard, options=options)
    return Starlette(routes=routes, middleware=[_response_middleware(metrics, routes), guard])


def local_application(
    watched: StatusProvider, waking: TurnRequests, metrics: Metrics | None = None
) -> Starlette:
    """Return what is served on the socket: the same to read, and `POST /reconcile`."""
    metrics = metrics or Metrics()

    async def reconcile(request: Request) -> Response:
        asked = request.query_params.get("cause", "")
        try:
            turn = await waking.turn(asked if asked in _CAUSES else _CAUSES[0])
        except AspireGitopsError as error:
            return JSONResponse({"error": error.message, "help": error.help or ""}, 409)
        text = await asyncio.to_thread(_turn_json, turn)
        return Response(text, media_type="application/json")

    routes = [
        *Views(watched, metrics).routes(),
        Route("/reconcile", reconcile, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[_response_middleware(metrics, routes)])


def _response_middleware(metrics: Metrics, routes: list[Route]) -> Middleware:
    paths = frozenset(route.path for route in routes)
    return Middleware(ResponseMiddleware, metrics=metrics, routes=paths)
