"""A commit that the gateway rejected rests; what was live before it is still kept as it was."""

from pathlib import Path

import pytest

from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Answer, Standing, Turn
from support.fake_gateway import Fault, Status
from support.folders import alias
from support.turns import Scene

NO = Status(400, {"error": {"message": "no", "type": "bad_request", "code": "400"}})
AT_CHAT = Fault(NO, method="PATCH", path=r"/model/gw\.chat")


def swapped(name: str) -> dict[str, object]:
    return alias(name, "acme", target={"provider": "acme", "model": f"{name}-2"})


@pytest.fixture
def resting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The second commit moved `code`, failed at `chat`, left `fast` alone, and rests."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.declare(alias("fast", "acme"))
    scene.declare(alias("code", "acme"))
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    scene.declare(swapped("chat"))
    scene.declare(swapped("code"))
    scene.commit("Swap two")
    with scene.fake.failing(AT_CHAT):
        assert scene.turn().standing is Standing.STALLED
    assert scene.params("code")["model"] == "openai/code-2"
    return scene


def by_hand(scene: Scene, name: str) -> None:
    scene.params(name)["model"] = "openai/by-hand"


def healed(turn: Turn) -> list[str]:
    return [one.object for one in turn.drift if one.answer is Answer.HEALED]


@pytest.mark.parametrize("restarted", [False, True], ids=["", "after a restart"])
@pytest.mark.parametrize(
    ("name", "model"),
    [
        pytest.param("fast", "openai/fast-1", id="it does not concern"),
        pytest.param("chat", "openai/chat-1", id="it failed at"),
        pytest.param("code", "openai/code-2", id="it did apply"),
    ],
)
def test_what_was_changed_by_hand_goes_back_to_what_was_live(
    resting: Scene, name: str, model: str, *, restarted: bool
) -> None:
    by_hand(resting, name)
    if restarted:
        resting.restart()
    turn = resting.turn()
    assert resting.params(name)["model"] == model
    assert healed(turn) == [f"deployment/{name}"]
    assert turn.standing is Standing.STALLED, "the commit still rests, and the status says so"
    assert "meanwhile" in turn.reason
    assert len(resting.journal.said(EntryKind.REJECTED)) == 1
    assert resting.turn().counts == {}


def test_what_was_deleted_by_hand_is_made_again(resting: Scene) -> None:
    rows = resting.fake.deployments
    address = next(a for a, row in rows.rows.items() if row["model_name"] == "fast")
    del rows.rows[address]
    rows.live.discard(address)
    assert healed(resting.turn()) == ["deployment/fast"]
    assert resting.params("fast")["model"] == "openai/fast-1"


def test_nothing_of_the_rejected_commit_is_tried_or_rolled_back(resting: Scene) -> None:
    for _ in range(5):
        resting.turn()
        assert resting.fake.writes == []
    assert resting.params("chat")["model"] == "openai/chat-1"
    assert resting.params("code")["model"] == "openai/code-2"


def test_going_back_afterwards_is_still_no_drift(resting: Scene) -> None:
    by_hand(resting, "fast")
    resting.turn()
    resting.restart()
    resting.git("reset", "-q", "--hard", "HEAD~1")
    turn = resting.turn()
    assert turn.drift == ()
    assert resting.params("code")["model"] == "openai/code-1"


def test_healing_that_is_rejected_too_is_not_tried_each_turn(resting: Scene) -> None:
    by_hand(resting, "chat")
    with resting.fake.failing(AT_CHAT):
        first = resting.turn()
        assert [one.answer for one in first.drift] == [Answer.FAILED]
        resting.turn()
        assert resting.fake.writes == []
        by_hand(resting, "fast")
        assert healed(resting.turn()) == ["deployment/fast"]


def test_policy_that_only_reports_is_obeyed(resting: Scene) -> None:
    resting.git("reset", "-q", "--hard", "HEAD~1")
    assert resting.turn("reconcile").standing is Standing.READY
    gateway = next(r for r in resting.resources.values() if r["kind"] == "Gateway")
    gateway.setdefault("policy", {})["drift"] = "report"
    resting.declare(alias("chat", "acme"))
    resting.declare(alias("code", "acme"))
    resting.commit("Only report")
    assert resting.turn().standing is Standing.READY
    resting.declare(swapped("chat"))
    resting.commit("Swap one")
    with resting.fake.failing(AT_CHAT):
        assert resting.turn().standing is Standing.STALLED
    by_hand(resting, "fast")
    assert [one.answer for one in resting.turn().drift] == [Answer.REPORTED]
    assert resting.params("fast")["model"] == "openai/by-hand"


def test_a_page_from_a_proxy_while_it_heals_is_waited_for(resting: Scene) -> None:
    by_hand(resting, "fast")
    page = Status(404, b"404 page not found\n")
    with resting.fake.failing(Fault(page, method="PATCH", path=r"gw\.fast")):
        assert resting.turn().standing is Standing.WAITING
    assert healed(resting.turn()) == ["deployment/fast"]
