"""How far an apply goes: refused plans write nothing, hopeless ones stop, every change has a result."""

from pathlib import Path

import pytest

from aspire_gitops.applying import Outcome, Result, Status, apply_plan
from aspire_gitops.applying.executor import Progress, Stop
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.planning import Plan, evidence_of
from aspire_gitops.planning.make import make_plan
from aspire_gitops.vocabulary import SecretMissing, UnsafePlan
from support.fake_gateway import FakeGateway, Fault, Request, using
from support.fake_gateway import Status as Answer
from support.objects import (
    IN_TEMPORARY,
    OWNER,
    SECRET_PATH,
    app_key,
    compiled,
    credential,
    deployment,
    snapshot,
    with_intents,
)

ACME = credential()
SECRETS = {ACME.key: {SECRET_PATH: "pk-acme-0123456789"}}


def plan_of_everything(folder: Path) -> Plan:
    wanted = with_intents(compiled(ACME, deployment(), app_key()), str(folder))
    evidence = {ACME.key: evidence_of(ACME, SECRETS[ACME.key])}
    return make_plan(wanted, snapshot(), owner=OWNER, evidence=evidence)


def applied_to(
    fake: FakeGateway,
    plan: Plan,
    progress: Progress = lambda _: None,
    stop: Stop = lambda: None,
) -> Outcome:
    return using(
        fake,
        lambda client: apply_plan(
            plan, client, SECRETS, IN_TEMPORARY, progress=progress, stop=stop
        ),
    )


def test_every_change_has_its_result_in_the_plans_order(tmp_path: Path) -> None:
    plan = plan_of_everything(tmp_path)
    outcome = applied_to(FakeGateway(), plan)
    assert outcome.ok
    assert [result.change for result in outcome.results] == list(plan.changes)


def test_progress_is_told_as_it_happens(tmp_path: Path) -> None:
    plan = plan_of_everything(tmp_path)
    told: list[Result] = []
    applied_to(FakeGateway(), plan, told.append)
    assert [str(result.change.key) for result in told] == [str(c.key) for c in plan.changes]


def test_a_refused_plan_writes_nothing(tmp_path: Path) -> None:
    refused = make_plan(compiled(), snapshot(), owner=OWNER, evidence={})
    fake = FakeGateway()
    with pytest.raises(UnsafePlan, match="AG506"):
        applied_to(fake, refused)
    assert fake.log == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_rights_stops_the_rest(tmp_path: Path, status: int) -> None:
    fake = FakeGateway(Fault(Answer(status), method="POST"))
    outcome = applied_to(fake, plan_of_everything(tmp_path))
    assert [result.status for result in outcome.results] == [
        Status.FAILED,
        Status.SKIPPED,
        Status.SKIPPED,
    ]
    assert len(fake.writes) == 1
    assert not (tmp_path / "shop.main").exists(), "no key was delivered"


def test_a_key_that_somebody_deleted_is_not_brought_back(tmp_path: Path) -> None:
    fake = FakeGateway()
    assert applied_to(fake, plan_of_everything(tmp_path)).ok
    delivered = tmp_path / "shop.main"
    before = delivered.read_text()

    async def deleted_by_hand(client: GatewayClient) -> None:
        for item in (await client.read_snapshot()).objects:
            await client.delete(item)

    using(fake, deleted_by_hand)
    assert applied_to(fake, plan_of_everything(tmp_path)).ok
    assert delivered.read_text() != before


def test_an_unmanaged_key_in_the_delivery_is_left_alone(tmp_path: Path) -> None:
    fake = FakeGateway()
    theirs = "sk-theirs-0123456789abcdef"
    body = {"key": theirs, "key_alias": "theirs", "models": ["x"]}
    fake.handle(Request("POST", "/key/generate", body, f"Bearer {fake.admin_key}"))
    (tmp_path / "shop.main").write_text(theirs)
    outcome = applied_to(fake, plan_of_everything(tmp_path))
    [failed] = [result for result in outcome.results if result.status is Status.FAILED]
    assert "is on the gateway already and is not ours" in failed.message
    assert theirs not in repr(outcome)


def test_a_provider_never_gets_the_admin_key(tmp_path: Path) -> None:
    fake = FakeGateway()
    plan = plan_of_everything(tmp_path)
    secrets = {ACME.key: {SECRET_PATH: fake.admin_key}}
    with pytest.raises(SecretMissing, match="credential/acme is the gateway's admin key") as caught:
        using(fake, lambda client: apply_plan(plan, client, secrets, IN_TEMPORARY))
    assert fake.log == []
    assert fake.admin_key not in str(caught.value)
