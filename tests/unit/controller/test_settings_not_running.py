"""A revision whose settings are not running is applied, and not live: said everywhere until it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from aspire_gitops.controller.holds import hold_draft
from aspire_gitops.controller.witness import Witness
from aspire_gitops.forge.github import STATES
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.journal.wording import sentence
from aspire_gitops.notify.news import notices_of, remembered
from aspire_gitops.status.value import Hold, HoldKind, Notice, Standing, Topic, Turn
from aspire_gitops.vocabulary import AspireGitopsError, LedgerUnavailable
from aspire_gitops.witness import Answers, Facts, SeenProcess, Settings
from aspire_ledger.canonical import config_digest
from support.catalogs import GATEWAY
from support.turns import Scene

LATEST = EntryKind.SETTINGS
GATEWAY_KEY = f"Gateway/{GATEWAY['name']}"


@dataclass
class Processes:
    """The gateway's processes by name, with the digest that each loaded: ledger and answers alike."""

    running: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    broken: AspireGitopsError | None = None
    unguarded: int = 0
    thoroughly: list[bool] = field(default_factory=list)

    async def processes(self) -> Sequence[SeenProcess]:
        if self.broken:
            raise self.broken
        return [SeenProcess(self._facts(name), 3.0) for name in self.running]

    async def ask(self, expected: Collection[str], *, thoroughly: bool) -> Answers:
        assert self.broken or set(expected) == set(self.running)
        self.thoroughly.append(thoroughly)
        names = self.running.keys() - self.silent
        return Answers({name: self._facts(name) for name in names}, self.unguarded)

    def _facts(self, name: str) -> Facts:
        digest = self.running[name]
        return Facts(name, digest, digest, "1.106.2", "0.1.0", "on")


@dataclass
class Watched:
    """A scene whose gateway has a ledger and two processes, and what is told of its turns."""

    scene: Scene
    gateway: Processes = field(default_factory=Processes)
    before: Turn | None = None

    def begin(self) -> None:
        self.scene.reconciler.witness = Witness(self.gateway, self.gateway)

    def turn(self) -> tuple[Turn, list[Notice]]:
        turn = self.scene.turn()
        told = list(notices_of(turn, self.before))
        self.before = remembered(turn, self.before)
        return turn, told

    def digest(self) -> str:
        wanted = self.scene.reconciler.wanted
        assert wanted
        return config_digest(wanted.compiled.config_yaml)

    def restart_gateway(self, *names: str) -> None:
        """Let processes load what git compiles to."""
        for name in names or tuple(self.gateway.running):
            self.gateway.running[name] = self.digest()

    def change_settings(self, **changes: object) -> str:
        """Commit other settings of the gateway, and a cap that does not depend on them."""
        changes = changes or {"ledger": {"keys_without_mark": "allow"}}
        self.scene.declare({**self.scene.resources[GATEWAY_KEY], **changes})
        self.scene.declare({**self.scene.resources["Budget/shared"], "monthly_aud": "120"})
        return self.scene.commit("Change the gateway's settings")

    def applied(self) -> list[str | None]:
        entries = self.scene.journal.entries
        return [one.draft.commit for one in entries if one.draft.kind is EntryKind.APPLIED]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.declare({**scene.resources[GATEWAY_KEY], "ledger": {}})
    scene.commit("Begin")
    first = scene.turn()
    assert first.standing is Standing.READY, first.reason
    watched = Watched(scene, Processes({"gw-1": "", "gw-2": ""}))
    watched.begin()
    watched.restart_gateway()
    turn, _ = watched.turn()
    assert turn.settings
    assert (turn.standing, turn.settings.state) == (Standing.READY, Settings.VERIFIED)
    return watched


def test_new_settings_are_applied_and_need_a_restart_until_every_process_runs_them(
    watched: Watched,
) -> None:
    commit = watched.change_settings()
    turn, [pending_notice] = watched.turn()
    assert turn.standing is Standing.STALLED
    assert turn.counts
    assert f"main@{commit[:7]} is applied, restart needed: 2 of 2 processes" in turn.reason
    assert f"aspire-gitops compile --revision {commit[:12]} -o build" in turn.help
    assert pending_notice.topic is Topic.RESTART
    assert (pending_notice.commit, STATES[pending_notice.topic]) == (commit, "pending")
    assert any("aspire-gitops compile" in line for line in pending_notice.lines)
    assert commit not in watched.applied()

    watched.restart_gateway("gw-1")
    turn, _ = watched.turn()
    assert "1 of 2 processes" in turn.reason
    assert commit not in watched.applied()

    watched.restart_gateway("gw-2")
    turn, told = watched.turn()
    assert turn.standing is Standing.READY
    assert watched.applied()[-1] == commit
    assert [(one.topic, one.commit) for one in told] == [
        (Topic.APPLIED, commit),
        (Topic.RECOVERED, commit),
    ]


def test_the_same_trouble_is_told_once(watched: Watched) -> None:
    watched.change_settings()
    told = [notice.topic for _ in range(4) for notice in watched.turn()[1]]
    assert told == [Topic.RESTART]


def test_the_journal_says_what_runs_and_calls_nothing_live_that_is_not(watched: Watched) -> None:
    commit = watched.change_settings()
    for _ in range(3):
        watched.turn()
    said = [one.draft for one in watched.scene.journal.entries if one.draft.kind is LATEST]
    assert [draft.body["state"] for draft in said] == ["verified", "restart needed"]
    assert sentence(said[-1]).startswith("settings restart needed: objects are live; restart")
    watched.restart_gateway()
    watched.turn()
    applied = [
        one.draft for one in watched.scene.journal.entries if one.draft.kind is EntryKind.APPLIED
    ]
    assert (applied[-1].commit, applied[-1].body["settings"]) == (commit, "verified")


def test_drift_is_drift_while_the_settings_wait(watched: Watched) -> None:
    """It is no change of git's, and a controller that starts anew knows that too."""
    watched.change_settings()
    watched.turn()
    watched.scene.restart()
    watched.begin()
    watched.before = None
    watched.scene.params("chat")["timeout"] = 7
    turn, _ = watched.turn()
    assert [drifted.object for drifted in turn.drift] == ["deployment/chat"]
    assert "restart needed" in turn.reason


def test_other_settings_during_a_freeze_are_a_deployment_that_rolls(watched: Watched) -> None:
    watched.gateway.running["gw-2"] = "sha256:other"
    now = watched.scene.now
    hold = Hold(HoldKind.FREEZE, "ada", "Deploy", now, until=now + timedelta(hours=1))
    watched.scene.journal.append(hold_draft(hold))
    turn, _ = watched.turn()
    assert turn.settings
    assert (turn.standing, turn.settings.state) == (Standing.READY, Settings.ROLLING)
    watched.scene.now += timedelta(hours=1)
    turn, told = watched.turn()
    assert turn.standing is Standing.STALLED
    assert Topic.RESTART in [notice.topic for notice in told]


def test_a_wrong_process_makes_a_live_revision_need_a_restart_and_is_asked_for_often(
    watched: Watched,
) -> None:
    watched.gateway.unguarded = 1
    turn, [told] = watched.turn()
    assert (turn.standing, told.topic) == (Standing.STALLED, Topic.RESTART)
    assert "without the guard" in turn.reason
    watched.turn()
    assert watched.gateway.thoroughly[-2:] == [False, True]
    watched.gateway.unguarded = 0
    turn, _ = watched.turn()
    assert turn.standing is Standing.READY
    watched.turn()
    assert watched.gateway.thoroughly[-1] is False


def test_a_forged_row_is_not_green_and_stops_nothing(watched: Watched) -> None:
    watched.gateway.running["forged"] = watched.digest()
    watched.gateway.silent = {"forged"}
    turn, told = watched.turn()
    assert turn.settings
    assert (turn.standing, turn.settings.state) == (Standing.READY, Settings.UNKNOWN)
    assert told == []


def test_while_the_ledger_is_away_nobody_calls_the_settings_verified(watched: Watched) -> None:
    watched.gateway.broken = LedgerUnavailable("the ledger does not answer", help="look at it")
    commit = watched.change_settings()
    turn, _ = watched.turn()
    assert turn.settings
    assert (turn.standing, turn.settings.state) == (Standing.STALLED, Settings.RESTART)
    watched.restart_gateway()
    turn, _ = watched.turn()
    assert turn.settings
    assert (turn.standing, turn.settings.state) == (Standing.READY, Settings.UNKNOWN)
    [*_, applied] = [
        one.draft for one in watched.scene.journal.entries if one.draft.kind is EntryKind.APPLIED
    ]
    assert (applied.commit, applied.body["settings"]) == (commit, "unknown")


def test_without_a_ledger_the_settings_cannot_be_verified_and_it_says_how_they_could(
    watched: Watched,
) -> None:
    gateway = watched.scene.resources[GATEWAY_KEY]
    watched.scene.declare({name: value for name, value in gateway.items() if name != "ledger"})
    watched.scene.commit("Drop the ledger")
    turn, _ = watched.turn()
    assert turn.settings
    assert (turn.standing, turn.settings.state) == (Standing.READY, Settings.UNVERIFIABLE)
    assert "declares no ledger" in turn.settings.reason
    assert "`ledger: {}`" in turn.settings.help


def test_a_key_keeps_its_timezone_until_the_gateway_runs_the_new_one(watched: Watched) -> None:
    commit = watched.change_settings(timezone="Australia/Perth")
    turn, _ = watched.turn()
    [key] = watched.scene.fake.keys.rows.values()
    assert key["metadata"]["timezone"] == "Australia/Sydney"
    assert turn.plan
    assert any("key/shop.main waits until" in warning for warning in turn.plan.warnings)
    assert "two midnights" in turn.help
    watched.restart_gateway()
    turn, _ = watched.turn()
    assert (turn.standing, watched.applied()[-1]) == (Standing.READY, commit)
    [key] = watched.scene.fake.keys.rows.values()
    assert key["metadata"]["timezone"] == "Australia/Perth"


def test_no_cap_is_raised_while_a_process_runs_without_the_ledger(watched: Watched) -> None:
    [key] = watched.scene.fake.keys.rows.values()
    before = key["max_budget"]
    watched.gateway.unguarded = 1
    watched.scene.declare({**watched.scene.resources["Budget/shared"], "monthly_aud": "200"})
    watched.scene.commit("Raise a cap")
    turn, _ = watched.turn()
    [key] = watched.scene.fake.keys.rows.values()
    assert (key["max_budget"], turn.standing) == (before, Standing.STALLED)
    watched.scene.declare({**watched.scene.resources["Budget/shared"], "monthly_aud": "50"})
    watched.scene.commit("Lower it")
    watched.turn()
    [key] = watched.scene.fake.keys.rows.values()
    assert key["max_budget"] < before
    watched.gateway.unguarded = 0
    watched.scene.declare({**watched.scene.resources["Budget/shared"], "monthly_aud": "200"})
    watched.scene.commit("Raise it again")
    assert watched.turn()[0].standing is Standing.READY
    [key] = watched.scene.fake.keys.rows.values()
    assert key["max_budget"] > before
