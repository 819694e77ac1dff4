"""How git is run: ended in time with all its children, heard with a limit, told nothing of others."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aspire_gitops.sources.git import RemoteSource
from aspire_gitops.sources.git.program import Access, run, variables
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable
from support.git_http import GitServer, serving
from support.git_repository import Repository

pytestmark = pytest.mark.slow  # other programs at work, one after the other


def test_a_run_that_takes_too_long_ends_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 61 & echo $! > {tmp_path}/child; sleep 62"
    with pytest.raises(SourceUnavailable, match=r"x: sh -c did not end within 0\.3 s"):
        run(("sh", "-c", script), environment=variables(), timeout_s=0.3, about="x")
    assert _ends(int((tmp_path / "child").read_text()))


def test_a_child_that_ignores_the_request_to_end_is_ended(tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/child; while :; do sleep 0.1; done"
    began = time.monotonic()
    with pytest.raises(SourceUnavailable):
        run(("sh", "-c", script), environment=variables(), timeout_s=0.2)
    assert time.monotonic() - began < 4
    assert _ends(int((tmp_path / "child").read_text()))


def test_a_grandchild_that_holds_the_output_does_not_hold_us(tmp_path: Path) -> None:
    script = f"sleep 63 & echo $! > {tmp_path}/child"
    with pytest.raises(SourceUnavailable):
        run(("sh", "-c", script), environment=variables(), timeout_s=0.3)
    assert _ends(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize("where", ["", " >&2"])
def test_who_says_too_much_is_not_heard_to_the_end(where: str) -> None:
    with pytest.raises(SourceUnavailable, match="wrote too much output"):
        run(("sh", "-c", f"yes{where}"), environment=variables(), timeout_s=20)


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SourceRefused, match="git cannot be started: No such file"):
        run(("git", "--version"), environment=variables(), timeout_s=5)


def test_what_it_is_given_is_read_whole() -> None:
    given = os.urandom(500_000)
    done = run(("cat",), environment=variables(), timeout_s=5, given=given)
    assert done.output == given


def test_only_named_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_ADMIN_KEY", "planted")
    monkeypatch.setenv("GIT_DIR", "planted")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com")
    passed = variables(Access("https", {"ONE": "1"}), (("a.b", "c"),))
    assert "planted" not in passed.values()
    assert (passed["https_proxy"], passed["ONE"]) == ("http://proxy.example.com", "1")
    assert passed["GIT_ALLOW_PROTOCOL"] == "https"


def test_no_secret_is_in_a_repr() -> None:
    assert "planted" not in repr(Access("https", {"TOKEN": "planted"}, (), ("planted",)))


def test_a_protocol_that_is_not_allowed_is_refused_by_git_itself(remote: Repository) -> None:
    done = run(
        ("git", "ls-remote", f"file://{remote.path}"),
        environment=variables(Access("https")),
        timeout_s=5,
    )
    assert (done.status, done.complaint) == (128, "transport 'file' not allowed")


def test_a_git_that_outlives_a_killed_controller_is_not_disturbed(
    remote: Repository, clone: Path, tmp_path: Path
) -> None:
    remote.git("clone", "--quiet", "--bare", str(remote.path), str(tmp_path / "served/remote.git"))
    program = (
        "import sys; from pathlib import Path; from aspire_gitops.sources.git import RemoteSource\n"
        "RemoteSource(sys.argv[1], clone=Path(sys.argv[2])).read()"
    )
    with serving(GitServer(tmp_path / "served")) as server:
        server.fault = "hang"
        controller = subprocess.Popen([sys.executable, "-c", program, server.url(), str(clone)])
        _wait_for_git(server)
        controller.send_signal(signal.SIGKILL)
        controller.wait()
        next_one = RemoteSource(server.url(), clone=clone, timeout_s=0.3)
        with pytest.raises(SourceUnavailable, match="in use by another process"):
            next_one.read()
        server.fault = None
        server.released.set()
        assert RemoteSource(server.url(), clone=clone, timeout_s=10).read().files


def test_two_threads_may_read_at_once(remote: Repository, clone: Path) -> None:
    reader = RemoteSource(str(remote.path), clone=clone)
    found: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(reader.read().revision.commit))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [remote.head] * 4


def _ends(pid: int) -> bool:
    for _ in range(100):  # the kernel takes a moment
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def _wait_for_git(server: GitServer) -> None:
    for _ in range(500):
        if server.asked:
            return
        time.sleep(0.02)
    pytest.fail("git did not ask the server within 10 s")
