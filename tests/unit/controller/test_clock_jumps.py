"""The wall's clock jumps, by an hour, a day or a month: the controller goes on keeping the gateway."""

from datetime import timedelta
from pathlib import Path

import pytest

from aspire_gitops.controller.holds import hold_draft
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Answer, Hold, HoldKind, Standing
from support.fake_gateway import Fault, Status
from support.folders import alias
from support.turns import Scene

pytestmark = pytest.mark.slow  # many turns of a whole controller

HOUR, DAY = 3_600.0, 86_400.0
JUMPS = [-DAY, -HOUR, HOUR, DAY, 30 * DAY]  # within the days for which the rate is agreed


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The first revision is live."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


def by_hand(scene: Scene) -> None:
    row = next(r for r in scene.fake.deployments.rows.values() if r["model_name"] == "chat")
    row["litellm_params"]["model"] = "openai/by-hand"


def swap(scene: Scene, model: str) -> None:
    scene.declare(alias("chat", "acme", target={"provider": "acme", "model": model}))
    scene.commit("Swap")


@pytest.mark.parametrize("jump_s", JUMPS)
def test_drift_is_healed_and_commits_are_applied_whatever_the_time(
    settled: Scene, jump_s: float
) -> None:
    by_hand(settled)
    healed = settled.turn(later_s=jump_s)
    assert [one.answer for one in healed.drift] == [Answer.HEALED]
    assert settled.params("chat")["model"] == "openai/chat-1"
    swap(settled, "chat-2")
    assert settled.turn().standing is Standing.READY
    assert settled.params("chat")["model"] == "openai/chat-2"
    assert settled.turn().reason.startswith("the gateway matches")
    assert settled.fake.writes == []


@pytest.mark.parametrize("jump_s", JUMPS)
def test_a_new_process_after_a_jump_goes_on_from_the_journal(settled: Scene, jump_s: float) -> None:
    settled.restart()
    turn = settled.turn("start", later_s=jump_s)
    assert (turn.standing, turn.drift, settled.fake.writes) == (Standing.READY, (), [])
    assert turn.reason.startswith("the gateway matches")


@pytest.mark.parametrize("jump_s", [-DAY, -HOUR, HOUR])
def test_flapping_pauses_healing_no_longer_than_its_pause(settled: Scene, jump_s: float) -> None:
    for _ in range(3):
        by_hand(settled)
        settled.turn(later_s=5)
    by_hand(settled)
    assert [one.answer for one in settled.turn(later_s=5).drift] == [Answer.HELD]
    turn = settled.turn(later_s=jump_s)
    assert [one.answer for one in turn.drift] == [Answer.HEALED]
    assert settled.params("chat")["model"] == "openai/chat-1"


def test_a_freeze_holds_until_the_hour_that_was_said_though_the_clock_went_back(
    settled: Scene,
) -> None:
    until = settled.now + timedelta(minutes=10)
    settled.journal.append(
        hold_draft(Hold(HoldKind.FREEZE, "ada", "maintenance", settled.now, until))
    )
    swap(settled, "chat-2")
    for later_s in (60, -HOUR, HOUR):
        assert settled.turn(later_s=later_s).holds
        assert settled.params("chat")["model"] == "openai/chat-1"
    assert settled.turn(later_s=600).holds == ()
    assert settled.params("chat")["model"] == "openai/chat-2"


@pytest.mark.parametrize("jump_s", [-DAY, DAY])
def test_pauses_are_counted_from_the_last_turn_and_not_by_the_walls_clock(
    settled: Scene, jump_s: float
) -> None:
    with settled.fake.failing(Fault(Status(500), times=999)):
        pauses = [settled.turn(later_s=later_s).look_again_s for later_s in (60, jump_s, 60)]
    assert pauses == [2, 4, 8]


@pytest.mark.parametrize("days", [-40, 60], ids=["a rate of a day to come", "a rate too old"])
@pytest.mark.parametrize("restarted", [False, True], ids=["", "after a restart"])
def test_a_rate_that_time_left_behind_stops_no_healing(
    settled: Scene, days: int, *, restarted: bool
) -> None:
    """Nobody pushed anything: what is live is healed on, and the turn says what a person must do."""
    if restarted:
        settled.restart()
    for later_s in (days * DAY, 60, 60):
        by_hand(settled)
        turn = settled.turn(later_s=later_s)
        assert turn.standing is Standing.STALLED
        assert [one.rule.code for one in turn.diagnostics] == ["AG309"]
        assert [one.answer for one in turn.drift] == [Answer.HEALED]
        assert settled.params("chat")["model"] == "openai/chat-1"
    assert settled.journal.said(EntryKind.REJECTED) == []


def test_a_rate_that_grew_too_old_stops_new_commits_until_it_is_renewed(settled: Scene) -> None:
    swap(settled, "chat-2")
    late = settled.turn(later_s=60 * DAY)
    assert (late.standing, settled.fake.writes) == (Standing.STALLED, [])
    assert [one.rule.code for one in late.diagnostics] == ["AG309"]
    by_hand(settled)
    settled.turn()
    assert settled.params("chat")["model"] == "openai/chat-1", "the last good one is in force"
    settled.resources["Gateway/test"]["exchange"]["as_of"] = settled.now.date().isoformat()
    settled.commit("Renew the rate")
    assert settled.turn().standing is Standing.READY
    assert settled.params("chat")["model"] == "openai/chat-2"
