"""A gateway that is as the files say: looking again changes nothing, whoever uses it meanwhile."""

from pathlib import Path

import pytest

from aspire_gitops.applying import Outcome, apply_plan
from aspire_gitops.gateway import SeenRows
from aspire_gitops.planning import Plan, evidence_of
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled
from support.fake_gateway import FakeGateway, using
from support.objects import (
    IN_TEMPORARY,
    OWNER,
    SECRET_PATH,
    app_key,
    changed,
    compiled,
    credential,
    deployment,
    with_intents,
)

ACME = credential()
SECRETS = {ACME.key: {SECRET_PATH: "pk-acme-0123456789"}}


def planned(fake: FakeGateway, wanted: Compiled, seen: SeenRows) -> Plan:
    live = using(fake, lambda client: client.read_snapshot(), seen=seen)
    evidence = {ACME.key: evidence_of(ACME, SECRETS[ACME.key])}
    return make_plan(wanted, live, owner=OWNER, evidence=evidence)


def applied(fake: FakeGateway, plan: Plan) -> Outcome:
    return using(fake, lambda client: apply_plan(plan, client, SECRETS, IN_TEMPORARY))


@pytest.fixture
def wanted(tmp_path: Path) -> Compiled:
    keys = (app_key(f"app{n}") for n in range(120))
    return with_intents(compiled(ACME, deployment(), *keys), str(tmp_path))


@pytest.fixture
def fake(wanted: Compiled) -> FakeGateway:
    """Return a gateway that `wanted` was applied to."""
    made = FakeGateway()
    assert applied(made, planned(made, wanted, SeenRows())).ok
    made.forget()
    return made


def test_turns_without_changes_write_nothing(fake: FakeGateway, wanted: Compiled) -> None:
    seen = SeenRows()
    for token in fake.keys.rows:
        plan = planned(fake, wanted, seen)
        assert (plan.changes, plan.refusals) == ((), ())
        applied(fake, plan)
        fake.keys.spend(token, 0.25)
        if len(fake.log) > 40:
            break
    assert fake.writes == []


def test_what_moves_by_hand_after_many_quiet_turns_is_seen_at_once(
    fake: FakeGateway, wanted: Compiled
) -> None:
    seen = SeenRows()
    for _ in range(3):
        assert planned(fake, wanted, seen).changes == ()
    *_, row = fake.keys.rows.values()
    row["metadata"]["disable_fallbacks"] = 1  # equal to true, and not true
    [change] = planned(fake, wanted, seen).changes
    assert [(field.path, field.before) for field in change.fields] == [
        ("metadata.disable_fallbacks", 1)
    ]


def test_what_git_changes_after_many_quiet_turns_is_planned_at_once(
    fake: FakeGateway, wanted: Compiled, tmp_path: Path
) -> None:
    seen = SeenRows()
    for _ in range(3):
        planned(fake, wanted, seen)
    items = list(wanted.objects.values())
    raised = compiled(*items[:-1], changed(items[-1], max_budget=99))
    [change] = planned(fake, with_intents(raised, str(tmp_path)), seen).changes
    assert [field.path for field in change.fields] == ["max_budget"]
