"""Start, watch and end the programs of a sandbox.

A pid alone proves nothing, because the kernel reuses it: a process is known by
its pid and its time of birth, so that a stale state folder never ends somebody
else's program. `start` and `postgres` say which programs to start.
"""

import atexit
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.vocabulary import SandboxStartFailed

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Process:
    """A process that we started: its pid, and its birth in clock ticks since boot."""

    pid: int
    born: int

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return _birth(self.pid) == self.born


# The children of this interpreter, kept because only a parent can learn how they ended.
_children: dict[Process, subprocess.Popen[bytes]] = {}


@atexit.register
def _leave_running() -> None:
    # `sandbox up` ends while its daemons go on; without a status, Popen would warn of each.
    for child in _children.values():
        child.returncode = 0


def spawn(
    command: Sequence[str | Path], log: Path, *, env: Mapping[str, str], cwd: Path
) -> Process:
    """Start a daemon in a session of its own, so that its children can be ended with it."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=env,
            cwd=cwd,
        )
    # Only we can reap it, so even a child that has already ended keeps its entry in /proc.
    process = Process(child.pid, _birth(child.pid, of_zombie=True) or 0)
    _children[process] = child
    return process


def stop(
    process: Process, sign: signal.Signals = signal.SIGTERM, *, patience_s: float = 20
) -> None:
    """End one process with `sign`, and then whatever is left of its session with SIGKILL."""
    if process.alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, sign)
        deadline = time.monotonic() + patience_s
        while process.alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if child := _children.pop(process, None):
        child.wait()


def wait_until(
    ready: Callable[[], bool], process: Process, *, log: Path, what: str, patience_s: float
) -> None:
    """Wait until `ready` says so.

    Raises:
        SandboxStartFailed: The process ended, or was not ready in time; with the end of its log.
    """
    deadline = time.monotonic() + patience_s
    while not ready():
        if not process.alive():
            problem = f"{what} ended{_exit_status(process)} while starting"
        elif time.monotonic() > deadline:
            problem = f"{what} was not ready after {patience_s:g} s"
        else:
            time.sleep(0.1)
            continue
        raise SandboxStartFailed(f"{problem}: the log {log} ends with\n{tail(log)}")


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log, or nothing if there is none."""
    with contextlib.suppress(OSError):
        text = log.read_text(errors="replace")
        return "\n".join(line[:300] for line in text.splitlines()[-lines:])
    return ""


def free_port(preferred: int | None = None) -> int:
    """Return a free loopback port, the preferred one if it is free.

    A proxy binds its port many seconds after it was chosen. New ports therefore
    come from below the range that the kernel hands to outgoing connections.
    """
    first = () if preferred is None else (preferred,)
    for port in (*first, *_quiet_ports(), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, port))
                bound: int = probe.getsockname()[1]
                return bound
    raise SandboxStartFailed(f"no free port on {LOOPBACK}", help="stop programs that listen there")


def listens(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _quiet_ports() -> Iterator[int]:
    outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    quiet = range(20_000, min(int(outgoing[0]), 32_000))
    yield from secrets.SystemRandom().sample(quiet, min(50, len(quiet)))


def _birth(pid: int, *, of_zombie: bool = False) -> int | None:
    # Fields 3 (state) and 22 (start time) of proc(5); field 2 may hold spaces and brackets.
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" and not of_zombie else int(fields[19])


def _exit_status(process: Process) -> str:
    child = _children.get(process)
    status = None if child is None else child.poll()
    return "" if status is None else f" with status {status}"
