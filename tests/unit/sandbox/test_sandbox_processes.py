import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aspire_gitops.sandbox import SandboxStartFailed
from aspire_gitops.sandbox.processes import (
    Process,
    free_port,
    listens,
    spawn,
    stop,
    tail,
    wait_until,
)

pytestmark = pytest.mark.slow


def run_python(program: str, folder: Path) -> Process:
    return spawn([sys.executable, "-S", "-c", program], folder / "log", env={}, cwd=folder)


def is_written(path: Path) -> bool:
    return path.exists() and path.read_text() != ""


def test_a_process_is_alive_until_it_is_stopped(tmp_path: Path) -> None:
    process = run_python("import time; time.sleep(60)", tmp_path)
    assert process.alive()
    stop(process)
    assert not process.alive()


def test_a_pid_that_was_reused_is_not_our_process(tmp_path: Path) -> None:
    theirs = run_python("import time; time.sleep(60)", tmp_path)
    ours = Process(theirs.pid, theirs.born - 1)
    assert not ours.alive()
    stop(ours)
    assert theirs.alive()
    stop(theirs)


def test_stopping_ends_the_children_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
open({str(pid_file)!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    process = run_python(program, tmp_path)
    wait_until(lambda: is_written(pid_file), process, log=tmp_path, what="it", patience_s=20)
    child = Path(f"/proc/{pid_file.read_text()}/stat")
    stop(process)
    deadline = time.monotonic() + 5
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_that_ignores_the_signal_is_killed_in_the_end(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = f"""
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({str(ready)!r}, "w").write("yes")
time.sleep(60)
"""
    process = run_python(program, tmp_path)
    wait_until(lambda: is_written(ready), process, log=tmp_path, what="it", patience_s=20)
    stop(process, signal.SIGTERM, patience_s=0.2)
    assert not process.alive()


def test_a_process_that_ends_while_starting_is_reported_with_its_output(tmp_path: Path) -> None:
    process = run_python("print('no such table'); raise SystemExit(3)", tmp_path)
    with pytest.raises(SandboxStartFailed, match=r"(?s)it ended with status 3 .*no such table"):
        wait_until(lambda: False, process, log=tmp_path / "log", what="it", patience_s=20)
    stop(process)


def test_a_process_that_is_not_ready_in_time_is_reported(tmp_path: Path) -> None:
    process = run_python("import time; time.sleep(60)", tmp_path)
    with pytest.raises(SandboxStartFailed, match=r"it was not ready after 0.2 s"):
        wait_until(lambda: False, process, log=tmp_path / "log", what="it", patience_s=0.2)
    stop(process)


def test_a_daemon_gets_only_the_environment_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-caller")
    process = spawn(["/usr/bin/env"], tmp_path / "log", env={"A": "1"}, cwd=tmp_path)
    deadline = time.monotonic() + 5
    while process.alive():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stop(process)
    assert (tmp_path / "log").read_text() == "A=1\n"


def test_a_daemon_outlives_the_program_that_started_it(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from aspire_gitops.sandbox.processes import spawn
folder = Path({str(tmp_path)!r})
process = spawn(["/bin/sleep", "60"], folder / "log", env={{}}, cwd=folder)
print(process.pid, process.born)
"""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    daemon = Process(*map(int, done.stdout.split()))
    assert (daemon.alive(), done.stderr) == (True, "")
    stop(daemon)
    assert not daemon.alive()


def test_a_free_port_is_the_preferred_one_if_it_can_be() -> None:
    first = free_port()
    assert free_port(first) == first
    with socket.create_server(("127.0.0.1", first)):
        assert listens(first)
        assert free_port(first) != first
    assert not listens(first)


def test_a_tail_is_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_bytes(b"first\nsecond\n\xff" + b"x" * 1000)
    assert tail(log, 2) == "second\n\ufffd" + "x" * 299
