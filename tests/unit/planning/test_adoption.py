"""A key is adopted only if its app can go on calling afterwards, and a spend that is reset says so."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.planning import FieldChange, Plan, addresses_to_adopt, without_unverified
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Holder, Intent, KeyFacts, Snapshot
from support.objects import OWNER, app_key, applied, compiled, snapshot, unmanaged

KEY = app_key("postiz")  # its cap becomes 65.12 US dollars
ADDRESS = "ab" * 32
PLACE = "gateway.d/apps/postiz.yaml"
TAKEN = Intent(adopt=True, source=PLACE)
RESET = Intent(adopt=True, reset_spend=True, source=PLACE)
FINE = KeyFacts(spend=3.5)


def seen(facts: KeyFacts | None = FINE, booked: dict[str, str] | None = None) -> Snapshot:
    """Return a gateway that has the key, made by hand."""
    return replace(
        snapshot(unmanaged(KEY, ADDRESS)),
        key_facts={ADDRESS: facts} if facts else {},
        booked=booked if booked is None else {k: Decimal(usd) for k, usd in booked.items()},
    )


def plan(live: Snapshot, intent: Intent = TAKEN, *, has_ledger: bool = False) -> Plan:
    made = compiled(KEY, intents={KEY.key: intent})
    target = replace(made.gateway, has_ledger=has_ledger)
    return make_plan(replace(made, gateway=target), live, owner=OWNER, evidence={})


def codes(made: Plan) -> list[str]:
    return [refusal.rule.code for refusal in made.refusals]


def reset_in(made: Plan) -> list[FieldChange]:
    [change] = made.changes
    return [field for field in change.fields if field.path == "spend"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(FINE, [], id="nothing in the way"),
        pytest.param(KeyFacts(spend=65.11), [], id="a cent is left"),
        pytest.param(KeyFacts(spend=65.12), ["AG509"], id="spent as much as the cap"),
        pytest.param(KeyFacts(spend=812.4), ["AG509"], id="spent more than the cap"),
        pytest.param(KeyFacts(spend=1e300), ["AG509"], id="an absurd spend"),
        pytest.param(KeyFacts(spend=-5.0), [], id="a spend below zero"),
        pytest.param(KeyFacts(spend=None), ["AG512"], id="a spend that is no amount"),
        pytest.param(replace(FINE, limits=("budget_limits",)), ["AG510"], id="limits of its own"),
        pytest.param(replace(FINE, team=Holder("t", ())), [], id="a team without limits"),
        pytest.param(replace(FINE, team=Holder("t", ("models",))), ["AG510"], id="a limited team"),
        pytest.param(replace(FINE, user=Holder("u", ())), [], id="a user without limits"),
        pytest.param(replace(FINE, user=Holder("u", ("rpm_limit",))), ["AG510"], id="limited user"),
        pytest.param(replace(FINE, team=Holder("t", unread="403")), ["AG512"], id="no right"),
        pytest.param(replace(FINE, user=Holder("u")), ["AG512"], id="a user nobody asked about"),
        pytest.param(replace(FINE, blocked=True), ["AG511"], id="blocked"),
        pytest.param(replace(FINE, expires="2020-01-01T00:00:00+00:00"), ["AG511"], id="expired"),
        pytest.param(replace(FINE, expires="2999-01-01T00:00:00+00:00"), ["AG511"], id="expiring"),
        pytest.param(None, ["AG512"], id="a snapshot that does not tell"),
    ],
)
def test_what_may_stop_a_key_refuses_its_adoption(
    facts: KeyFacts | None, expected: list[str]
) -> None:
    assert codes(plan(seen(facts))) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(KeyFacts(spend=812.4), [], id="spent too much"),
        pytest.param(KeyFacts(spend=812.4, blocked=True), ["AG511"], id="and blocked"),
        pytest.param(KeyFacts(spend=812.4, expires="2999-01-01"), ["AG511"], id="and expiring"),
        pytest.param(
            KeyFacts(spend=812.4, team=Holder("t", ("models",))), ["AG510"], id="in a team"
        ),
        pytest.param(KeyFacts(spend=812.4, user=Holder("u")), ["AG512"], id="of a user not read"),
    ],
)
def test_a_reset_lifts_the_refusal_for_spend_and_no_other(
    facts: KeyFacts, expected: list[str]
) -> None:
    assert codes(plan(seen(facts), RESET)) == expected


@pytest.mark.parametrize(
    ("spend", "booked", "expected"),
    [
        pytest.param(812.4, None, [(812.4, 0)], id="without a ledger"),
        pytest.param(812.4, {}, [(812.4, 0)], id="the ledger has nothing"),
        pytest.param(812.4, {"postiz.main": "3.25"}, [(812.4, 3.25)], id="the ledger has some"),
        pytest.param(
            812.4,
            {"postiz.main": "1.00000000000000001"},
            [(812.4, 1.00000000000001)],
            id="never rounded below what the ledger has",
        ),
        pytest.param(812.4, {"postiz.main": "-4"}, [(812.4, 0)], id="a correction below zero"),
        pytest.param(3.0, {"postiz.main": "3.25"}, [], id="it is below that already"),
        pytest.param(0.0, {}, [], id="it never spent anything"),
    ],
)
def test_a_spend_goes_back_to_what_the_ledger_has(
    spend: float, booked: dict[str, str] | None, expected: list[tuple[float, float]]
) -> None:
    found = reset_in(plan(seen(KeyFacts(spend=spend), booked), RESET))
    assert [(field.before, field.after) for field in found] == expected


def test_without_the_word_no_spend_is_reset() -> None:
    assert reset_in(plan(seen(KeyFacts(spend=40.0)))) == []


def test_a_key_for_which_the_ledger_has_more_than_the_cap_is_refused_either_way() -> None:
    made = plan(seen(KeyFacts(spend=812.4), {"postiz.main": "70"}), RESET)
    assert codes(made) == ["AG509"]
    assert "the ledger has 70.00 USD for it this month already" in made.refusals[0].message


def test_a_refusal_names_the_place_the_figures_and_the_way_out() -> None:
    [refusal] = plan(seen(KeyFacts(spend=812.4))).refusals
    assert refusal.object == "key/postiz.main"
    assert refusal.message == (
        f'{PLACE} adopts the key "postiz.main": LiteLLM has counted 812.40 USD for it, and its cap'
        " becomes 65.12 USD: LiteLLM would refuse each call of its app at once"
    )
    assert "`adopt: {reset_spend: true}`" in refusal.help


def test_a_refusal_names_the_team_and_what_is_set_there() -> None:
    facts = replace(FINE, team=Holder("growth", ("max_budget", "models")))
    [refusal] = plan(seen(facts)).refusals
    assert 'team "growth", which has limits of its own: max_budget and models' in refusal.message


@pytest.mark.parametrize(
    ("has_ledger", "booked", "warns"),
    [
        pytest.param(True, None, True, id="there is one, and nobody asked it"),
        pytest.param(True, {}, False, id="it was asked"),
        pytest.param(False, None, False, id="there is none"),
    ],
)
def test_a_reset_that_does_not_know_the_ledger_warns(
    *, has_ledger: bool, booked: dict[str, str] | None, warns: bool
) -> None:
    made = plan(seen(KeyFacts(spend=812.4), booked), RESET, has_ledger=has_ledger)
    assert any("nobody asked the ledger" in warning for warning in made.warnings) == warns


def test_a_plan_file_keeps_the_reset() -> None:
    made = plan(seen(KeyFacts(spend=812.4)), RESET)
    assert plan_from_json(plan_to_json(made)) == made


def test_a_reset_gives_a_plan_an_id_of_its_own() -> None:
    facts = KeyFacts(spend=0.0)
    assert plan(seen(facts), RESET).id != plan(seen(facts), TAKEN).id


def test_only_keys_that_are_to_be_adopted_are_asked_about() -> None:
    other = unmanaged(app_key("blog"), "cd" * 32)
    ours = replace(applied(app_key("shop")), address="ef" * 32)
    live = snapshot(unmanaged(KEY, ADDRESS), other, ours)
    made = compiled(KEY, app_key("shop"), intents={KEY.key: TAKEN, ours.key: TAKEN})
    assert addresses_to_adopt(made, live, OWNER) == {ADDRESS}


def test_what_a_stored_snapshot_cannot_tell_is_said_and_not_refused() -> None:
    facts = KeyFacts(spend=812.4, user=Holder("", unread="the snapshot does not tell"))
    kept, untold = without_unverified(plan(seen(facts)))
    assert codes(kept) == ["AG509"]
    [sentence] = untold
    assert sentence.startswith("key/postiz.main: ")
