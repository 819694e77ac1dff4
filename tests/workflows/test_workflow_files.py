"""What must hold for every workflow and action here, beside what actionlint and zizmor ask."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = [ROOT / "action.yml", *sorted((ROOT / ".github" / "actions").glob("*/action.yml"))]
FILES = [*WORKFLOWS, *ACTIONS]
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
PROPOSES = {"gateway-rate.yml"}  # it pushes a branch, and people merge it
_USES = re.compile(r"uses: (?P<what>\S+)(?P<rest>.*)")
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    document = read(path)
    for job in document.get("jobs", {"": document.get("runs", {})}).values():
        yield from job["steps"]


@pytest.mark.parametrize("path", FILES, ids=label)
def test_others_are_pinned_by_commit_with_the_version_beside_it(path: Path) -> None:
    for found in _USES.finditer(path.read_text()):
        if not found["what"].startswith("./"):
            assert _PINNED.fullmatch(found["what"]), found[0]
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", found["rest"]), found[0]


@pytest.mark.parametrize("path", FILES, ids=label)
def test_scripts_hold_no_expression_and_are_sound(path: Path, tmp_path: Path) -> None:
    scripts = [step["run"] for step in steps(path) if "run" in step]
    for number, script in enumerate(scripts):
        assert "${{" not in script
        (tmp_path / f"{number}.sh").write_text(f"#!/usr/bin/env bash\n{script}")
    if scripts:
        found = subprocess.run(
            [SHELLCHECK, *sorted(tmp_path.glob("*.sh"))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stdout


def test_the_scripts_beside_them_are_sound() -> None:
    scripts = [*sorted((ROOT / "ci").glob("*.sh")), ROOT / ".ci" / "run"]

    found = subprocess.run(
        [SHELLCHECK, "-x", "-P", ROOT, *scripts], capture_output=True, text=True, check=False
    )

    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=label)
def test_a_workflow_has_no_secret_and_no_right_that_it_does_not_name(path: Path) -> None:
    document = read(path)

    assert "pull_request_target" not in path.read_text()
    assert "workflow_run" not in path.read_text()
    assert "secrets." not in path.read_text()
    assert document["permissions"] == {}
    assert "group" in document["concurrency"]
    for job in document["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert job["permissions"].pop("contents") == ("write" if path.name in PROPOSES else "read")
        assert job["permissions"].keys() <= {"pull-requests", "security-events"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=label)
def test_our_own_actions_get_only_what_they_know(path: Path) -> None:
    for step in steps(path):
        uses = step.get("uses", "")
        if uses.startswith("./"):
            action = read(ROOT / uses / "action.yml")
            assert step.get("with", {}).keys() <= action["inputs"].keys()


@pytest.mark.parametrize("path", WORKFLOWS, ids=label)
def test_a_checkout_leaves_no_token_behind(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_trigger_names_files_that_exist() -> None:
    for path in WORKFLOWS:
        for trigger in (read(path)[True] or {}).values():  # YAML 1.1 reads `on` as true
            for pattern in trigger.get("paths", []) if isinstance(trigger, dict) else []:
                assert list(ROOT.glob(pattern)), f"{path.name} waits for {pattern}"
