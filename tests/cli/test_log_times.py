"""The times that people write, and the pager on a terminal."""

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aspire_gitops.journal import open_journal
from aspire_gitops.vocabulary import read_moment
from support.command_line import PROGRAM, CommandLine, ended
from support.journal_lines import draft

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)  # 14:30 in Sydney


@pytest.fixture
def sydney(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Australia/Sydney")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("sydney")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("now", "2026-11-20T03:30+00:00", id="now"),
        pytest.param("90s", "2026-11-20T03:28:30+00:00", id="seconds"),
        pytest.param("2h ago", "2026-11-20T01:30+00:00", id="hours ago"),
        pytest.param("3 d", "2026-11-17T03:30+00:00", id="days"),
        pytest.param("1w", "2026-11-13T03:30+00:00", id="weeks"),
        pytest.param("today", "2026-11-20T00:00+11:00", id="the begin of today"),
        pytest.param("yesterday", "2026-11-19T00:00+11:00", id="the begin of yesterday"),
        pytest.param("yesterday 14:05", "2026-11-19T14:05+11:00", id="yesterday's clock"),
        pytest.param("yesterday at 9:05:07", "2026-11-19T09:05:07+11:00", id="one digit's hour"),
        pytest.param("2026-11-20", "2026-11-20T00:00+11:00", id="a day"),
        pytest.param("2026-07-01 12:00", "2026-07-01T12:00+10:00", id="in winter"),
        pytest.param("2026-11-20T14:05+02:00", "2026-11-20T12:05+00:00", id="with its offset"),
        pytest.param("2026-11-20T14:05Z", "2026-11-20T14:05+00:00", id="in UTC"),
    ],
)
def test_a_time_is_read_as_people_mean_it(text: str, moment: str) -> None:
    found = read_moment(text, NOW)
    assert found is not None
    assert found == datetime.fromisoformat(moment)


@pytest.mark.parametrize("text", ["", "soon", "4f2c9d1", "20261120", "14:05", "2h later", "-2h"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_moment(text, NOW) is None


@pytest.mark.parametrize("text", ["2026-02-30", "yesterday 25:00", "2026-11-20 nonsense"])
def test_what_looks_like_a_time_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_moment(text, NOW)


@pytest.mark.usefixtures("sydney")
def test_times_are_shown_in_the_zone_of_the_machine(tmp_path: Path) -> None:
    with open_journal(None, tmp_path) as journal:
        journal.append(
            draft(minute=5), draft(minute=5 - timedelta(days=150) / timedelta(minutes=1))
        )
    shown = CommandLine(tmp_path, {"ASPIRE_GITOPS_STATE_DIR": str(tmp_path)}).run("log").stdout
    winter, summer = (line[:26] for line in shown.splitlines())
    assert (winter, summer) == ("2026-06-23 11:05:00 +10:00", "2026-11-20 12:05:00 +11:00")


def on_a_terminal(folder: Path, *arguments: str, pager: str) -> str:
    """Run the program on a terminal; returns what is seen there."""
    ours, theirs = pty.openpty()
    variables = {"ASPIRE_GITOPS_STATE_DIR": str(folder), "PAGER": pager, "TERM": "xterm"}
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = ""
    with ended(process):
        while select.select([ours], [], [], 30)[0]:
            try:
                seen += os.read(ours, 65_536).decode()
            except OSError:  # nobody holds the other end any more
                break
        process.wait(timeout=30)
    os.close(ours)
    return seen


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not installed")
def test_less_shows_colour_and_leaves_when_all_fits(long_journal: Path) -> None:
    seen = on_a_terminal(long_journal, "log", "-n", "1", pager="less")
    assert "\x1b[2m2026-11-20" in seen


@pytest.fixture
def long_journal(tmp_path: Path) -> Path:
    with open_journal(None, tmp_path) as journal:
        journal.append(*(draft(minute=n) for n in range(1000)))
    return tmp_path


def test_on_a_terminal_every_line_goes_through_the_pager(long_journal: Path) -> None:
    seen = on_a_terminal(long_journal, "log", "-n", "0", pager="wc -l")
    assert seen.strip() == "1000"


def test_a_pager_that_is_left_early_is_no_error(long_journal: Path) -> None:
    seen = on_a_terminal(long_journal, "log", "-n", "0", pager="head -n 1")
    assert (seen.count("turn ended"), "error" in seen, "Traceback" in seen) == (1, False, False)
