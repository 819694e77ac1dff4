"""A process of its own that does one thing with a journal or a lock, and says so line by line.

python journal_writer.py append FOLDER URL TIMES   appends pairs of lines; prints each last number
python journal_writer.py hold FOLDER               keeps SQLite's write lock until it is killed
python journal_writer.py file-lock PATH            takes the lock, prints True or False, waits
python journal_writer.py advisory-lock URL NAME    the same in PostgreSQL
"""

import itertools
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aspire_gitops.journal import journal_path, open_journal
from aspire_gitops.journal.advisory_lock import AdvisoryLock
from aspire_gitops.journal.locking import FileLock
from support.journal_lines import draft

TESTS = Path(__file__).parents[1]


class Started:
    """This file as a process of its own, until it is killed or ends."""

    def __init__(self, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", __file__, *map(str, arguments)],
            env={"PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def said(self) -> str:
        """Wait for its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> int:
        """Wait for its end; returns its exit code."""
        self._process.communicate()
        return self._process.returncode

    def kill(self) -> list[str]:
        """Kill it with SIGKILL, and return the lines that nobody has read yet."""
        if self._process.returncode is not None:
            return []
        self._process.kill()
        return self._process.communicate()[0].splitlines()


@contextmanager
def running(*arguments: object) -> Iterator[Started]:
    """Run it until the end of the block at the latest."""
    started = Started(*arguments)
    try:
        yield started
    finally:
        started.kill()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def append(folder: str, url: str, times: str) -> None:
    with open_journal(url or None, Path(folder)) as journal:
        rounds = range(int(times)) if int(times) else itertools.count()
        for minute in rounds:
            *_, last = journal.append(draft(minute=minute % 60), draft(minute=minute % 60))
            say(f"{last.number} {last.hash}")


def hold(folder: str) -> None:
    connection = sqlite3.connect(journal_path(Path(folder)), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    say("holding")
    time.sleep(60)


def file_lock(path: str) -> None:
    lock = FileLock(Path(path))
    say(str(lock.try_acquire()))
    time.sleep(60)


def advisory_lock(url: str, name: str) -> None:
    lock = AdvisoryLock(url, name)
    say(str(lock.try_acquire()))
    time.sleep(60)


ROLES: Mapping[str, Callable[..., None]] = {
    "append": append,
    "hold": hold,
    "file-lock": file_lock,
    "advisory-lock": advisory_lock,
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
