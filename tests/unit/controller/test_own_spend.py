"""The controller sets LiteLLM's own spend to the ledger's, after two looks, and only downwards."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aspire_gitops.controller.holds import hold_draft
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.spend import Verdict
from aspire_gitops.status.value import Answer, Hold, HoldKind, Standing
from aspire_gitops.vocabulary import LedgerUnavailable
from aspire_ledger.canonical import canonical_json
from support.fake_gateway import Drop, Fault, Status
from support.spending_turns import FakeLedger, Watched
from support.turns import Scene

MONTH_END = "2026-11-30T13:00:00+00:00"  # of November, in Sydney


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """A controller at rest whose app may spend 100 AUD: LiteLLM refuses at 81.4 US dollars."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    gateway = scene.resources["Gateway/test"]
    scene.declare({**gateway, "ledger": {}})
    scene.commit("Begin")
    scene.turn()
    row(scene)["budget_reset_at"] = MONTH_END
    found = Watched(scene, FakeLedger(booked={"shop.main": "3.25"}))
    found.begin()
    return found


def row(scene: Scene) -> dict[str, Any]:
    [found] = scene.fake.keys.rows.values()
    return found


def writes(scene: Scene) -> list[str]:
    return [f"{request.path} {request.body}" for request in scene.fake.writes]


def test_the_first_look_writes_nothing(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    turn = watched.scene.turn()
    assert (writes(watched.scene), turn.drift) == ([], ())


def test_the_second_look_sets_it_to_what_the_ledger_has(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    turn = watched.scene.turn()
    assert row(watched.scene)["spend"] == 3.25
    assert (turn.standing, turn.reason.partition(";")[0]) == (
        Standing.READY,
        "healed drift on 1 object",
    )
    [drift] = turn.drift
    assert (drift.object, drift.fields, drift.answer) == (
        "key/shop.main",
        ("spend",),
        Answer.HEALED,
    )
    assert (drift.by, drift.since) == (None, None), "it is nobody's hand"


def test_nothing_but_the_spend_of_the_key_is_written(watched: Watched) -> None:
    before = {**row(watched.scene), "spend": 3.25}
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.turn()
    after = row(watched.scene)
    assert {**after, "updated_at": 0} == {**before, "updated_at": 0}


def test_after_it_the_controller_is_at_rest(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    for _ in range(3):
        turn = watched.scene.turn()
    assert (writes(watched.scene), turn.drift, turn.counts) == ([], (), {})


def test_the_journal_has_it_like_any_other_write(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.turn()
    [plan] = [e.draft for e in watched.scene.journal.entries if e.draft.kind is EntryKind.PLAN][1:]
    assert json.loads(canonical_json(plan.body))["changes"] == [
        {
            "action": "update",
            "object": "key/shop.main",
            "reason": "LiteLLM counts more for it than the ledger has, and would refuse its app",
            "fields": [["spend", 812.4, 3.25, "drift"]],
        }
    ]
    assert watched.scene.journal.said(EntryKind.DRIFT) == ["key/shop.main healed"]
    assert watched.scene.journal.said(EntryKind.RESULT)[-1] == "key/shop.main applied"


def test_two_looks_within_a_flush_count_as_one(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.turn(later_s=19)
    assert row(watched.scene)["spend"] == 812.4
    watched.scene.turn(later_s=1)
    assert row(watched.scene)["spend"] == 3.25


def test_a_difference_that_went_away_begins_anew(watched: Watched) -> None:
    for spend in (812.4, 3.25, 812.4):
        row(watched.scene)["spend"] = spend
        watched.scene.turn()
    assert row(watched.scene)["spend"] == 812.4


def test_a_clock_that_was_set_back_does_not_make_it_wait_for_ever(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.turn(later_s=-36_000)
    watched.scene.turn()
    assert row(watched.scene)["spend"] == 3.25


@pytest.mark.parametrize(
    "spend", ["NaN", "812.4", None, [], {"a": 1}, True, float("nan"), float("inf"), 10**400]
)
def test_a_spend_that_is_no_amount_is_left_alone(watched: Watched, spend: object) -> None:
    row(watched.scene)["spend"] = spend
    for _ in range(2):
        turn = watched.scene.turn()
    assert (turn.standing, writes(watched.scene)) == (Standing.READY, [])


def test_an_absurd_spend_is_set_back(watched: Watched) -> None:
    row(watched.scene)["spend"] = 1e300
    for _ in range(2):
        watched.scene.turn()
    assert row(watched.scene)["spend"] == 3.25


@pytest.mark.parametrize("spend", [0.0, -1e300])
def test_a_backstop_that_is_blind_is_shown_and_not_written(watched: Watched, spend: float) -> None:
    watched.ledger.booked["shop.main"] = "60"
    row(watched.scene)["spend"] = spend
    for _ in range(2):
        watched.scene.turn()
    spending = watched.scene.reconciler.spending
    assert spending
    [found] = spending.report.unlike
    assert (found.verdict, writes(watched.scene)) == (Verdict.LOW, [])


def test_where_drift_is_only_reported_it_is_only_reported(watched: Watched) -> None:
    gateway = watched.scene.resources["Gateway/test"]
    watched.scene.declare({**gateway, "policy": {**gateway.get("policy", {}), "drift": "report"}})
    watched.scene.commit("Only look")
    watched.scene.turn()
    row(watched.scene)["spend"] = 812.4
    for _ in range(2):
        turn = watched.scene.turn()
    [drift] = turn.drift
    assert (drift.answer, writes(watched.scene)) == (Answer.REPORTED, [])


def test_a_freeze_keeps_it_from_being_written(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    freeze(watched.scene)
    turn = watched.scene.turn()
    assert (writes(watched.scene), "1 change pending" in turn.reason) == ([], True)


def test_who_may_not_write_does_not_write_it(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.stop = "another controller leads"
    watched.scene.turn()
    assert writes(watched.scene) == []


def test_without_a_ledger_nothing_is_compared(watched: Watched) -> None:
    watched.scene.reconciler.spending = None
    row(watched.scene)["spend"] = 812.4
    for _ in range(3):
        watched.scene.turn()
    assert writes(watched.scene) == []


def test_a_ledger_that_falls_silent_takes_the_verdict_back(watched: Watched) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.ledger.broken = LedgerUnavailable("the ledger cannot answer; try again")
    turn = watched.scene.turn()
    assert (turn.standing, writes(watched.scene)) == (Standing.READY, [])


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it"])
def test_a_lost_answer_is_settled_by_reading(watched: Watched, *, after: bool) -> None:
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.fake.faults = [Fault(Drop(after), path="reset_spend", times=1)]
    first = watched.scene.turn()
    assert (first.counts == {"applied": 1}) == after
    watched.scene.turn()
    assert row(watched.scene)["spend"] == 3.25


def test_an_admin_key_without_the_right_is_told_before_anything_is_written(
    watched: Watched,
) -> None:
    watched.scene.reconciler.memory.rights_proved_at = None
    row(watched.scene)["spend"] = 812.4
    watched.scene.turn()
    watched.scene.fake.faults = [Fault(Status(403), path="reset_spend")]
    turn = watched.scene.turn()
    assert turn.standing is Standing.STALLED
    assert "POST /key/{hash}/reset_spend" in f"{turn.reason}; {turn.help}"


def freeze(scene: Scene) -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    hold = Hold(HoldKind.FREEZE, "ada@example.com", "looking", at, at + timedelta(days=1))
    scene.journal.append(hold_draft(hold))
