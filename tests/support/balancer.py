"""A balancer: each connection goes to the next of several addresses, as bytes."""

import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def balanced(urls: Sequence[str]) -> Iterator[str]:
    """Run a balancer before these addresses of this machine; yields its own."""
    targets = itertools.cycle([urlsplit(url).port or 0 for url in urls])
    with ThreadPoolExecutor(32) as threads, socket.create_server(("127.0.0.1", 0)) as server:
        threads.submit(_accept, server, targets, threads)
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, targets: Iterator[int], threads: ThreadPoolExecutor) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            threads.submit(_carry, client, next(targets))


def _carry(client: socket.socket, port: int) -> None:
    with suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as behind:
        back = threading.Thread(target=_copy, args=(behind, client))
        back.start()
        _copy(client, behind)
        back.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
