"""Serve the stand-in provider over HTTP: parse, record, misbehave if told to, answer.

POST /control    a `Misbehaviour`; the newest that selects a request applies to it
GET /control     the calls received so far, oldest first
DELETE /control  behave again, and forget the calls
"""

import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from aspire_gitops.sandbox.processes import LOOPBACK
from aspire_gitops.sandbox.upstream.behaviour import CALLS, Behaviour, Misbehaviour, UpstreamCall
from aspire_gitops.sandbox.upstream.replies import ROUTES, Reply, Request, failure

_PATH = re.compile(r"^(?:/(?P<provider>[^/]+))?/v1/(?P<route>.+)$")
PROVIDER_HEADER = "x-upstream-provider"


class UpstreamServer(ThreadingHTTPServer):
    """Listens on loopback; every connection has a thread that ends with the process."""

    daemon_threads = True
    request_queue_size = 256  # a load test opens many connections at once

    def __init__(self, port: int) -> None:
        self.behaviour = Behaviour()
        super().__init__((LOOPBACK, port), _Exchange)


class _Exchange(BaseHTTPRequestHandler):
    """One connection, which may carry many requests."""

    server: UpstreamServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one packet

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def do_DELETE(self) -> None:
        self._dispatch()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it)
        """Keep quiet: the calls are recorded."""

    def _dispatch(self) -> None:
        if self.headers.get("transfer-encoding"):
            self.close_connection = True
            self._send(411, {"error": {"message": "state the content-length"}})
            return
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        if path == "/control":
            self._control(content)
        else:
            self._answer(path, content)

    def _control(self, content: bytes) -> None:
        behaviour = self.server.behaviour
        if self.command == "GET":
            self._send(200, CALLS.dump_python(behaviour.calls(), mode="json"))
            return
        if self.command == "DELETE":
            behaviour.reset()
            self._send(200, {})
            return
        try:
            behaviour.order(Misbehaviour.model_validate_json(content))
        except ValidationError as error:
            self._send(400, {"error": {"message": str(error)}})
        else:
            self._send(201, {})

    def _answer(self, path: str, content: bytes) -> None:
        place = _PATH.match(path)
        provider = (place and place["provider"]) or ""
        route = place["route"] if place else ""
        body = _json_object(content)
        request = Request(provider, _text(body.get("model")), body)
        told = self.server.behaviour.receive(self._call(path, request))
        time.sleep(told.delay_s)
        if told.status:
            message = f"{provider or 'the upstream'} was told to answer {told.status}"
            self._send(told.status, failure(route, told.status, message), provider)
        elif reply := ROUTES.get((self.command, route)):
            self._send_reply(reply(request), provider)
        else:
            message = f"no such path: {self.command} {path}"
            self._send(404, failure(route, 404, message), provider)

    def _call(self, path: str, request: Request) -> UpstreamCall:
        return UpstreamCall(
            at=time.time(),
            provider=request.provider,
            path=path,
            model=request.model,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=request.body,
        )

    def _send_reply(self, reply: Reply, provider: str) -> None:
        if isinstance(reply, dict):
            self._send(200, reply, provider)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header(PROVIDER_HEADER, provider)
        self.send_header("connection", "close")  # the end of the stream is the end of the body
        self.end_headers()
        for event in reply:
            self.wfile.write(event.encode())
            self.wfile.flush()

    def _send(self, status: int, value: Any, provider: str = "") -> None:
        payload = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.send_header(PROVIDER_HEADER, provider)
        if status == 429:
            self.send_header("retry-after", "1")
        self.end_headers()
        self.wfile.write(payload)


def _json_object(content: bytes) -> dict[str, Any]:
    # A body that is no JSON object, such as an uploaded file, is answered all the same.
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
