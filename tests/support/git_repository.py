"""Repositories for tests: real git, nobody's settings, and an identity of their own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.sources.git import RemoteSource

GATEWAY = "gateway.d/gateway.yaml"


@dataclass(frozen=True)
class Repository:
    """A repository with a work tree, as a person has it, or a bare one, as a server has it."""

    path: Path

    def git(self, *words: str, given: bytes = b"", **variables: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.path,
            check=True,
            capture_output=True,
            input=given,
            env=clean_variables() | variables,
        )
        return done.stdout.decode().strip()

    def commit(self, message: str = "Change the gateway", /, **files: str) -> str:
        """Commit files, named by keyword (`apps__x` is gateway.d/apps/x.yaml), and return its name."""
        for name, content in (files or {"gateway": f"kind: Gateway # {message}\n"}).items():
            path = self.path / "gateway.d" / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "-A")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


def new_repository(path: Path) -> Repository:
    """Return a repository with one commit on main: gateway.d/gateway.yaml."""
    path.mkdir(parents=True)
    made = Repository(path)
    made.git("init", "--quiet", "--template=", "-b", "main")
    made.commit("Add the gateway")
    return made


def new_bare(path: Path) -> Repository:
    """Return an empty bare repository whose branch is main."""
    path.mkdir(parents=True)
    made = Repository(path)
    made.git("init", "--quiet", "--bare", "--template=", "-b", "main")
    return made


def contents(source: RemoteSource) -> dict[str, bytes]:
    return {file.path: file.content for file in source.read().files}


def clean_variables() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    people = {
        f"GIT_{role}_{what}": text
        for role in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "Zac"), ("EMAIL", "zac@example.com"))
    }
    return kept | people | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
