"""What a sandbox keeps on disk: what is installed once, and what runs in a state folder."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, ValidationError

from aspire_gitops.sandbox.processes import Process, tail
from aspire_gitops.vocabulary import SandboxError, SandboxStartFailed, plural

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
        fill: Is given the empty folder and a log; whatever it raises removes the folder; the log stays.
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
        try:
            fill(folder, log)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # hundreds of megabytes that nobody can use
            raise
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


POSTGRES, UPSTREAM, PROXY = "postgres", "upstream", "proxy"


class State(BaseModel):
    """What `state.json` says. Ports and keys outlive a stop that keeps the data."""

    temporary: bool  # we made the folder, so stopping removes it
    fingerprint: str = ""  # of the options; empty while nothing runs
    master_key: str = Field(default="", repr=False)
    salt_key: str = Field(default="", repr=False)
    ports: dict[str, int] = Field(default_factory=dict)
    processes: dict[str, Process] = Field(default_factory=dict)

    def alive(self, name: str) -> bool:
        return name in self.processes and self.processes[name].alive()


class StateFolder:
    """The folder of one sandbox."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder; there once the database was copied completely."""
        return self.path / "postgres"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[Self]:
        """Hold the folder, waiting while another process starts or stops a sandbox in it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self.path / "lock"):
            yield self

    def read(self) -> State | None:
        """Return what was written last, or None if no sandbox was ever started here.

        Raises:
            SandboxError: The file is damaged.
        """
        try:
            return State.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise SandboxError(
                f"{self._file} is damaged ({plural(error.error_count(), 'problem')})",
                help="end its processes by hand and delete the folder",
            ) from None  # the text of the file holds keys

    def write(self, state: State) -> None:
        """Replace what was written, in one step."""
        unfinished = self._file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        owner_only = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(owner_only, "w") as file:
            file.write(state.model_dump_json(indent=2) + "\n")
        unfinished.replace(self._file)

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self.path / "state.json"
