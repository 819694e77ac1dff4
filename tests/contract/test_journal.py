"""What a journal promises, on SQLite and on PostgreSQL alike."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aspire_gitops.journal import (
    GENESIS,
    ChainFault,
    Draft,
    EntryKind,
    Journal,
    journal_path,
    open_journal,
    tables,
)
from aspire_gitops.vocabulary import JournalDamaged, UsageError
from support.journal_lines import (
    COMMIT,
    LATER_COMMIT,
    NOON,
    deployment,
    draft,
    key,
    observed,
    result,
)
from support.journal_writer import Started, running

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much


@dataclass(frozen=True)
class Place:
    """Where a journal is, and how to get behind its back."""

    url: str | None
    folder: Path

    def open(self, *, read_only: bool = False) -> Journal:
        return open_journal(self.url, self.folder, read_only=read_only)

    def sql(self, *statements: str) -> None:
        """Carry out statements on `entry` as somebody would who owns the database."""
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as server:
                for statement in statements:
                    server.execute(f"SET search_path = aspire_gitops; {statement}".encode())
            return
        file = sqlite3.connect(journal_path(self.folder), isolation_level=None)
        for statement in statements:
            file.execute(statement)
        file.close()

    def tamper(self, *statements: str) -> None:
        """The same, after the triggers were taken away."""
        if self.url:
            self.sql("DROP TRIGGER entry_is_not_changed ON entry", *statements)
            return
        names = ("entry_is_not_updated", "entry_is_not_deleted", "entry_comes_last")
        self.sql(*(f"DROP TRIGGER {name}" for name in names), *statements)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url = request.getfixturevalue("database_url") if request.param == "postgresql" else None
    return Place(url, tmp_path)


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    with place.open() as opened:
        yield opened


def numbers(entries: Iterator[object]) -> list[int]:
    return [entry.number for entry in entries]  # type: ignore[attr-defined] # they are entries


def test_a_new_journal_is_empty_and_whole(journal: Journal) -> None:
    facts, verdict = journal.head(), journal.verify()
    assert (facts.entries, facts.head, verdict.ok, verdict.entries) == (0, GENESIS, True, 0)


def test_what_was_appended_is_read_back(journal: Journal) -> None:
    written = journal.append(draft(), result("deployment/chat", deployment()))
    assert tuple(journal.read()) == written


def test_each_line_names_the_hash_of_the_one_before(journal: Journal) -> None:
    journal.append(draft(), draft())
    journal.append(draft())
    first, second, third = journal.read()
    assert [first.previous, second.previous, third.previous] == [GENESIS, first.hash, second.hash]


def test_the_head_is_the_newest_hash(journal: Journal) -> None:
    *_, last = journal.append(draft(), draft())
    facts = journal.head()
    assert (facts.entries, facts.head) == (2, last.hash)
    assert facts.bytes > 0


def test_appending_nothing_writes_nothing(journal: Journal) -> None:
    assert (journal.append(), journal.head().entries) == ((), 0)


def test_one_bad_draft_keeps_all_of_them_out(journal: Journal) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append(draft(), draft(body={"duration_s": float("nan")}))
    assert journal.head().entries == 0


def test_a_time_without_a_zone_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        journal.append(replace(draft(), at=datetime(2026, 11, 20)))  # noqa: DTZ001 (the mistake)


def test_a_time_comes_back_to_the_microsecond(journal: Journal) -> None:
    at = datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=11)))
    journal.append(replace(draft(), at=at))
    assert next(journal.read()).draft.at == at


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "half a surrogate pair"])
def test_text_that_no_database_holds_is_kept_as_its_escape(journal: Journal, text: str) -> None:
    journal.append(draft(author=text, body={text: [text]}))
    kept = next(journal.read()).draft
    assert kept.author in {r"a\x00b", r"a\ud800b"}
    assert kept.body == {kept.author: [kept.author]}
    assert journal.verify().ok


texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
drafts = st.builds(
    Draft,
    kind=st.sampled_from(EntryKind),
    at=st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds the zone)
    turn=texts,
    revision=texts,
    commit=st.none() | texts,
    author=st.none() | texts,
    approvers=st.lists(texts, max_size=2).map(tuple),
    plan=st.none() | texts,
    object=st.none() | texts,
    body=st.dictionaries(texts, values, max_size=3),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(one=drafts)
def test_whatever_a_line_says_it_is_proved_and_read_back(journal: Journal, one: Draft) -> None:
    (written,) = journal.append(one)
    assert next(journal.read(newest_first=True, limit=1)) == written
    assert journal.verify().ok


FIFTEEN = (
    *(draft(minute=n) for n in range(5)),
    *(result(f"deployment/a{n}", deployment(), minute=5 + n, turn="t2") for n in range(5)),
    *(draft(EntryKind.APPLIED, minute=10 + n, commit=LATER_COMMIT, turn="t3") for n in range(5)),
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, [*range(1, 16)], id="everything, oldest first"),
        pytest.param({"newest_first": True, "limit": 2}, [15, 14], id="the newest two"),
        pytest.param({"limit": 0}, [], id="none"),
        pytest.param({"kinds": [EntryKind.APPLIED]}, [*range(11, 16)], id="of a kind"),
        pytest.param(
            {"kinds": (EntryKind.TURN, EntryKind.RESULT)}, [*range(1, 11)], id="of two kinds"
        ),
        pytest.param({"object": "deployment/a3"}, [9], id="of an object"),
        pytest.param({"object": "deployment/a"}, [], id="of an object of no such name"),
        pytest.param({"revision": LATER_COMMIT[:7]}, [*range(11, 16)], id="of a short commit"),
        pytest.param({"revision": f"main@sha1:{COMMIT[:5]}"}, [*range(1, 11)], id="of a revision"),
        pytest.param({"revision": "%"}, [], id="a wildcard is no prefix"),
        pytest.param({"turn": "t2"}, [*range(6, 11)], id="of a turn"),
        pytest.param({"since": NOON + timedelta(minutes=13)}, [14, 15], id="since a moment"),
        pytest.param({"until": NOON + timedelta(minutes=2)}, [1, 2], id="before a moment"),
        pytest.param(
            {"turn": "t3", "newest_first": True, "until": NOON + timedelta(minutes=12)},
            [12, 11],
            id="all of it together",
        ),
    ],
)
def test_read_gives_the_lines_that_meet_every_condition(
    journal: Journal, wanted: dict[str, object], expected: list[int]
) -> None:
    journal.append(*FIFTEEN)
    assert numbers(journal.read(**wanted)) == expected  # type: ignore[arg-type] # a table of keywords


@pytest.mark.parametrize("newest_first", [True, False], ids=["backwards", "forwards"])
def test_read_goes_on_over_many_pages(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, *, newest_first: bool
) -> None:
    monkeypatch.setattr("aspire_gitops.journal.store.PAGE", 4)
    journal.append(*FIFTEEN)
    expected = [*range(15, 0, -1)] if newest_first else [*range(1, 16)]
    assert numbers(journal.read(newest_first=newest_first)) == expected


def test_a_folder_without_a_commit_is_found_by_its_revision(journal: Journal) -> None:
    journal.append(draft(commit=None, revision="facade"), draft(commit="face" * 10, revision="x"))
    assert numbers(journal.read(revision="fac")) == [1, 2]


def test_a_reader_in_the_middle_of_a_page_blocks_no_writer(journal: Journal) -> None:
    journal.append(*FIFTEEN)
    reading = journal.read()
    next(reading)
    journal.append(draft())
    assert journal.head().entries == 16


def test_the_newest_word_on_an_object_counts(journal: Journal) -> None:
    journal.append(
        result("deployment/a", deployment(model="old")),
        result("deployment/a", deployment(model="new")),
        result("deployment/a", deployment(model="never"), status="failed"),
        result("deployment/b", None),
        observed("key/c.main", [key(), key()]),
        draft(EntryKind.DRIFT, object="deployment/d", body={"state": "no word of a state"}),
    )
    states = journal.recorded_states()
    assert states == {
        "deployment/a": deployment(model="new"),
        "deployment/b": None,
        "key/c.main": [key(), key()],
    }


@pytest.mark.parametrize(
    ("moment", "model"),
    [
        pytest.param(NOON + timedelta(minutes=1), "first", id="that very minute"),
        pytest.param(NOON + timedelta(minutes=4.9), "first", id="just before the second"),
        pytest.param(NOON + timedelta(hours=9), "second", id="long after"),
        pytest.param(2, "first", id="entry 2 included"),
        pytest.param(3, "second", id="entry 3 included"),
    ],
)
def test_states_at_a_moment_are_those_of_then(
    journal: Journal, moment: datetime | int, model: str
) -> None:
    journal.append(
        draft(minute=7),  # a turn's line may be later than what it follows
        result("deployment/a", deployment(model="first"), minute=1),
        result("deployment/a", deployment(model="second"), minute=5),
    )
    assert journal.states_at(moment) == {"deployment/a": deployment(model=model)}


def test_before_the_first_word_nothing_is_known(journal: Journal) -> None:
    journal.append(result("deployment/a", deployment(), minute=1))
    assert journal.states_at(NOON) == {}


@pytest.mark.parametrize(
    ("tampering", "broken", "fault"),
    [
        pytest.param(
            ["UPDATE entry SET author = 'Mallory' WHERE number = 3"],
            3,
            ChainFault.CHANGED,
            id="a line was changed",
        ),
        pytest.param(
            ["UPDATE entry SET git_commit = NULL WHERE number = 2"],
            2,
            ChainFault.CHANGED,
            id="a column was emptied",
        ),
        pytest.param(
            ["UPDATE entry SET tells_state = NOT tells_state WHERE number = 2"],
            2,
            ChainFault.CHANGED,
            id="a line was hidden from the states",
        ),
        pytest.param(
            ["DELETE FROM entry WHERE number = 4"], 4, ChainFault.MISSING, id="a line is gone"
        ),
        pytest.param(
            ["DELETE FROM entry WHERE number = 1"],
            1,
            ChainFault.MISSING,
            id="the first line is gone",
        ),
        pytest.param(
            [
                "UPDATE entry SET number = 99 WHERE number = 2",
                "UPDATE entry SET number = 2 WHERE number = 3",
                "UPDATE entry SET number = 3 WHERE number = 99",
            ],
            2,
            ChainFault.CHANGED,
            id="two lines were swapped",
        ),
    ],
)
def test_verify_finds_the_first_broken_line(
    place: Place, journal: Journal, tampering: list[str], broken: int, fault: ChainFault
) -> None:
    journal.append(*(draft(minute=n) for n in range(6)))
    place.tamper(*tampering)
    verdict = journal.verify()
    assert (verdict.ok, verdict.broken, verdict.fault) == (False, broken, fault)
    assert verdict.entries == broken - 1


def test_a_cut_tail_is_found_by_the_hash_that_somebody_kept(place: Place, journal: Journal) -> None:
    *_, kept = journal.append(*(draft(minute=n) for n in range(4)))
    place.tamper("DELETE FROM entry WHERE number > 2")
    assert (journal.verify().ok, journal.verify(kept.hash).ok) == (True, False)


def test_a_hash_in_the_middle_is_still_held(journal: Journal) -> None:
    first, _ = journal.append(draft(), draft())
    assert journal.verify(first.hash).holds_head is True


def test_nothing_is_appended_to_a_line_that_was_changed(place: Place, journal: Journal) -> None:
    journal.append(draft(), draft())
    place.tamper("UPDATE entry SET turn = 'x' WHERE number = 2")
    with pytest.raises(JournalDamaged, match="line 2 was altered"):
        journal.append(draft())


def test_a_line_that_cannot_be_read_is_damage(place: Place, journal: Journal) -> None:
    journal.append(draft())
    place.tamper("UPDATE entry SET body = '{' WHERE number = 1")
    with pytest.raises(JournalDamaged, match="line 1 was altered"):
        list(journal.read())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET author = 'Mallory'",
        "UPDATE entry SET author = author WHERE number = 1",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE number = 2",
    ],
)
def test_the_database_itself_refuses_to_change_a_line(
    place: Place, journal: Journal, statement: str
) -> None:
    journal.append(draft(), draft())
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
        place.sql(statement)


def test_two_lines_never_follow_the_same_one(place: Place, journal: Journal) -> None:
    journal.append(draft(), draft())
    fork = "INSERT INTO entry SELECT 3, at, kind, turn, revision, git_commit, author, approvers, plan, object, tells_state, body, previous, hash FROM entry WHERE number = 2"
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        place.sql(fork)


def test_a_reader_may_not_append(place: Place, journal: Journal) -> None:
    journal.append(draft())
    with place.open(read_only=True) as reader, pytest.raises(Exception, match="not be written to"):
        reader.append(draft())


def test_a_reader_sees_what_is_written_while_it_is_open(place: Place, journal: Journal) -> None:
    with place.open(read_only=True) as reader:
        journal.append(draft())
        assert reader.head() == journal.head()


def test_threads_append_in_line(journal: Journal) -> None:
    def append() -> None:
        for n in range(10):
            journal.append(draft(minute=n), draft(minute=n))

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (journal.verify().ok, journal.head().entries) == (True, 80)


def test_processes_never_fork_the_chain(place: Place) -> None:
    writers = [Started("append", place.folder, place.url or "", 20) for _ in range(3)]
    codes = [writer.end() for writer in writers]
    with place.open(read_only=True) as reader:
        verdict = reader.verify()
    assert (codes, verdict.ok, verdict.entries) == ([0] * 3, True, 120)


@pytest.mark.slow
def test_killed_at_any_moment_it_keeps_what_it_promised(place: Place) -> None:
    chance = random.Random(4711)
    for _ in range(8):
        with running("append", place.folder, place.url or "", 0) as writer:
            promised = [writer.said()]
            time.sleep(chance.random() * 0.05)
            promised += writer.kill()
        _, kept = next(line for line in reversed(promised) if len(line.split()) == 2).split()
        with place.open(read_only=True) as reader:
            verdict = reader.verify(kept)
        assert (verdict.ok, verdict.entries % 2) == (True, 0)


def older(place: Place, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the journal as that version did."""
    steps = tables.MIGRATIONS[:version]
    with monkeypatch.context() as patch:
        patch.setattr("aspire_gitops.journal.tables.MIGRATIONS", steps)
        patch.setattr("aspire_gitops.journal.tables.NEWEST", version)
        patch.setattr("aspire_gitops.journal.opening.NEWEST", version)
        with place.open() as journal:
            journal.append(draft(), draft())


@pytest.mark.parametrize("version", range(1, tables.NEWEST))
def test_an_older_journal_is_brought_up_to_date(
    place: Place, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    older(place, version, monkeypatch)
    with place.open() as journal:
        journal.append(result("deployment/a", deployment()))
        assert (journal.verify().entries, journal.verify().ok) == (3, True)


def test_a_reader_leaves_an_older_journal_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    older(place, 1, monkeypatch)
    with pytest.raises(UsageError, match="an older version"):
        place.open(read_only=True)


@pytest.mark.parametrize("read_only", [True, False], ids=["to read", "to write"])
def test_a_newer_journal_is_refused(place: Place, *, read_only: bool) -> None:
    place.open().close()
    place.sql("INSERT INTO schema_version VALUES (99, 'tomorrow')")
    with pytest.raises(UsageError, match=r"written by a newer aspire-gitops .* upgrade"):
        place.open(read_only=read_only)


@pytest.fixture
def opened_together(place: Place) -> Callable[[], list[Journal]]:
    def open_all() -> list[Journal]:
        found: list[Journal] = []
        threads = [
            threading.Thread(target=lambda: found.append(place.open())) for _ in range(6)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    return open_all


def test_many_first_starts_make_one_journal(
    place: Place, opened_together: Callable[[], list[Journal]]
) -> None:
    journals = opened_together()
    for journal in journals:
        journal.append(draft())
        journal.close()
    with place.open(read_only=True) as reader:
        assert (len(journals), reader.verify().entries, reader.verify().ok) == (6, 6, True)
