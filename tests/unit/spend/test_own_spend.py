"""LiteLLM's own spend of a key is held against the ledger's where both count the same month."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from aspire_gitops.planning import with_resets
from aspire_gitops.planning.make import make_plan
from aspire_gitops.spend import OwnSpend, Verdict, own_spends, usd_text
from aspire_gitops.state import GatewayObject, KeyFacts, Snapshot
from aspire_ledger.canonical import JsonValue
from support.objects import OWNER, app_key, applied, compiled, snapshot, unmanaged

ADDRESS = "ab" * 32
MONTH_END = datetime(2026, 11, 30, 13, tzinfo=UTC)  # of November, in Sydney
COUNTED: Mapping[str, JsonValue] = {
    "metadata.budget": "shops",
    "metadata.monthly_aud": "100",
    "metadata.timezone": "Australia/Sydney",
    "metadata.budget_mode": "fair",
}
HIGH, LOW = Verdict.HIGH, Verdict.LOW


def key(**fields: JsonValue) -> GatewayObject:
    item = app_key("shop")
    wanted = replace(item, fields={**item.fields, **COUNTED, **fields})
    return replace(applied(wanted), address=ADDRESS)


def gateway(
    spend: float | None,
    booked: str | None = "5",
    *,
    max_budget: float | None = 100.0,
    resets_at: datetime | None = MONTH_END,
    spent_aud: str = "8",
    item: GatewayObject | None = None,
) -> Snapshot:
    facts = KeyFacts(spend=spend, max_budget=max_budget, resets_at=resets_at)
    return replace(
        snapshot(item or key()),
        key_facts={ADDRESS: facts},
        spent={"shops": spent_aud},
        booked=None if booked is None else {"shop.main": Decimal(booked)},
    )


def verdicts(live: Snapshot) -> list[Verdict]:
    return [one.verdict for one in own_spends(live, OWNER)]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(gateway(5.0), [], id="the same"),
        pytest.param(gateway(15.0), [], id="above by the margin"),
        pytest.param(gateway(15.01), [HIGH], id="above by more than the margin"),
        pytest.param(gateway(100.0, "99"), [HIGH], id="it refuses, and the ledger has room"),
        pytest.param(gateway(100.0, "100"), [], id="the ledger has as much: LiteLLM is right"),
        pytest.param(gateway(1e300), [HIGH], id="an absurd spend"),
        pytest.param(gateway(100.0, spent_aud="100"), [], id="the budget itself is spent"),
        pytest.param(gateway(100.0, spent_aud="99.99"), [HIGH], id="a cent of the budget is left"),
        pytest.param(gateway(5.0, "15"), [], id="below by the margin"),
        pytest.param(gateway(5.0, "15.01"), [LOW], id="below by more than the margin"),
        pytest.param(gateway(-1e300), [LOW], id="an absurd spend below zero"),
        pytest.param(gateway(0.0, "15", spent_aud="100"), [LOW], id="blind, the budget spent"),
        pytest.param(gateway(None), [], id="no amount"),
        pytest.param(gateway(50.0, None), [], id="nobody asked the ledger"),
        pytest.param(gateway(50.0, max_budget=None), [], id="a key without a cap"),
        pytest.param(gateway(50.0, max_budget=0.0), [], id="a key that may spend nothing"),
        pytest.param(gateway(50.0, resets_at=None), [], id="no period"),
        pytest.param(
            gateway(50.0, resets_at=datetime(2026, 10, 31, 13, tzinfo=UTC)),
            [],
            id="the month turned, and LiteLLM did not reset yet",
        ),
        pytest.param(
            gateway(50.0, resets_at=datetime(2026, 12, 1, tzinfo=UTC)),
            [],
            id="LiteLLM turns months in another timezone",
        ),
        pytest.param(
            gateway(50.0, item=key(**{"metadata.timezone": "Mars/Olympus"})), [], id="no timezone"
        ),
        pytest.param(gateway(50.0, item=unmanaged(key(), ADDRESS)), [], id="not ours"),
    ],
)
def test_a_key_is_told_when_the_two_are_too_far_apart(
    live: Snapshot, expected: list[Verdict]
) -> None:
    assert verdicts(live) == expected


def test_a_key_that_the_ledger_does_not_count_is_not_compared() -> None:
    item = key()
    fields = {path: v for path, v in item.fields.items() if path != "metadata.budget_mode"}
    assert verdicts(gateway(50.0, item=replace(item, fields=fields))) == []


def test_a_key_of_which_the_ledger_has_nothing_counts_as_zero_there() -> None:
    live = replace(gateway(50.0), booked={})
    assert own_spends(live, OWNER) == (
        OwnSpend(key().key, ADDRESS, Decimal("50.0"), Decimal(0), Decimal("100.0"), HIGH),
    )


def test_a_plan_warns_of_both_and_writes_neither() -> None:
    for live, said in ((gateway(50.0), "refuses its app"), (gateway(1.0, "50"), "does not see")):
        made = make_plan(compiled(key()), live, owner=OWNER, evidence={})
        assert len([one for one in made.warnings if said in one]) == 1
        assert not [f for change in made.changes for f in change.fields if f.path == "spend"]


def test_a_key_that_a_plan_changes_anyway_is_reset_in_the_next_turn() -> None:
    live = gateway(50.0)
    wanted = compiled(replace(key(rpm_limit=5), mark=None, address=None))
    made = make_plan(wanted, live, owner=OWNER, evidence={})
    assert len(made.changes) == 1
    assert with_resets(made, live, own_spends(live, OWNER)) == made


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        pytest.param("1234.5", "1,234.50", id="thousands"),
        pytest.param("0.0001", "0.0001", id="a hundredth of a cent"),
        pytest.param("0.00001", "0.00", id="less than that"),
        pytest.param("-5", "-5.00", id="below zero"),
        pytest.param("1e300", "1.000e+300", id="absurd"),
    ],
)
def test_amounts_are_short_whatever_they_are(amount: str, expected: str) -> None:
    assert usd_text(Decimal(amount)) == expected
