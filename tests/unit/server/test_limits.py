"""Callers that are slow, large or rude do not hold a place for ever."""

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from aspire_gitops.server import serving as served
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.webhook import TooSlow, read_body
from support.serving import serving
from support.statuses import StandIn

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much


def connection(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def test_a_head_that_trickles_in_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "_HEAD_PATIENCE_S", 0.3)
    with serving(StandIn(), ServerOptions(tmp_path, "127.0.0.1:0")) as url:
        with connection(url) as slow:
            began = time.monotonic()
            closed = False
            while not closed and time.monotonic() - began < 5:
                try:
                    slow.sendall(b"G")
                    slow.settimeout(0.1)
                    closed = slow.recv(1) == b""
                except TimeoutError:
                    continue
                except OSError:
                    closed = True
        assert closed
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200


def test_a_connection_serves_several_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience is for one head, not for the life of a connection."""
    monkeypatch.setattr(served, "_HEAD_PATIENCE_S", 0.3)
    with (
        serving(StandIn(), ServerOptions(tmp_path, "127.0.0.1:0")) as url,
        httpx.Client(trust_env=False) as client,
    ):
        for _ in range(4):
            assert client.get(f"{url}/healthz").status_code == 200
            time.sleep(0.15)


def test_an_answer_may_take_longer_than_the_patience_for_a_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aspire_gitops.server.local import LocalController
    from aspire_gitops.status.value import Turn

    class Slow(StandIn):
        async def turn(self, cause: str) -> Turn:
            await asyncio.sleep(0.6)
            return await super().turn(cause)

    monkeypatch.setattr(served, "_HEAD_PATIENCE_S", 0.2)
    with serving(Slow(), ServerOptions(tmp_path, "127.0.0.1:0")):
        assert LocalController(tmp_path).reconcile().id == "t-0001"


def test_a_head_without_end_is_refused(tmp_path: Path) -> None:
    with serving(StandIn(), ServerOptions(tmp_path, "127.0.0.1:0")) as url:
        headers = {"X-Large": "x" * 2_000_000}
        with suppress(httpx.TransportError):  # it hung up while we were still sending
            assert httpx.get(url, headers=headers, trust_env=False).status_code == 400
        assert httpx.get(url, trust_env=False).status_code == 200


def test_a_body_that_never_comes_is_not_waited_for() -> None:
    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(TooSlow):
        asyncio.run(read_body(request, patience_s=0.01))


def test_a_caller_that_hangs_up_is_no_bug() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(TooSlow):
        asyncio.run(read_body(request))


def test_a_hundred_connections_leave_no_descriptor_behind(tmp_path: Path) -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    def ask_once(url: str) -> None:
        with connection(url) as once:
            once.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while once.recv(4096):
                pass

    with serving(StandIn(), ServerOptions(tmp_path, "127.0.0.1:0")) as url:
        ask_once(url)
        time.sleep(0.05)
        before = descriptors()
        for _ in range(100):
            ask_once(url)
        time.sleep(0.05)
        assert descriptors() <= before
