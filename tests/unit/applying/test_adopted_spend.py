"""The spend of an adopted key goes back before the key is ours, whenever the apply stops."""

from dataclasses import replace

import pytest

from aspire_gitops.applying import Outcome, apply_plan
from aspire_gitops.applying.change import NotProved
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.planning import Plan, addresses_to_adopt
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Intent
from support.fake_gateway import ADMIN_KEY, Drop, FakeGateway, Fault, Request, Status, using
from support.objects import IN_TEMPORARY, OWNER, app_key, compiled

KEY = app_key("postiz")
WANTED = compiled(KEY, intents={KEY.key: Intent(adopt=True, reset_spend=True)})


@pytest.fixture
def fake() -> FakeGateway:
    """A gateway with a key that somebody made by hand and that spent 812.40 US dollars."""
    fake = FakeGateway()
    body = {"key": "sk-made-by-hand-0001", "key_alias": KEY.handle, "spend": 812.4}
    fake.handle(Request("POST", "/key/generate", body, f"Bearer {ADMIN_KEY}"))
    fake.forget()
    return fake


def planned(fake: FakeGateway) -> Plan:
    async def work(client: GatewayClient) -> Plan:
        found = await client.read_snapshot()
        known = await client.read_holders(found, addresses_to_adopt(WANTED, found, OWNER))
        return make_plan(WANTED, known, owner=OWNER, evidence={})

    return using(fake, work)


def applied(fake: FakeGateway, plan: Plan) -> Outcome:
    return using(fake, lambda client: apply_plan(plan, client, {}, IN_TEMPORARY))


def spend(fake: FakeGateway) -> float:
    [row] = fake.keys.rows.values()
    return float(row["spend"])


def writes(fake: FakeGateway) -> list[str]:
    return [request.path.rpartition("/")[2] for request in fake.writes]


def test_the_spend_goes_back_first(fake: FakeGateway) -> None:
    assert applied(fake, planned(fake)).ok
    assert (spend(fake), writes(fake)) == (0, ["reset_spend", "update"])


def test_a_second_plan_is_empty(fake: FakeGateway) -> None:
    applied(fake, planned(fake))
    assert planned(fake).changes == ()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(Drop(), path="reset_spend", times=1), id="before the reset"),
        pytest.param(Fault(Drop(), path="key/update", times=1), id="before the update"),
        pytest.param(Fault(Status(500), path="key/update", times=1), id="a 500 instead of it"),
        pytest.param(Fault(Drop(after=True), path="key/update", times=1), id="after the update"),
    ],
)
def test_an_apply_that_stopped_is_finished_by_the_next(fake: FakeGateway, fault: Fault) -> None:
    with fake.failing(fault):
        applied(fake, planned(fake))
    assert applied(fake, planned(fake)).ok
    [row] = fake.keys.rows.values()
    assert (row["spend"], "aspire_gitops" in row["metadata"]) == (0, True)


def test_no_key_is_ours_whose_spend_did_not_go_back(fake: FakeGateway) -> None:
    fake.faults = [Fault(Status(500), path="reset_spend")]
    [result] = applied(fake, planned(fake)).results
    assert isinstance(result.error, NotProved)
    assert (spend(fake), "update" in writes(fake)) == (812.4, False)


def test_a_lost_answer_to_the_reset_is_settled_by_reading(fake: FakeGateway) -> None:
    fake.faults = [Fault(Drop(after=True), path="reset_spend", times=1)]
    assert applied(fake, planned(fake)).ok
    assert spend(fake) == 0


def test_a_reset_that_answers_and_does_nothing_is_not_believed(fake: FakeGateway) -> None:
    done = Status(200, body={"key_hash": "", "spend": 0.0})
    fake.faults = [Fault(done, path="reset_spend")]
    [result] = applied(fake, planned(fake)).results
    assert "the gateway accepted the reset; read back: its spend did not go down" in result.message


def test_a_plan_that_was_looked_at_for_long_never_raises_a_spend(fake: FakeGateway) -> None:
    plan = planned(fake)
    [row] = fake.keys.rows.values()
    [change] = plan.changes
    fields = tuple(replace(f, after=5.0) if f.path == "spend" else f for f in change.fields)
    row["spend"] = 2.0  # its month turned meanwhile
    assert applied(fake, replace(plan, changes=(replace(change, fields=fields),))).ok
    assert (spend(fake), writes(fake)) == (2.0, ["update"])
