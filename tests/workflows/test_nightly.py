"""The scripts of the night, on real repositories: they fail loudly, and say why."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.git_repository import Repository, clean_variables
from support.pull_requests import PROGRAMS, STATE, fresh_files, open_pull_request, snapshot_of
from support.small_source import TODAY, write_files
from support.step_runner import commands

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "ci"
PROGRAM = PROGRAMS / "aspire-gitops"


@dataclass(frozen=True)
class Night:
    code: int
    log: str
    summary: str


def night(folder: Path, script: str, *words: str | Path, **variables: str) -> Night:
    summary = folder / "summary.md"
    done = subprocess.run(
        [SCRIPTS / script, PROGRAM, "gateway.d", *words],
        cwd=folder,
        env={
            **{k: v for k, v in clean_variables().items() if not k.startswith("ASPIRE_GITOPS_")},
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(summary),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    text = summary.read_text() if summary.exists() else ""
    summary.unlink(missing_ok=True)
    return Night(done.returncode, done.stdout, text)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("live")
    fresh_files(folder)
    return snapshot_of(folder)


def clone(folder: Path, published: str | None) -> Path:
    merged: Repository = open_pull_request(folder, published=published).merged
    return merged.path


def drift(folder: Path, **variables: str) -> Night:
    return night(folder, "nightly-drift.sh", STATE, folder / "out", **variables)


def test_a_gateway_that_is_what_main_says(tmp_path: Path, live: str) -> None:
    folder = clone(tmp_path, live)

    found = drift(folder)

    assert found.code == 0, found.log
    assert (
        "### The gateway is what gateway.d says, by a snapshot that is 0 hours old" in found.summary
    )
    assert commands(found.log) == []


def test_drift_fails_and_shows_the_plan(tmp_path: Path, live: str) -> None:
    folder = clone(tmp_path, live)
    path = folder / "gateway.d" / "aliases" / "chat.yaml"
    path.write_text(path.read_text().replace("model: chat-1", "model: chat-9"))

    found = drift(folder)

    assert found.code == 1
    assert "### The gateway is not what gateway.d says" in found.summary
    assert "chat-9" in found.summary
    assert (folder / "out" / "plan.json").exists()
    ((name, rest),) = commands(found.log)
    assert (name, rest.startswith(" title=Drift::The gateway is not what")) == ("error", True)


def test_nothing_published_is_no_good_night(tmp_path: Path) -> None:
    found = drift(clone(tmp_path, None))

    assert found.code == 1
    assert "Nobody can tell" in found.summary
    assert "ASPIRE_GITOPS_PUBLISH_BRANCH" in found.log


def test_a_snapshot_of_something_else_is_no_good_night(tmp_path: Path) -> None:
    found = drift(clone(tmp_path, '{"format": 99}'))

    assert found.code == 1
    assert "### There is no plan" in found.summary
    assert "made by a newer aspire-gitops" in found.summary


def rates(folder: Path, today: str) -> Night:
    return night(folder, "nightly-rates.sh", "7", TODAY=today)


@pytest.mark.parametrize(
    ("today", "code", "said", "command"),
    [
        pytest.param(TODAY, 0, "Every rate and date is good", None, id="good"),
        pytest.param("2026-12-30", 0, "by 2027-01-06 the files will", "warning", id="soon"),
        pytest.param("2027-01-05", 1, "By 2027-01-05 the files hold errors", "error", id="stale"),
    ],
)
def test_rates(tmp_path: Path, today: str, code: int, said: str, command: str | None) -> None:
    write_files(tmp_path)

    found = rates(tmp_path, today)

    assert found.code == code
    assert said in found.summary
    assert [name for name, _ in commands(found.log)] == ([command] if command else [])
    assert ("AG309" in found.summary) == (command is not None)


def test_outside_of_github_it_speaks_plainly(tmp_path: Path) -> None:
    write_files(tmp_path)

    found = night(tmp_path, "nightly-rates.sh", "7", TODAY="2027-01-05", GITHUB_ACTIONS="")

    assert "::" not in found.log.replace("AG309", "")
    assert "error: Rates: by 2027-01-05" in found.log


def test_bash_is_all_that_they_need() -> None:
    assert shutil.which("bash")
    assert all(os.access(SCRIPTS / name, os.X_OK) for name in ("install.sh", "nightly-drift.sh"))
