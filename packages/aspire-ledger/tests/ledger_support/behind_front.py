"""A small application behind the guard's front, in LiteLLM's place: it reads and parses what arrives."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aspire_ledger.litellm.front import (
    Answer,
    Exchange,
    Front,
    Message,
    Receive,
    Scope,
    Send,
    current,
)

MEANINGS = frozenset({"litellm_logging_obj", "proxy_server_request", "timeout"})  # LiteLLM's
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass
class Arrived:
    """One request as it reached the application."""

    path: str
    query: bytes
    body: bytes
    exchange: Exchange | None


@dataclass
class Behind:
    """The application. `fails` is what it raises after it has read a request."""

    arrived: list[Arrived] = field(default_factory=list)
    call_id: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    fails: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            self.arrived.append(Arrived(scope.get("path", ""), b"", b"", None))
            return
        body = await _all(receive)
        exchange = current.get()
        self.arrived.append(Arrived(scope["path"], scope["query_string"], body, exchange))
        if exchange:
            scope = exchange.scope
            _parse(scope, body)
            exchange.call_id = self.call_id
            exchange.notes.update(self.notes)
        if self.fails:
            raise self.fails
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


@dataclass
class Reply:
    """What the client got: nothing where the connection ended without an answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    closed: int = 0

    @property
    def error(self) -> Mapping[str, Any]:
        found = json.loads(self.body)["error"]
        assert isinstance(found, dict)
        return found


@dataclass
class Gate:
    """The front with an application of ours behind it."""

    behind: Behind = field(default_factory=Behind)
    ended: list[str] = field(default_factory=list)
    identify: Callable[[Scope, str], Awaitable[Answer]] | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = JSON,
        chunks: Iterable[bytes] | None = None,
        kind: str = "http",
        **scope: Any,
    ) -> Reply:
        """Send one request. `body` is bytes, a form's values or anything that JSON can say."""
        named = [("authorization", "Bearer sk-1"), ("content-type", content_type), *headers]
        asked = {
            "type": kind,
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), text.encode()) for name, text in named],
            **scope,
        }
        reply = Reply()
        sent = list(chunks) if chunks is not None else [_bytes(body, content_type)]
        front = Front(self.behind, self.ended.append, MEANINGS, self.identify)
        await front(asked, _receive(sent), _send(reply))
        return reply


def _bytes(body: object, content_type: str) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if content_type == FORM and isinstance(body, Mapping):
        return urlencode(body).encode()
    return json.dumps(body).encode()


def _parse(scope: Scope, body: bytes) -> None:
    if any(value.startswith(FORM.encode()) for _, value in scope["headers"]):
        parsed: Any = dict(parse_qsl(body.decode(), keep_blank_values=True))
    else:
        parsed = json.loads(body) if body else {}
    if isinstance(parsed, dict):
        scope["parsed_body"] = (tuple(parsed), parsed)


async def _all(receive: Receive) -> bytes:
    found = b""
    while True:
        message = await receive()
        found += bytes(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return found


def _receive(chunks: list[bytes]) -> Receive:
    left = list(chunks)

    async def receive() -> Message:
        if not left:
            return {"type": "http.disconnect"}
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    return receive


def _send(reply: Reply) -> Send:
    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {n.decode(): t.decode() for n, t in message["headers"]}
        elif message["type"] == "http.response.body":
            reply.body += message.get("body", b"")
        elif message["type"] == "websocket.close":
            reply.closed = message["code"]

    return send
