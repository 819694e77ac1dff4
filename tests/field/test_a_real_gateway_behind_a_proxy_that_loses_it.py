"""A real LiteLLM behind a proxy that answers with Traefik's pages for some seconds in mid apply."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from aspire_gitops.controller.memory import World
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.sandbox import Sandbox, SandboxOptions
from aspire_gitops.status.value import Standing
from aspire_gitops.vocabulary import GatewayMisconfigured
from support.catalogs import GATEWAY
from support.fake_gateway import run
from support.folders import BUDGET, alias, app, provider
from support.sandboxes import fresh_sandbox
from support.turns import Scene

pytestmark = [pytest.mark.real, pytest.mark.slow]

PAGES = (
    (404, "text/plain; charset=utf-8", b"404 page not found\n"),
    (502, "text/plain; charset=utf-8", b"Bad Gateway"),
    (503, "text/plain; charset=utf-8", b"no available server\n"),
    (200, "text/html", b"<html>Starting</html>"),
    (200, "application/json", b'{"status": "ok"}'),
)


class Front(BaseHTTPRequestHandler):
    """Passes everything on, or answers itself once so many writes were passed on."""

    behind = ""
    page: tuple[int, str, bytes] | None = None
    after = 0
    lasts_s = 4.0
    writes = 0
    until = 0.0
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _serve(self) -> None:
        ours = type(self)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.command != "GET":
            ours.writes += 1
        if ours.page and not ours.until and ours.writes > ours.after:
            ours.until = time.monotonic() + ours.lasts_s
        if ours.page and time.monotonic() < ours.until:
            self._answer(*ours.page)
            return
        kept = {"authorization", "content-type"}
        headers = {k: v for k, v in self.headers.items() if k.lower() in kept}
        got = httpx.request(
            self.command,
            ours.behind + self.path,
            content=body,
            headers=headers,
            timeout=60,
            trust_env=False,
        )
        self._answer(got.status_code, got.headers["content-type"], got.content)

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


@contextlib.contextmanager
def in_front_of(sandbox: Sandbox) -> Iterator[tuple[str, type[Front]]]:
    class Ours(Front):
        behind = sandbox.base_url.removesuffix("/v1")

    http = ThreadingHTTPServer(("127.0.0.1", 0), Ours)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}", Ours
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with fresh_sandbox(SandboxOptions(upstream=True)) as running:
        yield running


def connected(scene: Scene, url: str, key: str) -> GatewayClient:
    """Let the scene's controller talk to this gateway instead of its fake."""
    ours = scene.reconciler.world
    client = GatewayClient(url, SecretStr(key), clock=lambda: scene.now)
    scene.reconciler.world = World(
        source=ours.source,
        gateway=client,
        journal=ours.journal,
        deliveries=ours.deliveries,
        own=ours.own,
        owner=scene.folder.parent.name,
        clock=ours.clock,
        jitter=ours.jitter,
        why_not_write=ours.why_not_write,
    )
    return client


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page[0]} {page[2][:12]!r}")
def test_the_commit_is_not_rejected_and_is_live_after_seconds(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: tuple[int, str, bytes],
) -> None:
    number = PAGES.index(page)
    monkeypatch.setenv(f"ACMEP{number}_API_KEY", "sk-acme-secret-0001")
    with in_front_of(sandbox) as (url, front):
        scene = Scene(tmp_path / "repository")
        scene.resources.clear()
        rename(scene, f"p{number}")
        scene.commit("Begin")

        async def turns() -> list[Standing]:
            standings: list[Standing] = []
            async with connected(scene, url, sandbox.master_key) as client:
                await client.check_rights()
                front.writes, front.page, front.after = 0, page, 2 + number
                began = time.monotonic()
                while standings[-1:] != [Standing.READY] and time.monotonic() - began < 120:
                    turn = await scene.reconciler.turn(("interval",))
                    standings.append(turn.standing)
                    await asyncio.sleep(min(turn.look_again_s, 4))
            return standings

        standings = asyncio.run(turns())
    assert front.until, "the proxy did lose the gateway"
    assert standings[-1] is Standing.READY
    assert Standing.STALLED not in standings
    assert scene.journal.said(EntryKind.REJECTED) == []


def rename(scene: Scene, suffix: str) -> None:
    """Declare a gateway of the test's own: no other test uses these names."""
    scene.declare(deepcopy(dict(GATEWAY)))
    scene.declare(dict(BUDGET))
    scene.declare(provider(f"acme{suffix}"))
    for name in ("chat", "fast"):
        scene.declare(alias(f"{name}-{suffix}", f"acme{suffix}"))
    scene.declare(app(f"shop-{suffix}", [f"chat-{suffix}"], {"name": "main", "deliver": "file"}))


def test_a_database_older_than_the_release_is_an_operators_matter(sandbox: Sandbox) -> None:
    table = '"LiteLLM_VerificationToken"'

    def read() -> None:
        url, key = sandbox.base_url, SecretStr(sandbox.master_key)
        run(url, lambda client: client.read_snapshot(), admin_key=key)

    with psycopg.connect(sandbox.database_url, autocommit=True) as database:
        database.execute(f"ALTER TABLE {table} RENAME COLUMN budget_limits TO later")
        try:
            with pytest.raises(GatewayMisconfigured, match="run LiteLLM's migration"):
                read()
        finally:
            database.execute(f"ALTER TABLE {table} RENAME COLUMN later TO budget_limits")
    read()
