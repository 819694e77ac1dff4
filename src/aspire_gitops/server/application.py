"""The two applications, for the network and for the socket in the state folder, and what can be read there."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from aspire_gitops.server.metrics import METRICS_TYPE, Metrics
from aspire_gitops.server.middleware import Guard, ResponseMiddleware
from aspire_gitops.server.options import ServerOptions, StatusProvider, TurnRequests
from aspire_gitops.server.webhook import Hook
from aspire_gitops.status.document_builder import status_document, turn_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.value import Role, Status
from aspire_gitops.vocabulary import AspireGitopsError


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
        document = status_document(self._watched.status())
        return Response(document.model_dump_json(), media_type="application/json")

    async def page(self, request: Request) -> Response:
        document = status_document(self._watched.status())
        still = request.query_params.get("refresh") == "off"
        return HTMLResponse(status_page(document, refreshing=not still))


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
        return Response(turn_document(turn).model_dump_json(), media_type="application/json")

    routes = [
        *Views(watched, metrics).routes(),
        Route("/reconcile", reconcile, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[_response_middleware(metrics, routes)])


def _response_middleware(metrics: Metrics, routes: list[Route]) -> Middleware:
    paths = frozenset(route.path for route in routes)
    return Middleware(ResponseMiddleware, metrics=metrics, routes=paths)
