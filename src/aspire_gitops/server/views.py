"""What can be read: health, readiness, metrics, the status as JSON and as a page."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from aspire_gitops.rendering.status.documenting import status_document
from aspire_gitops.rendering.status.page import status_page
from aspire_gitops.server.metrics import METRICS_TYPE, Metrics
from aspire_gitops.server.ports import Watched
from aspire_gitops.server.readiness import not_ready

_STUCK = "the loop has not moved within its deadline"


class Views:
    """The read-only endpoints. Nothing here changes anything."""

    def __init__(self, watched: Watched, metrics: Metrics) -> None:
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
