"""The Approvals that a plan needs, and who gave them."""

from typing import Any

import pytest

from aspire_gitops.review.value import Consent
from support.catalogs import GATEWAY, alias, app, budget
from support.changes import live, reviewed, side, small, without

LEDGER = {**GATEWAY, "ledger": {}}


def approval(change: str, object_: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "Approval",
        "name": "agreed",
        "change": change,
        "object": object_,
        "reason": "It is meant.",
        "owner": "boss@example.com",
        "expires": "2026-12-01",
        **changes,
    }


def consents(review: Any) -> list[tuple[str, str, str]]:
    return [(found.change, found.object, found.given_by) for found in review.consents]


LAST_KEY = approval("delete-last-key", "key/agents.default")


@pytest.mark.parametrize(
    ("approvals", "given_by", "ok"),
    [
        pytest.param([], "", False, id="nobody agreed"),
        pytest.param([LAST_KEY], "boss@example.com", True, id="somebody agreed"),
        pytest.param([{**LAST_KEY, "expires": "2026-11-22"}], "", False, id="until yesterday"),
        pytest.param(
            [{**LAST_KEY, "object": "key/agents.other"}], "", False, id="to something else"
        ),
    ],
)
def test_the_last_key_of_an_app(approvals: list[Any], given_by: str, *, ok: bool) -> None:
    review = reviewed(small(), without(small(*approvals), "App/agents"))
    assert consents(review) == [("delete-last-key", "key/agents.default", given_by)]
    assert review.ok is ok


def test_a_reviewer_reads_why_it_is_needed_and_why_it_was_given() -> None:
    (found,) = reviewed(small(), without(small(LAST_KEY), "App/agents")).consents
    assert found == Consent(
        "delete-last-key",
        "key/agents.default",
        'this deletes the last key of app "agents", which then cannot call anything',
        "boss@example.com",
        "It is meant.",
    )


def test_a_cap_below_spend_is_agreed_to_by_any_key_of_the_budget() -> None:
    other = app("other", keys=[{"name": "k", "deliver": {"file": "/var/lib/keys/k"}}])
    agreed = approval("lower-cap-below-spend", "key/other.k")
    before, after = small(LEDGER, other), small(LEDGER, other, budget(monthly_aud="1"), agreed)
    review = reviewed(before, after, live(side(before), spent={"shared": "9"}))
    assert consents(review) == [("lower-cap-below-spend", "key/agents.default", "boss@example.com")]


def test_an_approval_that_the_plan_does_not_use_is_not_told_of() -> None:
    assert reviewed(small(), small(LAST_KEY)).consents == ()


def test_every_deletion_above_the_policy_needs_one() -> None:
    none = {**GATEWAY, "policy": {**GATEWAY["policy"], "max_deletions": 0}}
    many = small(none, alias("a"), alias("b"))
    agreed = approval("delete", "deployment/a")
    after = without([*many, agreed], "Alias/a", "Alias/b")
    assert consents(reviewed(many, after)) == [
        ("delete", "deployment/a", "boss@example.com"),
        ("delete", "deployment/b", ""),
    ]
