"""`command | head -1`: every command survives a reader who leaves, and says 141 as SIGPIPE does."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspire_gitops.cli.program import Program
from support.command_line import PROGRAM, CommandLine, Ended
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.small_source import TODAY, write_files

pytestmark = pytest.mark.slow  # starts programs


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    write_files(tmp_path)
    with serving(FakeGateway()) as url:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
            "ACME_API_KEY": "sk-acme-planted-0123456789",
        }
        yield CommandLine(tmp_path, variables)


def into_nothing(shell: CommandLine, *arguments: str, closed: str) -> Ended:
    """Run it with `closed` ("stdout", "stderr" or both) as a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    streams = {name: writer if name in closed else subprocess.PIPE for name in ("stdout", "stderr")}
    try:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=shell.folder,
            env=shell.environment(),
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
            check=False,
            **streams,  # type: ignore[call-overload]
        )
    finally:
        os.close(writer)
    return Ended(done.returncode, done.stdout or "", done.stderr or "")


@pytest.mark.parametrize("name", ["", *Program.lazy])
def test_the_help_of_each_command(tmp_path: Path, name: str) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    done = into_nothing(CommandLine(tmp_path), *arguments, closed="stdout")
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["explain"], id="explain, line by line"),
        pytest.param(["explain", "AG201"], id="a page"),
        pytest.param(["schema"], id="schema"),
        pytest.param(["validate", "--format", "json"], id="validate as JSON"),
        pytest.param(["codeowners", "--prefix", "", "--default", "@ops"], id="codeowners"),
        pytest.param(["completion", "bash"], id="completion"),
        pytest.param(["plan", "--today", TODAY], id="plan, drawn by rich"),
        pytest.param(["plan", "--today", TODAY, "--format", "json"], id="plan as JSON"),
        pytest.param(["snapshot"], id="snapshot"),
        pytest.param(["--version"], id="version"),
    ],
)
def test_output_of_each_kind(shell: CommandLine, arguments: list[str]) -> None:
    done = into_nothing(shell, *arguments, closed="stdout")
    assert done.returncode == 141, done.stderr
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_head_in_a_shell_with_pipefail(tmp_path: Path) -> None:
    line = f"set -o pipefail; {' '.join(PROGRAM)} explain | head -n 1"
    environment = CommandLine(tmp_path).environment()
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("AG001 yaml-syntax (error)\n", "")
    assert done.returncode in (0, 141)  # 0 where head read everything before it left


@pytest.mark.parametrize("closed", ["stderr", "stdout and stderr"])
def test_an_apply_is_carried_out_though_nobody_reads_its_progress(
    shell: CommandLine, closed: str
) -> None:
    done = into_nothing(shell, "apply", "--today", TODAY, "--yes", closed=closed)
    assert done.returncode == (0 if closed == "stderr" else 141)
    again = shell.run("plan", "--today", TODAY)
    assert "No changes." in again.stdout


def test_wrong_usage_keeps_its_code_though_nobody_reads_why(tmp_path: Path) -> None:
    shell = CommandLine(tmp_path)
    assert into_nothing(shell, "validate", "--nope", closed="stderr").returncode == 64
    assert into_nothing(shell, "validate", "nowhere", closed="stderr").returncode == 1


@pytest.mark.parametrize(
    "redirection", [">/dev/full", ">&-", "2>&-", "2>/dev/full", "<&- >&- 2>&-"]
)
def test_a_full_disk_or_a_closed_descriptor(tmp_path: Path, redirection: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} explain {redirection}"],
        env=CommandLine(tmp_path).environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    is_full = redirection == ">/dev/full"
    assert done.returncode == (1 if is_full else 0), done.stderr
    assert ("No space left" in done.stderr) is is_full
    assert "bug" not in done.stderr


def test_a_pipe_that_another_program_made_non_blocking(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with (
        subprocess.Popen(
            [*PROGRAM, "schema"],
            stdout=writer,
            stderr=subprocess.PIPE,
            env=CommandLine(tmp_path).environment(),
            text=True,
        ) as program,
        os.fdopen(reader, "rb") as output,
    ):
        os.close(writer)
        content = output.read()
        assert (program.wait(60), program.stderr and program.stderr.read()) == (0, "")
    assert content.endswith(b"}\n")
