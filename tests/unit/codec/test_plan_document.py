"""The plan file: what is written is what is read, and an edited one is refused."""

import json
from typing import Any

import pytest

from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import ensure_current, make_plan
from aspire_gitops.vocabulary import StalePlan, UsageError
from support.objects import (
    OWNER,
    app_key,
    applied,
    changed,
    compiled,
    credential,
    deployment,
    snapshot,
    unmanaged,
    with_intents,
)

LIVE = snapshot(
    changed(applied(deployment("chat")), litellm_params__rpm=4),
    applied(app_key("old")),
    unmanaged(deployment("theirs")),
)


@pytest.fixture
def plan() -> Plan:
    wanted = with_intents(compiled(credential(), deployment("chat"), app_key()))
    return make_plan(wanted, LIVE, owner=OWNER, evidence={})


def test_a_plan_survives_being_written_and_read(plan: Plan) -> None:
    text = plan_to_json(plan)
    read = plan_from_json(text)
    assert read.id == plan.id
    assert plan_to_json(read) == text
    assert [str(c.key) for c in read.changes] == [str(c.key) for c in plan.changes]


def edit_field(plan: dict[str, Any]) -> None:
    plan["changes"][0]["after"]["fields"]["credential_values.api_base"] = "https://evil.example"


def drop_refusals(plan: dict[str, Any]) -> None:
    plan["refusals"] = []


def move_delivery(plan: dict[str, Any]) -> None:
    [change] = [c for c in plan["changes"] if c["object"] == {"kind": "key", "name": "shop.main"}]
    change["intent"]["deliver"] = {"file": "/somewhere/else"}


def other_gateway(plan: dict[str, Any]) -> None:
    plan["gateway_url"] = "http://other.test"


@pytest.mark.parametrize("edit", [edit_field, drop_refusals, move_delivery, other_gateway])
def test_an_edited_plan_is_refused(plan: Plan, edit: Any) -> None:
    document = json.loads(plan_to_json(plan))
    edit(document)
    with pytest.raises(UsageError, match="changed after it was made"):
        plan_from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "aspire-gitops/plan", "version": 3}'])
def test_what_is_not_a_plan_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a plan file of version 2"):
        plan_from_json(text)


def test_a_plan_is_current_until_the_gateway_moves(plan: Plan) -> None:
    ensure_current(plan, LIVE)
    moved = snapshot(*LIVE.objects[1:])
    with pytest.raises(StalePlan, match=plan.id):
        ensure_current(plan, moved)
