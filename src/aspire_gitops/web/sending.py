"""The only module that sends requests to third parties: a webhook, Slack, GitHub, GitLab.

One request, one connection: what we tell is rare, so nothing is kept open.
Nothing is tried again here; `notify.outbox` and `forge.comments` do that.
`replies` judges what came back.

A proxy of the environment is used for https alone, where it sees the host and
no more. Over http, and to this machine, it would see the secret in the path.
"""

import asyncio
import functools
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx
from pydantic import SecretStr

from aspire_gitops.vocabulary import NotificationFailed
from aspire_gitops.web.replies import Destination, Reply, is_success, refusal

TIMEOUT_S = 10.0
MAX_REPLY_BYTES = 64 * 1024
_MOST_REDIRECTS = 3
_KEEP_THE_METHOD = (307, 308)  # after any other redirect a POST would become a GET
_ANY_REDIRECT = (301, 302, 307, 308)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST_REASON = 160


class Method(StrEnum):
    """What a request asks for."""

    GET = "GET"
    POST = "POST"
    PATCH = "PATCH"
    PUT = "PUT"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class _Request:
    method: Method
    body: bytes | None
    headers: Mapping[str, str]
    max_bytes: int


async def post_json(
    destination: Destination,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    bearer: SecretStr | None = None,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """Send JSON once by POST and return the beginning of the reply. See `send`."""
    return await send(
        Method.POST, destination, body, headers=headers, bearer=bearer, timeout_s=timeout_s
    )


async def send(
    method: Method,
    destination: Destination,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    bearer: SecretStr | None = None,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_REPLY_BYTES,
) -> bytes:
    """Ask once, with JSON if there is a body; return the beginning of the reply, `max_bytes`.

    A redirect is followed only to the same scheme, host and port.

    `bearer` is a token for the `Authorization` header. `timeout_s` covers
    everything: name, connection, request and reply.

    Raises:
        NotificationFailed: Permanent for a 4xx other than 408, 425, 429 and a rate limit, and for
            a redirect elsewhere; otherwise trying again may help.
    """
    own = dict(headers or {})
    if bearer:
        own["authorization"] = f"Bearer {bearer.get_secret_value()}"
    reply: Reply | None = None
    fault = ""
    try:
        async with asyncio.timeout(timeout_s):
            reply = await _sent(destination, _Request(method, body, own, max_bytes))
    except TimeoutError:
        fault = f"no answer in {timeout_s:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError) as error:
        fault = _why(error)
    if reply is None:
        # Outside the handlers, so that no request with its secrets hangs on the error.
        raise NotificationFailed(f"{destination} was not reached: {fault}", help="try again later")
    if not is_success(reply):
        raise refusal(destination, reply)
    return reply.body


async def _sent(destination: Destination, request: _Request) -> Reply:
    url = target = httpx.URL(destination.url.get_secret_value())
    with _unlogged():
        async with _client(url) as client:
            for _ in range(_MOST_REDIRECTS):
                reply = await _exchange(client, target, request)
                elsewhere = _elsewhere(target, reply, request.method)
                if elsewhere is None:
                    break
                target = elsewhere
            return reply


def _client(url: httpx.URL) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=_tls() if url.scheme == "https" else SSLContext(PROTOCOL_TLS_CLIENT),
        headers={
            "user-agent": "aspire-gitops",
            "content-type": "application/json",
            "accept-encoding": "identity",  # a small reply must not unpack to a large one
        },
        timeout=None,  # noqa: S113 (the caller's covers everything)
        trust_env=url.scheme == "https" and url.host not in _LOOPBACK,
        follow_redirects=False,
    )


@functools.cache
def _tls() -> SSLContext:
    # Reading the authorities takes longer than all the rest, and three megabytes, so only
    # https has them: a context without any trusts nobody. SSL_CERT_FILE names private ones.
    return httpx.create_ssl_context()


async def _exchange(client: httpx.AsyncClient, url: httpx.URL, request: _Request) -> Reply:
    async with client.stream(
        request.method, url, content=request.body, headers=request.headers
    ) as response:
        beginning = await _beginning(response, request.max_bytes)
        return Reply(response.status_code, dict(response.headers), beginning)


async def _beginning(response: httpx.Response, max_bytes: int) -> bytes:
    seen = bytearray()
    async for chunk in response.aiter_raw():
        seen += chunk
        if len(seen) >= max_bytes:
            break
    return bytes(seen[:max_bytes])


def _elsewhere(url: httpx.URL, reply: Reply, method: Method) -> httpx.URL | None:
    followed = _ANY_REDIRECT if method is Method.GET else _KEEP_THE_METHOD
    if reply.status not in followed or "location" not in reply.headers:
        return None
    try:
        target = url.join(reply.headers["location"])
    except httpx.InvalidURL:
        return None
    same = (target.scheme, target.netloc) == (url.scheme, url.netloc)
    return target if same else None


def _why(error: Exception) -> str:
    # Only these speak of the network alone; others may quote a header or a URL.
    if isinstance(error, httpx.ConnectError | httpx.ProxyError) and str(error):
        return " ".join(str(error).split())[:_LONGEST_REASON]
    if isinstance(error, OSError):  # of no connection, so of the certificates
        return "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"
    if not isinstance(error, httpx.HTTPError):
        return "its URL, or the proxy that the environment names, cannot be used"
    return f"the connection broke ({type(error).__name__})"


_ours: ContextVar[bool] = ContextVar("_ours", default=False)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep httpx from logging the URL, which it does at level INFO, no matter who set up logging."""
    mark = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(mark)


logging.getLogger("httpx").addFilter(lambda _record: not _ours.get())
