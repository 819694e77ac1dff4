"""One turn at a time: what it does to the gateway, and what it says."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aspire_gitops.controller.holds import hold_draft, resume_draft
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.journal.wording import sentence
from aspire_gitops.state import HIDDEN
from aspire_gitops.status.value import Answer, DriftKind, Hold, HoldKind, MovedField, Standing
from aspire_gitops.vocabulary import JournalDamaged, JournalUnavailable
from support.catalogs import GATEWAY
from support.fake_gateway import Drop, Fault, Html, Status
from support.folders import alias, provider
from support.turns import Scene


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    monkeypatch.setenv("BETA_API_KEY", "sk-beta-secret-0002")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    return scene


@pytest.fixture
def settled(scene: Scene) -> Scene:
    """The first revision is live."""
    assert scene.turn().standing is Standing.READY
    return scene


# ── git changes ──────────────────────────────────────────────────────────────


def test_a_first_turn_applies_what_git_says(scene: Scene) -> None:
    turn = scene.turn("start")
    assert (turn.standing, dict(turn.counts)) == (Standing.READY, {"applied": 3})
    assert turn.reason.startswith("applied main@")
    assert turn.applied == turn.wanted
    assert scene.params("chat")["model"] == "openai/chat-1"


def test_a_turn_without_changes_writes_nothing(settled: Scene) -> None:
    turn = settled.turn()
    assert settled.fake.writes == []
    assert (turn.standing, dict(turn.counts), turn.drift) == (Standing.READY, {}, ())
    assert turn.reason.startswith("the gateway matches main@")


def test_a_new_commit_is_applied_at_once_and_recorded_with_its_author(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    commit = settled.commit("Swap")
    settled.turn("webhook")
    assert settled.params("chat")["model"] == "openai/chat-2"
    applied = [e for e in settled.journal.entries if e.draft.kind is EntryKind.APPLIED][-1]
    assert (applied.draft.commit, applied.draft.author) == (commit, "Ada")


def test_a_commit_that_needs_no_change_counts_as_applied(settled: Scene) -> None:
    commit = settled.commit_as_is("Only words")
    turn = settled.turn()
    assert settled.fake.writes == []
    assert turn.applied is not None
    assert turn.applied.commit == commit


def test_a_restart_goes_on_from_the_journal(settled: Scene) -> None:
    settled.restart()
    turn = settled.turn("start")
    assert settled.fake.writes == []
    assert turn.applied is not None
    assert turn.applied.author == "Ada"


# ── bad commits ──────────────────────────────────────────────────────────────


def test_a_bad_commit_leaves_the_last_good_one_in_force(settled: Scene) -> None:
    settled.declare(alias("chat", "nobody"))
    settled.commit("Mistake")
    address = next(iter(settled.fake.deployments.rows))
    settled.fake.deployments.rows[address]["litellm_params"]["model"] = "openai/by-hand"
    turn = settled.turn()
    assert turn.standing is Standing.STALLED
    assert [d.rule.code for d in turn.diagnostics if d.is_error] == ["AG201"]
    assert turn.wanted != turn.applied
    assert settled.params("chat")["model"] == "openai/chat-1", "drift is healed all the same"


def test_the_last_good_one_is_in_force_after_a_restart_too(settled: Scene) -> None:
    settled.declare(alias("chat", "nobody"))
    settled.commit("Mistake")
    settled.restart()
    address = next(iter(settled.fake.deployments.rows))
    settled.fake.deployments.rows[address]["litellm_params"]["model"] = "openai/by-hand"
    settled.turn("start")
    assert settled.params("chat")["model"] == "openai/chat-1"


def test_a_bad_commit_is_recorded_once_with_its_diagnostics(settled: Scene) -> None:
    settled.declare(alias("chat", "nobody"))
    settled.commit("Mistake")
    settled.turn()
    settled.turn()
    rejected = [e.draft for e in settled.journal.entries if e.draft.kind is EntryKind.REJECTED]
    assert len(rejected) == 1
    assert "AG201" in str(rejected[0].body["diagnostics"])


def test_a_refused_plan_leaves_the_last_good_one_in_force(settled: Scene) -> None:
    settled.drop("App/shop")
    settled.commit("Remove the app without an Approval")
    turn = settled.turn()
    assert turn.standing is Standing.STALLED
    assert "AG503" in turn.reason or "AG50" in turn.reason
    assert turn.help, "the way out is said"
    assert turn.plan is not None
    assert turn.plan.refusals
    assert settled.fake.writes == []


def test_a_commit_that_fails_for_its_own_reason_is_not_hammered(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    with settled.fake.failing(Fault(Status(400), method="PATCH", times=99)):
        first = settled.turn()
        again = settled.turn()
    assert (first.standing, again.standing) == (Standing.STALLED, Standing.STALLED)
    assert settled.fake.writes == []
    assert "chat" in again.reason
    assert "retried at" in again.help


def test_a_rejected_commit_is_tried_again_slowly(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    with settled.fake.failing(Fault(Status(400), method="PATCH", times=99)):
        settled.turn()
    assert settled.turn(later_s=599).standing is Standing.STALLED
    assert settled.turn(later_s=2).standing is Standing.READY
    assert settled.params("chat")["model"] == "openai/chat-2"


def test_the_commit_after_a_rejected_one_is_tried_at_once(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    with settled.fake.failing(Fault(Status(400), method="PATCH", times=99)):
        settled.turn()
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-3"}))
    settled.commit("Mend")
    assert settled.turn().standing is Standing.READY
    assert settled.params("chat")["model"] == "openai/chat-3"


def test_a_rejection_outlives_a_restart_and_ends_when_a_person_asks(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    with settled.fake.failing(Fault(Status(400), method="PATCH", times=99)):
        settled.turn()
    settled.restart()
    assert settled.turn("start").standing is Standing.STALLED
    assert settled.turn("reconcile").standing is Standing.READY


def test_a_missing_secret_holds_what_needs_it_and_nothing_else(
    settled: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BETA_API_KEY")
    settled.declare(provider("beta"))
    settled.declare(alias("fast", "beta"))
    settled.declare(alias("third", "acme"))
    commit = settled.commit("Add a provider")
    turn = settled.turn()
    assert turn.standing is Standing.STALLED
    assert "credential/beta is held: AG513 its secret env:BETA_API_KEY" in turn.reason
    names = {row["model_name"] for row in settled.fake.deployments.rows.values()}
    assert names == {"chat", "third"}
    assert turn.applied
    assert turn.applied.commit != commit
    monkeypatch.setenv("BETA_API_KEY", "sk-beta-secret-0001")
    turn = settled.turn()
    assert (turn.standing, turn.drift) == (Standing.READY, ())
    assert turn.applied
    assert turn.applied.commit == commit


def test_a_missing_secret_stops_no_healing_of_anything_else(
    settled: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.declare(provider("beta"))
    settled.declare(alias("fast", "beta"))
    settled.commit("Add a provider")
    assert settled.turn().standing is Standing.READY
    monkeypatch.delenv("ACME_API_KEY")
    del settled.fake.credentials.rows["gw.acme"]
    by_hand(settled, "openai/by-hand")
    settled.params("fast")["model"] = "openai/by-hand"
    turn = settled.turn()
    assert "credential/acme is held: AG513" in turn.reason
    assert settled.params("fast")["model"] == "openai/fast-1"
    assert settled.params("chat")["model"] == "openai/by-hand", "it needs that credential"
    assert settled.journal.said(EntryKind.REJECTED) == []
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    assert settled.turn().standing is Standing.READY
    assert settled.params("chat")["model"] == "openai/chat-1"


def test_the_rights_are_proved_once_an_hour_and_again_after_a_refusal(settled: Scene) -> None:
    def proofs_for(model: str, later_s: float = 60.0) -> int:
        target = {"provider": "acme", "model": model}
        settled.declare(alias("chat", "acme", target=target))
        settled.commit("Swap")
        settled.turn(later_s=later_s)
        return sum(request.path == "/key/block" for request in settled.fake.writes)

    assert [proofs_for("chat-2"), proofs_for("chat-3"), proofs_for("chat-4", 3_601)] == [0, 0, 1]


# ── drift ────────────────────────────────────────────────────────────────────


def by_hand(scene: Scene, model: str) -> None:
    row = next(r for r in scene.fake.deployments.rows.values() if r["model_name"] == "chat")
    row["litellm_params"]["model"] = model


def test_drift_is_healed_within_one_turn_and_told(settled: Scene) -> None:
    by_hand(settled, "openai/by-hand")
    turn = settled.turn()
    assert settled.params("chat")["model"] == "openai/chat-1"
    assert [(d.object, d.fields, d.answer) for d in turn.drift] == [
        ("deployment/chat", ("litellm_params.model",), Answer.HEALED)
    ]
    assert settled.journal.said(EntryKind.DRIFT) == ["deployment/chat healed"]


def test_drift_says_what_git_had_and_the_gateway_has_and_since_when(settled: Scene) -> None:
    settled.declare({**GATEWAY, "policy": {**GATEWAY.get("policy", {}), "drift": "report"}})
    settled.commit("Report only")
    settled.turn()
    by_hand(settled, "openai/by-hand")
    seen_at = settled.now + timedelta(seconds=60)
    assert settled.turn(later_s=60).drift[0].first_seen == seen_at
    settled.restart()
    [drift] = settled.turn(later_s=600).drift
    assert drift.moved == (MovedField("litellm_params.model", "openai/chat-1", "openai/by-hand"),)
    assert drift.first_seen == seen_at, "also after a restart"
    lines = [e.draft for e in settled.journal.entries if e.draft.kind is EntryKind.DRIFT]
    assert [(line.author, line.approvers) for line in lines] == [(None, ())] * len(lines)
    assert "openai/chat-1 → openai/by-hand" in sentence(lines[-1])
    by_hand(settled, "openai/chat-1")
    settled.turn(later_s=60)
    by_hand(settled, "openai/again")
    [again] = settled.turn(later_s=60).drift
    assert again.first_seen == settled.now, "it was undone between"


def test_the_journal_keeps_no_character_of_a_secret(settled: Scene) -> None:
    next(iter(settled.fake.credentials.rows.values()))["credential_values"]["api_key"] = (
        "xy-other-zz"
    )
    settled.turn()
    states = [str(dict(entry.draft.body)) for entry in settled.journal.entries]
    assert HIDDEN in "".join(states)
    assert not [text for text in states if "**" in text]


def test_a_journal_of_before_that_holds_masks_makes_no_change_by_hand_of_them(
    settled: Scene,
) -> None:
    entries = settled.journal.entries
    for place, entry in enumerate(entries):
        state = entry.draft.body.get("state")
        if entry.draft.object == "credential/acme" and isinstance(state, dict):
            fields = {**state["fields"], "credential_values.api_key": "sk****01"}
            body = {**entry.draft.body, "state": {**state, "fields": fields}}
            entries[place] = replace(entry, draft=replace(entry.draft, body=body))
    before = len(settled.journal.said(EntryKind.OBSERVED))
    settled.restart()
    settled.turn()
    assert len(settled.journal.said(EntryKind.OBSERVED)) == before


def test_what_was_put_on_the_gateway_by_hand_is_not_called_gone(settled: Scene) -> None:
    row = next(iter(settled.fake.deployments.rows.values()))
    copy = deepcopy(row)
    copy["model_name"] = "ghost"
    copy["model_info"]["id"] = "gw.ghost.1"
    copy["model_info"]["aspire_gitops"]["name"] = "ghost"
    settled.fake.deployments.rows["gw.ghost.1"] = copy
    settled.fake.deployments.live.add("gw.ghost.1")
    found = {one.object: one.kind for one in settled.turn().drift}
    assert found == {"deployment/ghost": DriftKind.ADDED}


def test_an_object_deleted_by_hand_is_drift_and_comes_back(settled: Scene) -> None:
    settled.fake.deployments.rows.clear()
    settled.fake.deployments.live.clear()
    turn = settled.turn()
    assert [(d.object, d.fields) for d in turn.drift] == [("deployment/chat", ())]
    assert settled.params("chat")["model"] == "openai/chat-1"


def test_drift_is_only_reported_if_the_policy_says_so(scene: Scene) -> None:
    scene.resources["Gateway/test"]["policy"] = {
        **scene.resources["Gateway/test"]["policy"],
        "drift": "report",
    }
    scene.commit("Report only")
    scene.turn()
    by_hand(scene, "openai/by-hand")
    turn = scene.turn()
    scene.turn()
    assert scene.params("chat")["model"] == "openai/by-hand"
    assert [d.answer for d in turn.drift] == [Answer.REPORTED]
    assert scene.journal.said(EntryKind.DRIFT) == ["deployment/chat reported"], "once"


def test_flapping_is_seen_and_slowed_down(settled: Scene) -> None:
    for _ in range(3):
        by_hand(settled, "openai/by-hand")
        settled.turn(later_s=5)
    by_hand(settled, "openai/by-hand")
    held = settled.turn(later_s=5)
    assert [d.answer for d in held.drift] == [Answer.HELD]
    assert [(f.object, f.path, f.times) for f in held.flapping] == [
        ("deployment/chat", "litellm_params.model", 3)
    ]
    assert settled.params("chat")["model"] == "openai/by-hand"
    settled.turn(later_s=61)
    assert settled.params("chat")["model"] == "openai/chat-1", "healed again after the pause"


def test_flapping_is_remembered_over_a_restart(settled: Scene) -> None:
    for _ in range(3):
        by_hand(settled, "openai/by-hand")
        settled.turn(later_s=5)
    settled.restart()
    by_hand(settled, "openai/by-hand")
    assert [d.answer for d in settled.turn(later_s=5).drift] == [Answer.HELD]


def test_a_new_secret_where_we_run_is_no_drift(
    settled: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0009")
    turn = settled.turn()
    assert turn.drift == ()
    assert dict(turn.counts) == {"applied": 1}


def test_what_changed_by_hand_is_observed_in_the_journal(settled: Scene) -> None:
    by_hand(settled, "openai/by-hand")
    settled.turn()
    observed = [e.draft for e in settled.journal.entries if e.draft.kind is EntryKind.OBSERVED]
    assert "openai/by-hand" in str(observed[-1].body)


# ── faults ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "standing"),
    [
        pytest.param(Fault(Drop(), times=99), Standing.WAITING, id="refused connection"),
        pytest.param(Fault(Status(500), times=99), Standing.WAITING, id="500"),
        pytest.param(Fault(Status(429), times=99), Standing.WAITING, id="429"),
        pytest.param(Fault(Status(401), times=99), Standing.STALLED, id="401"),
        pytest.param(Fault(Status(403), times=99), Standing.STALLED, id="403"),
        pytest.param(Fault(Html(), times=99), Standing.WAITING, id="a page where JSON should be"),
    ],
)
def test_a_gateway_that_cannot_be_read_is_never_taken_for_empty(
    settled: Scene, fault: Fault, standing: Standing
) -> None:
    with settled.fake.failing(fault):
        turn = settled.turn()
    assert (turn.standing, settled.fake.writes) == (standing, [])
    assert settled.turn().standing is Standing.READY


def test_waiting_backs_off_and_stalled_by_a_wrong_key_is_slow(settled: Scene) -> None:
    with settled.fake.failing(Fault(Status(500), times=999)):
        pauses = [settled.turn().look_again_s for _ in range(4)]
    with settled.fake.failing(Fault(Status(401), times=999)):
        slow = settled.turn().look_again_s
    assert pauses == [2, 4, 8, 16]
    assert (slow, settled.turn().look_again_s) == (600, 60)


def test_half_a_snapshot_deletes_nothing(settled: Scene) -> None:
    with settled.fake.failing(Fault(Drop(), path="/key/list", times=99)):
        turn = settled.turn()
    assert (turn.standing, settled.fake.writes) == (Standing.WAITING, [])


def test_an_apply_that_the_gateway_cut_off_is_finished_by_the_next_turn(scene: Scene) -> None:
    with scene.fake.failing(Fault(Drop(after=True), write=2, times=99)):
        first = scene.turn()
    assert first.standing is not Standing.READY
    scene.turn("reconcile")
    assert scene.turn().reason.startswith("the gateway matches")
    assert scene.params("chat")["model"] == "openai/chat-1"


@pytest.mark.parametrize(
    ("error", "standing"),
    [
        pytest.param(JournalUnavailable("locked; try again"), Standing.WAITING, id="locked"),
        pytest.param(JournalDamaged("broken at 4; look"), Standing.STALLED, id="damaged"),
    ],
)
def test_without_its_journal_the_controller_writes_nothing(
    settled: Scene, error: JournalUnavailable | JournalDamaged, standing: Standing
) -> None:
    by_hand(settled, "openai/by-hand")
    with settled.broken_journal(error):
        turn = settled.turn()
    assert (turn.standing, settled.fake.writes) == (standing, [])
    assert settled.turn().standing is Standing.READY
    assert settled.params("chat")["model"] == "openai/chat-1"


def test_a_journal_lost_in_the_middle_stops_the_apply_and_loses_no_result(scene: Scene) -> None:
    scene.journal.breaks_after = EntryKind.PLAN
    first = scene.turn()
    assert first.standing is Standing.WAITING
    assert "journal" in first.reason
    assert first.counts["applied"] < 3
    scene.journal.breaks_after = scene.journal.broken = None
    scene.reconciler.forget()  # as when the lock is lost and won again
    scene.turn()
    results = scene.journal.said(EntryKind.RESULT)
    assert results.count("credential/acme applied") == 1, "the result that had to wait is written"
    assert scene.turn().reason.startswith("the gateway matches")


def test_git_out_of_reach_keeps_the_last_good_one_in_force(settled: Scene) -> None:
    away = settled.folder.rename(settled.folder.with_name("away"))
    by_hand(settled, "openai/by-hand")
    turn = settled.turn()
    assert turn.standing is not Standing.READY
    assert turn.wanted is not None, "what git showed last is still shown"
    assert settled.params("chat")["model"] == "openai/chat-1"
    away.rename(settled.folder)
    assert settled.turn().standing is Standing.READY


def test_a_clock_that_was_set_back_does_not_keep_a_rejection_for_ever(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    with settled.fake.failing(Fault(Status(400), method="PATCH", times=99)):
        settled.turn()
    assert settled.turn(later_s=-86_400).standing is Standing.READY


# ── holds ───────────────────────────────────────────────────────────────────


def freeze(
    scene: Scene, minutes: int, kind: HoldKind = HoldKind.FREEZE, commit: str | None = None
) -> None:
    until = scene.now + timedelta(minutes=minutes)
    scene.journal.append(hold_draft(Hold(kind, "ada", "maintenance", scene.now, until, commit)))


def test_a_freeze_shows_what_waits_and_changes_nothing(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    freeze(settled, 10)
    turn = settled.turn()
    assert (turn.standing, settled.fake.writes) == (Standing.READY, [])
    assert (
        turn.reason == "frozen by ada until 2026-11-23 23:11 AEDT (maintenance); 1 change pending"
    )
    assert [hold.kind for hold in turn.holds] == [HoldKind.FREEZE]
    assert turn.plan is not None
    assert len(turn.plan.changes) == 1


def test_a_freeze_ends_by_itself(settled: Scene) -> None:
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap")
    freeze(settled, 10)
    settled.turn()
    settled.turn(later_s=600)
    assert settled.params("chat")["model"] == "openai/chat-2"


def test_a_freeze_holds_over_a_restart_and_drift_is_reported_meanwhile(settled: Scene) -> None:
    freeze(settled, 10)
    settled.restart()
    by_hand(settled, "openai/by-hand")
    turn = settled.turn("start")
    assert [one.answer for one in turn.drift] == [Answer.REPORTED]
    assert settled.fake.writes == []


def test_resume_ends_every_hold(settled: Scene) -> None:
    freeze(settled, 10)
    freeze(settled, 10, HoldKind.SUSPEND)
    settled.journal.append(resume_draft("ada", settled.now))
    by_hand(settled, "openai/by-hand")
    assert settled.turn().holds == ()
    assert settled.params("chat")["model"] == "openai/chat-1"


def test_a_revert_goes_forward_to_the_old_revision_and_holds_it(settled: Scene) -> None:
    old = settled.git("rev-parse", "HEAD")
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    swap = settled.commit("Swap")
    settled.turn()
    freeze(settled, 10, HoldKind.REVERT, old)
    turn = settled.turn()
    assert settled.params("chat")["model"] == "openai/chat-1"
    assert turn.applied is not None
    assert turn.applied.commit == old
    rest = settled.turn(later_s=60)
    assert settled.params("chat")["model"] == "openai/chat-1", "held"
    assert (rest.wanted and rest.wanted.commit, rest.in_git and rest.in_git.commit) == (old, swap)
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-3"}))
    newest = settled.commit("Swap again")
    later = settled.turn(later_s=60)
    assert (later.wanted and later.wanted.commit, later.in_git and later.in_git.commit) == (
        old,
        newest,
    )
    settled.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    settled.commit("Swap back")
    assert rest.reason.startswith(f"held at {old[:7]} by ada until")
    settled.turn(later_s=600)
    assert settled.params("chat")["model"] == "openai/chat-2", "the branch is followed again"


# ── who may write ────────────────────────────────────────────────────────────


def test_a_controller_that_may_not_write_only_reports(settled: Scene) -> None:
    by_hand(settled, "openai/by-hand")
    settled.stop = "the lock is lost"
    turn = settled.turn()
    assert settled.fake.writes == []
    assert "the lock is lost" in turn.reason


def test_quiet_turns_are_counted_and_not_written_one_by_one(settled: Scene) -> None:
    settled.turn()
    before = len(settled.journal.entries)
    for _ in range(30):
        settled.turn()
    assert len(settled.journal.entries) == before
    settled.turn(later_s=3_600)
    assert settled.journal.entries[-1].draft.body["quiet_turns"] == 30
