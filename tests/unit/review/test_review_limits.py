"""A comment stays within what a forge takes, and says what it leaves out."""

from dataclasses import replace
from functools import cache

import pytest

from aspire_gitops.planning import Action, Change, FieldChange
from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.details import Section, fitted, size
from aspire_gitops.review.markdown import COMMENT_BYTES, SUMMARY_BYTES, Destination, review_markdown
from aspire_gitops.review.value import Edit, ResourceEdit, Review
from aspire_gitops.state import Kind, ObjectKey
from support.forge_markdown import forge
from support.hostile_reviews import hostile_review

pytestmark = pytest.mark.slow  # reviews of five thousand aliases

MANY = 5_000
EVERYTHING = Destination(room=None)


@cache
def large_review() -> Review:
    """Return a review of 5,000 changed aliases, each of which an app calls."""
    small = hostile_review("x", errors=False)
    assert small.plan is not None
    names = [f"alias-{number:05}" for number in range(MANY)]
    edits = (
        ResourceEdit(
            ResourceKind.ALIAS,
            name,
            Edit.CHANGED,
            small.edits[0].place,
            (FieldChange("price", "1", "2"),),
        )
        for name in names
    )
    changes = (
        Change(Action.UPDATE, ObjectKey(Kind.DEPLOYMENT, name), (FieldChange("p", 1, 2),))
        for name in names
    )
    return replace(
        small,
        edits=tuple(edits),
        aliases=tuple(replace(small.aliases[0], name=name) for name in names),
        apps=tuple(replace(small.apps[0], name=f"app-{name}") for name in names),
        plan=replace(small.plan, changes=tuple(changes)),
    )


def test_a_comment_of_5000_changes_fits_and_says_where_the_rest_is() -> None:
    shown = review_markdown(large_review())
    assert len(shown.encode()) <= COMMENT_BYTES < 65_536
    assert "parts left out" in shown
    assert (
        "Everything is in the full report: `aspire-gitops review --format markdown-full`." in shown
    )
    assert "and 4,975 more rows" in shown


def test_what_is_cut_is_still_whole_markdown() -> None:
    shown = review_markdown(large_review())
    assert shown.count("<details>") == shown.count("</details>") > 3
    blocks = [token.type for token in forge().parse(shown)]
    assert blocks.count("table_open") == blocks.count("table_close") > 3


@pytest.mark.slow
def test_a_job_summary_holds_more_and_the_full_report_everything() -> None:
    comment, summary, full = (
        review_markdown(large_review(), place)
        for place in (Destination(), Destination(SUMMARY_BYTES), EVERYTHING)
    )
    assert len(comment) < len(summary.encode()) <= SUMMARY_BYTES < len(full)
    assert all(f"Alias <code>alias-{number:05}</code>" in full for number in range(MANY))
    assert "left out" not in full


def test_very_long_texts_are_cut() -> None:
    shown = review_markdown(hostile_review("<&|`@" * 20_000, errors=False))
    assert len(shown.encode()) <= COMMENT_BYTES


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        pytest.param(
            "https://ci.example/run/7",
            "[the full report](https://ci.example/run/7)",
            id="an address",
        ),
        pytest.param("the artefact review", "in the artefact review.", id="words"),
        pytest.param("https://x.y/) [z](", "in https:&#8203;//x.y/) \\[z\\](.", id="no address"),
        pytest.param("javascript:alert(1)", "in javascript:alert(1).", id="another scheme"),
    ],
)
def test_where_the_full_report_is(where: str, shown: str) -> None:
    assert shown in review_markdown(large_review(), Destination(full_report=where))


def test_rows_go_before_parts() -> None:
    long = Section("long", ("| a |", "|---|"), ["| x |"] * 300, columns=1)
    short = Section("short", ("here",))
    found = fitted([long, short], size(long.shown(60)) + 400)
    assert found.parts == (long.shown(60), short.shown())
    assert (found.cut, found.left_out) == (1, 0)


def test_a_part_that_does_not_fit_is_left_out_and_the_next_one_may() -> None:
    large, small = Section("large", ("x" * 1000,)), Section("small", ("here",))
    found = fitted([large, small], 500)
    assert found.parts == (small.shown(),)
    assert found.left_out == 1
