"""A pull request as a job sees it: real git, the merge commit checked out, what is live published."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.command_line import CommandLine
from support.fake_forge import TOKEN, FakeForge
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.git_repository import Repository, new_bare
from support.small_source import write_files
from support.step_runner import Given, Ran, StepRunner

ACTION = Path(__file__).parents[2] / "action.yml"
PROGRAMS = Path(sys.executable).parent  # this environment, in place of the action's own
STATE = "gateway-state"
ANOTHER_MODEL = ("model: chat-1", "model: chat-2")


def snapshot_of(source: Path) -> str:
    """Return what the controller would publish after it applied the source."""
    with serving(FakeGateway()) as gateway:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": gateway,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ACME_API_KEY": "sk-acme-planted-0123456789",
        }
        shell = CommandLine(source, variables)
        applied = shell.run("apply", "--yes")
        assert applied.returncode == 0, applied.stderr
        return shell.run("snapshot").stdout


@dataclass
class PullRequest:
    """Number 41: a branch in a clone, and `merged`, what a runner checks out."""

    author: Repository
    merged: Repository

    def push(self, message: str, **files: str) -> None:
        """Commit files to the branch (named as in `Repository.commit`) and lay the merge anew."""
        self.author.commit(message, **files)
        self.author.git("push", "--quiet", "--force", "origin", "change")
        self.lay()

    def lay(self) -> None:
        self.merged.git("fetch", "--quiet", "origin")
        self.merged.git("checkout", "--quiet", "--detach", "origin/main")
        self.merged.git("merge", "--quiet", "--no-ff", "-m", "Merge 41", "origin/change")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change one file and push it."""
        file = self.author.path / "gateway.d" / f"{path}.yaml"
        text = file.read_text()
        assert old in text
        self.push(f"Change {path}", **{path.replace("/", "__"): text.replace(old, new)})


def open_pull_request(folder: Path, *, published: str | None) -> PullRequest:
    """Return a pull request that says nothing yet, beside what is published."""
    server = new_bare(folder / "server.git")
    author = Repository(folder / "author")
    author.path.mkdir()
    author.git("init", "--quiet", "--template=", "-b", "main")
    author.git("remote", "add", "origin", str(server.path))
    if published is not None:
        (author.path / "snapshot.json").write_text(published)
        author.git("checkout", "--quiet", "--orphan", STATE)
        author.git("add", "-A")
        author.git("commit", "--quiet", "-m", "Publish what is live")
        author.git("push", "--quiet", "origin", STATE)
        author.git("checkout", "--quiet", "--orphan", "main")
        author.git("rm", "--quiet", "-r", "--force", ".")
    fresh_files(author.path)
    author.git("add", "-A")
    author.git("commit", "--quiet", "-m", "Add the gateway")
    author.git("push", "--quiet", "origin", "main")
    author.git("checkout", "--quiet", "-b", "change")
    author.git("push", "--quiet", "origin", "change")
    author.git("clone", "--quiet", "--template=", str(server.path), str(folder / "merged"))
    return PullRequest(author, Repository(folder / "merged"))


def fresh_files(folder: Path) -> Path:
    """Write the small source as of today, because the action judges by today."""
    source = write_files(folder)
    gateway = source / "gateway.yaml"
    today = f"{datetime.now(UTC).astimezone():%Y-%m-%d}"
    gateway.write_text(gateway.read_text().replace("as_of: 2026-11-20", f"as_of: {today}"))
    return source


@dataclass
class Job:
    """The action in a job of that pull request, with what others' actions were given."""

    pull_request: PullRequest
    forge: FakeForge
    temp: Path
    programs: Path = PROGRAMS
    from_fork: bool = False
    event: Mapping[str, Any] | None = None
    uploaded: list[Given] = field(default_factory=list)
    analysed: list[Given] = field(default_factory=list)

    def run(self, **inputs: str) -> Ran:
        return StepRunner(
            action=ACTION,
            workspace=self.pull_request.merged.path,
            temp=self.temp,
            github={"token": TOKEN, "event": self._event()},
            variables={
                "GITHUB_REPOSITORY": "aspire/gateway-config",
                "GITHUB_API_URL": self.forge.api_url,
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_RUN_ID": "77",
            },
            uses={
                "actions/setup-python": lambda given: bool(given["python-version"]),
                "actions/upload-artifact": self._upload,
                "github/codeql-action/upload-sarif": self._analyse,
            },
            instead_of={"Install aspire-gitops": {"bin": str(self.programs)}},
        ).run(**inputs)

    def _event(self) -> Mapping[str, Any]:
        if self.event is not None:
            return self.event
        return {"pull_request": {"number": 41, "head": {"repo": {"fork": self.from_fork}}}}

    def _upload(self, given: Given) -> bool:
        assert list(Path(given["path"]).iterdir()), "nothing to upload"
        self.uploaded.append(given)
        return True

    def _analyse(self, given: Given) -> bool:
        sarif = json.loads(Path(given["sarif_file"]).read_text())
        assert sarif["version"] == "2.1.0"
        assert sarif["runs"]
        self.analysed.append(given)
        return True
