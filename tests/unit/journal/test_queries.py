"""Every question finds its lines by an index, so that it stays fast in a long journal."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from aspire_gitops.journal import EntryKind, journal_path, open_journal
from aspire_gitops.journal.store import EntryFilter, newest, newest_states, page
from aspire_gitops.journal.tables import SCHEMA
from support.journal_lines import NOON, deployment, draft, result

QUESTIONS = {
    "of an object": (page(EntryFilter(object="deployment/a"), after=None, newest_first=True), "entry_of_object"),
    "of a turn": (page(EntryFilter(turn="t1"), after=None, newest_first=True), "entry_of_turn"),
    "of a kind": (page(EntryFilter(kinds=[EntryKind.APPLIED]), after=None, newest_first=True), "entry_of_kind"),
    "of a commit": (page(EntryFilter(revision="4f2c9d1"), after=None, newest_first=True), "entry_of_commit"),
    "since a moment": (page(EntryFilter(since=NOON), after=None, newest_first=False), "PRIMARY KEY|entry_at|SCAN entry"),
    "the next page": (page(EntryFilter(), after=500, newest_first=False), "PRIMARY KEY"),
    "the newest": (newest(), "SCAN entry"),  # the table is in that order
    "states now": (newest_states(None), "entry_with_state"),
    "states at an entry": (newest_states(400), "entry_with_state"),
    "states at a moment": (newest_states(NOON), "entry_with_state|entry_at"),
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal")
    with open_journal(None, folder) as journal:
        journal.append(*(draft(minute=n) for n in range(200)))
        journal.append(*(result(f"deployment/{n % 9}", deployment()) for n in range(200)))
    return journal_path(folder)


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_found_by_an_index(file: Path, question: str) -> None:
    query, indexes = QUESTIONS[question]
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    statement = str(compiled).replace(f"{SCHEMA}.", "")
    connection = sqlite3.connect(file)
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    connection.close()
    assert any(index in step for step in steps for index in indexes.split("|")), steps
