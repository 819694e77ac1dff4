"""The fake gateway over TCP on loopback, for programs under test that are processes of their own."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from support.fake_gateway.gateway import FakeGateway, NoAnswer
from support.fake_gateway.wire import Request


@contextmanager
def serving(gateway: FakeGateway) -> Iterator[str]:
    """Serve `gateway` for the length of a `with`; yields its base URL."""

    class Handler(_Handler):
        fake = gateway

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is no fault of the gateway's, and its traceback
        # would land in the output of a program under test in this process.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[FakeGateway]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes

    def _answer(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        content = self.rfile.read(length)
        body = json.loads(content) if content else None
        asked = Request(self.command, self.path, body, self.headers.get("authorization", ""))
        try:
            answer, seconds = self.fake.handle(asked)
        except NoAnswer:
            self.close_connection = True
            return
        time.sleep(seconds)
        with suppress(ConnectionError):  # the client may not have waited
            self.send_response(answer.status)
            for name, value in {"content-type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815  # http.server finds them by name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
        pass
