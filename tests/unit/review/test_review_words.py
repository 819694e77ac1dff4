"""How a review puts amounts, times and its one sentence."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.sentences import headline
from aspire_gitops.review.value import (
    BudgetImpact,
    Edit,
    Effect,
    Moved,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.review.wording import (
    Code,
    budget_words,
    counted_edits,
    money_moved,
    percent,
    revision_brief,
    uptime_text,
)
from aspire_gitops.vocabulary import Revision, minutes
from aspire_gitops.vocabulary import age as age_words
from aspire_ledger.money import Aud
from support.hostile_reviews import hostile_review
from support.reviews import review_of

COMMIT = "4f2c9d1e" * 5


def plain(words: tuple[str | Code, ...]) -> str:
    return "".join(part if isinstance(part, str) else part.text for part in words)


def sentence(review: Review) -> str:
    said = headline(review)
    return plain((*said.what, *said.rest))


def aud(amount: str | None) -> Aud | None:
    return None if amount is None else Aud(Decimal(amount))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param("100", "142", "+42 %", id="more"),
        pytest.param("100", "58", "-42 %", id="less"),
        pytest.param("100", "100.1", "less than 1 %", id="hardly more"),
        pytest.param("0", "5", "", id="nothing to compare with"),
        pytest.param(None, "5", "", id="new"),
        pytest.param("1", "25", "+2,400 %", id="much more"),
    ],
)
def test_percent(before: str | None, after: str | None, shown: str) -> None:
    assert percent(aud(before), aud(after)) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param("43.8", "62.2", "43.80 → 62.20 AUD (+42 %)", id="moved"),
        pytest.param("43.801", "43.803", "43.80 AUD, as before", id="not by a cent"),
        pytest.param("43.8", None, "43.80 AUD → nothing", id="these calls end"),
        pytest.param(None, "5", "5.00 AUD", id="new"),
    ],
)
def test_money_moved(before: str | None, after: str | None, shown: str) -> None:
    assert money_moved(Moved(aud(before), aud(after))) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (95, "1 min 35 s"), (3445, "57 min")],
)
def test_seconds(seconds: float, shown: str) -> None:
    assert minutes(seconds) == shown


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=-5), "less than a minute old"),
        (timedelta(minutes=1), "1 minute old"),
        (timedelta(minutes=90), "90 minutes old"),
        (timedelta(hours=3), "3 hours old"),
        (timedelta(days=9), "9 days old"),
    ],
)
def test_age(age: timedelta, shown: str) -> None:
    assert age_words(age) == shown


@pytest.mark.parametrize(
    ("revision", "shown"),
    [
        pytest.param(Revision("main", COMMIT), "main@4f2c9d1e4f2c", id="a branch"),
        pytest.param(Revision(COMMIT, COMMIT), "4f2c9d1e4f2c", id="a commit by its name"),
        pytest.param(Revision("4f2c9d1", COMMIT), "4f2c9d1e4f2c", id="a short name"),
        pytest.param(Revision("main", COMMIT, dirty=True), "main@4f2c9d1e4f2c+changes", id="dirty"),
        pytest.param(Revision("folder:gateway.d"), "folder:gateway.d", id="a plain folder"),
    ],
)
def test_revision(revision: Revision, shown: str) -> None:
    assert revision_brief(revision) == shown


def test_edits_are_counted_by_what_is_done_and_to_what() -> None:
    place = hostile_review("x").edits[0].place
    edits = [
        ResourceEdit(kind, name, edit, place)
        for kind, name, edit in (
            (ResourceKind.ALIAS, "a", Edit.ADDED),
            (ResourceKind.ALIAS, "b", Edit.ADDED),
            (ResourceKind.APP, "c", Edit.ADDED),
            (ResourceKind.BUDGET, "d", Edit.REMOVED),
        )
    ]
    assert plain(counted_edits(edits)) == "adds 2 aliases and an app and removes a budget"
    assert plain(counted_edits(edits[:1])) == "adds alias a"


@pytest.mark.parametrize(
    ("used_s", "shown"),
    [
        pytest.param(10.0, "57 min of this month's 60 min are left after it", id="enough"),
        pytest.param(3590.0, "1 min 50 s more than this month still allows", id="too much"),
        pytest.param(None, "of 60 min allowed a month; how much is used is unknown", id="unknown"),
    ],
)
def test_a_restart_is_told_against_what_is_left(used_s: float | None, shown: str) -> None:
    uptime = Uptime(Effect.RESTART, (), 120, 3600, used_s, date(2026, 11, 1))
    assert uptime_text(uptime) == f"needs a restart (about 2 min of downtime, {shown})"


def test_a_cap_that_is_below_what_is_spent_stops_calls() -> None:
    budget = BudgetImpact("b", (), Moved(aud("120"), aud("60")), spent=aud("83.83"))
    assert plain(budget_words(budget)) == (
        "cap 120.00 AUD → 60.00 AUD; below the 83.83 AUD already spent: its calls stop"
    )


@pytest.mark.parametrize(
    ("case", "shown"),
    [
        ("cap-below-spend", "The cap of agents falls from 120.00 to 60.00 AUD, below the 83.83 AUD already spent, which needs an Approval: it touches 1 app (agents) and takes effect without a restart."),
        ("app-removed", "Removes app zac-landing, which needs an Approval: it would have cost 18.39 AUD less for the calls of the last 30 days and takes effect without a restart."),
        ("rate-changed", "An Australian dollar buys 0.6389 US dollars, and bought 0.6512: it touches 4 apps, would have cost 5.89 AUD more for the calls of the last 30 days and takes effect without a restart."),
        ("mistake", "The files have 2 errors, so nothing of this can be applied; as far as they can be read, this changes an alias and an app."),
    ],
)  # fmt: skip
def test_the_sentence_of(case: str, shown: str) -> None:
    assert sentence(review_of(case)) == shown


def test_the_sentence_of_a_change_that_changes_nothing() -> None:
    review = replace(review_of("alias-swap"), edits=(), findings=())
    assert review.plan is not None
    pending = sentence(review)
    rested = sentence(replace(review, plan=replace(review.plan, changes=())))
    assert (
        pending
        == "Nothing changes in what the files declare; the gateway differs from them by 1 change."
    )
    assert rested == "Nothing changes: the files declare the same before and after."
