"""CI applies while the controller takes a turn: one waits for the other, and nothing is done twice."""

import time
from pathlib import Path

import pytest

from aspire_gitops.status.value import Standing
from support.fake_gateway import ADMIN_KEY, Request
from support.folders import alias
from support.turns import Scene

ELSEWHERE = "another-boot/1/7/1"  # a process of a machine that this one knows nothing of


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "planted-provider-key")
    monkeypatch.setattr("aspire_gitops.controller.apply._OTHERS_S", 0.0)
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


def begin_an_apply(scene: Scene) -> None:
    note = {"id": "ci", "who": "apply, pid 7 on ci-1", "beat": 1, "process": ELSEWHERE}
    body = {
        "key": "sk-of-a-writer-in-ci-0123456789",
        "key_alias": "aspire-gitops writer ci",
        "blocked": True,
        "metadata": {"aspire_gitops_writer": note},
    }
    answer, _ = scene.fake.handle(Request("POST", "/key/generate", body, f"Bearer {ADMIN_KEY}"))
    assert answer.status == 200


def served(scene: Scene) -> list[str]:
    return [row["model_name"] for row in scene.fake.deployments.rows.values()]


def end_it(scene: Scene) -> None:
    ours = [t for t, row in scene.fake.keys.rows.items() if row["key_alias"].endswith("writer ci")]
    for token in ours:
        del scene.fake.keys.rows[token]


def test_a_turn_waits_names_the_writer_and_writes_nothing(scene: Scene) -> None:
    begin_an_apply(scene)
    scene.declare(alias("fast", "acme"))
    scene.commit("Add an alias")
    turn = scene.turn()
    assert turn.standing is Standing.WAITING
    assert "another writer is at work" in turn.reason
    assert "apply, pid 7 on ci-1" in turn.reason
    assert "fast" not in served(scene)

    end_it(scene)
    assert scene.turn().standing is Standing.READY
    assert "fast" in served(scene)


def test_a_writer_that_is_there_all_the_time_is_told_in_the_end(scene: Scene) -> None:
    begin_an_apply(scene)
    scene.declare(alias("fast", "acme"))
    scene.commit("Add an alias")
    assert scene.turn().standing is Standing.WAITING
    turn = scene.turn(later_s=3700)
    assert turn.standing is Standing.STALLED
    assert "apply, pid 7 on ci-1" in turn.reason


def test_a_writer_that_died_elsewhere_is_not_waited_for_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.reconciler.world.gateway, "_lease_s", 0.2)
    begin_an_apply(scene)
    scene.declare(alias("fast", "acme"))
    scene.commit("Add an alias")
    assert scene.turn().standing is Standing.WAITING
    time.sleep(0.3)
    assert scene.turn().standing is Standing.READY
    assert "fast" in served(scene)


def test_at_rest_an_apply_beside_it_does_not_matter(scene: Scene) -> None:
    begin_an_apply(scene)
    assert scene.turn().standing is Standing.READY


def test_an_app_that_holds_a_dead_key_stalls_and_says_what_to_do(scene: Scene) -> None:
    scene.delivered.write_text("sk-of-an-earlier-life-0123456789\n")
    turn = scene.turn(later_s=601)
    assert turn.standing is Standing.STALLED
    assert "its app cannot call" in turn.reason
    assert "delete the key on the gateway" in turn.help

    [token] = scene.fake.keys.rows
    del scene.fake.keys.rows[token]  # as the help says
    assert scene.turn().standing is Standing.READY
    assert scene.turn().standing is Standing.READY
    assert scene.delivered.read_text().strip() == "sk-of-an-earlier-life-0123456789"
