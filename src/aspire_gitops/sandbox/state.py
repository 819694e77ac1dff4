"""Remember what runs in a state folder, so that another command can find and stop it.

The folder holds the data, the logs, a lock and `state.json`. That file has the
sandbox's own keys, which a restart needs, and is readable by its owner only;
the caller's variables are not in it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, ValidationError

from aspire_gitops.sandbox.cache import locked
from aspire_gitops.sandbox.errors import SandboxError
from aspire_gitops.sandbox.processes import Process

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
                f"{self._file} is damaged ({error.error_count()} problems)",
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
