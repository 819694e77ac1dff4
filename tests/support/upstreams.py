"""A stand-in provider in a thread of the test's own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aspire_gitops.sandbox.start import upstream_url
from aspire_gitops.sandbox.upstream.server import UpstreamServer


@contextmanager
def serving() -> Iterator[str]:
    """Serve until the block ends; yields the URL."""
    with UpstreamServer(0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield upstream_url(server.server_port)
        server.shutdown()
        thread.join()
