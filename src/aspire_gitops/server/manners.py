"""What holds for every answer: headers for browsers, a count, and no text of a bug."""

import traceback
from collections.abc import Mapping
from email.utils import formatdate

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aspire_gitops.rendering.status.page import STYLE_SOURCE
from aspire_gitops.server.metrics import Metrics

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


class Manners:
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
    # Where it happened and its type. Its text stays out: it may quote anything.
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
    _log.error("a request met a bug", error=type(error).__name__, where=where)
