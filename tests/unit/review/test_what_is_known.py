"""A review says what it does not know, and which snapshot it does not believe."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.planning import Action
from aspire_gitops.review.builder import Side, make_review
from aspire_gitops.review.value import Edit
from aspire_gitops.state import Mark, ReviewedGateway
from support.catalogs import GATEWAY, alias, app, budget
from support.changes import codes, fortnight, live, reviewed, side, small
from support.objects import NOON, OWNER
from support.reviewed import TODAY, base_with, check

CHANGE = small(budget(monthly_aud="200"))


def test_without_a_snapshot_the_plan_takes_base_for_applied() -> None:
    review = reviewed(small(), CHANGE)
    assert review.live is None
    assert review.plan
    assert [(step.action, str(step.key)) for step in review.plan.changes] == [
        (Action.UPDATE, "key/agents.default")
    ]
    assert review.unknown == (
        (
            "There is no snapshot of the gateway: what is live, spent and used there is unknown,"
            " and the plan assumes that base is applied."
        ),
    )


def test_with_a_snapshot_the_plan_is_against_it() -> None:
    snapshot = live(side(small()), fortnight(), spent={"shared": "1"})
    review = reviewed(small(), CHANGE, snapshot, digest="sha256:whole", applied="main@sha1:4f2c9d1")
    assert review.plan
    assert review.plan.based_on == "sha256:whole"
    assert review.live
    assert (review.live.revision, review.live.digest) == ("main@sha1:4f2c9d1", "sha256:whole")
    assert (review.live.traffic_days, review.live.has_spend) == (30, True)
    assert review.unknown == (
        "The gateway was not watched this month, so what is left of its downtime is unknown.",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"spent": {}}, "No ledger was read", id="no ledger"),
        pytest.param({"traffic": None}, "No calls were counted", id="no traffic"),
        pytest.param({"downtime": None}, "The gateway was not watched", id="no watch"),
        pytest.param(
            {"taken_at": NOON - timedelta(days=30)}, "is from another month", id="another month"
        ),
    ],
)
def test_what_a_snapshot_lacks_is_said(changes: dict[str, Any], said: str) -> None:
    whole = live(side(small()), spent={"shared": "1"})
    review = reviewed(small(), CHANGE, replace(whole, **changes))
    assert sum(said in sentence for sentence in review.unknown) == 1


def test_what_was_spent_in_another_month_is_not_taken_for_this_one() -> None:
    snapshot = live(side(small()), taken_at=NOON - timedelta(days=30), spent={"shared": "170"})
    (found,) = reviewed(small(), small(budget(monthly_aud="9")), snapshot).budgets
    assert found.spent is None
    assert not found.stops_at_once


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(hours=24), [], id="a day"),
        pytest.param(timedelta(hours=24, seconds=1), ["AG533"], id="more than a day"),
    ],
)
def test_an_old_snapshot_is_told_of(age: timedelta, expected: list[str]) -> None:
    assert codes(reviewed(small(), CHANGE, live(side(small()), taken_at=NOON - age))) == expected


ELSEWHERE = "https://staging.example.com/v1"


def test_a_snapshot_of_another_gateway_is_not_used() -> None:
    others = side([GATEWAY, *small(alias("x"), app("x"))[1:3]])
    snapshot = live(others, gateway_url=ELSEWHERE)
    review = reviewed(small(), CHANGE, snapshot)
    assert (review.live, codes(review)) == (None, ["AG534"])
    assert review.unknown[0] == (
        f"The snapshot is not used: it was read at {ELSEWHERE},"
        " but the files are for https://llm.example.com/v1."
    )


def test_a_gateway_at_an_address_of_its_controller_is_known_by_what_is_on_it() -> None:
    snapshot = live(side(small()), gateway_url="http://litellm:4000", spent={"shared": "1"})
    review = reviewed(small(), CHANGE, snapshot)
    assert review.live
    assert review.unknown[0].startswith("The snapshot may be of another gateway: it was read at ")


def test_a_snapshot_of_another_owner_is_not_used() -> None:
    snapshot = live(side(small()))
    theirs = Mark("team-b", "x", frozenset(), "sha256:0", "main")
    objects = tuple(replace(item, mark=theirs) for item in snapshot.objects)
    review = reviewed(small(), CHANGE, replace(snapshot, objects=objects))
    assert (review.live, codes(review)) == (None, ["AG534"])


def test_what_was_pending_already_is_told_apart_from_the_change() -> None:
    older = live(side(small(alias(max_output_tokens=9))))
    review = reviewed(small(), CHANGE, older)
    (found,) = review.findings
    assert found.rule.code == "AG535"
    assert (
        "1 of 2 planned changes is not part of this change (deployment/qwen-chat)" in found.message
    )


def checked(files: Mapping[str, str | None]) -> Side:
    found = check(base_with(files))
    compiled = compile_catalog(found.catalog, today=TODAY) if found.ok else None
    return Side(found.catalog, found.diagnostics, compiled)


BUDGET = "gateway.d/budgets/knowledge-os.yaml"
BROKEN = {
    BUDGET: 'kind: Budget\nname: knowledge-os\nmonthly_aud: "90"\n',
    "gateway.d/aliases/qwen-vision.yaml": "kind: Alias\nname: qwen-vision\nmode: chat\n",
}


def test_what_can_be_reviewed_of_a_broken_head_is() -> None:
    review = make_review(checked({}), checked(BROKEN), snapshot=None, owner=OWNER, now=NOON)
    assert not review.ok
    assert (review.plan, review.uptime) == (None, None)
    assert review.findings[0].is_error
    assert [(edit.name, edit.edit) for edit in review.edits] == [
        ("qwen-vision", Edit.REMOVED),
        ("knowledge-os", Edit.CHANGED),
    ]
    assert [found.name for found in review.budgets] == ["knowledge-os"]
    assert review.unknown[0].startswith("Head has 1 error and cannot be compiled")


def test_a_broken_base_is_said() -> None:
    review = make_review(checked(BROKEN), checked({}), snapshot=None, owner=OWNER, now=NOON)
    assert review.ok
    assert review.plan is None
    assert review.unknown[0].startswith("Base has 1 error and cannot be compiled")


def test_the_first_files_of_a_repository_are_all_added() -> None:
    nothing = check({})
    base = Side(nothing.catalog, nothing.diagnostics)
    review = make_review(base, checked({}), snapshot=None, owner=OWNER, now=NOON)
    assert {edit.edit for edit in review.edits} == {Edit.ADDED}
    assert review.gateway == "aspire"


def test_unrelated_revisions_are_said() -> None:
    review = reviewed(small(), small(), related=False)
    assert review.unknown[0].startswith("Base and head have no commit in common")


def test_a_controller_that_reaches_its_gateway_by_another_address_raises_no_doubt() -> None:
    """Every comment said that the snapshot may be of another gateway, and it never was."""
    base = side(small())
    assert base.compiled is not None
    reviewed_as = ReviewedGateway(base.compiled.gateway.name, base.compiled.gateway.url)
    inside = replace(live(base), gateway_url="http://litellm:4000", reviewed=reviewed_as)
    review = reviewed(small(), CHANGE, inside)
    assert review.live is not None
    assert not [one for one in review.unknown if "another gateway" in one]


def test_a_snapshot_of_a_gateway_with_another_name_is_not_used() -> None:
    theirs = replace(live(side(small())), reviewed=ReviewedGateway("staging", "https://x.example"))
    review = reviewed(small(), CHANGE, theirs)
    assert review.live is None
    assert 'it is of Gateway "staging"' in review.unknown[0]


def test_the_same_name_at_another_address_is_a_doubt() -> None:
    base = side(small())
    assert base.compiled is not None
    moved = ReviewedGateway(base.compiled.gateway.name, "https://elsewhere.example")
    review = reviewed(
        small(), CHANGE, replace(live(base), gateway_url="http://x:1", reviewed=moved)
    )
    assert review.unknown[0].startswith("The snapshot may be of another gateway")
