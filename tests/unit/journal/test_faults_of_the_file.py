"""Real faults under a SQLite journal: cut, flipped, locked, full, moved, not ours."""

import os
import random
import re
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aspire_gitops.journal import Entry, journal_path, open_journal
from aspire_gitops.vocabulary import JournalDamaged, JournalUnavailable
from support.journal_lines import NOON, draft
from support.journal_writer import TESTS, running

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

AS_NOBODY = "import os, sys; os.setgid(65534); os.setuid(65534)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of 200 lines, closed."""
    with open_journal(None, tmp_path) as journal:
        journal.append(*(draft(minute=n) for n in range(200)))
    return journal_path(tmp_path)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x10]))


def append_one(folder: Path) -> None:
    with open_journal(None, folder) as journal:
        journal.append(draft())


def whole_lines(folder: Path) -> list[Entry] | None:
    """Return every line of a journal that is proved; None for one that is found to be damaged."""
    try:
        with open_journal(None, folder, read_only=True) as journal:
            return list(journal.read()) if journal.verify().ok else None
    except JournalDamaged:
        return None


def test_the_journal_is_for_its_owner_only(path: Path) -> None:
    with open_journal(None, path.parent) as journal:
        journal.append(draft())
        modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in path.parent.iterdir()}
    assert modes == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}


def test_a_new_state_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    open_journal(None, tmp_path / "state").close()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_flipped_byte_of_a_line_is_found(path: Path) -> None:
    flip(path, path.read_bytes().index(b"jane@example.com"))
    with open_journal(None, path.parent, read_only=True) as journal:
        assert not journal.verify().ok


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_byte_is_never_taken_for_a_line(path: Path, seed: int) -> None:
    """Wherever it is: either the journal is refused, or every line is as it was."""
    before = whole_lines(path.parent)
    flip(path, random.Random(seed).randrange(path.stat().st_size))
    assert whole_lines(path.parent) in (None, before)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_damaged(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))
    assert whole_lines(path.parent) is None


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
def test_nothing_is_appended_to_a_truncated_file(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(JournalDamaged, match="until this is resolved"):
        append_one(path.parent)


@pytest.mark.parametrize("read_only", [True, False], ids=["to read", "to write"])
def test_an_empty_file_is_not_a_new_journal(path: Path, *, read_only: bool) -> None:
    os.truncate(path, 0)
    with pytest.raises(JournalDamaged, match="is empty; restore it"):
        open_journal(None, path.parent, read_only=read_only)


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.write_bytes(b"these are not the lines that you are looking for" * 100)
    with pytest.raises(JournalDamaged, match="is not a database"):
        open_journal(None, path.parent)


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE entry (number)")
    other.close()
    with pytest.raises(JournalDamaged, match="is not an aspire-gitops journal"):
        open_journal(None, path.parent)


def test_a_table_that_is_gone_is_damage(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE entry")
    file.close()
    with (
        open_journal(None, path.parent) as journal,
        pytest.raises(JournalDamaged, match="lacks a table or column of the journal"),
    ):
        journal.append(draft())


def test_locked_by_another_process_it_waits_and_then_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aspire_gitops.journal.database.PATIENCE_S", 0.2)
    with open_journal(None, path.parent) as journal, running("hold", path.parent) as other:
        other.said()
        with pytest.raises(JournalUnavailable, match="is locked by another process"):
            journal.append(draft())
        other.kill()
        assert journal.append(draft())[0].number == 201


def test_readers_wait_for_no_writer(path: Path) -> None:
    with running("hold", path.parent) as other:
        other.said()
        with open_journal(None, path.parent, read_only=True) as journal:
            assert journal.verify().entries == 200


def test_a_full_disk_loses_nothing_and_passes(path: Path) -> None:
    with open_journal(None, path.parent) as journal:
        journal.append(draft())
        with (
            largest_file(path.stat().st_size + 4096),
            pytest.raises(JournalUnavailable, match="the disk is full"),
        ):
            journal.append(*(draft(body={"reason": "x" * 1000}) for _ in range(2000)))
        assert journal.append(draft())[0].number == 202
        assert journal.verify().ok


def test_a_full_disk_at_the_first_start_leaves_nothing_behind(tmp_path: Path) -> None:
    with largest_file(4096), pytest.raises(JournalUnavailable, match="the disk is full"):
        open_journal(None, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moved", [True, False], ids=["moved away", "replaced by another"])
def test_a_journal_that_is_gone_is_not_written_into_nothing(path: Path, *, moved: bool) -> None:
    with open_journal(None, path.parent) as journal:
        path.rename(path.with_suffix(".old"))
        if not moved:
            path.write_bytes(b"")
        with pytest.raises(JournalDamaged, match="moved or deleted while in use"):
            journal.append(draft())


def test_there_is_nothing_to_read_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="set ASPIRE_GITOPS_STATE_DIR to the controller's"):
        open_journal(None, tmp_path, read_only=True)


def test_a_reader_leaves_the_folder_as_it_was(path: Path) -> None:
    with open_journal(None, path.parent, read_only=True) as journal:
        assert len(list(journal.read(since=NOON))) == 200
    assert path.exists()
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def open_as_nobody(folder: Path, *, read_only: bool) -> str:
    """Open the journal as a user who owns nothing; returns the message."""
    script = f"""
from pathlib import Path
import sqlalchemy.dialects.sqlite.pysqlite  # while we may still read this Python, wherever it is
from aspire_gitops.journal import open_journal
from aspire_gitops.vocabulary import AspireGitopsError
from support.journal_lines import draft
{AS_NOBODY}
try:
    with open_journal(None, Path({str(folder)!r}), read_only={read_only}) as journal:
        print(len(list(journal.read())), flush=True)
        journal.append(draft())
except AspireGitopsError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    ("mode", "read_only", "message"),
    [
        pytest.param(0o600, False, "may not be|cannot be opened", id="not ours"),
        pytest.param(0o644, False, "may not be written to", id="ours to read only"),
        pytest.param(0o600, True, "cannot be opened", id="not ours to read"),
    ],
)
def test_a_file_that_we_may_not_use_is_said_to_be(
    path: Path, mode: int, message: str, *, read_only: bool
) -> None:
    for folder in path.parents:  # pytest keeps its folders to itself
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o755)
    path.chmod(mode)
    found = open_as_nobody(path.parent, read_only=read_only)
    assert re.search(f"JournalUnavailable the journal {path} ({message})", found), found
