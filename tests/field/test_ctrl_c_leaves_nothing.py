"""Ctrl-C, SIGTERM and a closed terminal: 130, 143, 129, no traceback, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command_line import PROGRAM, CommandLine, ended, heeding_ctrl_c
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.small_source import TODAY, write_files

pytestmark = pytest.mark.slow  # starts programs

ENDS = [
    pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    pytest.param(signal.SIGHUP, 129, id="the terminal is closed"),
]


@dataclass
class Running:
    """A program at work, whose temporary files are its own."""

    process: "subprocess.Popen[str]"
    temporary: Path

    def until_it_says(self, text: str) -> None:
        assert self.process.stderr is not None
        while text not in (line := self.process.stderr.readline()):
            assert line, f"it ended before it said {text!r}"

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; returns what a shell sees, and the rest of stderr."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        code = self.process.returncode
        return (code if code >= 0 else 128 - code), said

    def left(self) -> list[str]:
        return sorted(path.name for path in self.temporary.iterdir())


@contextmanager
def at_work(shell: CommandLine, *arguments: str) -> Iterator[Running]:
    temporary = shell.folder / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=shell.folder,
        env={**shell.environment(), "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding_ctrl_c,  # noqa: PLW1509 (no thread of ours runs)
    )
    with process, ended(process):
        yield Running(process, temporary)


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_while_it_watches_files(tmp_path: Path, number: int, code: int) -> None:
    write_files(tmp_path)
    with at_work(CommandLine(tmp_path), "validate", "--watch", "--today", TODAY) as running:
        running.until_it_says("watching")
        ended_with, said = running.end(number)
    assert (ended_with, "Traceback" in said, running.left()) == (code, False, [])


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_while_several_processes_scan(tmp_path: Path, number: int, code: int) -> None:
    line = "import openai\n" + "x = {'a': [1, 2, 3]}\n" * 3000
    (tmp_path / "code").mkdir()
    for place in range(400):
        (tmp_path / "code" / f"m{place}.py").write_text(line)
    shell = CommandLine(tmp_path)
    with at_work(shell, "egress", "scan", "code", "--jobs", "2") as running:
        running.until_it_says("address is unknown")
        time.sleep(0.3)
        ended_with, said = running.end(number)
    assert (ended_with, running.left()) == (code, [])
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert _processes_with(str(tmp_path)) == []


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_while_an_apply_waits_for_the_gateway(tmp_path: Path, number: int, code: int) -> None:
    write_files(tmp_path)
    fake = FakeGateway()
    with serving(fake) as url:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
            "ACME_API_KEY": "sk-acme-planted-0123456789",
        }
        shell = CommandLine(tmp_path, variables)
        with at_work(shell, "apply", "--today", TODAY, "--yes") as running:
            running.until_it_says("applied")
            ended_with, said = running.end(number)
        assert "Traceback" not in said
        assert running.left() == []
        assert list((tmp_path / "keys").rglob(".*")) == []
        if ended_with != 0:  # it was faster than the signal
            assert ended_with == code
        assert shell.run("apply", "--today", TODAY, "--yes").returncode == 0
        assert "No changes." in shell.run("plan", "--today", TODAY).stdout


def test_at_any_moment_of_its_start(tmp_path: Path) -> None:
    """A library's C code may swallow what a signal raises: the command must end all the same."""
    write_files(tmp_path)
    codes = set()
    for place in range(12):
        with at_work(CommandLine(tmp_path), "validate", "--watch", "--today", TODAY) as running:
            time.sleep(0.4 + place * 0.07)  # Python itself has started
            ended_with, said = running.end(signal.SIGINT)
        codes.add(ended_with)
        assert "Exception ignored" not in said
        (tmp_path / "tmp").rmdir()
    assert codes == {130}


_COOPERATIVE = """
import signal, sys, time, pathlib
def end(*_):
    pathlib.Path("cleaned").write_text("up")
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("child runs", file=sys.stderr, flush=True)
while True:
    time.sleep(0.05)
"""


@pytest.mark.real
@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_sandbox_and_the_program_in_it(tmp_path: Path, number: int, code: int) -> None:
    shell = CommandLine(tmp_path, _caches())
    program = [sys.executable, "-c", _COOPERATIVE]
    with at_work(shell, "sandbox", "with", "--", *program) as running:
        running.until_it_says("child runs")
        running.process.send_signal(number)
        time.sleep(0.2)
        ended_with, said = running.end(signal.SIGTERM)  # CI sends both
    assert ended_with in (code, 143), said
    assert (running.left(), (tmp_path / "cleaned").read_text()) == ([], "up")
    assert _processes_with(str(tmp_path)) == []


@pytest.mark.real
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["sandbox", "up", "--state", "tmp/box"], id="sandbox up"),
        pytest.param(["rehearse", "--today", TODAY], id="rehearse"),
    ],
)
def test_while_a_sandbox_starts(tmp_path: Path, arguments: list[str]) -> None:
    write_files(tmp_path)
    with at_work(CommandLine(tmp_path, _caches()), *arguments) as running:
        running.until_it_says("waiting for LiteLLM")
        ended_with, said = running.end(signal.SIGINT)
    assert (ended_with, "Traceback" in said) == (130, False)
    assert running.left() == []
    assert _processes_with(str(tmp_path)) == []


def _caches() -> dict[str, str]:
    chosen = os.environ.get("ASPIRE_GITOPS_CACHE")
    return {"ASPIRE_GITOPS_CACHE": chosen or str(Path.home() / ".cache" / "aspire-gitops")}


def _processes_with(text: str) -> list[str]:
    """Return the command lines of this machine's processes that name a place."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in words and "pytest" not in words:
            found.append(words)
    return found
