"""Keep what a sandbox installs once: folders that are complete or not there.

A folder's name holds a digest of everything it was made from, so nothing in the
cache is ever updated: other input gives another folder. A lock per name lets
several sandboxes start at once while only one of them installs.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from aspire_gitops.sandbox.errors import SandboxStartFailed
from aspire_gitops.sandbox.processes import tail

Progress = Callable[[str], None]


def cache_root() -> Path:
    """Return `$ASPIRE_GITOPS_CACHE`, by default `~/.cache/aspire-gitops`; about 1 GB."""
    chosen = os.environ.get("ASPIRE_GITOPS_CACHE")
    return (Path(chosen) if chosen else Path.home() / ".cache" / "aspire-gitops").resolve()


def digest(*parts: object) -> str:
    """Return twelve hexadecimal digits that change when any part changes."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting until it is free."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(name: str, what: str, fill: Callable[[Path, Path], None], progress: Progress) -> Path:
    """Return the folder `name` of the cache, filled at most once.

    Args:
        name: The folder, which names its input by digest.
        what: What it holds, for a person to read.
        fill: Is given the empty folder and a log; whatever it raises leaves the folder unfinished.
        progress: Is told when filling starts and ends.
    """
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    folder, done, log = (root / f"{name}{end}" for end in ("", ".done", ".log"))
    with locked(root / f"{name}.lock"):
        if done.exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)
        folder.mkdir()
        started = time.monotonic()
        progress(f"preparing {what} (once)")
        fill(folder, log)
        done.touch()
        progress(f"prepared {what} in {time.monotonic() - started:.0f} s")
    return folder


def run_step(
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run one step of an installation.

    Raises:
        SandboxStartFailed: The step failed; with the end of its output.
    """
    words = [str(word) for word in command]
    with log.open("ab") as output:
        result = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            env=env,
            cwd=cwd,
        )
    if result.returncode:
        step = " ".join([Path(words[0]).name, *words[1:2]])
        raise SandboxStartFailed(
            f"`{step}` failed with status {result.returncode}: the log {log} ends with\n{tail(log)}"
        )
