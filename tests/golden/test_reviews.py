"""`reviews/cases/<case>` shows as `comment.md`, `review.txt` and `review.json`, and the gallery has them all.

To accept what is shown now: `PYTHONPATH=tests python -m support.reviews`.
"""

import json

import pytest

from aspire_gitops.codec.review import review_json
from aspire_gitops.review.markdown import review_markdown
from aspire_gitops.review.terminal import review_text
from support.reviews import (
    CASES,
    GALLERY,
    ORDER,
    REVIEWS,
    gallery,
    review_of,
    snapshot_of_base,
)


def test_every_case_is_in_the_gallery() -> None:
    assert sorted(ORDER) == sorted(path.name for path in CASES.iterdir())


@pytest.mark.parametrize("case", ORDER)
def test_a_reviewer_sees(case: str) -> None:
    shown = review_markdown(review_of(case))
    assert shown == (CASES / case / "comment.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ORDER)
def test_the_text_for_a_terminal(case: str) -> None:
    shown = review_text(review_of(case)).plain
    assert shown == (CASES / case / "review.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ORDER)
def test_a_program_reads(case: str) -> None:
    document = json.loads(review_json(review_of(case)))
    assert document == json.loads((CASES / case / "review.json").read_text(encoding="utf-8"))


def test_the_snapshot_is_what_a_controller_publishes_of_base() -> None:
    assert snapshot_of_base() == (REVIEWS / "snapshot.json").read_text(encoding="utf-8")


def test_the_gallery_shows_the_cases_as_they_are() -> None:
    assert gallery() == GALLERY.read_text(encoding="utf-8")
