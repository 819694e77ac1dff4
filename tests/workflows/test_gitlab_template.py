"""GitLab's template: its script lines run in bash as its runner runs them, against a faked GitLab.

What is not shown here: GitLab's own reading of `rules`, the image, and the job that rehearses.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.fake_forge import TOKEN, FakeForge, fake_forge
from support.git_repository import clean_variables
from support.pull_requests import (
    ANOTHER_MODEL,
    PROGRAMS,
    PullRequest,
    fresh_files,
    open_pull_request,
    snapshot_of,
)

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "ci" / "gitlab" / "aspire-gitops.gitlab-ci.yml"
JOBS = ["gateway review", "gateway rehearse", "gateway merge", "gateway drift", "gateway rates"]
INSTALL = f"""#!/usr/bin/env bash
mkdir -p "$1/bin"
ln -sf {PROGRAMS}/aspire-gitops {PROGRAMS}/python "$1/bin/"
"""


def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text())
    return found


def lines(job: str) -> list[str]:
    found = template()
    base = found[found[job]["extends"]]
    return [*base["before_script"], *found[job]["script"]]


def test_the_jobs_are_those_of_the_documentation() -> None:
    found = template()

    assert [name for name in found if name != "variables" and name[0] != "."] == JOBS
    for job in JOBS:
        assert found[job]["rules"], f"{job} would run in every pipeline"
        assert found[job]["extends"] == ".aspire-gitops"


@pytest.mark.parametrize("job", JOBS)
def test_scripts_are_sound(job: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("#!/usr/bin/env bash\nset -eo pipefail\n" + "\n".join(lines(job)))

    found = subprocess.run(
        [PROGRAMS / "shellcheck", script], capture_output=True, text=True, check=False
    )

    assert found.returncode == 0, found.stdout


@dataclass
class Pipeline:
    """A job's shell in the merge request's clone, where the install step finds this environment."""

    opened: PullRequest
    home: Path
    variables: Mapping[str, str]

    def run(self, job: str, **more: str) -> tuple[int, str]:
        found, folder = template(), self.opened.merged.path
        declared = {**found["variables"], **found[found[job]["extends"]]["variables"]}
        known = {"CI_PROJECT_DIR": str(folder)}
        given = {
            name: value.replace("$CI_PROJECT_DIR", str(folder)) for name, value in declared.items()
        }
        inherited = {
            k: v for k, v in clean_variables().items() if not k.startswith("ASPIRE_GITOPS_")
        }
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(lines(job))],
            cwd=folder,
            env={**inherited, "HOME": str(self.home), **known, **given, **self.variables, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    @property
    def out(self) -> Path:
        return self.opened.merged.path / "gateway-review"


@pytest.fixture
def gitlab() -> Iterator[FakeForge]:
    with fake_forge(is_gitlab=True) as one:
        yield one


@pytest.fixture
def pipeline(tmp_path: Path, gitlab: FakeForge) -> Pipeline:
    live = tmp_path / "live"
    live.mkdir()
    fresh_files(live)
    opened = open_pull_request(tmp_path, published=snapshot_of(live))
    tool = opened.merged.path / "ci"
    shutil.copytree(ROOT / "ci", tool, ignore=shutil.ignore_patterns("node_modules"))
    (tool / "install.sh").write_text(INSTALL)
    opened.edit("aliases/chat", *ANOTHER_MODEL)
    variables = {
        "CI_API_V4_URL": gitlab.api_url,
        "CI_PROJECT_ID": "platform/gateway",
        "CI_MERGE_REQUEST_IID": "41",
        "CI_COMMIT_SHA": opened.merged.head,
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": opened.merged.git("rev-parse", "HEAD^1"),
        "GITLAB_TOKEN": TOKEN,
    }
    return Pipeline(opened, tmp_path, variables)


@pytest.mark.slow
def test_a_note_is_created_then_updated(pipeline: Pipeline, gitlab: FakeForge) -> None:
    first, log = pipeline.run("gateway review")
    assert first == 0, log
    pipeline.opened.edit("aliases/chat", "model: chat-2", "model: chat-3")
    second, _ = pipeline.run("gateway review", CI_COMMIT_SHA=pipeline.opened.merged.head)

    assert second == 0
    assert gitlab.writes() == ["POST", "PUT"]
    (note,) = gitlab.bodies()
    assert note.startswith("<!-- aspire-gitops:review -->\n")
    assert "chat-3" in note
    kept = {path.name for path in pipeline.out.iterdir()}
    assert {"comment.md", "review.json", "review.sarif", "snapshot.json"} <= kept


@pytest.mark.slow
def test_a_mistake_is_noted_and_fails_the_job(pipeline: Pipeline, gitlab: FakeForge) -> None:
    pipeline.opened.edit("aliases/chat", "provider: acme", "provider: acmee")

    code, _ = pipeline.run("gateway review", CI_COMMIT_SHA=pipeline.opened.merged.head)

    assert code == 1
    assert len(gitlab.comments) == 1


@pytest.mark.slow
def test_a_fork_has_no_token_and_the_review_is_an_artefact(
    pipeline: Pipeline, gitlab: FakeForge
) -> None:
    code, log = pipeline.run("gateway review", GITLAB_TOKEN="")

    assert code == 0
    assert "the review is in the artefacts" in log
    assert gitlab.listener.heard == []
    assert (pipeline.out / "comment.md").exists()


@pytest.mark.slow
def test_a_merge_is_compiled_and_planned(pipeline: Pipeline) -> None:
    code, log = pipeline.run("gateway merge")

    assert code == 0, log
    assert (pipeline.out / "compiled" / "manifest.json").exists()
    assert (pipeline.out / "plan.json").exists()


@pytest.mark.slow
def test_the_night_finds_drift(pipeline: Pipeline) -> None:
    """The clone is ahead of what is published, as a gateway that nobody applies to."""
    code, log = pipeline.run("gateway drift")

    assert code == 1
    assert "The gateway is not what gateway.d says" in log
    assert pipeline.run("gateway rates")[0] == 0


@pytest.mark.slow
def test_another_repository_names_the_tools_commit(pipeline: Pipeline, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    shutil.copytree(pipeline.opened.merged.path / "ci", tool / "ci")
    git = ["git", "-c", "user.name=Zac", "-c", "user.email=zac@example.com"]
    for words in (["init", "--quiet"], ["add", "-A"], ["commit", "--quiet", "-m", "The tool"]):
        subprocess.run([*git, *words], cwd=tool, check=True, env=clean_variables())
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tool, text=True).strip()
    shutil.rmtree(pipeline.opened.merged.path / "ci")

    named = pipeline.run(
        "gateway rates", ASPIRE_GITOPS_SOURCE=str(tool), ASPIRE_GITOPS_COMMIT=commit
    )
    unnamed = pipeline.run("gateway rates", ASPIRE_GITOPS_SOURCE=str(tool))

    assert named[0] == 0, named[1]
    assert unnamed[0] != 0
    assert "name the commit of the tool" in unnamed[1]
