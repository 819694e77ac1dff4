"""Commands as whole processes: what each takes from start to exit, measured in turns.

A busy machine is then busy for all of them. What this process holds would count for
its children, whose largest size starts from ours, so it imports little.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeAlias

import click

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent  # of the virtual environment
MIB = 1024 * 1024

Command: TypeAlias = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds by the clock and of a processor, and its largest resident size."""

    elapsed_s: float
    cpu_s: float
    peak_bytes: int


@dataclass(slots=True)
class Measured:
    """All runs of one command."""

    runs: list[Run] = field(default_factory=list)

    @property
    def elapsed_s(self) -> float:
        return median(run.elapsed_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        return median(run.cpu_s for run in self.runs)

    @property
    def range_s(self) -> tuple[float, float]:
        elapsed = [run.elapsed_s for run in self.runs]
        return min(elapsed), max(elapsed)

    @property
    def peak_mib(self) -> float:
        return max(run.peak_bytes for run in self.runs) / MIB


def run(command: Command, complaints: Path) -> Run:
    """Run one command to its end. Raises ClickException when it fails."""
    began = time.perf_counter()
    with complaints.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, used = os.wait4(process.pid, 0)
        elapsed_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = complaints.read_text(encoding="utf-8", errors="replace")[-2000:]
        words = " ".join(map(str, command))
        raise click.ClickException(f"{words} exited with {process.returncode}:\n{said}")
    return Run(elapsed_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def measure(commands: Mapping[str, Command], runs: int, complaints: Path) -> Mapping[str, Measured]:
    """Run every command `runs` times, in turns, after one turn that only warms the caches."""
    measured = {name: Measured() for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            done = run(command, complaints)
            if turn:
                measured[name].runs.append(done)
    return measured
