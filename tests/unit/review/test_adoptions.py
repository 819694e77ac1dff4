"""A review says whether an adopted key can be used, as far as the published snapshot tells."""

from dataclasses import replace

import pytest

from aspire_gitops.review.value import Review
from aspire_gitops.state import GatewayObject, Holder, KeyFacts, Kind, ObjectKey, Snapshot
from support.catalogs import app
from support.changes import live, reviewed, side, small

ADDRESS = "ab" * 32
BY_HAND = GatewayObject(ObjectKey(Kind.KEY, "postiz"), "postiz", {}, address=ADDRESS)
FINE = KeyFacts(spend=0.0)


def published(facts: KeyFacts | None) -> Snapshot:
    found = live(side(small()), spent={"shared": "1"})
    known = {ADDRESS: facts} if facts else {}
    return replace(found, objects=(*found.objects, BY_HAND), key_facts=known)


def review(facts: KeyFacts | None, **how: bool) -> Review:
    taken = {"name": "web", "key_alias": "postiz", "adopt": how or True}
    return reviewed(small(), small(app("postiz", keys=[taken])), published(facts))


def codes(found: Review) -> list[str]:
    assert found.plan
    return [refusal.rule.code for refusal in found.plan.refusals]


def unsure(found: Review) -> list[str]:
    return [one for one in found.unknown if one.startswith("Whether an adopted key can be used")]


@pytest.mark.parametrize(
    ("facts", "refused", "unknown"),
    [
        pytest.param(FINE, [], 0, id="nothing in the way"),
        pytest.param(KeyFacts(spend=812.4), ["AG509"], 0, id="spent too much"),
        pytest.param(replace(FINE, blocked=True), ["AG511"], 0, id="blocked"),
        pytest.param(replace(FINE, team=Holder("", ("models",))), ["AG510"], 0, id="in a team"),
        pytest.param(replace(FINE, user=Holder("", unread="?")), [], 1, id="of a user not known"),
        pytest.param(None, [], 1, id="an older snapshot"),
    ],
)
def test_a_review_refuses_what_is_known_and_says_what_is_not(
    facts: KeyFacts | None, refused: list[str], unknown: int
) -> None:
    found = review(facts)
    assert (codes(found), len(unsure(found))) == (refused, unknown)


def test_a_reset_lets_it_pass() -> None:
    assert codes(review(KeyFacts(spend=812.4), reset_spend=True)) == []
