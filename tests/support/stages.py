"""A stage without a gateway: it behaves, unless a test tells one part of it to lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aspire_gitops.applying import Outcome, Result, Status
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.rehearsal.attacks import Attack, AttackKind, Names
from aspire_gitops.rehearsal.environment import (
    AppCall,
    Attacked,
    Book,
    BookedCall,
    CallResult,
    Received,
    tariff_of,
)
from aspire_gitops.rehearsal.report import Step
from aspire_gitops.rehearsal.scenarios import provider_of, upstream_model
from aspire_gitops.sandbox import Billed
from aspire_gitops.state import Compiled, GatewayObject, Intent, KeyFacts, Kind, ObjectKey, Snapshot
from aspire_ledger.amounts import NanoAud
from aspire_ledger.canonical import JsonValue
from support.objects import NOON, OWNER, app_key, compiled, credential, deployment

SHOP, BLOG = app_key("shop", models=("chat", "other")), app_key("blog", models=("chat",))
PRICE: Mapping[str, JsonValue] = {
    "input_usd_per_million_tokens": "1",
    "output_usd_per_million_tokens": "4",
}
CARD: Mapping[str, JsonValue] = {"format": 1, "mode": "chat", "price": PRICE}
A_CALL = Billed(input_tokens=10, output_tokens=20, reported=True)


def files() -> Compiled:
    """Two providers, one alias each, an app that may call both, and one whose key is adopted."""
    return compiled(
        credential("acme"),
        credential("zeta"),
        deployment("chat", "acme"),
        deployment("other", "zeta"),
        SHOP,
        BLOG,
        intents={BLOG.key: Intent(adopt=True)},
    )


def files_with_ledger() -> Compiled:
    """The same, with a ledger, a card for each alias, and a budget for each key."""
    plain = files()
    objects = dict(plain.objects)
    for key, item in plain.objects.items():
        if key.kind is Kind.DEPLOYMENT:
            objects[key] = replace(item, fields={**item.fields, "model_info.aspire": CARD})
        if key.kind is Kind.KEY:
            paid = {"metadata.budget": item.handle, "metadata.usd_per_aud": "0.5"}
            objects[key] = replace(item, fields={**item.fields, **paid})
    return replace(plain, objects=objects, gateway=replace(plain.gateway, has_ledger=True))


@dataclass
class HonestStage:
    """Does in memory what the sandbox does. Tests override what should go wrong."""

    live: dict[ObjectKey, GatewayObject] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=lambda: {"the log": "nothing to see"})
    restarts: int = 0

    def make_keys_by_hand(self, wanted: Compiled) -> tuple[str, ...]:
        adopted = [key for key, intent in wanted.intents.items() if intent.adopt]
        for key in adopted:
            handle = wanted.objects[key].handle
            self.live[key] = GatewayObject(key, handle, {}, address="cd" * 32)
        return tuple(key.name for key in adopted)

    def plan(self, wanted: Compiled) -> Plan:
        snapshot = Snapshot(
            "http://gateway.test",
            "1.106.2",
            NOON,
            tuple(self.live.values()),
            key_facts={item.address or "": KeyFacts(spend=0.0) for item in self.live.values()},
        )
        return make_plan(wanted, snapshot, owner=OWNER, evidence={})

    def apply(self, plan: Plan, wanted: Compiled) -> Outcome:  # noqa: ARG002 (the plan says it all)
        for change in plan.changes:
            assert change.after is not None
            address = change.after.address or "ab" * 32
            self.live[change.key] = replace(change.after, address=address)
        results = tuple(Result(change, Status.APPLIED) for change in plan.changes)
        return Outcome(plan.id, plan.revision, results)

    def addresses(self) -> Mapping[ObjectKey, str]:
        return {key: item.address or "" for key, item in self.live.items()}

    def call(self, call: AppCall) -> CallResult:
        key, target = self.live[call.key], self.live.get(ObjectKey(Kind.DEPLOYMENT, call.model))
        models = key.fields["models"]
        assert isinstance(models, tuple)
        if target is None or call.model not in models:
            return CallResult(403, None, None, None, ())
        return self.answer(target)

    def answer(self, target: GatewayObject) -> CallResult:
        provider = provider_of(target)
        received = (Received(provider, upstream_model(target), self.secret_of(provider)),)
        return CallResult(503 if provider in self.down else 200, target.address, "0", "0", received)

    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:
        """Serve honest calls, and whatever only the provider does; refuse the others."""
        if attack.kind is not AttackKind.HONEST and attack.fault is None:
            return Attacked(400, ())
        target = self.live[ObjectKey(Kind.DEPLOYMENT, names.alias)]
        tariff = tariff_of(target, self.live[key])
        assert tariff
        received = [replace(call, billed=A_CALL) for call in self.answer(target).received]
        return Attacked(200, tuple(received), (BookedCall(tariff.priced(A_CALL)),))

    def elsewhere(self) -> str:
        return "http://upstream.test/elsewhere/v1"

    def books(self) -> tuple[Book, ...]:
        return (Book("shop.main", NanoAud(7), NanoAud(7), NanoAud(7), calls=3),)

    def fail(self, provider: str) -> None:
        self.down.add(provider)

    def recover(self) -> None:
        self.down.clear()

    def restart(self) -> None:
        self.restarts += 1

    def planted(self) -> Mapping[str, str]:
        return {"the secret of acme": "sk-planted-acme", "the secret of zeta": "sk-planted-zeta"}

    def secret_of(self, provider: str) -> str | None:
        return f"sk-planted-{provider}"

    def written(self) -> Mapping[str, str]:
        return self.texts


@dataclass
class Listening:
    """A watcher that remembers."""

    heard: list[str] = field(default_factory=list)

    def begins(self, title: str) -> None:
        self.heard.append(f"begins {title}")

    def tells(self, message: str) -> None:
        self.heard.append(message)

    def ended(self, step: Step) -> None:
        self.heard.append(f"{step.status} {step.title}")
