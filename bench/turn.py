"""What a turn without changes costs: our own processor time, beside a client that only fetches.

    python bench/turn.py                  a gateway at rest, replayed by another process
    python bench/turn.py --busy           the same while every key is in use
    python bench/turn.py --real           a real LiteLLM in a sandbox; about two minutes

A turn reads everything, compares and finds nothing to do. Compiling and reading
the secrets are not part of it: the controller does both once for each commit.
The bare client fetches the same bytes on one pool and calls `json.loads`.
Only this process counts, not the gateway's. Quote the ratios.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import click
import httpx
from apply import OWNER, SECRET, in_parallel, objects, wanted
from pydantic import SecretStr
from replayed import PROVIDER_KEY, live_objects

from aspire_gitops.applying.secrets import gather_evidence
from aspire_gitops.gateway import GatewayClient, SeenRows, Tally, http
from aspire_gitops.gateway import snapshot as reading
from aspire_gitops.kinds import KINDS
from aspire_gitops.planning import match
from aspire_gitops.planning.make import make_plan
from aspire_gitops.sandbox import SandboxOptions, running
from aspire_gitops.state import Compiled, Evidence, Kind, ObjectKey, Snapshot

HERE = Path(__file__).parent
READ, PLAN = "read_snapshot", "make_plan"
SHAPED, ROWS, CLIENT = "JSON to rows (pydantic)", "rows to objects", "HTTP client, network"
_IN_PAGES, _ELSEWHERE, _PAGES = "shaped in pages", "shaped elsewhere", "pages"
MATCH, DIGEST, COMPARE, ID = "match", "snapshot digest", "compare, protect", "plan id"
TURN, FIRST, BARE, LOADS = "a turn", "the first turn", "bare client", "of it json.loads"


@dataclass(slots=True)
class Spent:
    """Milliseconds of this process's time by part, one entry for each turn."""

    ms: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.add(part, (time.process_time() - started) * 1000)

    def add(self, part: str, ms: float) -> None:
        self.ms.setdefault(part, []).append(ms)

    def last(self, part: str) -> float:
        return self.ms[part][-1]

    def of(self, part: str) -> float:
        return median(self.ms[part])


@contextmanager
def summed(spent: Spent, part: str, name: str, *owners: Any) -> Iterator[None]:
    """Add up what all calls of `name` by its owners take until the `with` ends."""
    original: Callable[..., Any] = getattr(owners[0], name)
    total = 0.0

    def timed(*args: Any, **more: Any) -> Any:
        nonlocal total
        started = time.process_time()
        try:
            return original(*args, **more)
        finally:
            total += time.process_time() - started

    for owner in owners:
        setattr(owner, name, timed)
    try:
        yield
    finally:
        for owner in owners:
            setattr(owner, name, original)
        spent.add(part, total * 1000)


# ── a turn, whole and in parts ──────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Files:
    """What the controller keeps from one turn to the next."""

    compiled: Compiled
    evidence: dict[ObjectKey, Evidence]

    @classmethod
    def made(cls, providers: int, aliases: int, keys: int) -> "Files":
        compiled = wanted(objects(providers, aliases, keys), Path("nowhere"))
        credentials = [key for key in compiled.objects if key.kind is Kind.CREDENTIAL]
        secrets = {key: {SECRET: PROVIDER_KEY} for key in credentials}
        return cls(compiled, dict(gather_evidence(compiled.objects, secrets)))


async def turn(client: GatewayClient, files: Files) -> Snapshot:
    snapshot = await client.read_snapshot()
    plan = make_plan(files.compiled, snapshot, owner=OWNER, evidence=files.evidence)
    if plan.changes or plan.refusals or not plan.id:
        raise click.ClickException(f"the gateway is not at rest: {plan.counts} {plan.refusals}")
    return snapshot


async def parts(client: GatewayClient, files: Files, spent: Spent) -> None:
    """Take one more turn, and time what it consists of. The timers cost a little themselves."""
    with (
        spent.on(READ),
        summed(spent, _IN_PAGES, "shaped", reading),
        summed(spent, _ELSEWHERE, "shaped", http),
        summed(spent, _PAGES, "page", SeenRows),
    ):
        snapshot = await client.read_snapshot()
    read, pages, in_pages, elsewhere = map(spent.last, (READ, _PAGES, _IN_PAGES, _ELSEWHERE))
    spent.add(SHAPED, in_pages + elsewhere)
    spent.add(ROWS, pages - in_pages)
    spent.add(CLIENT, read - pages - elsewhere)
    with spent.on(PLAN):
        plan = make_plan(files.compiled, snapshot, owner=OWNER, evidence=files.evidence)
    with spent.on(MATCH):
        match(snapshot.objects, OWNER)
    with spent.on(DIGEST):
        _ = snapshot.digest
    spent.add(COMPARE, spent.last(PLAN) - spent.last(MATCH) - spent.last(DIGEST))
    with spent.on(ID):
        _ = plan.id


# ── the bare client ─────────────────────────────────────────────────────────


class Noting(httpx.AsyncHTTPTransport):
    """Notes which URLs are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url))
        return await super().handle_async_request(request)


async def asked_for(url: str, admin_key: str) -> list[str]:
    """Return the URLs that one snapshot takes."""
    noting = Noting()
    async with GatewayClient(url, SecretStr(admin_key), transport=noting) as client:
        await client.read_snapshot()
    return noting.urls


async def bare(client: httpx.AsyncClient, urls: list[str], spent: Spent) -> int:
    async def fetched(url: str) -> bytes:
        return (await client.get(url)).raise_for_status().content

    with spent.on(BARE):
        bodies = await asyncio.gather(*map(fetched, urls))
        with spent.on(LOADS):
            for body in bodies:
                json.loads(body)
    return sum(map(len, bodies))


# ── the measuring ───────────────────────────────────────────────────────────


async def measure(url: str, admin_key: str, files: Files, turns: int) -> None:
    spent, tally, urls = Spent(), Tally(), await asked_for(url, admin_key)
    headers = {"authorization": f"Bearer {admin_key}"}
    async with (
        GatewayClient(url, SecretStr(admin_key), observer=tally) as client,
        httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as plain,
    ):
        with spent.on(FIRST):
            await turn(client, files)
        size = 0
        for _ in range(turns):
            with spent.on(TURN):
                snapshot = await turn(client, files)
            size = await bare(plain, urls, spent)
            await parts(client, files, spent)
    if tally.writes:
        raise click.ClickException(f"{tally.writes} writes in turns without changes")
    report(spent, f"{len(snapshot.objects)} objects, {len(urls)} calls, {size / 1e6:.1f} MB", turns)


def peak_mib() -> float:
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def report(spent: Spent, what: str, turns: int) -> None:
    click.echo(f"{what}, {turns} turns, no writes; median ms of our own processor time")
    for part in (TURN, CLIENT, SHAPED, ROWS, MATCH, COMPARE, DIGEST, ID):
        click.echo(f"  {'' if part is TURN else '  '}{part:30}{spent.of(part):8.1f}")
    click.echo(f"  {FIRST:32}{spent.of(FIRST):8.1f}")
    for part in (BARE, LOADS):
        click.echo(f"  {part:32}{spent.of(part):8.1f}")
    click.echo(f"  peak memory of this process     {peak_mib():8.1f} MiB")
    ratio = median(a / b for a, b in zip(spent.ms[TURN], spent.ms[BARE], strict=True))
    click.echo(f"  a turn ÷ the bare client        {ratio:8.2f}")


@contextmanager
def replayed(*flags: str) -> Iterator[str]:
    command = [sys.executable, HERE / "replayed.py", *flags]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdin is None or server.stdout is None:
            raise AssertionError("both are pipes")
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


async def fill(client: GatewayClient, providers: int, aliases: int, keys: int) -> None:
    """Put the bench's objects there, marks included."""
    secrets = {Kind.CREDENTIAL: {SECRET: PROVIDER_KEY}}
    for kind in KINDS:
        made = [o for o in live_objects(providers, aliases, keys) if o.key.kind is kind]
        at_once = 1 if kind is Kind.DEPLOYMENT else 8
        values = (
            {"key": f"sk-bench-{n:024}"} if kind is Kind.KEY else secrets.get(kind, {})
            for n in range(len(made))
        )
        await in_parallel(at_once, map(client.create, made, values))


def on_replayed(size: tuple[int, int, int], turns: int, *, busy: bool) -> None:
    names = ("--providers", "--aliases", "--keys")
    flags = [text for name, n in zip(names, size, strict=True) for text in (name, str(n))]
    with replayed(*flags, *(["--busy"] if busy else [])) as url:
        asyncio.run(measure(url, "sk-bench", Files.made(*size), turns))


async def on_real(url: str, key: str, size: tuple[int, int, int], turns: int) -> None:
    async with GatewayClient(url, SecretStr(key)) as client:
        await fill(client, *size)
    await measure(url, key, Files.made(*size), turns)


@click.command()
@click.option("--providers", default=20, show_default=True)
@click.option("--aliases", default=200, show_default=True)
@click.option("--keys", default=1000, show_default=True)
@click.option("--turns", default=15, show_default=True)
@click.option("--busy", is_flag=True, help="Every key's spend moves between two turns.")
@click.option("--real", is_flag=True, help="Measure on a real gateway in a sandbox.")
def main(providers: int, aliases: int, keys: int, turns: int, *, busy: bool, real: bool) -> None:
    """Measure a turn without changes."""
    size = (providers, aliases, keys)
    if not real:
        on_replayed(size, turns, busy=busy)
        return
    with running(SandboxOptions()) as sandbox:
        asyncio.run(on_real(sandbox.base_url, sandbox.master_key, size, turns))


if __name__ == "__main__":
    main()
