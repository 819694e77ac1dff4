"""Stand in front of LiteLLM: see each request as it came, and when its answer ended, however it ends.

LiteLLM mixes the path, the query string and some headers into the body, and its hooks
see the mixture. This sees them apart, and refuses what no caller may decide before
LiteLLM reads it. It knows no keys; what depends on the key is judged by the hook, which
finds here what the caller really sent.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode

from aspire_ledger.contract import Consent, Contract
from aspire_ledger.litellm import refusals
from aspire_ledger.litellm.refusals import Refusal
from aspire_ledger.places import place_of
from aspire_ledger.request_guard import Objection, judge, judge_names

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer: TypeAlias = tuple[int, Mapping[str, Any]]

_LARGEST: Final = 32 * 2**20  # bytes of a body that is judged here as a whole
_DEEPEST: Final = 1_000  # LiteLLM's own parser stops at 1,024
_BRACKETS: Final = re.compile(rb"[\[\]{}]")
_FIELD: Final = re.compile(rb'content-disposition:[^\r\n]*?[; ]name="([^"\r\n]*)"', re.IGNORECASE)
_URL_ENCODED: Final = "application/x-www-form-urlencoded"
_FORMS: Final = ("multipart/form-data", _URL_ENCODED)
_LABELS: Final = "metadata"
_PREFIX: Final = "x-litellm-"
_ALLOWED: Final = frozenset({"x-litellm-api-key"})
_KEYS: Final = (
    *("authorization", "x-api-key", "api-key", "x-litellm-api-key"),
    *("x-goog-api-key", "ocp-apim-subscription-key"),
)
_CONTROLS: Final = ("litellm-", "x-mcp-", "x-pass-")
IDENTITY: Final = b"x-aspire-identity"
"""The header of a request that asks what this process runs."""


@dataclass(slots=True)
class Exchange:
    """One request on its way and its answer. `call_id` is the ledger's, once it is admitted.

    `notes` become headers of the answer, `raw` is the body as it came, in pieces. `filled_in`
    says that LiteLLM made up the usage of a stream whose provider reported none.
    """

    scope: Scope
    contract: Contract
    call_id: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list, repr=False)
    filled_in: bool = False
    _body: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def is_form(self) -> bool:
        return _content_type(self.scope) in _FORMS

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The caller's own parameters, as LiteLLM parsed them before it added any; None if unknown."""
        kept = self.scope.get("parsed_body")
        if not isinstance(kept, tuple) or len(kept) != 2 or not isinstance(kept[1], Mapping):
            return None
        if self._body is None:
            names, values = kept
            self._body = {name: values[name] for name in names if name in values}
            if _LABELS in self._body and self.raw:  # LiteLLM writes its own notes among them
                self._body[_LABELS] = self._labels()
            self.raw = []
        return self._body

    def _labels(self) -> object:
        try:
            return _parsed(b"".join(self.raw)).get(_LABELS)
        except Objection:  # LiteLLM repairs some texts; one that nobody can read holds no labels
            return False


current: Final[ContextVar[Exchange | None]] = ContextVar("aspire_ledger_exchange", default=None)


class Front:
    """An ASGI application around LiteLLM's. `ended` is told when a call's answer ended.

    `identify` answers a request that asks what this process runs, by its nonce.
    """

    def __init__(
        self,
        app: App,
        ended: Callable[[str], None],
        meanings: frozenset[str] = frozenset(),
        identify: Callable[[Scope, str], Awaitable[Answer]] | None = None,
    ) -> None:
        self._app, self._ended, self._meanings = app, ended, meanings
        self._identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self._websocket(scope, receive, send)
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        nonces = [text for name, text in scope["headers"] if name.lower() == IDENTITY]
        if self._identify and nonces:  # whoever asks: it never becomes a call
            nonce = nonces[0].decode("latin-1")
            return await _send_json(send, *await self._identify(scope, nonce))
        return await self._arrived(scope, receive, send)

    async def _arrived(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], _path(scope)
        place = place_of(method, path)
        if method == "OPTIONS" or place.is_administration:
            return await self._app(scope, receive, send)
        if place.contract is None:
            return await _answer(send, path, refusals.uncounted(path, place.hint))
        try:
            scope = _without_query(scope, place.contract)
            _check_headers(scope, place.contract)
            receive = await self._checked_body(scope, place.contract, receive)
        except Objection as objection:
            return await _answer(send, path, refusals.objected(objection))
        return await self._call(Exchange(scope, place.contract), receive, send)

    async def _call(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and exchange.notes:
                told = [(name.encode(), text.encode()) for name, text in exchange.notes.items()]
                message = {**message, "headers": [*message.get("headers", ()), *told]}
            await send(message)

        async def kept() -> Message:
            message = await receive()
            if _LABELS in exchange.contract.parameters and message["type"] == "http.request":
                exchange.raw.append(message.get("body", b""))
            return message

        token = current.set(exchange)
        try:
            await self._app(exchange.scope, kept, noted)
        finally:
            current.reset(token)
            if exchange.call_id:
                self._ended(exchange.call_id)

    async def _checked_body(self, scope: Scope, contract: Contract, receive: Receive) -> Receive:
        """Look at a body before LiteLLM does: all of it where that is needed, else its first byte."""
        form = _content_type(scope) in _FORMS
        if form and not contract.read_early:
            return receive
        messages = await _read(receive, whole=contract.read_early)
        text = b"".join(each.get("body", b"") for each in messages)
        gone = messages[-1]["type"] != "http.request"
        if gone or not (text.strip() or contract.parameters):
            return _replayed(messages, receive)
        if form:
            judge_names(contract, _form_names(text, _content_type(scope)))
            return _replayed(messages, receive)
        if not text.lstrip().startswith(b"{"):
            raise Objection("the body must be a JSON object", parameter="body")
        if not contract.counted:
            judge(contract, _parsed(text), None, Consent())
        elif contract.read_early:
            judge_names(contract, _parsed(text), self._meanings)
        return _replayed(messages, receive)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = place_of("GET", _path(scope))
        if place.is_administration:
            return await self._app(scope, receive, send)
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "not served here"})
        return None


def _path(scope: Scope) -> str:
    path, root = str(scope.get("path", "")), str(scope.get("root_path", "")).rstrip("/")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def _without_query(scope: Scope, contract: Contract) -> Scope:
    """Return the scope with a query that LiteLLM may see: it takes every name for a parameter."""
    found = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    for name, _ in found:
        if name not in contract.queries:
            raise Objection(
                f"`{name[:80]}` is not a query parameter of {contract.name}; "
                "what a call says stands in its body",
                parameter=name[:80],
                kind="parameter_not_allowed",
            )
    kept = [pair for pair in found if pair[0] != "api-version"]
    return {**scope, "query_string": urlencode(kept).encode()}


def _check_headers(scope: Scope, contract: Contract) -> None:
    headers = [(name.decode("latin-1").lower(), text) for name, text in scope["headers"]]
    for name, _ in headers:
        if (name.startswith(_PREFIX) and name not in _ALLOWED) or name.startswith(_CONTROLS):
            raise Objection(
                f"the header `{name[:80]}` steers the gateway, which no caller does; leave it out",
                parameter=name[:80],
                kind="header_not_allowed",
            )
    if len({_credential(text) for name, text in headers if name in _KEYS}) > 1:
        raise Objection(
            "the request carries several credentials; send your virtual key alone",
            parameter="authorization",
            kind="header_not_allowed",
        )
    if sum(name == "content-type" for name, _ in headers) > 1:
        raise Objection("the request states several content types", parameter="content-type")
    is_form = _content_type(scope) in _FORMS
    takes_files = any(parameter.shape.name == "FILE" for parameter in contract.parameters.values())
    if is_form and not takes_files:
        raise Objection(
            "send JSON, with `content-type: application/json`", parameter="content-type"
        )


def _credential(text: bytes) -> str:
    found = text.decode("latin-1").strip()
    return found[7:].strip() if found[:7].lower() == "bearer " else found


def _content_type(scope: Scope) -> str:
    for name, text in scope["headers"]:
        if name.lower() == b"content-type":
            return str(text.decode("latin-1").split(";", 1)[0].strip().lower())
    return ""


async def _read(receive: Receive, *, whole: bool) -> list[Message]:
    """Return the messages of a body: all of them, or those until the first byte that says something."""
    messages = [await receive()]
    size = len(messages[-1].get("body", b""))
    while whole or not messages[-1].get("body", b"").strip():
        if not messages[-1].get("more_body") or messages[-1]["type"] != "http.request":
            break
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
        if size > _LARGEST:
            raise Objection("the body is too large to count", parameter="body", status=413)
    return messages


def _form_names(text: bytes, content_type: str) -> Iterator[str]:
    """Yield the names that stand in a form, and perhaps more: what looks like one is judged as one."""
    if content_type == _URL_ENCODED:
        yield from (name for name, _ in parse_qsl(text.decode("latin-1"), keep_blank_values=True))
        return
    for found in _FIELD.finditer(text):
        yield found[1].decode("utf-8", errors="replace")


def _parsed(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # never guessed to be another encoding
        raise Objection("the body is not JSON", parameter="body") from None
    if not isinstance(found, dict):
        raise Objection("the body must be a JSON object", parameter="body")
    if _depth(text) > _DEEPEST:
        raise Objection("the body is nested too deep", parameter="body")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _depth(text: bytes) -> int:
    """Return how deep brackets are nested at most; those in texts may count as well."""
    if text.count(b"[") + text.count(b"{") <= _DEEPEST:
        return 0
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        depth += 1 if found[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _replayed(messages: Iterable[Message], receive: Receive) -> Receive:
    left = list(messages)

    async def again() -> Message:
        return left.pop(0) if left else await receive()

    return again


async def _answer(send: Send, path: str, refusal: Refusal) -> None:
    error = {"message": refusal.message, "type": refusal.type, "param": refusal.parameter}
    body: dict[str, Any] = {"error": {**error, "code": str(refusal.status)}}
    if "/messages" in path:  # Anthropic's clients read an error of another form
        body = {"type": "error", "error": {"type": refusal.type, "message": refusal.message}}
    await _send_json(send, refusal.status, body, refusal.headers)


async def _send_json(
    send: Send, status: int, body: Mapping[str, Any], more: Mapping[str, str] | None = None
) -> None:
    payload = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(payload)).encode()),
        *((name.encode(), text.encode()) for name, text in (more or {}).items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
