"""Apply to a real gateway beside the fastest bare client, and read it beside one GET per object.

    python bench/apply.py --keys 1000 --aliases 200

Two sandboxes in one run: one is filled by a bare client that writes as fast as
the gateway takes it and reads nothing back, the other by `apply_plan`. Then the
second is applied again. Quote the ratios; the machine is whatever it is.
"""

import asyncio
import secrets as random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx
from pydantic import SecretStr

from aspire_gitops.applying import Outcome, apply_plan
from aspire_gitops.applying.secrets import Secrets, gather_evidence
from aspire_gitops.delivery import deliveries_in
from aspire_gitops.gateway import GatewayClient, Tally
from aspire_gitops.kinds import KINDS
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.sandbox import Sandbox, SandboxOptions, running
from aspire_gitops.state import (
    Compiled,
    Fields,
    FileDelivery,
    GatewayObject,
    GatewayTarget,
    Intent,
    Kind,
    ObjectKey,
    SecretReference,
)
from aspire_gitops.vocabulary import Revision
from aspire_ledger.money import ExchangeRate

T = TypeVar("T")
DELIVERIES = deliveries_in(Path(tempfile.gettempdir()).resolve())
OWNER = "bench"
SECRET = "credential_values.api_key"  # noqa: S105  # a field's name
RATE = ExchangeRate(Decimal("0.6512"), date(2026, 11, 20), "RBA F11.1", 45)


# ── what is asked of the gateway ────────────────────────────────────────────


def objects(providers: int, aliases: int, keys: int) -> Iterator[GatewayObject]:
    for n in range(providers):
        base: Fields = {"credential_values.api_base": f"https://api.p{n}.example/v1"}
        yield GatewayObject(ObjectKey(Kind.CREDENTIAL, f"p{n}"), f"gw.p{n}", base, None, f"gw.p{n}")
    for n in range(aliases):
        params: Fields = {
            "litellm_params.model": f"openai/m{n}",
            "litellm_params.api_base": f"https://api.p{n % providers}.example/v1",
            "litellm_params.litellm_credential_name": f"gw.p{n % providers}",
            "litellm_params.input_cost_per_token": 4e-07,
            "litellm_params.output_cost_per_token": 1.6e-06,
            "model_info.mode": "chat",
        }
        yield GatewayObject(ObjectKey(Kind.DEPLOYMENT, f"a{n}"), f"a{n}", params)
    for n in range(keys):
        limits: Fields = {
            "models": (f"a{n % aliases}",),
            "max_budget": 65.12,
            "budget_duration": "1mo",
            "rpm_limit": 120,
            "allowed_routes": ("llm_api_routes",),
            "metadata.disable_fallbacks": True,
            "metadata.app": f"app{n}",
        }
        yield GatewayObject(ObjectKey(Kind.KEY, f"app{n}.default"), f"app{n}.default", limits)


def wanted(items: Iterable[GatewayObject], folder: Path) -> Compiled:
    by_key = {item.key: item for item in items}
    intents = {}
    for key in by_key:
        match key.kind:
            case Kind.CREDENTIAL:
                intents[key] = Intent(secrets={SECRET: SecretReference("env", "BENCH")})
            case Kind.KEY:
                intents[key] = Intent(delivery=FileDelivery(str(folder / "keys" / key.name)))
    target = GatewayTarget("bench", "http://bench.example/v1", "1.106.2", 5, RATE)
    return Compiled(Revision("bench"), target, by_key, intents, (), "")


# ── the bare client ─────────────────────────────────────────────────────────


def bare_writes(items: Iterable[GatewayObject]) -> dict[Kind, list[tuple[str, dict[str, Any]]]]:
    writes: dict[Kind, list[tuple[str, dict[str, Any]]]] = {kind: [] for kind in KINDS}
    for item in items:
        named: dict[str, Any] = {
            path.partition(".")[2] or path: value for path, value in item.fields.items()
        }
        match item.key.kind:
            case Kind.CREDENTIAL:
                body: dict[str, Any] = {
                    "credential_name": item.handle,
                    "credential_values": {**named, "api_key": "pk-bench-0123456789"},
                    "credential_info": {},
                }
                writes[Kind.CREDENTIAL].append(("/credentials", body))
            case Kind.DEPLOYMENT:
                mode = named.pop("mode")
                info = {"id": f"gw.{item.handle}.1", "mode": mode}
                body = {"model_name": item.handle, "litellm_params": named, "model_info": info}
                writes[Kind.DEPLOYMENT].append(("/model/new", body))
            case Kind.KEY:
                body = {
                    "key": f"sk-{random.token_urlsafe(24)}",
                    "key_alias": item.handle,
                    "models": item.fields["models"],
                    "max_budget": 65.12,
                    "budget_duration": "1mo",
                    "rpm_limit": 120,
                    "key_type": "llm_api",
                    "metadata": {"disable_fallbacks": True, "app": item.handle},
                }
                writes[Kind.KEY].append(("/key/generate", body))
    return writes


AT_ONCE = {Kind.CREDENTIAL: 4, Kind.DEPLOYMENT: 1, Kind.KEY: 8}  # what saturates the gateway


async def fill_bare(sandbox: Sandbox, items: list[GatewayObject]) -> None:
    async with bare_client(sandbox) as client:
        for kind, writes in bare_writes(items).items():
            await in_parallel(AT_ONCE[kind], (posting(client, *write) for write in writes))


async def posting(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    (await client.post(path, json=body)).raise_for_status()


async def one_get_per_object(sandbox: Sandbox, addresses: list[tuple[Kind, str]]) -> int:
    paths = {
        Kind.CREDENTIAL: "/credentials/by_name/{}",
        Kind.DEPLOYMENT: "/v1/model/info?litellm_model_id={}",
        Kind.KEY: "/key/info?key={}",
    }
    async with bare_client(sandbox) as client:

        async def getting(path: str) -> None:
            (await client.get(path)).raise_for_status()

        await in_parallel(10, (getting(paths[kind].format(at)) for kind, at in addresses))
    return len(addresses)


async def in_parallel(at_once: int, work: Iterable[Awaitable[None]]) -> None:
    places = asyncio.Semaphore(at_once)

    async def one(step: Awaitable[None]) -> None:
        async with places:
            await step

    await asyncio.gather(*(one(step) for step in work))


def bare_client(sandbox: Sandbox) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {sandbox.master_key}"}
    return httpx.AsyncClient(
        base_url=sandbox.base_url, headers=headers, timeout=120, trust_env=False
    )


# ── ours ────────────────────────────────────────────────────────────────────


async def using(sandbox: Sandbox, work: Callable[[GatewayClient], Awaitable[T]], tally: Tally) -> T:
    key = SecretStr(sandbox.master_key)
    async with GatewayClient(sandbox.base_url, key, observer=tally) as client:
        return await work(client)


async def planned(client: GatewayClient, compiled: Compiled, secrets: Secrets) -> Plan:
    evidence = gather_evidence(compiled.objects, secrets)
    return make_plan(compiled, await client.read_snapshot(), owner=OWNER, evidence=evidence)


async def applied(client: GatewayClient, compiled: Compiled, secrets: Secrets) -> Outcome:
    plan = await planned(client, compiled, secrets)
    return await apply_plan(plan, client, secrets, DELIVERIES)


# ── the measuring ───────────────────────────────────────────────────────────


@contextmanager
def timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    click.echo(f"{name} …", err=True)
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started


def measure(items: list[GatewayObject], folder: Path, runs: int) -> None:
    compiled = wanted(items, folder)
    secrets = {
        key: {SECRET: "pk-bench-0123456789"}
        for key in compiled.objects
        if key.kind is Kind.CREDENTIAL
    }
    seconds: dict[str, float] = {}
    with running(SandboxOptions()) as bare, timed("bare client, writes only", seconds):
        asyncio.run(fill_bare(bare, items))
    with running(SandboxOptions()) as ours:
        first = Tally()
        with timed("first apply, read back", seconds):
            outcome = asyncio.run(using(ours, lambda c: applied(c, compiled, secrets), first))
        if not outcome.ok:
            bad = [f"{r.change.key}: {r.message}" for r in outcome.results if r.message][:3]
            raise click.ClickException(f"the first apply failed: {bad}")
        second, again, each = [], [], []
        for _ in range(runs):
            tally = Tally()
            started = time.monotonic()
            plan = asyncio.run(using(ours, lambda c: planned(c, compiled, secrets), tally))
            again.append(time.monotonic() - started)
            if plan.changes or tally.writes:
                raise click.ClickException("the second apply is not at rest")
            second.append(tally)
            snapshot = asyncio.run(using(ours, lambda c: c.read_snapshot(), Tally()))
            addresses = [(o.key.kind, str(o.address)) for o in snapshot.objects if o.mark]
            started = time.monotonic()
            asyncio.run(one_get_per_object(ours, addresses))
            each.append(time.monotonic() - started)
    bare_s, first_s = seconds["bare client, writes only"], seconds["first apply, read back"]
    pages, objects_ = statistics.median(again), statistics.median(each)
    ratios = [b / a for a, b in zip(again, each, strict=True)]
    click.echo(f"{len(items)} objects on a real gateway, one run")
    click.echo(f"  bare client, writes only     {bare_s:7.1f} s  {len(items)} writes")
    click.echo(
        f"  first apply, read back       {first_s:7.1f} s  {first.writes} writes, {first.reads} reads"
        f"   {first_s / bare_s:.2f} of the bare client"
    )
    click.echo(
        f"  second apply                 {pages:7.2f} s  {second[0].writes} writes, {second[0].reads} reads"
    )
    click.echo(
        f"  one GET per object           {objects_:7.2f} s  {len(addresses)} reads"
        f"   {statistics.median(ratios):.1f} of the second apply"
    )


@click.command()
@click.option("--providers", default=20, show_default=True)
@click.option("--aliases", default=200, show_default=True)
@click.option("--keys", default=1000, show_default=True)
@click.option("--runs", default=3, show_default=True, help="Of the second apply.")
def main(providers: int, aliases: int, keys: int, runs: int) -> None:
    """Measure applying on a real gateway. About five minutes at the default size."""
    with tempfile.TemporaryDirectory() as folder:
        measure(list(objects(providers, aliases, keys)), Path(folder), runs)


if __name__ == "__main__":
    sys.exit(main())
