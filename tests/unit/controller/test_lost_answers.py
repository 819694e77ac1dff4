"""A lost answer is not the commit's fault, and failed healing is not flapping."""

from pathlib import Path

import pytest

from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Answer, Standing
from support.fake_gateway import Drop, Fault, Status
from support.folders import alias
from support.turns import Scene

REAL_UPDATE = r"/model/gw\.chat"  # the proof of our rights updates a row that never exists


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The first revision is live."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


def swap(scene: Scene) -> None:
    scene.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    scene.commit("Swap")


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(Status(500), id="500"),
        pytest.param(Status(429), id="429"),
        pytest.param(Drop(), id="connection lost"),
    ],
)
def test_one_lost_write_waits_and_the_next_turn_finishes_it(
    settled: Scene, effect: Status | Drop
) -> None:
    swap(settled)
    with settled.fake.failing(Fault(effect, method="PATCH", path=REAL_UPDATE, times=1)):
        first = settled.turn()
    assert first.standing is Standing.WAITING
    assert settled.turn().standing is Standing.READY
    assert settled.journal.said(EntryKind.REJECTED) == []
    assert settled.params("chat")["model"] == "openai/chat-2"


def test_a_write_that_is_lost_three_turns_in_a_row_rejects_the_commit(settled: Scene) -> None:
    swap(settled)
    with settled.fake.failing(Fault(Status(500), method="PATCH", path=REAL_UPDATE)):
        standings = [settled.turn().standing for _ in range(4)]
    assert standings == [Standing.WAITING, Standing.WAITING, Standing.STALLED, Standing.STALLED]
    assert len(settled.journal.said(EntryKind.REJECTED)) == 1


def test_a_new_commit_has_three_tries_of_its_own(settled: Scene) -> None:
    with settled.fake.failing(Fault(Status(500), method="PATCH", path=REAL_UPDATE)):
        swap(settled)
        for _ in range(3):
            settled.turn()
        settled.commit_as_is("Say it in other words")
        assert settled.turn().standing is Standing.WAITING


def test_failed_healing_is_not_flapping_after_a_restart(settled: Scene) -> None:
    row = next(iter(settled.fake.deployments.rows.values()))
    row["litellm_params"]["model"] = "openai/by-hand"
    for _ in range(3):
        with settled.fake.failing(Fault(Drop(), method="PATCH", path=REAL_UPDATE, times=1)):
            assert settled.turn("reconcile").drift[0].answer is Answer.FAILED
    settled.restart()
    turn = settled.turn("start", "reconcile")
    assert [one.answer for one in turn.drift] == [Answer.HEALED]
    assert turn.flapping == ()
