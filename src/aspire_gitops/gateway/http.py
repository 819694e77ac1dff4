"""The only place where HTTP clients are made.

Timeouts, a bound on what is read, retries for reads (never for writes: a lost
answer says nothing about the effect), typed errors, and no secret in any of
them. It knows nothing of objects; `client` is next.
"""

import asyncio
import contextlib
import hmac
import json
import os
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.request import getproxies

import httpx
import stamina
import structlog
from pydantic import SecretStr, ValidationError

from aspire_gitops.gateway.faults import PROXY_HELP, fault_of, foreign_reply, public_url
from aspire_gitops.kinds import Call
from aspire_gitops.kinds.wire import Redaction, Reply, ReplyT, parse
from aspire_gitops.probing import HEADERS, Answer, Probe, Said, said_of
from aspire_gitops.vocabulary import (
    GatewayError,
    GatewayMisconfigured,
    GatewayReplyInvalid,
    GatewayUnavailable,
    UsageError,
    retry_after_s,
)

MAX_REPLY_BYTES = 64 * 1024 * 1024
_CONNECTIONS = 8  # more only queue at the gateway, and each costs the pool's bookkeeping
_LONGEST_ERROR = 16 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was sent. `path` is the template, `status` None when no answer came."""

    method: str
    path: str
    status: int | None
    seconds: float


Observer: TypeAlias = Callable[[Exchange], None]
"""Called in the event loop after each request, each attempt of a retried one too; must not block."""


@dataclass(slots=True)
class Tally:
    """An observer that counts."""

    reads: int = 0
    writes: int = 0
    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if exchange.method == "GET":
            self.reads += 1
        else:
            self.writes += 1


@dataclass(frozen=True, slots=True)
class Retries:
    """How long a read is tried. A `Retry-After` above `longest_wish_s` is left to the caller."""

    attempts: int = 4
    wait_initial_s: float = 0.2
    wait_max_s: float = 5.0
    jitter_s: float = 0.2
    longest_wish_s: float = 30.0

    def backoff(self, error: Exception) -> bool | float:
        """Return whether to try again, or after how many seconds."""
        if not isinstance(error, GatewayUnavailable):
            return False
        if error.retry_after_s is None:
            return True
        return error.retry_after_s if error.retry_after_s <= self.longest_wish_s else False


NO_RETRIES = Retries(attempts=1)


_SLOW_S = 5.0  # a pause that people notice
_log = structlog.get_logger("aspire_gitops.gateway")


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    write = _log.warning if details.wait_for >= _SLOW_S else _log.debug
    pause_s = round(details.wait_for, 1)
    write("the gateway is asked again", in_s=pause_s, tries=details.retry_num, why=str(details.caused_by))  # fmt: skip


stamina.instrumentation.set_on_retry_hooks([_tell_retry])

_REACH = "check ASPIRE_GITOPS_GATEWAY_URL, and that the gateway runs and this machine reaches it"


def _help_for(error: Exception) -> str:
    if isinstance(error, httpx.ProxyError):
        return "check the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "fix its certificate, or set SSL_CERT_FILE to the authority that signed it"
    return _REACH


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class _Bearer(httpx.Auth):
    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._key.get_secret_value()}"
        yield request


class AdminApi:
    """One connection pool to one gateway, used as an async context manager."""

    def __init__(
        self,
        base_url: str,
        admin_key: SecretStr,
        *,
        observer: Observer | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
    ) -> None:
        self.url = public_url(base_url)
        self._timeout_s = timeout_s
        self._retries = retries or Retries()
        self._observer = observer
        self._admin_key = admin_key
        # Not left to the pool: there, waiting for a connection would count as no answer.
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._client = _client(
            base_url=self.url.removesuffix("/v1"),
            auth=_Bearer(admin_key),
            headers={"accept": "application/json", "user-agent": "aspire-gitops"},
            transport=transport,
            timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
            # uvicorn hangs up an idle connection after 5 s; a write must not meet that.
            limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=2.0),
            trust_env=httpx.URL(self.url).host not in _LOOPBACK,
        )

    def __repr__(self) -> str:
        return f"AdminApi({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    def is_admin_key(self, value: str) -> bool:
        """Say whether a value is the key that goes into the header."""
        ours = self._admin_key.get_secret_value().encode()
        return hmac.compare_digest(ours, value.encode(errors="surrogatepass"))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def get(
        self, call: Call, shape: type[Reply] | None = None, *, retries: Retries | None = None
    ) -> Any:
        """Read, and try again while the gateway is unavailable.

        Returns:
            The decoded JSON. With a shape it has at least one of that shape's names; nothing
            else of the shape is looked at.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayRejected, GatewayReplyInvalid,
            GatewayMisconfigured.
        """
        body = await self.body(call, retries=retries)
        reply = _decoded(call, body)
        if shape and not _has_names_of(shape, reply):
            raise foreign_reply(call, 200, body)
        return reply

    async def read(self, call: Call, shape: type[ReplyT]) -> ReplyT:
        """Read a reply of a known shape. Raises as `get`."""
        return shaped(call, shape, await self.body(call))

    async def body(self, call: Call, *, retries: Retries | None = None) -> bytes:
        """Read a reply's bytes, for `shaped`. Raises as `get`, but for GatewayReplyInvalid."""
        policy = retries or self._retries
        async for attempt in stamina.retry_context(
            on=policy.backoff,
            attempts=policy.attempts,
            timeout=None,
            wait_initial=policy.wait_initial_s,
            wait_max=policy.wait_max_s,
            wait_jitter=policy.jitter_s,
        ):
            with attempt:
                return (await self._exchange(call, self._redaction(()))).body
        raise AssertionError("stamina yields an attempt or raises")

    async def send(self, call: Call, secrets: Iterable[str] = ()) -> None:
        """Write once. The reply's content proves nothing about the effect: read back.

        Raises:
            GatewayUnavailable: No answer, 429, 5xx, or not LiteLLM's reply. Whether the write
                took effect is unknown: read.
            GatewayRefused, GatewayRejected: It did not.
        """
        await self._exchange(call, self._redaction(secrets))

    async def answer(self, call: Call) -> tuple[int, bytes]:
        """Ask once, and return the status and the body, whatever they say.

        Raises:
            GatewayUnavailable, GatewayMisconfigured, GatewayReplyInvalid: No answer, or one
                without an end.
        """
        try:
            async with self._slots, asyncio.timeout(self._timeout_s):
                answer = await self._ask(call)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            why = self._redaction(())(str(error)) or type(error).__name__
            fault = _no_answer(f"{call}: no answer from {self.url}: {why}", error)
        else:
            return answer.status, answer.body
        raise fault  # outside the handler, so that no httpx request hangs on its context

    async def call(self, probe: Probe, key: SecretStr) -> Answer:
        """Make a call as an app does, once. Of the answer only what it is judged by is kept."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(probe.timeout_s):
                status, headers, tail = await self._call(probe, key)
        except TimeoutError:
            return Answer(None, time.perf_counter() - started, late=True)
        except (httpx.HTTPError, httpx.InvalidURL):  # whose text may hold the request
            return Answer(None, time.perf_counter() - started)
        kept = {name: headers[name] for name in HEADERS if name in headers}
        return Answer(status, time.perf_counter() - started, kept, _said(tail))

    async def _call(self, probe: Probe, key: SecretStr) -> tuple[int, httpx.Headers, bytes]:
        tail = b""
        async with self._client.stream(
            "POST",
            probe.path,
            content=json.dumps(dict(probe.body), allow_nan=False).encode(),
            headers={"content-type": "application/json"},
            auth=_Bearer(key),
            timeout=httpx.Timeout(probe.timeout_s),
        ) as response:
            async for chunk in _chunks(response):
                # An error fits; a success is read to its end, and forgotten.
                tail = (tail + chunk)[-_LONGEST_ERROR:]
        return response.status_code, response.headers, tail

    def _redaction(self, secrets: Iterable[str]) -> Redaction:
        return Redaction([self._admin_key.get_secret_value(), *secrets])

    async def _exchange(self, call: Call, redact: Redaction) -> _Answer:
        async with self._slots:
            return await self._exchange_now(call, redact)

    async def _exchange_now(self, call: Call, redact: Redaction) -> _Answer:
        answer: _Answer | None = None
        fault: GatewayError | None = None
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._ask(call)
        except TimeoutError:
            fault = GatewayUnavailable(
                f"{call}: no answer from {self.url} in {self._timeout_s:g} s",
                help=_REACH,
                passes=True,
            )
        except httpx.DecodingError:
            fault = GatewayUnavailable(
                f"{call}: the reply from {self.url} cannot be unpacked", foreign=True
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = redact(str(error)) or type(error).__name__
            fault = _no_answer(f"{call}: no answer from {self.url}: {why}", error)
        finally:
            self._observe(call, answer.status if answer else None, time.perf_counter() - started)
        if answer and answer.status >= 300:
            fault = fault_of(
                call,
                answer.status,
                answer.body,
                redact,
                retry_after_s(answer.headers.get("retry-after", ""), now_s=time.time()),
            )
        elif answer and not _may_be_litellms(call, answer.body):
            fault = foreign_reply(call, answer.status, answer.body)
        if fault or answer is None:
            # Outside the handlers, so that no httpx request hangs on the error's context.
            raise fault or AssertionError("an answer or a fault")
        return answer

    async def _ask(self, call: Call) -> _Answer:
        path = call.endpoint.at(call.values)
        body = None if call.body is None else json.dumps(call.body, allow_nan=False).encode()
        headers = {**call.headers, **({"content-type": "application/json"} if body else {})}
        async with self._client.stream(
            call.endpoint.method, path, params=dict(call.params), content=body, headers=headers
        ) as response:
            if response.status_code >= 500:
                # LiteLLM may hang up after a 500. Left unread, the connection is not used again.
                content = await anext(_chunks(response), b"")
            else:
                content = b"".join([chunk async for chunk in _bounded(call, _chunks(response))])
            return _Answer(response.status_code, response.headers, content)

    def _observe(self, call: Call, status: int | None, seconds: float) -> None:
        if self._observer:
            exchange = Exchange(call.endpoint.method, call.endpoint.path, status, seconds)
            self._observer(exchange)


def _said(tail: bytes) -> Said | None:
    """Return the error of an answer, which in a stream is its last event; None where it has none."""
    text = tail.decode(errors="replace").strip()
    for line in (text, *reversed(text.splitlines())):
        with contextlib.suppress(ValueError, RecursionError):
            if said := said_of(json.loads(line.removeprefix("data:"))):
                return said
    return None


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    async for chunk in response.aiter_bytes():
        yield chunk


async def _bounded(call: Call, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    seen = 0
    async for chunk in chunks:
        seen += len(chunk)
        if seen > MAX_REPLY_BYTES:
            limit = MAX_REPLY_BYTES // 1024**2
            raise GatewayReplyInvalid(f"{call}: the reply is larger than {limit} MiB")
        yield chunk


def _client(*, base_url: str, trust_env: bool, **options: Any) -> httpx.AsyncClient:
    url = httpx.URL(base_url)
    authorities = _authorities(url, trust_env=trust_env)
    try:
        return httpx.AsyncClient(
            base_url=base_url, verify=authorities, trust_env=trust_env, **options
        )
    except (ValueError, ImportError, httpx.InvalidURL):  # whose text may quote a password
        raise UsageError(
            "the proxy that the environment names cannot be used",
            help="set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to http://HOST:PORT, or unset it",
        ) from None


def _authorities(url: httpx.URL, *, trust_env: bool) -> ssl.SSLContext:
    # Plain HTTP, as beside the gateway, needs none, and reading them takes three megabytes of
    # a daemon. A context without any trusts nobody. (A proxy may want TLS for itself.)
    if url.scheme == "http" and not getproxies():
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.create_ssl_context(trust_env=trust_env)
    except OSError:
        named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        raise UsageError(
            f"the certificates in {named} that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read",
            help="set it to a PEM file that this user can read, or unset it",
        ) from None


_CONNECTING = re.compile(
    r"all connection attempts failed|refused|timed out|reset|unreachable|no route"
    r"|name or service|name resolution|nodename|no address associated|broken pipe|eof occurred"
    r"|unexpected.eof",
    re.IGNORECASE,
)
_ON_THE_WAY = (
    httpx.TimeoutException,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.RemoteProtocolError,
)


def _no_answer(message: str, error: Exception) -> GatewayError:
    """Return what it means that no reply came: an allow-list of what passes by itself."""
    said = str(error)
    if isinstance(error, httpx.ProxyError):
        if re.match(r"4\d\d", said):
            return GatewayMisconfigured(f"{message}, says the proxy", help=PROXY_HELP)
        return GatewayUnavailable(message, passes=re.match(r"5\d\d", said) is not None)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return GatewayMisconfigured(
            message,
            help="fix the certificate, or set SSL_CERT_FILE to the authority that signed it",
        )
    if isinstance(error, _NEVER_SENT) or "WRONG_VERSION_NUMBER" in said:
        return GatewayMisconfigured(message, help="fix the gateway's URL, or the admin key")
    passes = isinstance(error, _ON_THE_WAY) or (
        isinstance(error, httpx.ConnectError) and _CONNECTING.search(said) is not None
    )
    return GatewayUnavailable(message, help=_help_for(error), passes=passes)


_NEVER_SENT = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def _may_be_litellms(call: Call, body: bytes) -> bool:
    # Cheap, since lists are long: every success is one JSON object, or null after some writes.
    # A whole parse comes later, where it is known what to look for.
    start, end = body[:64].lstrip()[:1], body[-64:].rstrip()[-1:]
    if not call.is_write:
        return (start, end) == (b"{", b"}")
    with contextlib.suppress(ValueError, RecursionError):
        reply = json.loads(body)
        return reply is None or (isinstance(reply, dict) and not _OF_WRITES.isdisjoint(reply))
    return False


# What LiteLLM answers to our writes has one of these. A release that says it in other words
# loses nothing: a write is proved by reading, whatever its answer was.
_OF_WRITES = frozenset(
    {"model_id", "model_name", "message", "success", "key", "token", "key_hash", "deleted_keys"}
)


def _has_names_of(shape: type[Reply], reply: object) -> bool:
    needed = {each.alias or name for name, each in shape.model_fields.items() if each.is_required()}
    return isinstance(reply, dict) and (not needed or not needed.isdisjoint(reply))


def shaped(call: Call, shape: type[ReplyT], body: bytes) -> ReplyT:
    """Return a reply's bytes as what we read of them.

    Raises:
        GatewayReplyInvalid: It has another shape. Names the places, never the values.
        GatewayUnavailable: It is not LiteLLM's.
    """
    # In one go: most of a long list is what we do not read, and is never built.
    with contextlib.suppress(ValidationError):
        return shape.model_validate_json(body)
    # JSON as Python reads and LiteLLM writes it is wider (half a surrogate pair), and
    # what is wrong with a reply is said in one place.
    reply = _decoded(call, body)
    if not _has_names_of(shape, reply):
        raise foreign_reply(call, 200, body)
    return parse(shape, reply)


def _decoded(call: Call, body: bytes) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(body)
    raise foreign_reply(call, 200, body)
