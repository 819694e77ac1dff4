"""The two applications: one for the network, one for the socket in the state folder.

Everything on the network is read-only, but for the hook, which can only wake
the controller. The socket has no token: its folder is its owner's alone.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aspire_gitops.errors import AspireGitopsError
from aspire_gitops.rendering.status.documenting import turn_document
from aspire_gitops.server.guard import Guard
from aspire_gitops.server.hook import Hook
from aspire_gitops.server.manners import Manners
from aspire_gitops.server.metrics import Metrics
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.ports import Waking, Watched
from aspire_gitops.server.views import Views

_CAUSES = ("reconcile", "brake")  # why somebody on this machine may ask for a turn


def application(
    watched: Watched, waking: Waking, options: ServerOptions, metrics: Metrics | None = None
) -> Starlette:
    """Return what is served on the network."""
    metrics = metrics or Metrics()
    routes = [
        *Views(watched, metrics).routes(),
        Route("/hooks/git", Hook(waking, options).post, methods=["POST"]),
    ]
    guard = Middleware(Guard, options=options)
    return Starlette(routes=routes, middleware=[_manners(metrics, routes), guard])


def local_application(
    watched: Watched, waking: Waking, metrics: Metrics | None = None
) -> Starlette:
    """Return what is served on the socket: the same to read, and `POST /reconcile`."""
    metrics = metrics or Metrics()

    async def reconcile(request: Request) -> Response:
        asked = request.query_params.get("cause", "")
        try:
            turn = await waking.turn(asked if asked in _CAUSES else _CAUSES[0])
        except AspireGitopsError as error:
            return JSONResponse({"error": str(error)}, 409)
        return Response(turn_document(turn).model_dump_json(), media_type="application/json")

    routes = [
        *Views(watched, metrics).routes(),
        Route("/reconcile", reconcile, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[_manners(metrics, routes)])


def _manners(metrics: Metrics, routes: list[Route]) -> Middleware:
    paths = frozenset(route.path for route in routes)
    return Middleware(Manners, metrics=metrics, routes=paths)
