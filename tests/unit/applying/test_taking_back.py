"""What reads back other than it was written does not stay: it is removed, or set back, at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aspire_gitops.applying import Outcome, Result, Status, apply_plan
from aspire_gitops.planning import evidence_of
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled
from support.fake_gateway import Drop, FakeGateway, Fault, Request, using
from support.fake_gateway import Status as Answer
from support.objects import (
    IN_TEMPORARY,
    OWNER,
    SECRET_PATH,
    app_key,
    compiled,
    credential,
    deployment,
    with_intents,
)

ACME = credential()
SECRETS = {ACME.key: {SECRET_PATH: "pk-acme-0123456789"}}
PLANTED = "sk-master-planted-0123456789"


class Resolves(Fault):
    """Puts a secret in the place of `os.environ/…` before a row is read, as LiteLLM does."""

    fake: FakeGateway

    def strikes(self, request: Request, number: int, write: int) -> bool:  # noqa: ARG002  # the signature of Fault
        if not request.is_write:
            for row in self.fake.deployments.rows.values():
                params = row["litellm_params"]
                params |= {
                    name: PLANTED
                    for name, value in params.items()
                    if str(value).startswith("os.environ/")
                }
        return False


class Spoils(Fault):
    """Changes a row before it is read, whenever it is as `when` says; answers as ever."""

    rows: Callable[[], list[dict[str, Any]]]
    when: Callable[[dict[str, Any]], bool]
    change: Callable[[dict[str, Any]], object]

    def strikes(self, request: Request, number: int, write: int) -> bool:  # noqa: ARG002  # the signature of Fault
        if not request.is_write:
            for row in filter(self.when, self.rows()):
                self.change(row)
        return False


def files(folder: Path, **params: Any) -> Compiled:
    return with_intents(compiled(ACME, deployment(**params), app_key()), str(folder))


def brought_to(fake: FakeGateway, wanted: Compiled) -> Outcome:
    evidence = {ACME.key: evidence_of(ACME, SECRETS[ACME.key])}
    live = using(fake, lambda client: client.read_snapshot())
    plan = make_plan(wanted, live, owner=OWNER, evidence=evidence)
    return using(fake, lambda client: apply_plan(plan, client, SECRETS, IN_TEMPORARY))


def failed(outcome: Outcome) -> Result:
    [found] = [result for result in outcome.results if result.status is Status.FAILED]
    return found


def spoiling(
    rows: Callable[[], list[dict[str, Any]]],
    when: Callable[[dict[str, Any]], bool],
    change: Callable[[dict[str, Any]], object],
) -> Spoils:
    spoils = Spoils(Drop())
    spoils.rows, spoils.when, spoils.change = rows, when, change
    return spoils


def test_a_new_deployment_that_resolved_a_secret_is_removed_at_once(tmp_path: Path) -> None:
    fake = FakeGateway()
    resolves = Resolves(Drop())
    resolves.fake = fake
    with fake.failing(resolves):
        outcome = brought_to(fake, files(tmp_path, stop="os.environ/LITELLM_MASTER_KEY"))
    found = failed(outcome)
    assert found.message == (
        "the gateway accepted it; read back: litellm_params.stop is not what was written"
        "; it was removed again at once"
    )
    assert fake.deployments.rows == {}
    assert PLANTED not in repr(outcome)


def test_a_change_that_resolved_a_secret_is_set_back(tmp_path: Path) -> None:
    fake = FakeGateway()
    assert brought_to(fake, files(tmp_path, stop="###")).ok
    resolves = Resolves(Drop())
    resolves.fake = fake
    with fake.failing(resolves):
        found = failed(brought_to(fake, files(tmp_path, stop="os.environ/LITELLM_MASTER_KEY")))
    assert found.message.endswith("; it was set back to what it was")
    [row] = fake.deployments.rows.values()
    assert row["litellm_params"]["stop"] == "###"
    assert brought_to(fake, files(tmp_path, stop="###")).results == (), "as if nothing had been"


def test_a_change_that_cannot_be_set_back_is_removed(tmp_path: Path) -> None:
    fake = FakeGateway()
    assert brought_to(fake, files(tmp_path, stop="###")).ok
    stays_wrong = spoiling(
        lambda: list(fake.deployments.rows.values()),
        lambda _: fake.writes != [],
        lambda row: row["litellm_params"].update(stop=PLANTED),
    )
    fake.forget()
    with fake.failing(stays_wrong):
        found = failed(brought_to(fake, files(tmp_path, stop="+++")))
    assert found.message.endswith("; it could not be set back and was removed")
    assert fake.deployments.rows == {}


def test_a_new_key_that_reads_back_wrong_is_removed(tmp_path: Path) -> None:
    fake = FakeGateway()
    wider = spoiling(
        lambda: list(fake.keys.rows.values()),
        lambda _: True,
        lambda row: row.update(models=["all-proxy-models"]),
    )
    with fake.failing(wider):
        found = failed(brought_to(fake, files(tmp_path)))
    assert found.message.endswith("; it was removed again at once")
    assert fake.keys.rows == {}
    assert brought_to(fake, files(tmp_path)).ok, "the next apply makes a fresh key"


def test_a_changed_key_is_set_back(tmp_path: Path) -> None:
    fake = FakeGateway()
    assert brought_to(fake, files(tmp_path)).ok
    before = next(iter(fake.keys.rows.values()))["max_budget"]
    more = with_intents(compiled(ACME, deployment(), app_key(max_budget=99)), str(tmp_path))
    spoils = spoiling(
        lambda: list(fake.keys.rows.values()),
        lambda row: row["max_budget"] == 99,
        lambda row: row.update(max_budget=9_999_999),
    )
    with fake.failing(spoils):
        found = failed(brought_to(fake, more))
    assert found.message.endswith("; it was set back to what it was")
    assert next(iter(fake.keys.rows.values()))["max_budget"] == before


def test_a_credential_that_somebody_else_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    fake = FakeGateway()
    theirs = {
        "credential_name": "gw.acme",
        "credential_values": {"api_key": "x-theirs"},
        "credential_info": {},
    }

    class Comes(Fault):
        def strikes(self, request: Request, number: int, write: int) -> bool:  # noqa: ARG002  # the signature of Fault
            if request.method == "GET" and "gw.acme" in request.target:
                fake.credentials.rows["gw.acme"] = dict(theirs)
            return False

    with fake.failing(Comes(Drop())):
        outcome = brought_to(fake, files(tmp_path))
    [first, *_] = outcome.results
    assert first.message.endswith("; it is not ours and was left alone")
    assert "gw.acme" in fake.credentials.rows


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after"])
def test_a_lost_answer_to_a_change_takes_nothing_away(tmp_path: Path, *, after: bool) -> None:
    fake = FakeGateway()
    assert brought_to(fake, files(tmp_path, stop="###")).ok
    with fake.failing(Fault(Answer(500, after=after), method="PATCH")):
        outcome = brought_to(fake, files(tmp_path, stop="+++"))
    assert outcome.ok is after
    [row] = fake.deployments.rows.values()
    assert row["litellm_params"]["stop"] == ("+++" if after else "###")


def test_what_cannot_be_removed_is_said_to_be_there(tmp_path: Path) -> None:
    fake = FakeGateway()
    resolves = Resolves(Drop())
    resolves.fake = fake
    with fake.failing(resolves, Fault(Answer(500), path="/model/delete")):
        found = failed(brought_to(fake, files(tmp_path, stop="os.environ/X")))
    assert "; it is still there, and taking it back failed: " in found.message


# ── a value in a delivery that is another secret ─────────────────────────────


@pytest.mark.parametrize("which", ["the admin key", "a provider's secret"])
def test_a_secret_in_the_delivery_never_becomes_a_key(tmp_path: Path, which: str) -> None:
    provider = "sk-acme-0123456789abcdefgh"
    fake = FakeGateway()
    planted = fake.admin_key if which == "the admin key" else provider
    (tmp_path / "shop.main").write_text(planted)
    secrets = {ACME.key: {SECRET_PATH: provider}}
    wanted, live = files(tmp_path), using(fake, lambda client: client.read_snapshot())
    plan = make_plan(
        wanted, live, owner=OWNER, evidence={ACME.key: evidence_of(ACME, secrets[ACME.key])}
    )
    outcome = using(fake, lambda client: apply_plan(plan, client, secrets, IN_TEMPORARY))
    found = failed(outcome)
    assert "the delivery holds a value that is not an app's key: it is the" in found.message
    assert fake.keys.rows == {}
    assert (tmp_path / "shop.main").read_text() == planted
    assert planted not in repr(outcome)
