"""A watched folder may be renamed over, swapped by a link, recreated or unwatchable: changes are seen."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest

from aspire_gitops.sources import watch
from aspire_gitops.vocabulary import SourceUnavailable

pytestmark = pytest.mark.slow

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_S", 0.5)


class Watching:
    """What was heard of one folder."""

    def __init__(self) -> None:
        self.seen: Queue[None] = Queue()
        self.told: list[SourceUnavailable] = []

    def hears(self) -> None:
        self.seen.get(timeout=PATIENCE_S)
        self.rests()

    def rests(self) -> int:
        """Wait until nothing more comes, and return how often something did."""
        count = 0
        while True:
            try:
                self.seen.get(timeout=3 * watch.LOOK_S)
            except Empty:
                return count
            count += 1


@contextmanager
def watching(folder: Path) -> Iterator[Watching]:
    heard, stop = Watching(), threading.Event()

    def run() -> None:
        for _ in watch.changes(folder, stop=stop, tell=heard.told.append):
            heard.seen.put(None)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(1)  # until it watches; whatever comes sooner is found by the next look
    try:
        yield heard
    finally:
        stop.set()
        thread.join(timeout=PATIENCE_S)
        assert not thread.is_alive()


def filled(folder: Path, text: str = "kind: Alias\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text(text)
    return folder


def renamed_over(folder: Path) -> None:
    filled(folder.with_name("new"), "kind: App\n")
    folder.rename(folder.with_name("old"))
    folder.with_name("new").rename(folder)


def swapped_by_a_link(folder: Path) -> None:
    filled(folder.with_name("release-2"), "kind: App\n")
    folder.rename(folder.with_name("old"))
    folder.symlink_to("release-2")


def recreated(folder: Path) -> None:
    shutil.rmtree(folder)
    time.sleep(0.3)
    filled(folder, "kind: App\n")


def a_folder_above_renamed(folder: Path) -> None:
    filled(folder.parent.with_name("new") / folder.name, "kind: App\n")
    folder.parent.rename(folder.parent.with_name("old"))
    folder.parent.with_name("new").rename(folder.parent)


@pytest.mark.parametrize(
    "replace", [renamed_over, swapped_by_a_link, recreated, a_folder_above_renamed]
)
def test_a_folder_that_is_replaced_is_seen_again(
    tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    folder = filled(tmp_path / "above" / "gateway.d")
    with watching(folder) as heard:
        replace(folder)
        heard.hears()
        (folder / "b.yaml").write_text("kind: Budget\n")  # in the new one, not in the old
        heard.hears()
        (folder / "README.md").write_text("x")
        assert heard.rests() == 0
    assert not heard.told


def test_a_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    for release in ("one", "two"):
        filled(tmp_path / release, f"name: {release}\n")
    current = tmp_path / "current"
    current.symlink_to("one")
    with watching(current) as heard:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(current)
        heard.hears()
        (tmp_path / "one" / "a.yaml").write_text("nobody looks here any more\n")
        assert heard.rests() == 0
        (tmp_path / "two" / "a.yaml").write_text("name: three\n")
        heard.hears()


def test_a_config_map_that_is_updated_is_seen(tmp_path: Path) -> None:
    """Kubernetes changes nothing but a hidden link beside the links that people see."""
    for version in ("..1", "..2"):
        filled(tmp_path / version, f"version: {version}\n")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    with watching(tmp_path) as heard:
        (tmp_path / "..data_tmp").symlink_to("..2")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        heard.hears()


def test_a_folder_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "mounted-later"
    with watching(folder) as heard:
        filled(folder)
        heard.hears()
