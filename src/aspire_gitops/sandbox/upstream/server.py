"""Serve the stand-in provider over HTTP: parse, bill, record, misbehave if told to, answer.

POST /control          a `Misbehaviour`; the newest that selects a request applies to it
GET /control           the calls received so far, oldest first
DELETE /control        behave again, bill as usual, and forget the calls
POST /control/billing  a `BillingOrder`; likewise
"""

import json
import re
import socket
import struct
import time
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from aspire_gitops.sandbox.processes import LOOPBACK
from aspire_gitops.sandbox.upstream.behaviour import (
    BILLING,
    CALLS,
    ORDERS,
    Behaviour,
    Event,
    Misbehaviour,
    Request,
    UpstreamCall,
)
from aspire_gitops.sandbox.upstream.bill import FREE, Billed, BillingOrder, Report
from aspire_gitops.sandbox.upstream.billing import bill, so_far
from aspire_gitops.sandbox.upstream.replies import ROUTES, Reply, failure

_FORM = "multipart/form-data"


def read_body(content: bytes, content_type: str) -> dict[str, Any]:
    """Return the fields of a body; those of one that is neither an object nor a form are none.

    A file of a form becomes a part of the kind that its field names, without its bytes.
    """
    if content_type.lower().startswith(_FORM):
        return _form(content, content_type)
    try:
        found = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _form(content: bytes, content_type: str) -> dict[str, Any]:
    head = f"content-type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + content)
    found: dict[str, list[Any]] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = str(part.get_param("name", "", header="content-disposition")).removesuffix("[]")
        payload = part.get_payload(decode=True)
        found.setdefault(name, []).append(_value(part.get_filename(), payload))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _value(filename: str | None, payload: Any) -> Any:
    raw = payload if isinstance(payload, bytes) else b""
    if filename is None:
        return raw.decode(errors="replace")
    return {"type": "image", "filename": filename, "bytes": len(raw)}


_PATH = re.compile(r"^(?:/(?P<provider>[^/]+))?/v1/(?P<route>.+)$")
PROVIDER_HEADER = "x-upstream-provider"
COST_HEADER = "x-litellm-response-cost"
_BEFORE_A_BREAK_S = 0.3  # what was sent is read by then; some clients drop it with the connection
_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # close with a reset, and drop what was not sent


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
        path = urlsplit(self.path).path
        if path == ORDERS or path.startswith(f"{ORDERS}/"):
            self._control(path, self._content())
        elif not self._closes_before_reading(path):
            self._answer(path, self._content())

    def _content(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _control(self, path: str, content: bytes) -> None:
        behaviour = self.server.behaviour
        if self.command == "GET":
            self._send(200, CALLS.dump_python(behaviour.calls(), mode="json"))
            return
        if self.command == "DELETE":
            behaviour.reset()
            self._send(200, {})
            return
        try:
            if path == BILLING:
                behaviour.bill(BillingOrder.model_validate_json(content))
            else:
                behaviour.order(Misbehaviour.model_validate_json(content))
        except ValidationError as error:
            self._send(400, {"error": {"message": str(error)}})
        else:
            self._send(201, {})

    def _closes_before_reading(self, path: str) -> bool:
        provider, _ = _place(path)
        call = self._call(path, Request(provider, None, {}))
        if not self.server.behaviour.closes_at_once(call):
            return False
        self.server.behaviour.receive(call.model_copy(update={"body": None}))
        self._reset()
        return True

    def _answer(self, path: str, content: bytes) -> None:
        provider, route = _place(path)
        body = read_body(content, self.headers.get("content-type") or "")
        asked = self._call(path, Request(provider, _text(body.get("model")), body))
        told, billing = self.server.behaviour.told(asked)
        answer = ROUTES.get((self.command, route))
        whole = bill(route, body, billing) if answer and not told.status else FREE
        request = Request(provider, asked.model, body, whole, told.report, told.usage_cost)
        said = _as_reported(whole, request, route, told)
        call = self.server.behaviour.receive(asked.model_copy(update={"billed": said}))
        time.sleep(told.delay_s)
        if told.reset:
            self._reset()
        elif told.status:
            message = f"{provider or 'the upstream'} was told to answer {told.status}"
            self._send(told.status, failure(route, told.status, message), provider)
        elif answer is None:
            message = f"no such path: {self.command} {path}"
            self._send(404, failure(route, 404, message), provider)
        else:
            self._deliver(call, answer(request), told, route)

    def _call(self, path: str, request: Request) -> UpstreamCall:
        return UpstreamCall(
            at=time.time(),
            provider=request.provider,
            path=path,
            model=request.model,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=request.body,
        )

    def _deliver(self, call: UpstreamCall, reply: Reply, told: Misbehaviour, route: str) -> None:
        """Send the answer, and correct the bill if it does not arrive whole."""
        if self._is_alone():
            self._correct(call, call.billed)
            self.close_connection = True
            return
        headers = {} if told.cost_header is None else {COST_HEADER: told.cost_header}
        if isinstance(reply, dict):
            self._send(200, reply, call.provider, headers)
            return
        sent = self._stream(list(reply), call.provider, headers, told)
        if sent is not None and not any(event.reports for event in sent):
            words = sum(event.says for event in sent)
            self._correct(call, so_far(route, call.billed, words))

    def _correct(self, call: UpstreamCall, billed: Billed) -> None:
        self.server.behaviour.settle(call, billed.model_copy(update={"reported": False}))

    def _stream(
        self, events: list[Event], provider: str, headers: dict[str, str], told: Misbehaviour
    ) -> list[Event] | None:
        """Send events in chunks. Returns None, or those that were sent if not all of them were."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.send_header(PROVIDER_HEADER, provider)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        kept, sent = told.kept(events), []
        try:
            for event in kept:
                self._write_chunk(event.encode())
                sent.append(event)
            if len(sent) < len(events):
                time.sleep(_BEFORE_A_BREAK_S)
                return sent  # without a last chunk, so that the receiver sees it
            self._write_chunk(b"")
        except OSError:  # nobody listens any more
            return sent
        return None

    def _write_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _is_alone(self) -> bool:
        """Say whether the caller has closed the connection meanwhile."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        self.connection.close()

    def _send(
        self, status: int, value: Any, provider: str = "", headers: dict[str, str] | None = None
    ) -> None:
        payload = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.send_header(PROVIDER_HEADER, provider)
        if status == 429:
            self.send_header("retry-after", "1")
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(payload)


def _as_reported(whole: Billed, request: Request, route: str, told: Misbehaviour) -> Billed:
    """Return the bill with what an answer that arrives whole will have said of it."""
    on_request = request.streams and route in ("chat/completions", "completions")
    silent = on_request and not request.wants_usage
    told_truth = told.report is Report.TRUE and not told.reset and not silent
    return whole.model_copy(update={"reported": whole.reported and told_truth})


def _place(path: str) -> tuple[str, str]:
    """Return the provider that a path names, and the route below it."""
    place = _PATH.match(path)
    return (place["provider"] or "", place["route"]) if place else ("", "")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
