"""Changes of a folder: only those of reviewed files, and a burst counts once."""

import threading
from pathlib import Path
from queue import Empty, Queue

import pytest

from aspire_gitops.sources.watch import changes

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much


def test_a_burst_is_one_change_and_other_files_are_none(tmp_path: Path) -> None:
    seen: Queue[None] = Queue()
    stop = threading.Event()

    def watching() -> None:
        for _ in changes(tmp_path, stop=stop):
            seen.put(None)

    watcher = threading.Thread(target=watching)
    watcher.start()
    try:
        _touch_until_seen(tmp_path / "first.yaml", seen)
        _drain(seen)
        for name in ("README.md", ".swap.yaml", "a.yaml~"):
            (tmp_path / name).write_text("x")
        with pytest.raises(Empty):
            seen.get(timeout=1.0)
        for number in range(20):
            (tmp_path / f"{number}.yaml").write_text("x")
        seen.get(timeout=10)
        assert _drain(seen) <= 1  # the burst may fall into two intervals
    finally:
        stop.set()
        watcher.join(timeout=10)
    assert not watcher.is_alive()


def _touch_until_seen(path: Path, seen: "Queue[None]") -> None:
    for attempt in range(40):  # the watch takes a moment to be in place
        path.write_text(str(attempt))
        try:
            seen.get(timeout=0.5)
        except Empty:
            continue
        return
    pytest.fail("no change was seen in 20 s")


def _drain(seen: "Queue[None]") -> int:
    count = 0
    while True:
        try:
            seen.get(timeout=0.6)
        except Empty:
            return count
        count += 1
