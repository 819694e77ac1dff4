"""A turn asks the journal, git and the secrets in threads: however slow they are, the loop goes on."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.pipeline.plan import plan_to_keep
from aspire_gitops.status.value import JournalFacts
from aspire_ledger.canonical import JsonValue
from support.spending_turns import Watched
from support.turns import MemoryJournal, Scene

pytestmark = pytest.mark.slow

ON_THE_LOOP = threading.main_thread().name


class WatchedJournal(MemoryJournal):
    """Remembers in which thread each question was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[tuple[str, str]] = []

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        self._heard("append")
        return super().append(*drafts)

    def read(self, **wanted: Any) -> Iterable[Entry]:
        self._heard("read")
        return super().read(**wanted)

    def recorded_states(self) -> dict[str, JsonValue]:
        self._heard("recorded_states")
        return dict(super().recorded_states())

    def head(self) -> JournalFacts:
        self._heard("head")
        return super().head()

    def _heard(self, what: str) -> None:
        self.threads.append((what, threading.current_thread().name))


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In which threads plans were made, and the secrets read for them."""
    threads: list[str] = []

    def heard(*arguments: Any) -> Any:
        threads.append(threading.current_thread().name)
        return plan_to_keep(*arguments)

    monkeypatch.setattr("aspire_gitops.controller.git_reader.plan_to_keep", heard)
    return threads


def test_no_turn_asks_the_journal_or_plans_on_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planned: list[str]
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    journal = WatchedJournal()
    scene = Scene(tmp_path / "repository", journal=journal)
    scene.declare({**scene.resources["Budget/shared"], "warn_at_percent": [50]})
    scene.commit("Begin")
    scene.turn()  # recalls and applies
    watched = Watched(scene)
    watched.begin()
    assert watched.spend("60")  # a warning is told and written down
    scene.params("chat")["rpm"] = 7
    scene.turn()  # heals drift
    scene.commit_as_is("Nothing new")
    scene.turn()
    kinds = {entry.draft.kind for entry in journal.entries}
    assert {EntryKind.APPLIED, EntryKind.DRIFT, EntryKind.BUDGET, EntryKind.TURN} <= kinds
    assert {what for what, _ in journal.threads} >= {"append", "read", "recorded_states", "head"}
    assert [what for what, thread in journal.threads if thread == ON_THE_LOOP] == []
    assert planned
    assert ON_THE_LOOP not in planned
