"""Somebody puts a deployment under an alias's name: that alias is held, and everything else goes on."""

from pathlib import Path
from typing import Any

import pytest

from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Answer, Notice, Standing, Status, Topic
from support.fake_gateway import Fault
from support.fake_gateway import Status as HttpStatus
from support.folders import alias
from support.spending_turns import Watched
from support.status_of import Watcher
from support.turns import Scene

THEIRS = "theirs-0001"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.declare(alias("fast", "acme"))
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


def intrude(
    scene: Scene, name: str = "chat", address: str = THEIRS, base: str = "https://evil.example/v1"
) -> None:
    params = {"model": "openai/gpt-4o", "api_base": base}
    info = {"id": address, "db_model": True}
    scene.fake.deployments._put(address, name, params, info)


def status_of(scene: Scene) -> Status:
    return Watcher(scene).turn()


def policy(scene: Scene, **changes: str) -> None:
    gateway = scene.resources[
        "Gateway/" + next(n.split("/")[1] for n in scene.resources if n.startswith("Gateway/"))
    ]
    gateway["policy"] = {**gateway["policy"], **changes}
    scene.commit("Policy")


def told(scene: Scene) -> list[Notice]:
    notices: list[Notice] = []
    scene.reconciler.tell = notices.append
    return notices


def rows(scene: Scene) -> dict[str, dict[str, Any]]:
    return scene.fake.deployments.rows


def test_an_intruder_holds_its_alias_and_healing_of_everything_else_goes_on(scene: Scene) -> None:
    intrude(scene)
    scene.params("fast")["model"] = "openai/by-hand"
    turn = scene.turn()
    assert turn.standing is Standing.STALLED
    assert "deployment/chat is held: AG504" in turn.reason
    assert scene.params("fast")["model"] == "openai/fast-1"
    assert [(one.object, one.answer) for one in turn.drift] == [("deployment/fast", Answer.HEALED)]
    assert THEIRS in rows(scene)


def test_a_commit_that_does_not_touch_the_alias_goes_live_beside_an_intruder(scene: Scene) -> None:
    intrude(scene)
    scene.declare(alias("third", "acme"))
    commit = scene.commit("Add")
    turn = scene.turn()
    assert scene.params("third")["model"] == "openai/third-1"
    assert turn.applied
    assert turn.applied.commit == commit
    assert turn.standing is Standing.STALLED


def test_a_commit_that_moves_the_alias_is_not_called_applied(scene: Scene) -> None:
    intrude(scene)
    scene.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    scene.declare(alias("fast", "acme", target={"provider": "acme", "model": "fast-2"}))
    commit = scene.commit("Swap both")
    turn = scene.turn()
    assert scene.params("fast")["model"] == "openai/fast-2"
    assert turn.applied
    assert turn.applied.commit != commit
    del rows(scene)[THEIRS]
    scene.fake.deployments.live.discard(THEIRS)
    turn = scene.turn()
    assert (turn.standing, turn.drift) == (Standing.READY, ()), "what was held is no drift"
    assert turn.applied
    assert turn.applied.commit == commit


def test_the_page_says_who_answers_since_when_and_how_to_end_it(scene: Scene) -> None:
    watched = Watched(scene)
    watched.begin()
    watched.ledger.answered = {"chat": {"gw.chat.1": 12, THEIRS: 8}}
    intrude(scene)
    found = status_of(scene)
    [other] = next(row.others for row in found.aliases if row.name == "chat")
    assert (other.address, other.model, other.vendor) == (THEIRS, "openai/gpt-4o", "evil.example")
    assert (other.calls, other.of_calls, other.since) == (8, 20, scene.now)
    [trouble] = found.troubles
    assert "8 of the last 20 calls (40 %)" in trouble.what
    assert "/model/delete" in trouble.help
    assert THEIRS in trouble.help


def test_a_password_in_the_address_of_an_intruder_is_never_shown(scene: Scene) -> None:
    intrude(scene, base="https://user:planted@evil.example/v1")
    found = status_of(scene)
    assert "an address that is hidden" in found.troubles[0].what
    assert "planted" not in repr(found)


def test_when_it_came_is_known_after_a_restart(scene: Scene) -> None:
    intrude(scene)
    scene.turn()
    seen = scene.now
    scene.restart()
    [other] = next(row.others for row in status_of(scene).aliases if row.name == "chat")
    assert other.since == seen


def test_an_intruder_is_only_reported_by_default(scene: Scene) -> None:
    notices = told(scene)
    intrude(scene)
    for _ in range(5):
        scene.turn()
    assert THEIRS in rows(scene)
    assert notices == []


def test_it_is_removed_a_minute_after_a_notice_where_the_policy_says_so(scene: Scene) -> None:
    policy(scene, intruders="remove")
    scene.turn()
    notices = told(scene)
    intrude(scene)
    scene.turn(later_s=5)
    assert [notice.topic for notice in notices] == [Topic.INTRUDER]
    assert THEIRS in "".join(notices[0].lines)
    scene.turn(later_s=30)
    assert THEIRS in rows(scene), "not before the minute is over"
    scene.turn(later_s=31)
    assert THEIRS not in rows(scene)
    assert f"deployment/{THEIRS} applied" in scene.journal.said(EntryKind.RESULT)
    turn = scene.turn()
    assert turn.standing is Standing.READY
    assert len(notices) == 1


def test_a_notice_before_a_restart_counts_and_is_not_repeated(scene: Scene) -> None:
    policy(scene, intruders="remove")
    scene.turn()
    told(scene)
    intrude(scene)
    scene.turn()
    scene.restart()
    notices = told(scene)
    scene.turn(later_s=61)
    assert THEIRS not in rows(scene)
    assert notices == []


def test_what_was_there_before_the_alias_is_never_removed(scene: Scene) -> None:
    told(scene)
    policy(scene, intruders="remove")
    scene.turn()
    intrude(scene, "later", "older-0001")
    scene.declare(alias("later", "acme"))
    scene.commit("Add an alias whose name is taken")
    for _ in range(6):
        scene.turn()
    assert "older-0001" in rows(scene)
    assert not [row for row in rows(scene).values() if row["model_name"] == "later"][1:]


def test_what_was_there_before_the_controller_watched_is_never_removed(scene: Scene) -> None:
    policy(scene, intruders="remove")
    scene.turn()
    scene.journal.entries = [
        e for e in scene.journal.entries if e.draft.kind is not EntryKind.INTRUDER
    ]
    intrude(scene)  # while a release that did not watch was at work
    scene.restart()
    told(scene)
    for _ in range(5):
        scene.turn()
    assert THEIRS in rows(scene)


def test_a_policy_that_changes_to_remove_tells_first(scene: Scene) -> None:
    scene.turn()
    intrude(scene)
    scene.turn(later_s=600)
    notices = told(scene)
    policy(scene, intruders="remove")
    scene.turn(later_s=600)
    assert (len(notices), THEIRS in rows(scene)) == (1, True)
    scene.turn(later_s=61)
    assert THEIRS not in rows(scene)


def test_one_that_cannot_be_removed_is_tried_once_and_stops_nothing(scene: Scene) -> None:
    told(scene)
    policy(scene, intruders="remove")
    scene.turn()
    intrude(scene)
    scene.params("fast")["model"] = "openai/by-hand"
    with scene.fake.failing(Fault(HttpStatus(400), path="/model/delete", times=99)):
        turns = [scene.turn() for _ in range(6)]
    tries = [line for line in scene.journal.said(EntryKind.RESULT) if THEIRS in line]
    assert tries == [f"deployment/{THEIRS} failed"]
    assert "deployment/chat is held" in turns[-1].reason
    assert scene.params("fast")["model"] == "openai/fast-1"
    assert scene.journal.said(EntryKind.REJECTED) == []


def test_nothing_is_removed_where_nobody_can_be_told(scene: Scene) -> None:
    """As by `reconcile --alone`, which has no receivers."""
    policy(scene, intruders="remove")
    scene.turn()
    intrude(scene)
    for _ in range(4):
        scene.turn()
    assert THEIRS in rows(scene)


def test_what_another_controller_marked_is_never_removed(scene: Scene) -> None:
    told(scene)
    policy(scene, intruders="remove")
    scene.turn()
    intrude(scene)
    ours = next(row for row in rows(scene).values() if row["model_name"] == "chat")
    mark = {**ours["model_info"]["aspire_gitops"], "owner": "somebody-else"}
    rows(scene)[THEIRS]["model_info"]["aspire_gitops"] = mark
    for _ in range(4):
        turn = scene.turn()
    assert THEIRS in rows(scene)
    assert "deployment/chat is held" in turn.reason


def test_a_freeze_keeps_an_intruder(scene: Scene) -> None:
    notices = told(scene)
    policy(scene, intruders="remove")
    scene.turn()
    scene.stop = "another controller leads"
    intrude(scene)
    for _ in range(4):
        scene.turn()
    assert (THEIRS in rows(scene), notices) == (True, [])


def test_an_intruder_goes_while_a_rejected_revision_rests(scene: Scene) -> None:
    told(scene)
    policy(scene, intruders="remove")
    scene.turn()
    scene.declare(alias("fast", "acme", target={"provider": "acme", "model": "fast-2"}))
    scene.commit("Swap")
    with scene.fake.failing(Fault(HttpStatus(400), method="PATCH", times=99)):
        scene.turn()
        intrude(scene)
        for _ in range(3):
            scene.turn()
    assert THEIRS not in rows(scene)
