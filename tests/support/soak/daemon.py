"""`aspire-gitops controller` as a process of its own: started, asked, watched and killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from aspire_gitops.server.local import LocalController
from aspire_gitops.status.document import StatusDocument, TurnDocument
from aspire_gitops.vocabulary import AspireGitopsError

_PROGRAM = (sys.executable, "-m", "aspire_gitops")


@dataclass
class Daemon:
    """One controller's place: its state folder, its log, its variables, and the process if one runs.

    `become` is put before every command line: `setpriv` and its words, to be somebody else.
    `folder` is watched instead of the repository, if there is one.
    """

    repository: Path
    state_dir: Path
    log: Path
    variables: Mapping[str, str]
    interval_s: float = 5
    become: tuple[str, ...] = ()
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    _asked: LocalController = field(init=False)

    def __post_init__(self) -> None:
        self._asked = LocalController(self.state_dir)

    # ── its life ────────────────────────────────────────────────────────────

    def start(self) -> int:
        """Start a process and return its id at once; it may not listen yet."""
        assert not self.runs, "one controller at a time"
        source = [str(self.folder)] if self.folder else ["--repository", str(self.repository)]
        words = ["controller", *source]
        words += ["--interval", f"{self.interval_s:g}", "--listen", "127.0.0.1:0"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.become, *_PROGRAM, "--log-format", "json", *words],
                env=self._environment(),
                stderr=log,
            )
        self.starts += 1
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        if self.process and self.runs:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def wait(self, timeout_s: float = 60) -> int:
        assert self.process
        return self.process.wait(timeout_s)

    # ── asking it ───────────────────────────────────────────────────────────

    def reconcile(self, *, patience_s: float = 60) -> TurnDocument:
        """Ask for a turn and return it; waits until the process listens."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                return self._asked.reconcile(timeout_s=patience_s)
            except (AspireGitopsError, httpx.HTTPError):  # it has just been started
                assert self.runs, f"the controller ended: {self.last_words()}"
                assert time.monotonic() < deadline, f"no turn in time: {self.last_words()}"
                time.sleep(0.05)

    def first_turn(self, *, patience_s: float = 60) -> TurnDocument:
        """Return the turn that the newest process began with."""
        deadline = time.monotonic() + patience_s
        while not ((status := self.status()) and status.turns):
            assert self.runs, f"the controller ended: {self.last_words()}"
            assert time.monotonic() < deadline, f"no turn in time: {self.last_words()}"
            time.sleep(0.05)
        return status.turns[-1]

    def status(self) -> StatusDocument | None:
        """Return its status, None if nobody answers."""
        try:
            return self._asked.status()
        except (AspireGitopsError, httpx.HTTPError):
            return None

    def url(self) -> str | None:
        """Return where the newest process listens, None while it does not."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        said = [line for line in lines if "status page: " in line]
        return said[-1].rpartition("status page: ")[2].strip() if len(said) == self.starts else None

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run another command of the program beside it."""
        return subprocess.run(
            [*self.become, *_PROGRAM, *words],
            env=self._environment(),
            capture_output=True,
            check=False,
            timeout=120,
        )

    def last_words(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-8:])

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state_dir.parent),
            "ASPIRE_GITOPS_STATE_DIR": str(self.state_dir),
            **self.variables,
        }
