"""The shared Action for apps: what it may do, and its scan, step by step."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / ".github/actions/egress/action.yml").read_text())
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}
PROGRAM = Path(sys.executable).parent / "aspire-gitops"


def run(name: str, folder: Path, **variables: str) -> tuple[int, str, dict[str, str]]:
    """Run one step as a runner does: bash, stopping at the first error; returns its outputs."""
    output = folder / "output"
    output.write_text("")
    environment = {**os.environ, "GITHUB_OUTPUT": str(output), **variables}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return done.returncode, done.stdout, outputs


def scan(folder: Path, **variables: str) -> tuple[int, str, dict[str, str]]:
    given = {"PROGRAM": str(PROGRAM), "SCANNED": ".", "GATEWAY_URL": "", "GATEWAY_D": "", "SARIF": str(folder / "x.sarif")}  # fmt: skip
    return run("Scan", folder, **{**given, **variables})


def test_no_script_is_put_together_from_what_others_wrote() -> None:
    assert [name for name, step in STEPS.items() if "${{" in step.get("run", "")] == []


def test_every_foreign_action_is_pinned_to_a_commit() -> None:
    used = [step["uses"].rpartition("@")[2] for step in STEPS.values() if "uses" in step]
    assert [len(pin) for pin in used] == [40, 40]


@pytest.mark.slow
def test_findings_are_annotated_uploaded_and_fail_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from openai import OpenAI\nclient = OpenAI()\n")
    code, shown, outputs = scan(tmp_path, GATEWAY_D=str(ROOT / "gateway.d"))
    assert (code, outputs) == (0, {"findings": "true", "sarif": str(tmp_path / "x.sarif")})
    assert shown.startswith("::error file=a.py,line=2,")
    assert run("Conclude", tmp_path, FINDINGS=outputs["findings"])[0] == 1


@pytest.mark.slow
def test_a_clean_app_passes(tmp_path: Path) -> None:
    code, shown, outputs = scan(tmp_path, GATEWAY_URL="https://llm.aspiredigital.group/v1")
    assert (code, shown, outputs["findings"]) == (0, "", "false")
    assert run("Conclude", tmp_path, FINDINGS="false")[0] == 0


@pytest.mark.slow
def test_a_wrong_input_fails_and_runs_nothing(tmp_path: Path) -> None:
    code, _, outputs = scan(
        tmp_path, GATEWAY_URL="$(touch owned); --jobs", SCANNED="-x; touch owned"
    )
    assert (code, outputs, (tmp_path / "owned").exists()) == (64, {}, False)
