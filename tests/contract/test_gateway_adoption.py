"""What LiteLLM tells of a key that somebody made by hand, and what becomes of it when it is adopted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aspire_gitops.applying import Outcome, apply_plan
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.planning import Plan, addresses_to_adopt
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled, Intent, KeyFacts, Kind
from aspire_gitops.vocabulary import GatewayRejected
from support.fake_gateway_subject import Subject, fresh
from support.objects import IN_TEMPORARY, OWNER, app_key, compiled

CAP: dict[str, Any] = {"max_budget": 10.0, "budget_duration": "1mo"}


def facts(gateway: Subject, address: str) -> KeyFacts:
    """Return what a snapshot tells of a key, its team and its user asked about."""

    async def work(client: GatewayClient) -> KeyFacts:
        found = await client.read_holders(await client.read_snapshot(), {address})
        return found.key_facts[address]

    return gateway.using(work)


def wanting(alias: str, *, models: tuple[str, ...] = ("m",), reset: bool = False) -> Compiled:
    """Return files that adopt the key of this alias under a cap of 10 US dollars."""
    wanted = replace(app_key(fresh("app"), models=models, **CAP), handle=alias)
    return compiled(wanted, intents={wanted.key: Intent(adopt=True, reset_spend=reset)})


def plan(gateway: Subject, wanted: Compiled) -> Plan:
    """Plan the key alone: the gateway is shared, and other tests' objects are no concern."""

    async def work(client: GatewayClient) -> Plan:
        found = await client.read_snapshot()
        handles = {item.handle for item in wanted.objects.values()}
        found = replace(found, objects=tuple(o for o in found.objects if o.handle in handles))
        adopted = addresses_to_adopt(wanted, found, OWNER)
        known = await client.read_holders(found, adopted)
        return make_plan(wanted, known, owner=OWNER, evidence={})

    return gateway.using(work)


def apply(gateway: Subject, made: Plan) -> Outcome:
    async def work(client: GatewayClient) -> Outcome:
        return await apply_plan(made, client, {}, IN_TEMPORARY)

    return gateway.using(work)


def serve(gateway: Subject, model: str) -> None:
    """Let the stand-in provider answer under a name, at prices that count."""
    prices: dict[str, Any] = {"input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06}
    base = f"{gateway.upstream_url}/{model}/v1"
    gateway.new_model(model, api_key="fake", api_base=base, **prices)


def codes(made: Plan) -> list[str]:
    return [refusal.rule.code for refusal in made.refusals]


# ── what is told ─────────────────────────────────────────────────────────────


def test_a_snapshot_tells_what_a_key_has_spent_and_when_that_ends(gateway: Subject) -> None:
    _, address = gateway.new_key(key_alias=fresh("k"), spend=7.5, **CAP)
    found = facts(gateway, address)
    assert (found.spend, found.max_budget) == (7.5, 10.0)
    assert found.resets_at
    assert (found.resets_at.day, found.resets_at.minute) == (1, 0)
    assert (found.team, found.user, found.limits, found.expires) == (None, None, (), None)


def test_a_spend_that_moves_changes_no_digest(gateway: Subject) -> None:
    _, address = gateway.new_key(key_alias=fresh("k"), spend=7.5, **CAP)
    before = gateway.snapshot()
    gateway.tell("POST", f"/key/{address}/reset_spend", {"reset_to": 1})
    after = gateway.snapshot()
    assert (before.digest, after.key_facts[address].spend) == (after.digest, 1.0)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({}, (), id="none"),
        pytest.param({"models": ["all-proxy-models"]}, (), id="every model"),
        pytest.param({"max_budget": 5}, ("max_budget",), id="a budget"),
        pytest.param({"models": ["x"]}, ("models",), id="models"),
        pytest.param(
            {"rpm_limit": 1, "tpm_limit": 9}, ("rpm_limit", "tpm_limit"), id="rate limits"
        ),
        pytest.param({"blocked": True}, ("blocked",), id="blocked"),
        pytest.param(
            {"metadata": {"model_rpm_limit": {"x": 1}, "note": "ours"}},
            ("metadata.model_rpm_limit",),
            id="in its metadata",
        ),
    ],
)
def test_what_limits_a_team_is_told(
    gateway: Subject, limits: Mapping[str, Any], expected: tuple[str, ...]
) -> None:
    team = gateway.tell("POST", "/team/new", {"team_alias": fresh("t"), **limits})["team_id"]
    _, address = gateway.new_key(key_alias=fresh("k"), team_id=team)
    holder = facts(gateway, address).team
    assert holder
    assert (holder.id, holder.limits) == (team, expected)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({}, (), id="none"),
        pytest.param({"user_role": "internal_user"}, (), id="the usual role"),
        pytest.param({"user_role": "internal_user_viewer"}, ("user_role",), id="a role that looks"),
        pytest.param({"max_budget": 5}, ("max_budget",), id="a budget"),
        pytest.param({"models": ["x"]}, ("models",), id="models"),
        pytest.param({"rpm_limit": 1}, ("rpm_limit",), id="a rate limit"),
    ],
)
def test_what_limits_a_user_is_told(
    gateway: Subject, limits: Mapping[str, Any], expected: tuple[str, ...]
) -> None:
    user = fresh("u")
    gateway.tell("POST", "/user/new", {"user_id": user, "auto_create_key": False, **limits})
    _, address = gateway.new_key(key_alias=fresh("k"), user_id=user)
    holder = facts(gateway, address).user
    assert holder
    assert (holder.id, holder.limits) == (user, expected)


def test_a_user_that_nobody_made_limits_nothing(gateway: Subject) -> None:
    _, address = gateway.new_key(key_alias=fresh("k"), user_id=fresh("nobody"))
    holder = facts(gateway, address).user
    assert holder
    assert holder.limits == ()


def test_windows_of_its_own_are_told(gateway: Subject) -> None:
    windows = [{"budget_duration": "1d", "max_budget": 5}]
    _, address = gateway.new_key(key_alias=fresh("k"), budget_limits=windows)
    assert facts(gateway, address).limits == ("budget_limits",)


def test_a_blocked_and_an_ending_key_are_told(gateway: Subject) -> None:
    value, address = gateway.new_key(key_alias=fresh("k"), duration="30d")
    gateway.tell("POST", "/key/block", {"key": value})
    found = facts(gateway, address)
    assert (found.blocked, bool(found.expires)) == (True, True)


# ── the reset ────────────────────────────────────────────────────────────────


def test_a_spend_is_set_back_and_never_raised(gateway: Subject) -> None:
    _, address = gateway.new_key(key_alias=fresh("k"), spend=7.5, **CAP)
    gateway.using(lambda client: client.reset_spend(Kind.KEY, address, 1.25))
    assert gateway.using(lambda client: client.spend_of(Kind.KEY, address)) == 1.25
    with pytest.raises(GatewayRejected, match="400"):
        gateway.using(lambda client: client.reset_spend(Kind.KEY, address, 2.5))
    assert gateway.using(lambda client: client.spend_of(Kind.KEY, address)) == 1.25


def test_a_key_that_is_not_there_has_no_spend_to_reset(gateway: Subject) -> None:
    assert gateway.using(lambda client: client.spend_of(Kind.KEY, "0" * 64)) is None
    with pytest.raises(GatewayRejected, match="404"):
        gateway.using(lambda client: client.reset_spend(Kind.KEY, "0" * 64, 0))


def test_a_budget_of_its_own_goes_with_the_adoption(gateway: Subject) -> None:
    alias = fresh("k")
    _, address = gateway.new_key(key_alias=alias, soft_budget=3)
    assert gateway.key_row(address)["budget_id"] or gateway.fake
    made = plan(gateway, wanting(alias))
    assert (codes(made), apply(gateway, made).ok) == ([], True)
    assert gateway.key_row(address)["budget_id"] is None


# ── adopting ─────────────────────────────────────────────────────────────────


def test_an_overspent_key_is_refused_and_taken_with_a_reset(gateway: Subject) -> None:
    alias = fresh("k")
    _, address = gateway.new_key(key_alias=alias, spend=812.4)
    assert codes(plan(gateway, wanting(alias))) == ["AG509"]
    made = plan(gateway, wanting(alias, reset=True))
    assert apply(gateway, made).ok
    row = gateway.key_row(address)
    assert (row["spend"], row["max_budget"], "aspire_gitops" in row["metadata"]) == (0, 10, True)


def test_whose_the_key_is_refuses_its_adoption(gateway: Subject) -> None:
    alias, user = fresh("k"), fresh("u")
    team = gateway.tell("POST", "/team/new", {"team_alias": fresh("t"), "models": ["x"]})["team_id"]
    gateway.tell("POST", "/user/new", {"user_id": user, "auto_create_key": False, "rpm_limit": 1})
    gateway.new_key(key_alias=alias, team_id=team, user_id=user)
    assert codes(plan(gateway, wanting(alias, reset=True))) == ["AG510", "AG510"]


@pytest.mark.parametrize("fields", [{"blocked": True}, {"duration": "30d"}, {"duration": "1s"}])
def test_a_key_that_is_off_is_refused(gateway: Subject, fields: dict[str, Any]) -> None:
    alias = fresh("k")
    _, address = gateway.new_key(key_alias=alias, **fields)
    if "blocked" in fields:
        gateway.tell("POST", "/key/block", {"key": address})
    assert codes(plan(gateway, wanting(alias, reset=True))) == ["AG511"]


@pytest.mark.real
def test_the_app_of_an_overspent_key_calls_at_once(real_subject: Subject) -> None:
    gateway, model, alias = real_subject, fresh("m"), fresh("k")
    serve(gateway, model)
    value, _ = gateway.new_key(key_alias=alias, spend=812.4, max_budget=1000, models=[model])
    chat = {"model": model, "messages": [{"role": "user", "content": "ping"}], "max_tokens": 5}
    assert gateway.ask("POST", "/v1/chat/completions", chat, key=value)[0] == 200
    made = plan(gateway, wanting(alias, models=(model,), reset=True))
    assert apply(gateway, made).ok
    status, reply = gateway.ask("POST", "/v1/chat/completions", chat, key=value)
    assert (status, reply.get("error")) == (200, None)


@pytest.mark.real
def test_without_the_reset_the_app_would_be_refused_at_once(real_subject: Subject) -> None:
    """What AG509 keeps from happening."""
    gateway, model, alias = real_subject, fresh("m"), fresh("k")
    serve(gateway, model)
    value, _ = gateway.new_key(key_alias=alias, spend=812.4, max_budget=1000, models=[model])
    refused = plan(gateway, wanting(alias, models=(model,)))
    held = tuple(one.change for one in refused.held)
    made = replace(refused, refusals=(), held=(), changes=(*refused.changes, *held))
    assert apply(gateway, made).ok
    chat = {"model": model, "messages": [{"role": "user", "content": "ping"}], "max_tokens": 5}
    assert gateway.ask("POST", "/v1/chat/completions", chat, key=value)[0] == 422


@pytest.mark.real
def test_who_may_not_read_teams_and_users_cannot_adopt_their_keys(real_subject: Subject) -> None:
    gateway, alias, admin = real_subject, fresh("k"), fresh("admin")
    team = gateway.tell("POST", "/team/new", {"team_alias": fresh("t")})["team_id"]
    gateway.new_key(key_alias=alias, team_id=team, user_id=fresh("u"))
    body = {"user_id": admin, "user_role": "proxy_admin", "auto_create_key": False}
    gateway.tell("POST", "/user/new", body)
    routes = ["/health/readiness/details", "/credentials", "/v1/models", "/v2/model/info", "/key/*"]
    key, _ = gateway.new_key(user_id=admin, allowed_routes=routes, models=["no-default-models"])
    narrow = replace(gateway, key=key)
    assert codes(plan(narrow, wanting(alias))) == ["AG512", "AG512"]
    assert codes(plan(gateway, wanting(alias))) == []


def test_a_stranger_is_not_asked_about(gateway: Subject) -> None:
    """A look at the gateway costs no call for each team and user that there is."""
    team = gateway.tell("POST", "/team/new", {"team_alias": fresh("t"), "models": ["x"]})["team_id"]
    _, address = gateway.new_key(key_alias=fresh("k"), team_id=team)
    holder = gateway.snapshot().key_facts[address].team
    assert holder
    assert (holder.limits, holder.unread) == (None, "")
