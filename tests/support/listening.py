"""A real HTTP server on loopback that remembers what it was told, and misbehaves on demand."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import SecretStr


@dataclass(frozen=True)
class Heard:
    """One request. Header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Say:
    """One answer. `wait_s` comes first, `raw` replaces it, `drop` hangs up instead.

    `hold_s` keeps the connection open afterwards.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    wait_s: float = 0.0
    hold_s: float = 0.0
    drop: bool = False
    raw: bytes | None = None


OK = Say()
Script = Callable[[Heard], Say]


@dataclass
class Listener:
    """What was heard. `script` decides each answer and may be replaced at any time."""

    port: int
    script: Script = lambda _heard: OK
    heard: list[Heard] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> SecretStr:
        return SecretStr(self.base + path)

    def answers(self, *answers: Say) -> None:
        """Give these answers in order; the last one for ever."""
        left = list(answers)
        self.script = lambda _heard: left.pop(0) if len(left) > 1 else left[0]

    def ids(self) -> list[str]:
        return [heard.headers["x-aspire-gitops-notice"] for heard in self.heard]

    def waits_for(self, count: int, *, patience_s: float = 10.0) -> None:
        deadline = time.monotonic() + patience_s
        while len(self.heard) < count:
            assert time.monotonic() < deadline, f"heard {len(self.heard)} of {count}"
            time.sleep(0.01)


@contextmanager
def listening(script: Script = lambda _heard: OK) -> Iterator[Listener]:
    class Room(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.path, headers, self.rfile.read(length), self.command)
            listener.heard.append(heard)
            self.close_connection = True
            self.answer(listener.script(heard))

        do_GET = do_PATCH = do_PUT = do_DELETE = do_POST  # noqa: N815 (http.server's names)

        def do_CONNECT(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            listener.heard.append(Heard(self.path, headers, b""))
            self.close_connection = True
            self.answer(Say(502))

        def answer(self, say: Say) -> None:
            listener.closing.wait(say.wait_s)
            if say.drop:
                return
            with suppress(OSError):  # the client may have had enough
                self.connection.sendall(say.raw if say.raw is not None else _bytes(say))
            listener.closing.wait(say.hold_s)

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hangs up is what some tests are about

    with Server(("127.0.0.1", 0), Room) as server:
        listener = Listener(server.server_port, script)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listener
        finally:
            listener.closing.set()
            server.shutdown()
            thread.join()


def _bytes(say: Say) -> bytes:
    headers = {"content-length": str(len(say.body)), "connection": "close"} | dict(say.headers)
    lines = [f"HTTP/1.1 {say.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + say.body


def dead_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
