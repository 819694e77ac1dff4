"""Aspire's own `gateway.d/` on a real gateway: the product's client, a stand-in for the providers."""

import asyncio
import secrets as random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from aspire_gitops.applying import Outcome, apply_plan
from aspire_gitops.applying.ports import Deliveries
from aspire_gitops.applying.secrets import gather_evidence
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.gateway import GatewayClient, Tally
from aspire_gitops.planning import Plan, addresses_to_adopt
from aspire_gitops.planning.make import make_plan
from aspire_gitops.rehearsal.scenarios import Redirected, keys_folder, redirect
from aspire_gitops.sandbox import Sandbox, SandboxOptions, UpstreamControl
from aspire_gitops.state import Compiled, Kind, ObjectKey
from aspire_ledger.canonical import JsonValue
from support.catalogs import catalog_of_folder
from support.sandbox_admin import admin_of
from support.sandboxes import fresh_sandbox
from support.worked_example import GATEWAY_D, rate_day

T = TypeVar("T")
OWNER = "aspire-gitops"


@dataclass(frozen=True)
class Aspire:
    """One real gateway, and what `gateway.d/` asks of it."""

    sandbox: Sandbox
    redirected: Redirected
    upstream: UpstreamControl
    deliveries: Deliveries

    @property
    def wanted(self) -> Compiled:
        return self.redirected.compiled

    def plan(self, wanted: Compiled | None = None, tally: Tally | None = None) -> Plan:
        asked = wanted or self.wanted
        evidence = gather_evidence(asked.objects, self.redirected.secrets)
        snapshot = self._using(lambda client: client.read_snapshot(), tally)
        adopted = addresses_to_adopt(asked, snapshot, OWNER)
        if adopted:
            snapshot = self._using(lambda client: client.read_holders(snapshot, adopted), tally)
        return make_plan(asked, snapshot, owner=OWNER, evidence=evidence)

    def apply(self, wanted: Compiled | None = None, tally: Tally | None = None) -> Outcome:
        plan = self.plan(wanted, tally)
        secrets = self.redirected.secrets
        return self._using(lambda client: apply_plan(plan, client, secrets, self.deliveries), tally)

    def edited(self, key: ObjectKey, **fields: JsonValue) -> Compiled:
        """Return what is wanted, with fields of one object edited; None drops a field."""
        paths = {path.replace("__", "."): value for path, value in fields.items()}
        item = self.wanted.objects[key]
        merged = {p: v for p, v in {**item.fields, **paths}.items() if v is not None}
        objects = {**self.wanted.objects, key: replace(item, fields=merged)}
        return replace(self.wanted, objects=objects)

    def app_key(self, name: str) -> str:
        intent = self.wanted.intents[ObjectKey(Kind.KEY, name)]
        value = intent.delivery and asyncio.run(self.deliveries(intent.delivery).read())
        assert value, f"{name} was not delivered"
        return value

    def _using(self, work: Callable[[GatewayClient], Awaitable[T]], tally: Tally | None) -> T:
        async def worked() -> T:
            admin_key = SecretStr(self.sandbox.master_key)
            async with GatewayClient(self.sandbox.base_url, admin_key, observer=tally) as client:
                return await work(client)

        return asyncio.run(worked())


@contextmanager
def aspire_on_sandbox(folder: Path) -> Iterator[Aspire]:
    """Start a gateway with the compiled config.yaml and the keys that were made by hand; apply nothing."""
    today = rate_day()
    compiled = compile_catalog(catalog_of_folder(GATEWAY_D, today=today), today=today)
    config = folder / "config.yaml"
    config.write_text(compiled.config_yaml, encoding="utf-8")
    with fresh_sandbox(SandboxOptions(config=config, upstream=True, ledger=True)) as sandbox:
        assert sandbox.upstream_url
        redirected = redirect(
            compiled, sandbox.upstream_url, folder, lambda api: f"fake-{api}-{random.token_hex(8)}"
        )
        with admin_of(sandbox) as admin:
            for key, intent in compiled.intents.items():
                if key.kind is Kind.KEY and intent.adopt:
                    admin.new_key(key_alias=compiled.objects[key].handle)
        deliveries = deliveries_in(Path(keys_folder(folder)))
        yield Aspire(sandbox, redirected, UpstreamControl(sandbox.upstream_url), deliveries)
