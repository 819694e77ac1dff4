"""The stage on a sandbox: the real client, the real plan and apply, and calls as apps make them."""

import asyncio
import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from pydantic import SecretStr

from aspire_gitops.applying import Outcome, apply_plan, resolve_secrets
from aspire_gitops.applying.ports import Deliveries
from aspire_gitops.applying.secrets import gather_evidence
from aspire_gitops.errors import SandboxError
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.planning.adoption import addresses_to_adopt
from aspire_gitops.planning.make import make_plan
from aspire_gitops.planning.plan import Plan
from aspire_gitops.rehearsal.calling import AppCaller
from aspire_gitops.rehearsal.ours import Ours
from aspire_gitops.rehearsal.redirect import Redirected
from aspire_gitops.rehearsal.stage import Call, Exchange
from aspire_gitops.sandbox import Sandbox, UpstreamControl, restart
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, loopback_client
from aspire_gitops.state import Compiled, Kind, ObjectKey, Snapshot

Answer = TypeVar("Answer")


class SandboxStage:
    """One sandbox with its upstream. Implements `Stage`."""

    def __init__(
        self,
        sandbox: Sandbox,
        caller: AppCaller,
        control: UpstreamControl,
        redirected: Redirected,
        ours: Ours,
        *,
        deliveries: Deliveries,
    ) -> None:
        self._sandbox, self._caller, self._control = sandbox, caller, control
        self._redirected, self._ours = redirected, ours
        self._deliveries = deliveries
        self._admin_key = SecretStr(sandbox.master_key)
        self._made_by_hand: dict[ObjectKey, str] = {}

    def make_keys_by_hand(self, compiled: Compiled) -> tuple[str, ...]:
        for key, intent in sorted(compiled.intents.items()):
            if key.kind is Kind.KEY and intent.adopt:
                self._made_by_hand[key] = self._make_key(compiled.objects[key].handle)
        return tuple(f'the key "{compiled.objects[key].handle}"' for key in self._made_by_hand)

    def plan(self, compiled: Compiled) -> Plan:
        evidence = gather_evidence(compiled.objects, resolve_secrets(compiled.intents))
        found = self._snapshot()
        adopted = addresses_to_adopt(compiled, found, self._ours.owner)
        if adopted:
            found = self._ask(lambda client: client.read_holders(found, adopted))
        plan = make_plan(compiled, found, owner=self._ours.owner, evidence=evidence)
        self._ours.keep_plan(plan)
        return plan

    def apply(self, plan: Plan, compiled: Compiled) -> Outcome:
        secrets = resolve_secrets(compiled.intents)
        outcome = self._ask(lambda client: apply_plan(plan, client, secrets, self._deliveries))
        self._ours.keep_outcome(outcome)
        return outcome

    def addresses(self) -> Mapping[ObjectKey, str]:
        return {
            ObjectKey(item.key.kind, item.mark.name): item.address
            for item in self._snapshot().objects
            if item.mark and item.mark.owner == self._ours.owner and item.address
        }

    def call(self, call: Call) -> Exchange:
        exchange = self._caller.call(call, self._value_of(call.key))
        self._ours.keep(f"the answer to {call.key.name} for {call.model}", exchange.message)
        return exchange

    def fail(self, provider: str) -> None:
        self._control.fail(503, provider=provider)

    def mend(self) -> None:
        self._control.reset()

    def restart(self) -> None:
        self._sandbox = restart(self._sandbox)

    def planted(self) -> Mapping[str, str]:
        fakes = {
            f"the secret of {key}": value
            for key, values in self._redirected.secrets.items()
            for value in values.values()
        }
        app_keys = {
            f"the value of {key}": self._value_of(key)
            for key in self._redirected.compiled.objects
            if key.kind is Kind.KEY
        }
        return {**fakes, **app_keys, "the admin key": self._sandbox.master_key}

    def secret_of(self, provider: str) -> str | None:
        values = self._redirected.secrets.get(ObjectKey(Kind.CREDENTIAL, provider), {})
        return next(iter(values.values()), None)

    def written(self) -> Mapping[str, str]:
        return self._ours.written()

    def _value_of(self, key: ObjectKey) -> str:
        if key in self._made_by_hand:
            return self._made_by_hand[key]
        delivery = self._redirected.compiled.intents[key].delivery
        value = self._deliveries(delivery).read() if delivery else None
        if value is None:
            raise SandboxError(f"{key} was not delivered, so nobody can call with it")
        return value

    def _make_key(self, handle: str) -> str:
        value = f"sk-{random.token_urlsafe(24)}"
        wanted = {"key": value, "key_alias": handle}
        try:
            with loopback_client(self._sandbox.base_url, timeout_s=30) as client:
                authorization = {"authorization": f"Bearer {self._sandbox.master_key}"}
                client.post("/key/generate", json=wanted, headers=authorization).raise_for_status()
        except HTTP_ERRORS as error:
            raise SandboxError(
                f'the key "{handle}" cannot be made: {type(error).__name__}'
            ) from None
        return value

    def _snapshot(self) -> Snapshot:
        return self._ask(lambda client: client.read_snapshot())

    def _ask(self, question: Callable[[GatewayClient], Awaitable[Answer]]) -> Answer:
        async def asked() -> Answer:
            async with GatewayClient(self._sandbox.base_url, self._admin_key) as client:
                return await question(client)

        return asyncio.run(asked())
