"""Start the stand-in provider in a process of its own."""

import os
import sys
from pathlib import Path

import aspire_gitops
from aspire_gitops.sandbox.processes import LOOPBACK, Process, listens, spawn, stop, wait_until


def upstream_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def start_upstream(port: int, log: Path) -> Process:
    """Start it and wait until it listens.

    Raises:
        SandboxStartFailed: With the end of its log.
    """
    source = Path(aspire_gitops.__file__).parent.parent
    command = [sys.executable, "-P", "-m", "aspire_gitops.sandbox.upstream", "--port", str(port)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(source)}
    process = spawn(command, log, env=env, cwd=log.parent)
    try:
        wait_until(lambda: listens(port), process, log=log, what="the upstream", patience_s=15)
    except BaseException:
        stop(process)
        raise
    return process
