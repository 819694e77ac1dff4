"""Serve from inside the controller's own loop, until told to stop.

uvicorn does the HTTP. Its signal handlers are disabled: the controller has its own,
which finish the current change first.
"""

import asyncio
import contextlib
import socket
from asyncio import Event
from collections.abc import Callable, Iterator

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from aspire_gitops.server.application import application, local_application
from aspire_gitops.server.metrics import Metrics
from aspire_gitops.server.options import ServerOptions, StatusProvider, TurnRequests
from aspire_gitops.server.sockets import local_socket, network_socket

_MAX_HEAD_BYTES = 16 * 1024
_MAX_CONNECTIONS = 128
_HEAD_PATIENCE_S = 5  # for the head of a request, and between two requests
_STOP_PATIENCE_S = 2  # for answers in hand


async def serve(
    watched: StatusProvider,
    waking: TurnRequests,
    options: ServerOptions,
    stop: Event,
    *,
    metrics: Metrics | None = None,
    listening: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve on the network address and on the socket file until `stop` is set.

    `listening` is called once with the page's address, when both are open. An
    answer in hand at the stop has two seconds to end.

    Raises:
        UsageError: An address cannot be listened on, is open to strangers
            without a token, or another controller uses the state folder.
    """
    metrics = metrics or Metrics()
    with network_socket(options) as network, local_socket(options.state_dir) as local:
        listening(_url(network))
        async with asyncio.TaskGroup() as tasks:
            for app, listener in (
                (application(watched, waking, options, metrics), network),
                (local_application(watched, waking, metrics), local),
            ):
                tasks.create_task(_Server(app, stop).serve([listener]))


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp, stop: Event) -> None:
        self._stop = stop
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # it logs what strangers send
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_keep_alive=_HEAD_PATIENCE_S,
            timeout_graceful_shutdown=_STOP_PATIENCE_S,
            h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self._stop.wait()


class _Protocol(H11Protocol):
    """Closes connections that take too long to send the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _unset_keepalive_if_required(self) -> None:
        # uvicorn stops its clock at the first byte; one byte a second would hold a place for ever.
        if self.conn.their_state is not h11.IDLE:
            super()._unset_keepalive_if_required()


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
