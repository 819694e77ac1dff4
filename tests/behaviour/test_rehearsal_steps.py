"""Each step of a rehearsal can fail: one lie of the gateway, one failed step that names it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from aspire_gitops.applying import Outcome, Status
from aspire_gitops.planning import Plan
from aspire_gitops.rehearsal import Rehearsal, StepStatus
from aspire_gitops.rehearsal.attacks import Attack, Names, sample
from aspire_gitops.rehearsal.environment import AppCall, Attacked, Book, CallResult, Received
from aspire_gitops.rehearsal.report import closing_text, opening_text, step_text
from aspire_gitops.rehearsal.steps import STEPS, play
from aspire_gitops.state import Compiled, GatewayObject, Kind, ObjectKey
from aspire_gitops.vocabulary import GatewayUnavailable
from aspire_ledger.amounts import NanoAud
from support.objects import app_key, compiled, credential, deployment
from support.stages import HonestStage, Listening, files, files_with_ledger

OTHERS = Received("zeta", "other-1", "sk-planted-zeta")


def played(environment: HonestStage, wanted: Compiled | None = None) -> Rehearsal:
    return play(environment, wanted or files_with_ledger(), Listening(), clock=lambda: 0.0)


def statuses(rehearsal: Rehearsal) -> dict[str, str]:
    return {step.name: step.status.value for step in rehearsal.steps}


def test_an_honest_gateway_passes_every_step() -> None:
    rehearsal = played(HonestStage())
    assert set(statuses(rehearsal).values()) == {"passed"}
    assert rehearsal.passed


def test_every_step_is_announced_and_reported() -> None:
    listening = Listening()
    play(HonestStage(), files_with_ledger(), listening)
    expected = [line for _, title, _ in STEPS for line in (f"begins {title}", f"passed {title}")]
    assert listening.heard == expected


class HalfApplied(HonestStage):
    def apply(self, plan: Plan, wanted: Compiled) -> Outcome:
        outcome = super().apply(plan, wanted)
        broken = replace(outcome.results[0], status=Status.FAILED, message="no answer")
        return replace(outcome, results=(broken, *outcome.results[1:]))


class NeverAtRest(HonestStage):
    def plan(self, wanted: Compiled) -> Plan:
        plan = super().plan(wanted)
        if not plan.changes and not self.restarts:
            moved = {key: replace(item, handle="moved") for key, item in self.live.items()}
            return HonestStage(live=moved).plan(wanted)
        return plan


class AnotherModelAnswers(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        return replace(super().answer(target), model_id="gw.other.1")


class TheHeaderLies(HonestStage):
    """The header names the right deployment; the upstream that was called is another."""

    def answer(self, target: GatewayObject) -> CallResult:
        return replace(super().answer(target), received=(OTHERS,))


class NobodyWasAsked(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        return replace(super().answer(target), received=())


class AskedTwice(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        exchange = super().answer(target)
        return replace(exchange, received=exchange.received * 2)


class FellBack(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        return replace(super().answer(target), fallbacks="1")


class Retried(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        return replace(super().answer(target), retries="2")


class WrongSecret(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        exchange = super().answer(target)
        stolen = replace(exchange.received[0], credential="sk-from-the-environment")
        return replace(exchange, received=(stolen,))


class EverybodyMayCall(HonestStage):
    def call(self, call: AppCall) -> CallResult:
        exchange = super().call(call)
        return replace(exchange, status=200) if exchange.status == 403 else exchange


class RefusedTooLate(HonestStage):
    def call(self, call: AppCall) -> CallResult:
        exchange = super().call(call)
        return replace(exchange, received=(OTHERS,)) if exchange.status == 403 else exchange


class SomebodyElseAnswers(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        exchange = super().answer(target)
        if exchange.status != 503:
            return exchange
        return replace(exchange, status=200, received=(*exchange.received, OTHERS))


class AsksSomebodyElseAndFails(HonestStage):
    def answer(self, target: GatewayObject) -> CallResult:
        exchange = super().answer(target)
        if exchange.status != 503:
            return exchange
        return replace(exchange, received=(*exchange.received, replace(OTHERS, model="x")))


class RefusesToFallBack(HonestStage):
    """It refuses a request that asks for fallbacks, as the ledger's guard does."""

    def call(self, call: AppCall) -> CallResult:
        refused = CallResult(400, None, None, None, ())
        return refused if call.extra.get("fallbacks") else super().call(call)


def test_a_request_for_fallbacks_may_be_refused() -> None:
    outage = next(step for step in played(RefusesToFallBack()).steps if step.name == "outage")
    assert outage.status is StepStatus.PASSED
    assert any("refused before anybody was asked" in fact for fact in outage.facts)


class ObeysTheClient(HonestStage):
    """Falls back only when the request asks for it."""

    def call(self, call: AppCall) -> CallResult:
        exchange = super().call(call)
        return replace(exchange, status=200) if call.extra.get("fallbacks") else exchange


class StaysDown(HonestStage):
    def recover(self) -> None:
        """Leave the provider down."""


class SwapsTooMuch(HonestStage):
    def plan(self, wanted: Compiled) -> Plan:
        plan = super().plan(wanted)
        return replace(plan, changes=plan.changes * 2) if len(plan.changes) == 1 else plan


class OldTargetServes(HonestStage):
    """The gateway accepts the swap and goes on as before."""

    def apply(self, plan: Plan, wanted: Compiled) -> Outcome:
        before = dict(self.live)
        outcome = super().apply(plan, wanted)
        if len(before) > 1:  # not at the first apply, which finds one key made by hand
            self.live = before
        return outcome


class ForgetsAtRestart(HonestStage):
    def restart(self) -> None:
        del self.live[next(key for key in self.live if key.kind is Kind.KEY)]


class ChangesAtRestart(HonestStage):
    def restart(self) -> None:
        for key, item in self.live.items():
            self.live[key] = replace(item, handle="moved")


class LetsAnAttackThrough(HonestStage):
    """It serves what it must refuse, and books nothing for it."""

    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:
        honest = super().attack(sample()[0], names, key)
        return replace(honest, booked=()) if "extra_body" in attack.title else honest


class SendsAnAttackElsewhere(HonestStage):
    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:
        seen = super().attack(attack, names, key)
        stranger = Received("elsewhere", "gpt-4o", "sk-of-the-caller")
        return replace(seen, received=(stranger,)) if attack.title == "/engines" else seen


class BreaksUnderAttack(HonestStage):
    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:
        seen = super().attack(attack, names, key)
        return replace(seen, status=500) if attack.title == "a body that is a list" else seen


class RefusesEverything(HonestStage):
    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:  # noqa: ARG002
        return Attacked(403, ())


class BooksLess(HonestStage):
    def books(self) -> tuple[Book, ...]:
        return (
            Book("shop.main", NanoAud(1_500_000_000), NanoAud(1_500_000_000), NanoAud(1), calls=3),
        )


class BooksMore(HonestStage):
    def books(self) -> tuple[Book, ...]:
        return (Book("shop.main", NanoAud(1), NanoAud(1), NanoAud(2), calls=3),)


class BooksNothing(HonestStage):
    def books(self) -> tuple[Book, ...]:
        return ()


class WritesSecrets(HonestStage):
    def written(self) -> dict[str, str]:
        return {"the log": "authorization: Bearer sk-planted-acme"}


class WritesNothing(HonestStage):
    def planted(self) -> dict[str, str]:
        return {}


@pytest.mark.parametrize(
    ("environment", "step", "says"),
    [
        pytest.param(HalfApplied, "apply", "failed: no answer", id="a change was not applied"),
        pytest.param(NeverAtRest, "settled", "still wants to", id="the second plan is not empty"),
        pytest.param(AnotherModelAnswers, "calls", "gw.other.1", id="a header shows another model"),
        pytest.param(TheHeaderLies, "calls", "went to zeta", id="the header lies"),
        pytest.param(NobodyWasAsked, "calls", "0 requests", id="no upstream was asked"),
        pytest.param(AskedTwice, "calls", "2 requests", id="one call became two"),
        pytest.param(FellBack, "calls", "1 fallbacks", id="a fallback was attempted"),
        pytest.param(Retried, "calls", "2 retries", id="a retry was attempted"),
        pytest.param(WrongSecret, "calls", "another credential", id="a secret of somebody else"),
        pytest.param(EverybodyMayCall, "refusals", "may not call it", id="nobody is refused"),
        pytest.param(RefusedTooLate, "refusals", "was called", id="refused after the call"),
        pytest.param(SomebodyElseAnswers, "outage", "answered 200", id="a silent fallback"),
        pytest.param(AsksSomebodyElseAndFails, "outage", "went to zeta", id="a tried fallback"),
        pytest.param(ObeysTheClient, "outage", "answered 200", id="a fallback by request"),
        pytest.param(StaysDown, "outage", "answered 503", id="the provider stays down"),
        pytest.param(SwapsTooMuch, "swap", "not one change", id="the swap changes more"),
        pytest.param(OldTargetServes, "swap", "went to acme", id="the old target goes on"),
        pytest.param(ForgetsAtRestart, "restart", "has gone", id="an object is gone"),
        pytest.param(ChangesAtRestart, "restart", "still wants to", id="an object has changed"),
        pytest.param(LetsAnAttackThrough, "attacks", "0 booked", id="an attack is not booked"),
        pytest.param(
            SendsAnAttackElsewhere, "attacks", "went to elsewhere", id="an attack arrives"
        ),
        pytest.param(BreaksUnderAttack, "attacks", "answered 500", id="it breaks under attack"),
        pytest.param(RefusesEverything, "attacks", "refused with 403", id="nothing is served"),
        pytest.param(BooksLess, "books", "1.5 AUD billed", id="less is booked than billed"),
        pytest.param(BooksMore, "books", "0.000000002 AUD booked", id="more is booked"),
        pytest.param(BooksNothing, "books", "nothing was billed", id="nothing to compare"),
        pytest.param(WritesSecrets, "secrets", "is in the log", id="a secret in the log"),
        pytest.param(WritesNothing, "secrets", "nothing to search", id="a search of nothing"),
    ],
)
def test_one_lie_fails_one_step(
    environment: Callable[[], HonestStage], step: str, says: str
) -> None:
    rehearsal = played(environment())
    found = next(item for item in rehearsal.steps if item.name == step)
    assert (found.status, says in found.facts[-1]) == (StepStatus.FAILED, True), found.facts
    assert not rehearsal.passed


def test_nothing_is_tried_after_a_failed_apply() -> None:
    rehearsal = played(HalfApplied())
    assert {*statuses(rehearsal).values()} == {"failed", "skipped"}
    assert not rehearsal.passed


class GoesAway(HonestStage):
    def plan(self, wanted: Compiled) -> Plan:
        if self.restarts:
            raise GatewayUnavailable("no answer from the gateway")
        return super().plan(wanted)


def test_a_fault_fails_its_step_and_not_the_rehearsal() -> None:
    found = statuses(played(GoesAway()))
    assert (found["restart"], found["secrets"]) == ("failed", "passed")


class Buggy(HonestStage):
    def call(self, call: AppCall) -> CallResult:
        raise KeyError(call.model)


def test_a_bug_is_no_failed_step() -> None:
    with pytest.raises(KeyError):
        played(Buggy())


def test_one_provider_leaves_no_room_for_a_swap() -> None:
    alone = compiled(credential(), deployment(), app_key(models=("chat",)))
    rehearsal = played(HonestStage(), alone)
    assert statuses(rehearsal)["swap"] == "skipped"
    assert rehearsal.passed


def test_without_a_ledger_there_is_nothing_to_attack() -> None:
    rehearsal = played(HonestStage(), files())
    found = statuses(rehearsal)
    assert (found["attacks"], found["books"], rehearsal.passed) == ("skipped", "skipped", True)


def test_without_keys_nothing_is_proved() -> None:
    rehearsal = played(HonestStage(), compiled(credential(), deployment()))
    assert statuses(rehearsal)["calls"] == "failed"


def test_a_secret_in_the_report_itself_is_found() -> None:
    class Quotes(HonestStage):
        def call(self, call: AppCall) -> CallResult:
            return replace(super().call(call), status=500, message="Bearer sk-planted-acme")

    found = next(step for step in played(Quotes()).steps if step.name == "secrets")
    assert found.facts == ("the secret of acme is in this report",)


def test_the_report_as_people_read_it() -> None:
    rehearsal = played(HonestStage())
    lines = [step_text(step).plain for step in rehearsal.steps]
    text = "\n".join([opening_text(files()).plain, *lines, closing_text(rehearsal).plain])
    assert text == snapshot("""\
Rehearsing test at main@sha1:4f2c9d100000
2 providers, 2 deployments, 2 app keys, on a throw-away LiteLLM 1.106.2 whose providers are stand-ins.

✓ Apply the files to an empty gateway  0.0 s
    made blog.main by hand first: the files adopt it
    6 changes, each read back from the gateway
    create: 5 (2 credential, 2 deployment, 1 key)
    adopt: 1 (1 key)
✓ Plan again: nothing is left to do  0.0 s
    the plan is empty: the gateway is what the files say, secrets included
✓ Each key calls each alias that its app lists  0.0 s
    blog.main: chat → acme, chat-1 (gw.chat.1)
    shop.main: chat → acme, chat-1 (gw.chat.1)
    shop.main: other → zeta, other-1 (gw.other.1)
✓ Each key is refused what its app does not list  0.0 s
    blog.main: other → 403, and nothing left the gateway
    shop.main: openai/chat-1 → 403, and nothing left the gateway
✓ A provider fails: loudly, and nobody else answers  0.0 s
    acme down: chat → 503; acme was asked once, nobody else was
    acme down, the app asks for fallbacks to other: chat → 503; acme was asked once, nobody else was
    acme back: chat → acme, chat-1 (gw.chat.1)
    zeta down: other → 503; zeta was asked once, nobody else was
    zeta down, the app asks for fallbacks to chat: other → 503; zeta was asked once, nobody else was
    zeta back: other → zeta, other-1 (gw.other.1)
✓ Swap an alias to another provider  0.0 s
    the plan: update deployment/chat, 3 fields, nothing else
    the next call: chat → zeta, other-1 (gw.chat.1); none to acme, and blog.main changed nothing
✓ Restart the gateway: nothing is lost  0.0 s
    6 objects before and after, at the same addresses
    the plan is empty: the gateway is what the files say, secrets included
    2 keys work as before
✓ Attack it with a key: refused, or booked in full  0.0 s
    shop.main, an honest call: 1 booked in full
    shop.main, shrinks its own worst case: 6 refused
    shop.main, another alias by another road: 4 refused
    shop.main, another secret, or another address: 4 refused
    shop.main, billed and not booked: 2 refused
    shop.main, billed and not booked: 4 booked in full
    shop.main, bad input: 1 refused
    shop.main, lets the provider name the price: 3 booked in full
✓ Compare what providers billed with what the ledger booked  0.0 s
    3 calls, 0.000000007 AUD in 1 budget: all booked by the ledger
✓ No secret is in anything that we wrote  0.0 s
    2 secrets looked for in 2 texts, 1,636 characters

Proved: 10 steps, 10 passed, in 0 s.
  changed   2 credentials, 2 deployments, 2 keys on a throw-away gateway; the sandbox is gone again
  proved    ✓ Apply the files to an empty gateway
  proved    ✓ Plan again: nothing is left to do
  proved    ✓ Each key calls each alias that its app lists
  proved    ✓ Each key is refused what its app does not list
  proved    ✓ A provider fails: loudly, and nobody else answers
  proved    ✓ Swap an alias to another provider
  proved    ✓ Restart the gateway: nothing is lost
  proved    ✓ Attack it with a key: refused, or booked in full
  proved    ✓ Compare what providers billed with what the ledger booked
  proved    ✓ No secret is in anything that we wrote

Try next:
  edit a file in gateway.d, such as the target of an alias, then
  aspire-gitops validate           find mistakes
  aspire-gitops rehearse           prove the edit before it is merged
  aspire-gitops plan               see what it changes on your gateway (docs/reference/settings.md)
""")


def test_a_failed_report_says_where_to_look() -> None:
    assert closing_text(played(FellBack())).plain.splitlines()[-1] == snapshot(
        "Look at “Each key calls each alias that its app lists” first."
    )


def test_the_report_as_machines_read_it() -> None:
    found: Any = played(HonestStage()).as_json()
    del found["steps"][1:]
    assert found == snapshot(
        {
            "format": "aspire-gitops/rehearsal",
            "version": 1,
            "passed": True,
            "revision": {
                "reference": "main",
                "commit": "4f2c9d1000000000000000000000000000000000",
                "dirty": False,
                "author": None,
                "subject": None,
                "approvers": [],
            },
            "gateway": "test",
            "declared": {"credential": 2, "deployment": 2, "key": 2},
            "seconds": 0.0,
            "steps": [
                {
                    "name": "apply",
                    "title": "Apply the files to an empty gateway",
                    "status": StepStatus.PASSED,
                    "facts": [
                        "made blog.main by hand first: the files adopt it",
                        "6 changes, each read back from the gateway",
                        "create: 5 (2 credential, 2 deployment, 1 key)",
                        "adopt: 1 (1 key)",
                    ],
                    "seconds": 0.0,
                }
            ],
        }
    )
