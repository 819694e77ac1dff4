"""A cap goes below what is spent only if somebody agreed to it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Approved, GatewayObject, Kind, ObjectKey
from aspire_ledger.canonical import JsonValue
from support.objects import OWNER, app_key, applied, changed, compiled, snapshot

UNTIL = "2026-11-30T00:00:00+11:00"  # after the moment of the snapshot
MAIN = ObjectKey(Kind.KEY, "shop.main")


def key(
    cap: str, app: str = "shop", budget: str = "shops", extra: Mapping[str, JsonValue] | None = None
) -> GatewayObject:
    """Return an app's key with a cap, counted by the ledger."""
    fields: dict[str, JsonValue] = {
        "metadata.budget": budget,
        "metadata.monthly_aud": cap,
        "metadata.timezone": "Australia/Sydney",
        "metadata.budget_mode": "fair",
    }
    item = app_key(app)
    return replace(item, fields={**item.fields, **fields, **(extra or {})})


def plan(
    wanted: GatewayObject,
    live: GatewayObject,
    spent: Mapping[str, str],
    approvals: tuple[Approved, ...] = (),
) -> Plan:
    seen = replace(snapshot(live), spent=spent)
    return make_plan(compiled(wanted, approvals=approvals), seen, owner=OWNER, evidence={})


def codes(made: Plan) -> list[str]:
    return [refusal.rule.code for refusal in made.refusals]


@pytest.mark.parametrize(
    ("before", "after", "spent", "expected"),
    [
        pytest.param("180", "100", "100.01", ["AG508"], id="a cent too low"),
        pytest.param("180", "100", "100", [], id="exactly what is spent"),
        pytest.param("180", "100", "20", [], id="above what is spent"),
        pytest.param("50", "100", "120", [], id="raised, though still below what is spent"),
        pytest.param("180", "100", "no amount", [], id="a ledger's answer that makes no sense"),
    ],
)
def test_lowering_a_cap(before: str, after: str, spent: str, expected: list[str]) -> None:
    assert codes(plan(key(after), applied(key(before)), {"shops": spent})) == expected


def test_what_another_budget_spent_does_not_matter() -> None:
    assert codes(plan(key("100"), applied(key("180")), {"others": "500", "shops": "5"})) == []


def test_an_uplift_that_git_takes_away_lowers_the_cap() -> None:
    uplift: dict[str, JsonValue] = {"metadata.uplift_aud": "80", "metadata.uplift_until": UNTIL}
    made = plan(key("100"), applied(key("100", extra=uplift)), {"shops": "150"})
    assert codes(made) == ["AG508"]


def test_an_uplift_that_lasts_counts_as_cap() -> None:
    uplift: dict[str, JsonValue] = {"metadata.uplift_aud": "80", "metadata.uplift_until": UNTIL}
    assert codes(plan(key("100", extra=uplift), applied(key("170")), {"shops": "175"})) == []


def test_a_cap_that_was_raised_by_hand_goes_back_whatever_is_spent() -> None:
    live = changed(applied(key("100")), metadata__monthly_aud="900")
    made = plan(key("100"), live, {"shops": "500"})
    assert (len(made.changes), codes(made)) == (1, [])


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        pytest.param("lower-cap-below-spend", "shop.main", [], id="it names the key"),
        pytest.param("lower-cap-below-spend", "till.main", ["AG508"], id="it names another budget's key"),
        pytest.param("delete", "shop.main", ["AG508"], id="it agrees to something else"),
    ],
)  # fmt: skip
def test_an_approval(change: str, name: str, expected: list[str]) -> None:
    agreed = Approved(change, ObjectKey(Kind.KEY, name), "mia@aspire", "it ran away")
    made = plan(key("100"), applied(key("180")), {"shops": "150"}, (agreed,))
    assert codes(made) == expected


def test_one_refusal_speaks_for_all_keys_of_a_budget() -> None:
    wanted = compiled(key("100"), key("100", "till"))
    live = replace(
        snapshot(applied(key("180")), applied(key("180", "till"))), spent={"shops": "150"}
    )
    assert codes(make_plan(wanted, live, owner=OWNER, evidence={})) == ["AG508"]


def test_the_refusal_says_what_to_do() -> None:
    [refusal] = plan(key("100"), applied(key("180")), {"shops": "150.5"}).refusals
    assert refusal.object == "key/shop.main"
    assert "goes down to 100.00 AUD, and 150.50 AUD is spent" in refusal.message
    assert "`change: lower-cap-below-spend` and `object: key/shop.main`" in refusal.help


def test_unknown_spend_is_a_warning_and_no_guess() -> None:
    made = plan(key("100"), applied(key("180")), {})
    assert codes(made) == []
    assert "nobody asked the ledger" in made.warnings[0]


def test_without_a_ledger_nobody_is_warned() -> None:
    bare = key("100", extra={"metadata.budget_mode": None})
    fields = {path: value for path, value in bare.fields.items() if value is not None}
    assert plan(replace(bare, fields=fields), applied(key("180")), {}).warnings == ()


def test_what_is_spent_does_not_move_the_digest() -> None:
    live = snapshot(applied(key("180")))
    assert replace(live, spent={"shops": "1"}).digest == live.digest
