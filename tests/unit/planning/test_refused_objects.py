"""A refusal concerns its object: what depends on it waits, and everything else is planned."""

from dataclasses import replace

import pytest

from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.planning import Action, Plan, Scope
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Approved, GatewayObject, Intent, ObjectKey
from support.objects import app_key, applied, compiled, credential, deployment, snapshot, unmanaged

ACME, OTHER = credential("acme"), credential("other")
CHAT, EMBED = deployment("chat", "acme"), deployment("embed", "other")
OWNER = "aspire-gitops"


def plan(
    *wanted: GatewayObject,
    live: tuple[GatewayObject, ...] = (),
    adopting: tuple[GatewayObject, ...] = (),
    approvals: tuple[Approved, ...] = (),
) -> Plan:
    intents = {item.key: Intent(adopt=True) for item in adopting}
    files = replace(compiled(*wanted, intents=intents), approvals=approvals)
    return make_plan(files, snapshot(*live), owner=OWNER, evidence={})


def planned(made: Plan) -> list[str]:
    return [f"{change.action} {change.key}" for change in made.changes]


def held(made: Plan) -> list[str]:
    return [f"{one.change.action} {one.change.key}" for one in made.held]


def test_an_alias_whose_name_is_taken_is_held_and_the_rest_is_planned() -> None:
    made = plan(
        ACME, OTHER, CHAT, EMBED, app_key("shop", models=("chat",)), live=(unmanaged(CHAT),)
    )
    assert [one.rule.code for one in made.refusals] == ["AG504"]
    assert not made.is_refused
    assert held(made) == ["create deployment/chat"]
    assert planned(made) == [
        "create credential/acme",
        "create credential/other",
        "create deployment/embed",
        "create key/shop.main",
    ], "a key that lists an alias works without its deployment"


def test_a_deployment_waits_for_its_credential() -> None:
    made = plan(ACME, OTHER, CHAT, EMBED, live=(unmanaged(ACME),))
    assert held(made) == ["create credential/acme", "create deployment/chat"]
    assert [one.waits_for for one in made.held] == [("credential/acme",), ("credential/acme",)]
    assert planned(made) == ["create credential/other", "create deployment/embed"]


def test_what_a_held_alias_works_with_is_not_deleted() -> None:
    moved = deployment("chat", "other")
    unused = credential("unused")
    live = (*map(applied, (ACME, OTHER, CHAT, unused)), unmanaged(CHAT, "theirs"))
    made = plan(OTHER, moved, live=live)
    assert [one.rule.code for one in made.refusals] == ["AG504"]
    assert planned(made) == ["delete credential/unused"]
    assert [one.split()[1] for one in held(made)] == ["deployment/chat", "credential/acme"]


def test_an_alias_that_a_held_key_lists_is_not_deleted() -> None:
    shop = app_key("shop", models=("chat",))
    twins = tuple(replace(applied(shop), address=letter * 64) for letter in "ab")
    agreed = Approved("remove-alias-in-use", CHAT.key, "ada@example.com", "it moves")
    live = (*twins, *map(applied, (ACME, OTHER, CHAT, EMBED)))
    wanted = app_key("shop", models=("embed",))
    made = plan(ACME, OTHER, EMBED, wanted, live=live, approvals=(agreed,))
    assert [one.rule.code for one in made.refusals] == ["AG505"]
    assert "delete deployment/chat" in held(made)
    assert planned(made) == []


def test_an_adoption_that_finds_nothing_holds_that_key_alone() -> None:
    lost, fine = app_key("lost"), app_key("fine")
    made = plan(ACME, CHAT, lost, fine, adopting=(lost,))
    assert [(one.rule.code, one.scope) for one in made.refusals] == [("AG507", Scope.OBJECT)]
    assert held(made) == ["create key/lost.main"]
    assert "create key/fine.main" in planned(made)


def test_a_deletion_that_nobody_agreed_to_still_refuses_everything() -> None:
    made = plan(ACME, OTHER, EMBED, live=(applied(app_key("shop")), unmanaged(EMBED)))
    scopes = {one.rule.code: one.scope for one in made.refusals}
    assert scopes == {"AG504": Scope.OBJECT, "AG502": Scope.PLAN}
    assert made.is_refused


@pytest.mark.parametrize(
    "live", [(unmanaged(ACME),), (unmanaged(CHAT),)], ids=["credential", "alias"]
)
def test_the_plan_file_keeps_what_is_held(live: tuple[GatewayObject, ...]) -> None:
    made = plan(ACME, OTHER, CHAT, EMBED, live=live)
    assert plan_from_json(plan_to_json(made)) == made


def test_the_next_plan_after_the_rest_was_applied_has_only_what_is_held() -> None:
    first = plan(ACME, OTHER, CHAT, EMBED, live=(unmanaged(CHAT),))
    done = tuple(change.after for change in first.changes if change.after)
    again = plan(ACME, OTHER, CHAT, EMBED, live=(*done, unmanaged(CHAT)))
    assert (planned(again), held(again)) == ([], ["create deployment/chat"])
    last = plan(ACME, OTHER, CHAT, EMBED, live=done)
    assert [(c.action, c.key) for c in last.changes] == [(Action.CREATE, CHAT.key)]
    assert isinstance(last.changes[0].key, ObjectKey)
