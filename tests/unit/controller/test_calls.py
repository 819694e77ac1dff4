"""What the controller asks the ledger about calls: seldom, each question by itself, no turn lost."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aspire_gitops.spend import (
    Failures,
    PriceDifference,
    PriceDifferences,
    UnlistedParameter,
)
from aspire_gitops.spend.calls import AliasFailures, AppParameter, CallReport
from aspire_gitops.status.value import Standing
from aspire_gitops.vocabulary import AspireGitopsError, LedgerRefused, LedgerUnavailable
from support.spending_turns import FakeLedger, Watched
from support.turns import Scene

TODAY = date(2026, 11, 23)
QUESTIONS = ("failures", "unlisted_parameters", "price_differences")


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    scene.turn()
    worst = PriceDifference("call-1", "chat", "chat.1", Decimal(3), Decimal(1))
    ledger = FakeLedger(
        failed={
            TODAY - timedelta(days=7): [Failures("shop", "chat", "chat.1", "5xx", 90)],
            TODAY - timedelta(days=6): [Failures("shop", "chat", "chat.1", "5xx", 4)],
            TODAY: [
                Failures("shop", "chat", "chat.1", "5xx", 2),
                Failures("wiki", "chat", "chat.2", "5xx", 1),
                Failures("wiki", "ocr", "ocr.1", "timeout", 5),
            ],
        },
        unlisted=[
            UnlistedParameter("shop", "chat", "acompletion", "top_k", "refused", 3),
            UnlistedParameter("shop", "ocr", "acompletion", "top_k", "refused", 4),
            UnlistedParameter("wiki", "chat", "acompletion", "top_k", "passed", 9),
        ],
        prices=PriceDifferences(1, (worst,)),
    )
    found = Watched(scene, ledger)
    found.begin()
    return found


def calls(watched: Watched) -> CallReport:
    spending = watched.scene.reconciler.spending
    assert spending
    assert spending.calls
    return spending.calls


def test_failed_calls_are_added_up_by_alias_and_outcome_of_seven_days_and_of_today(
    watched: Watched,
) -> None:
    watched.scene.turn()
    assert calls(watched).failures == (
        AliasFailures("chat", "5xx", 7, 3),
        AliasFailures("ocr", "timeout", 5, 5),
    )


def test_unlisted_parameters_are_added_up_by_app_parameter_and_outcome(watched: Watched) -> None:
    watched.scene.turn()
    assert calls(watched).parameters == (
        AppParameter("wiki", "top_k", "passed", 9, ("chat",)),
        AppParameter("shop", "top_k", "refused", 7, ("chat", "ocr")),
    )


def test_price_differences_are_those_of_the_running_month(watched: Watched) -> None:
    watched.scene.turn()
    assert (calls(watched).month, calls(watched).prices) == ("2026-11", watched.ledger.prices)


def test_they_are_asked_for_with_the_record_of_the_month_and_not_in_each_turn(
    watched: Watched,
) -> None:
    for _ in range(5):
        watched.scene.turn(later_s=59)
    *asked, (question, before) = watched.ledger.asked
    assert (question, isinstance(before, datetime)) == ("unsettled", True)
    assert asked == [
        ("failures", date(2026, 11, 17), TODAY),
        ("failures", TODAY, TODAY),
        ("unlisted_parameters", date(2026, 11, 17), TODAY),
        ("price_differences", "2026-11", 5),
    ]
    watched.scene.turn(later_s=300)
    assert len(watched.ledger.asked) == 10


def test_the_day_is_that_of_the_gateways_timezone(watched: Watched) -> None:
    watched.scene.now += timedelta(hours=2)  # midnight in Sydney is 13:00 UTC
    watched.scene.turn()
    assert calls(watched).until == date(2026, 11, 24)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(LedgerRefused("it refuses: InsufficientPrivilege 42501"), id="no right"),
        pytest.param(LedgerUnavailable("it cannot answer: UndefinedTable 42P01"), id="no table"),
    ],
)
def test_what_is_not_told_is_unknown_with_a_sentence_and_stops_nothing(
    watched: Watched, question: str, error: AspireGitopsError
) -> None:
    watched.ledger.untold[question] = error
    turn = watched.scene.turn()
    found = calls(watched)
    known = dict(zip(QUESTIONS, (found.failures, found.parameters, found.prices), strict=True))
    assert turn.standing is Standing.READY
    assert [name for name in QUESTIONS if known[name] is None] == [question]
    assert found.problem.endswith(f" are not known: {error}")


def test_what_was_told_again_is_known_again(watched: Watched) -> None:
    watched.ledger.untold["failures"] = LedgerUnavailable("too slow; try again")
    watched.scene.turn()
    watched.ledger.untold.clear()
    watched.scene.turn(later_s=300)
    assert (len(calls(watched).failures or ()), calls(watched).problem) == (2, "")


def test_a_ledger_that_is_away_leaves_what_it_said_last(watched: Watched) -> None:
    watched.scene.turn()
    before = calls(watched)
    watched.ledger.broken = LedgerUnavailable("the ledger cannot answer; try again")
    watched.scene.turn(later_s=300)
    assert calls(watched) is before


def test_an_alias_that_failed_between_the_two_questions_is_not_lost(watched: Watched) -> None:
    watched.ledger.failed = {}
    late = Failures("shop", "chat", "chat.1", "429", 1)
    asked = watched.ledger.failures

    async def failures(since: date, until: date) -> object:
        return [*await asked(since, until), *([late] if since == until else [])]

    watched.ledger.failures = failures  # type: ignore[method-assign, assignment]
    watched.scene.turn()
    assert calls(watched).failures == (AliasFailures("chat", "429", 1, 1),)
