import sys
import threading
import time
from pathlib import Path

import pytest

from aspire_gitops.sandbox import SandboxStartFailed
from aspire_gitops.sandbox.cache import cache_root, cached, digest, run_step


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASPIRE_GITOPS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_a_file(folder: Path, log: Path) -> None:
    (folder / "file").write_text("complete")
    log.write_text("done")


def test_a_folder_is_filled_once(cache: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        folder = cached("thing-1", "the thing", write_a_file, told.append)
        assert folder == cache / "thing-1"
        assert (folder / "file").read_text() == "complete"
    assert told == ["preparing the thing (once)", "prepared the thing in 0 s"]


def test_a_folder_whose_filling_failed_is_filled_anew() -> None:
    def fail(folder: Path, _log: Path) -> None:
        (folder / "rest").touch()
        raise SandboxStartFailed("the network is down")

    with pytest.raises(SandboxStartFailed):
        cached("thing-1", "the thing", fail, lambda _: None)
    folder = cached("thing-1", "the thing", write_a_file, lambda _: None)
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_two_that_need_the_same_folder_fill_it_once() -> None:
    fillings: list[Path] = []

    def fill_slowly(folder: Path, _log: Path) -> None:
        fillings.append(folder)
        time.sleep(0.2)

    def need_it() -> None:
        cached("thing-1", "the thing", fill_slowly, lambda _: None)

    threads = [threading.Thread(target=need_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fillings) == 1


def test_the_cache_is_in_the_home_folder_unless_told_otherwise(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_root() == cache
    monkeypatch.delenv("ASPIRE_GITOPS_CACHE")
    monkeypatch.setenv("HOME", "/home/ada")
    assert cache_root() == Path("/home/ada/.cache/aspire-gitops")


def test_a_digest_does_not_confuse_where_one_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab", "c") == digest("ab", "c")


def test_a_step_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = "print('no matching distribution'); raise SystemExit(2)"
    with pytest.raises(
        SandboxStartFailed, match=r"(?s)`python\S* -c` failed with status 2.*no matching"
    ):
        run_step([sys.executable, "-c", program], log)
