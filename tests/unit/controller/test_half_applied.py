"""A revision that was applied by half leaves traces that are ours: undoing them is no drift."""

from pathlib import Path

import pytest

from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Answer, Standing
from support.fake_gateway import Fault, Status
from support.folders import alias
from support.turns import Scene


@pytest.fixture
def by_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The second revision changed one alias, and failed at the other."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.declare(alias("fast", "acme"))
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    for name in ("chat", "fast"):
        scene.declare(alias(name, "acme", target={"provider": "acme", "model": f"{name}-2"}))
    scene.commit("Swap both")
    with scene.fake.failing(Fault(Status(400), method="PATCH", path=r"gw\.fast")):
        assert scene.turn().standing is Standing.STALLED
    assert scene.params("chat")["model"] == "openai/chat-2"
    return scene


def back_to_the_first(scene: Scene) -> None:
    scene.git("reset", "-q", "--hard", "HEAD~1")


def nonsense(scene: Scene) -> None:
    scene.declare(alias("chat", "nobody"))
    scene.commit("Mistake")


@pytest.mark.parametrize("away", [back_to_the_first, nonsense])
@pytest.mark.parametrize("restarted", [False, True], ids=["", "after a restart"])
def test_going_back_to_the_last_good_revision_is_no_drift(
    by_half: Scene, away: object, *, restarted: bool
) -> None:
    assert callable(away)
    away(by_half)
    if restarted:
        by_half.restart()
    turn = by_half.turn()
    assert by_half.params("chat")["model"] == "openai/chat-1"
    assert turn.drift == ()
    assert by_half.journal.said(EntryKind.DRIFT) == []


def test_once_it_is_back_a_hand_is_drift_again(by_half: Scene) -> None:
    back_to_the_first(by_half)
    by_half.turn()
    row = next(r for r in by_half.fake.deployments.rows.values() if r["model_name"] == "chat")
    row["litellm_params"]["model"] = "openai/by-hand"
    assert [one.answer for one in by_half.turn().drift] == [Answer.HEALED]
