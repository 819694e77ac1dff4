"""The real server in a thread of its own, for tests that speak real HTTP to it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

from aspire_gitops.server.metrics import Metrics
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.serving import serve
from support.statuses import StandIn


@contextmanager
def serving(
    controller: StandIn, options: ServerOptions, metrics: Metrics | None = None
) -> Iterator[str]:
    """Serve on a free port and on the socket; gives the page's address."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    said: Queue[str | BaseException] = Queue()

    def run() -> None:
        try:
            loop.run_until_complete(
                serve(controller, controller, options, stop, metrics=metrics, listening=said.put)
            )
        except BaseException as error:  # noqa: BLE001 (the test's thread raises it)
            said.put(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        first = said.get(timeout=10)
        if isinstance(first, BaseException):
            raise first
        yield first
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)
