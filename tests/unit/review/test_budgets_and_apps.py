"""Caps, cap dates and the apps behind them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from aspire_gitops.review.value import Edit, Moved
from aspire_gitops.spend import Reach
from support.catalogs import GATEWAY, TODAY, alias, app, budget
from support.changes import codes, fortnight, live, reviewed, side, small, without

DEARER = alias(price={"input_usd_per_million_tokens": "12", "output_usd_per_million_tokens": "60"})
LEDGER = {**GATEWAY, "ledger": {}}
ROWS = fortnight(input_tokens=500_000, output_tokens=250_000, aud=Decimal("3.23"))


def uplift(last_day: str) -> dict[str, Any]:
    return {
        "aud": "50",
        "reason": "An import.",
        "owner": "platform@example.com",
        "expires": last_day,
    }


@pytest.mark.parametrize(
    ("before", "after", "cap"),
    [
        pytest.param({}, {"monthly_aud": "90"}, (180, 90), id="lowered"),
        pytest.param({}, {"uplift": uplift("2026-11-23")}, (180, 230), id="raised, until today"),
        pytest.param({}, {"uplift": uplift("2026-11-22")}, (180, 180), id="raised until yesterday"),
        pytest.param(
            {"uplift": uplift("2026-11-30")}, {}, (230, 180), id="an uplift is taken back"
        ),
    ],
)
def test_a_cap_counts_with_the_uplift_of_today(
    before: dict[str, Any], after: dict[str, Any], cap: tuple[int, int]
) -> None:
    (found,) = reviewed(small(budget(**before)), small(budget(**after))).budgets
    assert found.cap == Moved(*map(Decimal, cap))


def test_dearer_calls_move_the_cap_date() -> None:
    before = small()
    review = reviewed(before, small(DEARER), live(side(before), ROWS, spent={"shared": "100"}))
    (found,) = review.budgets
    assert found.cap == Moved(Decimal(180), Decimal(180))
    assert found.reach
    assert found.reach.before
    assert found.reach.after
    assert (found.reach.before.reach, found.reach.after.reach) == (
        Reach.NOT_THIS_MONTH,
        Reach.LIKELY,
    )
    # An hour of today is left, then 32.30 AUD a day: 80 AUD are gone on the third.
    assert found.reach.after.likely == TODAY + timedelta(days=3)
    assert codes(review) == ["AG537", "AG525"]


@pytest.mark.parametrize(
    ("spent", "rows"),
    [
        pytest.param({"shared": "1"}, fortnight(), id="far from the cap either way"),
        pytest.param({"shared": "180"}, ROWS, id="spent either way"),
        pytest.param({}, ROWS, id="nobody knows what is spent"),
        pytest.param({"shared": "100"}, [], id="nobody called"),
    ],
)
def test_a_budget_whose_date_does_not_move_is_not_told_of(
    spent: dict[str, str], rows: list[Any]
) -> None:
    before = small()
    assert reviewed(before, small(DEARER), live(side(before), rows, spent=spent)).budgets == ()


def test_a_cap_below_the_spend_stops_its_apps_at_once() -> None:
    before, after = small(LEDGER), small(LEDGER, budget(monthly_aud="20"))
    review = reviewed(before, after, live(side(before), spent={"shared": "25.5"}))
    assert review.budgets[0].stops_at_once
    assert review.apps[0].stops == (
        'budget "shared" is 20.00 AUD, and 25.50 AUD are spent this month'
    )
    assert codes(review) == ["AG508"]  # the refusal tells it; it is not told twice
    assert not review.ok


def test_who_agreed_is_still_warned() -> None:
    approval = {
        "kind": "Approval",
        "name": "stop",
        "change": "lower-cap-below-spend",
        "object": "key/agents.default",
        "reason": "It ran away.",
        "owner": "boss@example.com",
        "expires": "2026-12-01",
    }
    before, after = small(LEDGER), small(LEDGER, budget(monthly_aud="20"), approval)
    review = reviewed(before, after, live(side(before), spent={"shared": "25.5"}))
    assert codes(review) == ["AG526"]
    assert review.ok


KEY = {"name": "default", "deliver": {"file": "/var/lib/keys/default"}}


@pytest.mark.parametrize(
    ("head", "through", "expected"),
    [
        pytest.param([app(description="New words.")], (), [], id="its own file"),
        pytest.param([budget(monthly_aud="200")], ("budget/shared",), [], id="its budget"),
        pytest.param([DEARER], ("alias/qwen-chat",), ["AG537"], id="an alias that it calls"),
        pytest.param(
            [DEARER, budget(monthly_aud="200")],
            ("alias/qwen-chat", "budget/shared"),
            ["AG537"],
            id="both",
        ),
        pytest.param([budget("empty", monthly_aud="0"), app(budget="empty")], (), ["AG527"],
                     id="a budget of nothing"),
        pytest.param([budget(monthly_aud="0")], ("budget/shared",), ["AG526"],
                     id="its budget becomes nothing"),
        pytest.param([app(keys=[{**KEY, "name": "other"}])], (), ["AG529"],
                     id="another key"),
    ],
)  # fmt: skip
def test_what_touches_an_app(
    head: list[Any], through: tuple[str, ...], expected: list[str]
) -> None:
    review = reviewed(small(), small(*head))
    (found,) = review.apps
    assert (found.through[: len(through)], codes(review)) == (through, expected)


def test_an_app_that_nothing_touches_is_not_told_of() -> None:
    others = [app("other", aliases=["b"], budget="own"), alias("b"), budget("own")]
    assert [a.name for a in reviewed(small(*others), small(*others, DEARER)).apps] == ["agents"]


def test_a_removed_app_loses_everything() -> None:
    review = reviewed(small(), without(small(), "App/agents"))
    (found,) = review.apps
    assert (found.edit, found.aliases_lost, found.keys_lost) == (
        Edit.REMOVED,
        ("qwen-chat",),
        ("default",),
    )
    assert found.stops == "it is removed, and its keys are deleted"
    assert codes(review) == ["AG502", "AG528"]  # nobody agreed to delete its last key


def test_what_an_app_may_call_is_told_apart() -> None:
    before = small(alias("b"), alias("c"), app(aliases=["qwen-chat", "b"]))
    after = small(alias("b"), alias("c"), app(aliases=["qwen-chat", "c"]))
    (found,) = reviewed(before, after).apps
    assert (found.aliases_lost, found.aliases_gained) == (("b",), ("c",))
