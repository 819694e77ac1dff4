"""Both locks: one holder, told by name; the other takes over when it is killed."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from aspire_gitops.journal.advisory_lock import AdvisoryLock
from aspire_gitops.journal.locking import FileLock, WriterLock, this_process
from aspire_gitops.vocabulary import JournalUnavailable
from support.journal_writer import running
from support.postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.slow  # other programs at work, one after the other


@dataclass
class Subject:
    """One lock, as this process and as another would take it."""

    make: Callable[[], WriterLock]
    elsewhere: tuple[object, ...]


@pytest.fixture(params=["file", "advisory"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    if request.param == "file":
        path = tmp_path / "lock"
        return Subject(lambda: FileLock(path), ("file-lock", path))
    url = request.getfixturevalue("database_url")
    return Subject(lambda: AdvisoryLock(url, "aspire"), ("advisory-lock", url, "aspire"))


@pytest.fixture
def lock(subject: Subject) -> Iterator[WriterLock]:
    made = subject.make()
    yield made
    made.release()


@pytest.fixture
def other(subject: Subject) -> Iterator[WriterLock]:
    """A second lock of this process is a stranger to the first."""
    made = subject.make()
    yield made
    made.release()


def acquired_within(lock: WriterLock, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_nobody_holds_a_new_lock(lock: WriterLock) -> None:
    assert (lock.held(now=True), lock.holder()) == (False, None)


def test_the_first_gets_it_and_knows(lock: WriterLock) -> None:
    assert (lock.try_acquire(), lock.held(), lock.held(now=True)) == (True, True, True)


def test_taking_it_twice_is_taking_it_once(lock: WriterLock, other: WriterLock) -> None:
    assert (lock.try_acquire(), lock.try_acquire()) == (True, True)
    lock.release()
    assert other.try_acquire()


def test_the_second_does_not_get_it(lock: WriterLock, other: WriterLock) -> None:
    lock.try_acquire()
    assert (other.try_acquire(), other.held(now=True)) == (False, False)


def test_released_it_is_free(lock: WriterLock, other: WriterLock) -> None:
    lock.try_acquire()
    lock.release()
    lock.release()
    assert not lock.held()
    # A server frees a session's locks a moment after its connection was closed.
    assert acquired_within(other, 5.0)
    assert other.holder() == this_process()


def test_the_holder_is_told_to_everybody(lock: WriterLock, other: WriterLock) -> None:
    lock.try_acquire()
    assert [lock.holder(), other.holder()] == [this_process()] * 2
    assert str(os.getpid()) in this_process()


def test_asking_who_holds_it_takes_it_from_nobody(lock: WriterLock, other: WriterLock) -> None:
    lock.try_acquire()
    other.holder()
    assert lock.held(now=True)


def test_when_the_holder_is_killed_the_other_gets_it(subject: Subject, lock: WriterLock) -> None:
    with running(*subject.elsewhere) as holder:
        assert (holder.said(), lock.try_acquire()) == ("True", False)
        holder.kill()
        assert acquired_within(lock, 5)


def test_of_two_processes_one_gets_it(subject: Subject) -> None:
    with running(*subject.elsewhere) as one, running(*subject.elsewhere) as two:
        assert sorted([one.said(), two.said()]) == ["False", "True"]


def test_a_lock_file_that_somebody_deleted_is_lost(tmp_path: Path) -> None:
    """The next one makes a new file and holds that; two would write."""
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    lock.try_acquire()
    (tmp_path / "lock").unlink()
    assert (lock.held(), other.try_acquire(), lock.try_acquire()) == (False, True, False)
    lock.release()
    other.release()


def test_a_stale_text_in_the_file_is_not_a_holder(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("pid 1 on elsewhere")
    assert FileLock(tmp_path / "lock").holder() is None


def test_a_place_without_a_folder_is_an_error_and_not_a_no(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="No such file"):
        FileLock(tmp_path / "gone" / "lock").try_acquire()


def test_locks_of_other_names_are_other_locks(database_url: str) -> None:
    locks = [AdvisoryLock(database_url, name) for name in ("one", "two")]
    assert [lock.try_acquire() for lock in locks] == [True, True]
    for lock in locks:
        lock.release()


def test_a_session_that_the_server_ended_is_a_lost_lock(database_url: str) -> None:
    lock = AdvisoryLock(database_url, "aspire")
    lock.try_acquire()
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'aspire-gitops pid%' AND datname = current_database()"
        )
    assert (lock.held(now=True), lock.held(), lock.try_acquire()) == (False, False, True)
    lock.release()


def test_a_session_that_let_it_go_is_a_lost_lock(database_url: str) -> None:
    lock = AdvisoryLock(database_url, "aspire")
    lock.try_acquire()
    assert lock._connection is not None
    lock._connection.execute("SELECT pg_advisory_unlock_all()")
    assert not lock.held(now=True)


def test_between_two_looks_it_is_believed(database_url: str) -> None:
    lock = AdvisoryLock(database_url, "aspire", ping_every_s=0.2)
    lock.try_acquire()
    assert lock._connection is not None
    lock._connection.execute("SELECT pg_advisory_unlock_all()")
    believed = lock.held()
    time.sleep(0.25)
    assert (believed, lock.held()) == (True, False)


def test_a_restarted_server_is_a_lost_lock_and_can_be_asked_again(
    own_postgres: PostgresServer,
) -> None:
    lock = AdvisoryLock(own_postgres.make_database(), "aspire")
    lock.try_acquire()
    own_postgres.stop()
    assert not lock.held(now=True)
    with pytest.raises(JournalUnavailable, match="PostgreSQL cannot be reached") as raised:
        lock.try_acquire()
    own_postgres.start()
    assert (lock.try_acquire(), PASSWORD in str(raised.value)) == (True, False)
    lock.release()
