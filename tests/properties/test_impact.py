"""What holds for every review."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aspire_gitops.review.value import Effect, Moved, Review
from aspire_gitops.usage import Usage
from aspire_ledger.money import Aud
from support.catalogs import GATEWAY, TODAY, alias, app, budget
from support.changes import Resource, live, reviewed, side, small
from support.sample import examples

NAMES = ["a", "b", "c"]
PRICES = st.decimals("0", "99", places=3).map(str)
COUNTS = st.integers(0, 10**9)


@st.composite
def gateways(draw: st.DrawFn) -> list[Resource]:
    rate = str(draw(st.decimals("0.3", "1.2", places=4)))
    found: list[Resource] = [
        {**GATEWAY, "exchange": {**GATEWAY["exchange"], "usd_per_aud": rate}, "ledger": {}}
    ]
    for name in NAMES:
        prices = {"input_usd_per_million_tokens": draw(PRICES)}
        prices["output_usd_per_million_tokens"] = draw(PRICES)
        found += [alias(name, price=prices), budget(name, monthly_aud=draw(PRICES))]
        wanted = sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1)))
        found.append(app(name, aliases=wanted, budget=draw(st.sampled_from(NAMES))))
    return small(*found)


rows = st.lists(
    st.builds(
        Usage,
        st.just(TODAY),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.integers(1, 99),
        st.decimals("0", "9", places=9).map(Aud),
        input_tokens=COUNTS,
        cached_input_tokens=COUNTS,
        output_tokens=COUNTS,
    ),
    max_size=8,
)


def review(base: list[Resource], head: list[Resource], used: list[Usage]) -> Review:
    snapshot = live(side(base), used, spent=dict.fromkeys(NAMES, "9"))
    return reviewed(base, head, snapshot)


@settings(max_examples=examples(30))
@given(gateways(), rows)
def test_a_revision_beside_itself_means_nothing(base: list[Resource], used: list[Usage]) -> None:
    found = review(base, base, used)
    assert (found.edits, found.aliases, found.apps, found.budgets) == ((), (), (), ())
    assert (found.repriced, found.consents, found.findings) == (None, (), ())
    assert found.uptime
    assert found.uptime.effect is Effect.NONE
    assert found.plan
    assert found.plan.changes == ()


@settings(max_examples=examples(30))
@given(gateways(), gateways(), rows)
def test_totals_are_the_sums_of_their_parts(
    base: list[Resource], head: list[Resource], used: list[Usage]
) -> None:
    found = review(base, head, used)
    if found.repriced:
        assert found.repriced.total == _sum(cost.aud for cost in found.repriced.apps)
        told = {app.name: app.aud for app in found.apps}
        assert all(told[cost.app] == cost.aud for cost in found.repriced.apps)


@settings(max_examples=examples(30))
@given(gateways(), gateways(), rows)
def test_the_way_back_costs_what_the_way_there_saved(
    base: list[Resource], head: list[Resource], used: list[Usage]
) -> None:
    """Nothing depends on which side is called base, where the apps may call the same."""
    callers = [one for one in base if one["kind"] == "App"]
    head = small(*[one for one in head if one["kind"] != "App"], *callers)
    there, back = review(base, head, used).repriced, review(head, base, used).repriced
    if there and back:
        pairs = [(cost.app, cost.aud.before, cost.aud.after) for cost in there.apps]
        turned = [(cost.app, cost.aud.after, cost.aud.before) for cost in back.apps]
        # What one side has no price for cannot be told from calls that nobody counted.
        free = any(price == 0 for price in _prices(base) + _prices(head))
        assert free or pairs == turned


def _prices(resources: list[Resource]) -> list[Decimal]:
    return [
        Decimal(p) for one in resources if one["kind"] == "Alias" for p in one["price"].values()
    ]


def _sum(moves: Any) -> Moved[Aud]:
    moves = list(moves)
    return Moved(
        Aud(sum((move.before or Decimal(0) for move in moves), Decimal(0))),
        Aud(sum((move.after or Decimal(0) for move in moves), Decimal(0))),
    )
