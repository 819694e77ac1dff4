"""Rehearse on a real throw-away gateway: the real client, the real plan and apply, and a record of all that was written."""

import asyncio
import io
import logging
import secrets as random
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from aspire_gitops.applying import Outcome, apply_plan, resolve_secrets
from aspire_gitops.applying.outcome_text import outcome_json, outcome_text
from aspire_gitops.applying.ports import Deliveries
from aspire_gitops.codec.plan import plan_to_json
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.pipeline.plan import plan_with
from aspire_gitops.planning import Plan, addresses_to_adopt
from aspire_gitops.probing import probe_key
from aspire_gitops.rehearsal.attacks import Attack, Names
from aspire_gitops.rehearsal.bookkeeping import Bookkeeper
from aspire_gitops.rehearsal.calling import AppCaller, Attacker, leaks, received_from
from aspire_gitops.rehearsal.environment import AppCall, Attacked, Book, CallResult
from aspire_gitops.rehearsal.ledger_books import LedgerBooks
from aspire_gitops.rehearsal.report import Rehearsal, Watcher
from aspire_gitops.rehearsal.scenarios import (
    Redirected,
    app_keys,
    keys_folder,
    redirect,
    secret_reference,
)
from aspire_gitops.rehearsal.steps import play
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.rendering.plan_wording import plan_markdown
from aspire_gitops.sandbox import Sandbox, SandboxOptions, UpstreamControl, restart, running
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, loopback_client
from aspire_gitops.state import Compiled, Kind, ObjectKey, Snapshot, of_kind
from aspire_gitops.vocabulary import SandboxError
from aspire_ledger.canonical import JsonValue

QUICK_LEDGER: Mapping[str, str] = {"ASPIRE_LEDGER_LATE_SECONDS": "5"}
"""Nothing else loads a sandbox's gateway, so what LiteLLM does not report in 5 s it never does."""


class Recorder:
    """Records what this run writes, in every format, and its log."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._log = io.StringIO()
        self._texts: dict[str, str] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep every log line of this process, the libraries' debug lines included."""
        handler = logging.StreamHandler(self._log)
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.setLevel(level)
            root.removeHandler(handler)

    def keep_plan(self, plan: Plan) -> None:
        name = f"plan {plan.id}"
        self._texts |= {
            f"{name} as text": plan_text(plan).plain,
            f"{name} as Markdown": plan_markdown(plan),
            f"{name} as JSON": plan_to_json(plan),
            f"{name} as Python shows it": repr(plan),
        }

    def keep_outcome(self, outcome: Outcome) -> None:
        name = f"outcome of plan {outcome.plan_id}"
        self._texts |= {
            f"{name} as text": outcome_text(outcome).plain,
            f"{name} as JSON": outcome_json(outcome),
        }

    def keep(self, name: str, text: str) -> None:
        self._texts[name] = text

    def written(self) -> Mapping[str, str]:
        return {**self._texts, "the log": self._log.getvalue()}


Answer = TypeVar("Answer")


class SandboxEnvironment:
    """One sandbox with its upstream. Implements `Environment`."""

    def __init__(
        self,
        sandbox: Sandbox,
        redirected: Redirected,
        recorder: Recorder,
        bookkeeper: Bookkeeper,
        *,
        deliveries: Deliveries,
    ) -> None:
        if sandbox.upstream_url is None:
            raise AssertionError("the sandbox was asked for an upstream and has none")
        self._sandbox, self._bookkeeper = sandbox, bookkeeper
        self._control = UpstreamControl(sandbox.upstream_url)
        self._caller = AppCaller(sandbox.base_url, self._control)
        self._attacker = Attacker(sandbox.base_url, self._control)
        self._redirected, self._recorder = redirected, recorder
        self._deliveries = deliveries
        self._admin_key = SecretStr(sandbox.master_key)
        self._made_by_hand: dict[ObjectKey, str] = {}

    @property
    def sandbox(self) -> Sandbox:
        return self._sandbox

    def make_keys_by_hand(self, compiled: Compiled) -> tuple[str, ...]:
        for item in of_kind(Kind.KEY, compiled.objects.values()):
            if compiled.intents[item.key].adopt:
                self._made_by_hand[item.key] = self._make_key(item.handle)
        return tuple(f'the key "{compiled.objects[key].handle}"' for key in self._made_by_hand)

    def plan(self, compiled: Compiled) -> Plan:
        secrets = resolve_secrets(compiled.intents)
        found = self._snapshot()
        adopted = addresses_to_adopt(compiled, found, self._recorder.owner)
        if adopted:
            found = self._ask(lambda client: client.read_holders(found, adopted))
        plan = plan_with(compiled, found, self._recorder.owner, secrets)
        self._recorder.keep_plan(plan)
        return plan

    def apply(self, plan: Plan, compiled: Compiled) -> Outcome:
        secrets = resolve_secrets(compiled.intents)
        outcome = self._ask(lambda client: apply_plan(plan, client, secrets, self._deliveries))
        self._recorder.keep_outcome(outcome)
        return outcome

    def addresses(self) -> Mapping[ObjectKey, str]:
        return {
            ObjectKey(item.key.kind, item.mark.name): item.address
            for item in self._snapshot().objects
            if item.mark and item.mark.owner == self._recorder.owner and item.address
        }

    def call(self, call: AppCall) -> CallResult:
        exchange = self._caller.call(call, self._value_of(call.key))
        self._recorder.keep(f"the answer to {call.key.name} for {call.model}", exchange.message)
        self._bookkeeper.note(call.key, call.model, exchange.received)
        return exchange

    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:
        value = self._value_of(key)
        with self._bookkeeper.watching(key) as watched:
            status, message = self._attacker.play(attack, names, value)
        calls = self._attacker.received()
        self._attacker.behave()
        received = received_from(calls)
        self._bookkeeper.note(key, names.alias, received)
        self._recorder.keep(f"the answer to {key.name}, {attack.name}", message)
        planted = {name: secret for name, secret in self.planted().items() if secret != value}
        return Attacked(
            status=status,
            received=received,
            booked=watched.booked,
            held=watched.held,
            leaked=leaks(calls, {**planted, "the virtual key": value}),
            message=message,
        )

    def make_key_without_mark(self, models: Sequence[str]) -> ObjectKey:
        """Make a key as somebody makes one by hand: for these models, and no budget of ours."""
        made = ObjectKey(Kind.KEY, "without-mark")
        self._made_by_hand[made] = self._make_key(made.name, models=list(models))
        return made

    def elsewhere(self) -> str:
        return f"{self._sandbox.upstream_url}/elsewhere/v1"

    def books(self) -> tuple[Book, ...]:
        return self._bookkeeper.books()

    def fail(self, provider: str) -> None:
        self._control.fail(503, provider=provider)

    def recover(self) -> None:
        self._control.reset()

    def restart(self) -> None:
        self._sandbox = restart(self._sandbox)

    def planted(self) -> Mapping[str, str]:
        fakes = {
            f"the secret of {key}": value
            for key, values in self._redirected.secrets.items()
            for value in values.values()
        }
        values = {
            f"the value of {item.key}": self._value_of(item.key)
            for item in app_keys(self._redirected.compiled)
        }
        own = probe_key(self._admin_key).get_secret_value()
        return {
            **fakes,
            **values,
            "the probe key": own,
            "the admin key": self._sandbox.master_key,
        }

    def secret_of(self, provider: str) -> str | None:
        values = self._redirected.secrets.get(ObjectKey(Kind.CREDENTIAL, provider), {})
        return next(iter(values.values()), None)

    def written(self) -> Mapping[str, str]:
        return self._recorder.written()

    def _value_of(self, key: ObjectKey) -> str:
        if key in self._made_by_hand:
            return self._made_by_hand[key]
        delivery = self._redirected.compiled.intents[key].delivery
        value = asyncio.run(self._deliveries(delivery).read()) if delivery else None
        if value is None:
            raise SandboxError(f"{key} was not delivered, so nobody can call with it")
        return value

    def _make_key(self, handle: str, **fields: JsonValue) -> str:
        value = f"sk-{random.token_urlsafe(24)}"
        wanted = {"key": value, "key_alias": handle, **fields}
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


def rehearse(compiled: Compiled, watcher: Watcher, *, owner: str) -> Rehearsal:
    """Apply `compiled` to a sandbox and prove that the gateway does what the files say.

    Takes about half a minute, and a minute or two the first time, which
    installs LiteLLM. Nothing of it stays but that installation.

    Raises:
        SandboxError: The sandbox could not be started; see its message.
    """
    with staged(compiled, watcher.tells, owner=owner) as (environment, redirected):
        return play(environment, redirected, watcher)


@contextmanager
def staged(
    compiled: Compiled, progress: Callable[[str], None], *, owner: str
) -> Iterator[tuple[SandboxEnvironment, Compiled]]:
    """Start a gateway for `compiled`, and apply nothing.

    Yields the environment, and `compiled` adapted to it: every provider is a stand-in.

    Raises:
        SandboxError: As `rehearse`.
    """
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="aspire-gitops-rehearsal-"))
        folder = Path(made)
        config = folder / "config.yaml"
        config.write_text(compiled.config_yaml, encoding="utf-8")
        has_ledger = compiled.gateway.has_ledger
        options = SandboxOptions(config=config, upstream=True, ledger=has_ledger, env=QUICK_LEDGER)
        sandbox = stack.enter_context(running(options, progress=progress))
        if sandbox.upstream_url is None:
            raise AssertionError("the sandbox was asked for an upstream and has none")
        redirected = redirect(compiled, sandbox.upstream_url, folder, fake_secret)
        _write_secrets(redirected, folder)
        recorder = Recorder(owner)
        stack.enter_context(recorder.listening())
        books = sandbox.ledger_url and stack.enter_context(LedgerBooks(sandbox.ledger_url))
        keeper = Bookkeeper(redirected.compiled, books or None)
        deliveries = deliveries_in(Path(keys_folder(folder)))
        environment = SandboxEnvironment(
            sandbox, redirected, recorder, keeper, deliveries=deliveries
        )
        yield environment, redirected.compiled


def fake_secret(protocol: str) -> str:
    """Return a secret that no provider knows, of the shape that LiteLLM tells protocols by."""
    # An Anthropic OAuth token travels as a bearer token, an API key in x-api-key.
    shape = "sk-ant-oat01-" if protocol == "anthropic" else "sk-rehearsal-"
    return shape + random.token_hex(24)


def _write_secrets(redirected: Redirected, folder: Path) -> None:
    for key, values in redirected.secrets.items():
        for path, value in values.items():
            place = Path(secret_reference(key, path, folder).locator)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            place.touch(mode=0o600)
            place.write_text(value + "\n", encoding="utf-8")
