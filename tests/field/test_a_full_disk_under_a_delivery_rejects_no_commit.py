"""Where a key cannot be put, the reason is the place and not the commit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aspire_gitops.delivery.base import Delivery, DeliveryTarget
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Standing
from aspire_gitops.vocabulary import DeliveryFailed
from support.folders import app
from support.turns import Scene

_PROGRAM = """
import sys
from pathlib import Path
from aspire_gitops.journal.entry import EntryKind
from support.turns import Scene

root, keys = Path(sys.argv[1]), Path(sys.argv[1], "keys")
scene = Scene(root / "repository")
scene.commit("Begin")
with (keys / "filler").open("wb", buffering=0) as filler:
    try:
        while filler.write(b"x" * 4096):
            pass
    except OSError:
        pass
for _ in range(3):
    turn = scene.turn()
    print(turn.standing, turn.blames_commit, turn.look_again_s, turn.reason, "|", turn.help)
(keys / "filler").unlink()
print(scene.turn().standing, len(scene.journal.said(EntryKind.REJECTED)), scene.delivered.stat().st_size)
"""


@pytest.mark.slow
def test_the_commit_is_applied_as_soon_as_there_is_room(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    mount = 'mount -t tmpfs -o size=64k none "$1/keys"'
    small_disk = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*small_disk, mount, "sh", tmp_path], check=False).returncode:
        pytest.skip("no mounts of its own here, so no small disk")
    script = f'{mount} && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [*small_disk, script, "sh", str(tmp_path), sys.executable, _PROGRAM],
        env={
            **os.environ,
            "ACME_API_KEY": "sk-acme-secret-0001",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    *full, last = [line for line in done.stdout.splitlines() if "stamina" not in line]
    assert len(full) == 3
    for line in full:
        assert line.startswith("stalled False 60.0")
        assert "No space left on device" in line
        assert line.endswith("| free space on that disk")
    assert last.startswith("ready 0 ")
    assert not last.endswith(" 0")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    return Scene(tmp_path / "repository")


def in_the_way(scene: Scene) -> None:
    scene.delivered.parent.mkdir(parents=True)
    scene.delivered.write_text("something that is not a key\n")


def a_link(scene: Scene) -> None:
    scene.delivered.parent.parent.mkdir(parents=True)
    scene.delivered.parent.symlink_to(scene.folder)


def a_file_for_a_folder(scene: Scene) -> None:
    scene.delivered.parent.parent.mkdir(parents=True)
    scene.delivered.parent.write_text("")


@pytest.mark.parametrize("spoil", [in_the_way, a_link, a_file_for_a_folder])
def test_what_lies_in_the_way_is_for_an_operator_and_no_rejection(
    scene: Scene, spoil: object
) -> None:
    assert callable(spoil)
    scene.commit("Begin")
    spoil(scene)
    turn = scene.turn()
    assert (turn.standing, turn.blames_commit) == (Standing.STALLED, False)
    assert turn.help
    assert scene.journal.said(EntryKind.REJECTED) == []
    keys = scene.delivered.parent
    if keys.is_dir() and not keys.is_symlink():
        shutil.rmtree(keys)
    else:
        keys.unlink()
    assert scene.turn().standing is Standing.READY


class Away:
    """A receiver that fails in one way until it does not."""

    place = "test:away"

    def __init__(self, error: DeliveryFailed | None) -> None:
        self.error = error
        self.value: str | None = None

    async def read(self) -> str | None:
        return self.value

    async def write(self, value: str, *, instead_of: str | None) -> None:
        assert instead_of == self.value
        if self.error:
            raise self.error
        self.value = value


@pytest.mark.parametrize(
    ("error", "standing"),
    [
        pytest.param(DeliveryFailed("503", status=503, passes=True), Standing.WAITING, id="away"),
        pytest.param(DeliveryFailed("401", status=401), Standing.STALLED, id="refused"),
    ],
)
def test_a_receiver_that_is_away_rejects_no_commit(
    scene: Scene, error: DeliveryFailed, standing: Standing
) -> None:
    receiver = Away(error)

    def opened(_: DeliveryTarget) -> Delivery:
        return receiver

    scene.deliveries = opened
    scene.restart()
    scene.commit("Begin")
    assert scene.turn().standing is standing
    assert scene.journal.said(EntryKind.REJECTED) == []
    receiver.error = None
    assert scene.turn().standing is Standing.READY


def test_a_place_that_no_file_may_name_still_rejects_the_commit(scene: Scene) -> None:
    usual = deliveries_in(scene.folder.parent / "keys")
    scene.deliveries = lambda _: usual(DeliveryTarget("file", "/etc/passwd"))
    scene.restart()
    scene.declare(app("blog", ["chat"], {"name": "main", "deliver": "file"}))
    scene.commit("Begin")
    turn = scene.turn()
    assert (turn.standing, turn.blames_commit) == (Standing.STALLED, True)
    assert len(scene.journal.said(EntryKind.REJECTED)) == 1
