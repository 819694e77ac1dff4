"""Kill the controller at every single write: the next one ends where an undisturbed one ends."""

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from aspire_gitops.controller.gateway_reader import states_of
from aspire_gitops.journal import EntryKind, Journal, open_journal
from aspire_ledger.canonical import JsonValue, canonical_json
from support.busy_change import OWNER, SECRETS, Story
from support.fake_gateway import Fault, Kill, serving
from support.git_repository import new_bare, new_repository
from support.soak.daemon import Daemon

pytestmark = pytest.mark.slow

EXPECTED_WRITES = 16
LEASE_WRITES = 2  # of the row that says who writes, before and after them
"""How many writes the change takes. A constant, so that positions can be test ids."""

PROOFS = 11
"""How many writes that change nothing prove our rights before the first one that does."""

LONG_S = 3_000.0
"""The interval: only what a test asks for makes a turn."""


@dataclass
class Scene:
    """The busy change as a commit, a gateway over TCP, and a controller that is to apply it."""

    story: Story
    daemon: Daemon

    def check_finished(self, expected: Mapping[str, JsonValue]) -> None:
        """Hold gateway, deliveries and journal to the end state of an undisturbed run."""
        turn = self.daemon.first_turn()
        assert turn.standing == "ready", turn
        self.daemon.kill()
        self.story.check_finished(expected)
        with open_journal(None, self.daemon.state_dir, read_only=True) as journal:
            self._is_true(journal)
        said = self.daemon.log.read_bytes() + b"".join(self._state_files())
        assert not [name for name, value in SECRETS.items() if value.encode() in said]

    def _is_true(self, journal: Journal) -> None:
        assert journal.verify().ok
        live = states_of(self.story.snapshot(), OWNER)
        recorded = {n: state for n, state in journal.recorded_states().items() if state is not None}
        assert canonical_json(recorded) == canonical_json(live), "the journal says what is live"
        applied = list(journal.read(kinds=(EntryKind.APPLIED,)))
        assert len(applied) == 1, "the revision is recorded as live, once"

    def _state_files(self) -> Iterator[bytes]:
        for path in sorted(self.daemon.state_dir.rglob("*")):
            if path.is_file():
                yield path.read_bytes()


@contextmanager
def scene_in(folder: Path) -> Iterator[Scene]:
    story = Story(folder)
    with serving(story.fake) as url:
        daemon = Daemon(
            repository=committed(story),
            state_dir=folder / "state",
            log=folder / "controller.log",
            variables=story.environment(url),
            interval_s=LONG_S,
        )
        try:
            yield Scene(story, daemon)
        finally:
            if daemon.runs:
                daemon.kill()


def committed(story: Story) -> Path:
    """Return a repository whose only commit is the change, with an exchange rate of today."""
    origin = new_bare(story.folder / "origin.git").path
    work = new_repository(story.folder / "work")
    shutil.rmtree(work.path / "gateway.d")
    shutil.copytree(story.after, work.path / "gateway.d")
    gateway = work.path / "gateway.d" / "gateway.yaml"
    values = yaml.safe_load(gateway.read_text())
    values["exchange"]["as_of"] = f"{datetime.now(UTC):%Y-%m-%d}"
    gateway.write_text(yaml.safe_dump(values, sort_keys=False))
    work.git("add", "-A")
    work.git("commit", "--quiet", "-m", "Move to beta")
    work.git("push", "--quiet", str(origin), "main")
    return origin


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, JsonValue]:
    with scene_in(tmp_path_factory.mktemp("undisturbed")) as scene:
        scene.daemon.start()
        assert scene.daemon.first_turn().standing == "ready"
        assert len(scene.story.fake.writes) == PROOFS + EXPECTED_WRITES
        expected = scene.story.end_state()
        scene.check_finished(expected)
        return expected


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("write", range(1, EXPECTED_WRITES + LEASE_WRITES + 1))
def test_kill_dash_nine_at_any_write(
    scene: Scene, undisturbed: Mapping[str, JsonValue], write: int, *, after: bool
) -> None:
    pid = scene.daemon.start()
    with scene.story.fake.failing(Fault(Kill(pid, after=after), write=PROOFS + write)):
        assert scene.daemon.wait() == -signal.SIGKILL, scene.daemon.last_words()
    assert not any(secret.encode() in scene.daemon.log.read_bytes() for secret in SECRETS.values())
    scene.daemon.start()
    scene.check_finished(undisturbed)
