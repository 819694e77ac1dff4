"""Run the real program: in this process for speed, or as one of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner

from aspire_gitops.cli import program

PROGRAM = (sys.executable, "-m", "aspire_gitops")


@dataclass(frozen=True)
class Ended:
    """What a shell sees of a program that has ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class CommandLine:
    """A shell's view of the program: a folder and variables; of ours none is inherited."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run it in this process: everything but its start and its signals."""
        inherited: dict[str, str | None] = {
            name: None for name in os.environ if name.startswith("ASPIRE_GITOPS_")
        }
        runner = CliRunner(env={**inherited, "HOME": str(self.folder), **self.variables})
        with chdir(self.folder):
            result = runner.invoke(program, arguments, input=stdin, prog_name="aspire-gitops")
        return Ended(result.exit_code, result.stdout, result.stderr)

    def run_process(self, *arguments: str, patience_s: float = 120) -> Ended:
        """Run it as a process of its own, with nothing inherited but PATH."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def environment(self) -> Mapping[str, str]:
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}
        return {**own, **self.variables}


@contextmanager
def ended(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> Iterator[None]:
    """Kill the process if the block fails, so that nothing waits for it for ever."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def heeding_ctrl_c() -> None:
    """Heed SIGINT and SIGHUP again, in a child before its program starts.

    The background of a script ignores the one, `nohup` the other, and the program would inherit it.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
