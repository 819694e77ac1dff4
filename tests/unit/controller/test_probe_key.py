"""The key of the controller's own calls: compiled, derived, delivered to nobody, healed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.gateway import GatewayClient
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.kinds import PROBE_KEY, key_address
from aspire_gitops.probing import probe_key
from aspire_gitops.status.value import Standing
from support.fake_gateway import ADMIN_KEY, AT_ONCE, FakeTransport
from support.turns import Scene

VALUE = probe_key(SecretStr(ADMIN_KEY)).get_secret_value()
HIDDEN = "candidate:chat"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A controller at rest, whose Gateway says nothing of probes."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    found = Scene(tmp_path / "repository")
    policy = found.resources["Gateway/test"]["policy"]
    found.resources["Gateway/test"]["policy"] = {**policy, "probes": {}}
    found.commit("Begin")
    found.turn()
    return found


def row(scene: Scene) -> dict[str, Any]:
    return scene.fake.keys.rows[key_address(VALUE)]


def with_admin_key(scene: Scene, *, own: SecretStr | None = None) -> None:
    """Start the controller with another admin key, which the gateway takes from now on."""
    scene.fake.admin_key = "sk-another-admin-key-0002"
    scene.restart()
    client = GatewayClient(
        "http://gateway.test",
        SecretStr(scene.fake.admin_key),
        transport=FakeTransport(scene.fake),
        retries=AT_ONCE,
        clock=lambda: scene.now,
        own_key=own,
    )
    object.__setattr__(scene.reconciler.world, "gateway", client)


def test_a_new_gateway_has_a_probe_key_with_a_budget_of_its_own(scene: Scene) -> None:
    found = row(scene)
    account = {
        name: found["metadata"].get(name) for name in ("app", "budget", "monthly_aud", "purpose")
    }
    assert (found["key_alias"], found["max_budget"]) == ("aspire-gitops.probe", 3.256)
    assert account == {
        "app": "aspire-gitops",
        "budget": "aspire-gitops",
        "monthly_aud": "5",
        "purpose": "probe",
    }


def test_it_lists_each_alias_and_its_hidden_name_from_the_start(scene: Scene) -> None:
    assert row(scene)["models"] == [HIDDEN, "chat"]


def test_no_app_lists_a_hidden_name(scene: Scene) -> None:
    others = [each for token, each in scene.fake.keys.rows.items() if token != key_address(VALUE)]
    assert all(HIDDEN not in each["models"] for each in others)


def _deleted(scene: Scene) -> None:
    scene.fake.keys.deleted[key_address(VALUE)] = scene.fake.keys.rows.pop(key_address(VALUE))


def _changed(scene: Scene) -> None:
    row(scene)["max_budget"] = 4000.0


def _all_models(scene: Scene) -> None:
    row(scene)["models"] = []


@pytest.mark.parametrize("spoil", [_deleted, _changed, _all_models])
def test_what_a_person_did_to_the_probe_key_is_healed(
    scene: Scene, spoil: Callable[[Scene], None]
) -> None:
    before = {name: row(scene)[name] for name in ("max_budget", "models", "metadata")}
    spoil(scene)
    turn = scene.turn()
    assert (turn.standing, [one.object for one in turn.drift]) == (
        Standing.READY,
        [str(PROBE_KEY)],
    )
    assert {name: row(scene)[name] for name in before} == before


def test_after_it_the_controller_is_at_rest(scene: Scene) -> None:
    scene.turn()
    assert scene.fake.writes == []


def test_another_admin_key_replaces_the_probe_key_in_one_turn(scene: Scene) -> None:
    with_admin_key(scene)
    turn = scene.turn()
    ours = [each for each in scene.fake.keys.rows.values() if each["metadata"].get("purpose")]
    value = probe_key(SecretStr(scene.fake.admin_key)).get_secret_value()
    assert turn.standing is Standing.READY
    assert [each["token"] for each in ours] == [key_address(value)]
    scene.turn()
    assert scene.fake.writes == []


def test_controllers_with_different_admin_keys_agree_by_the_setting(scene: Scene) -> None:
    with_admin_key(scene, own=SecretStr(VALUE))
    scene.turn()
    assert scene.fake.writes == []


def test_probes_that_are_off_take_the_key_away_without_an_approval(scene: Scene) -> None:
    gateway = scene.resources["Gateway/test"]
    gateway["policy"] = {**gateway["policy"], "probes": "off"}
    scene.commit("No probes")
    turn = scene.turn()
    assert (turn.standing, dict(turn.counts)) == (Standing.READY, {"applied": 1})
    assert key_address(VALUE) not in scene.fake.keys.rows


def test_the_probe_key_keeps_no_alias_from_being_removed(scene: Scene) -> None:
    scene.declare({**scene.resources["Alias/chat"], "name": "other"})
    scene.commit("One more")
    scene.turn()
    scene.drop("Alias/other")
    scene.commit("One less")
    turn = scene.turn()
    assert turn.standing is Standing.READY
    assert row(scene)["models"] == [HIDDEN, "chat"]


def test_the_value_is_nowhere(scene: Scene) -> None:
    written = "".join(repr(each) for each in scene.journal.entries)
    turns = repr(scene.turn())
    delivered = [path.read_text() for path in scene.delivered.parent.rglob("*") if path.is_file()]
    assert scene.journal.said(EntryKind.RESULT)
    assert all(VALUE not in text for text in (written, turns, scene.fake.keys.dump(), *delivered))


def test_an_app_is_never_given_the_probe_key(scene: Scene) -> None:
    app = scene.resources["App/shop"]
    app["keys"] = [*app["keys"], {"name": "second", "deliver": "file"}]
    place = scene.delivered.with_name("second")
    place.write_text(VALUE)
    place.chmod(0o600)
    scene.commit("A second key")
    turn = scene.turn()
    assert "the key of the controller's own calls" in " ".join(turn.failures)
    assert VALUE not in repr(turn)


def test_a_second_repository_on_one_gateway_leaves_the_probe_key_to_the_first(
    scene: Scene,
) -> None:
    row(scene)["metadata"]["aspire_gitops"]["owner"] = "another-repository"
    turn = scene.turn()
    assert (turn.standing, scene.fake.writes) == (Standing.READY, [])
    assert turn.plan
    assert [one for one in turn.plan.warnings if "another-repository" in one]
