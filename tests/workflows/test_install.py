"""What `action.yml` installs: everything from `requirements/run.txt`, by hash, into a fresh environment."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from support.worked_example import GATEWAY_D, rate_day

ROOT = Path(__file__).parents[2]
RUN, EGRESS, DEV = (ROOT / "requirements" / f"{name}.txt" for name in ("run", "egress", "dev"))
_PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return {found["name"]: found["version"] for found in _PIN.finditer(path.read_text())}


@pytest.mark.slow
def test_the_action_installs_a_program_that_works(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    # Pip's own configuration is kept: it says where packages come from on this machine.
    done = subprocess.run(
        [ROOT / "ci" / "install.sh", venv],
        env={k: v for k, v in os.environ.items() if not k.startswith("ASPIRE_GITOPS_")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("aspire-gitops ")
    program = venv / "bin" / "aspire-gitops"
    explained = subprocess.check_output([program, "explain", "AG201"], text=True, cwd=tmp_path)
    assert "unknown-provider" in explained  # the pages came along
    checked = [str(program), "validate", str(GATEWAY_D), "--today", str(rate_day())]
    assert subprocess.run(checked, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    freeze = subprocess.check_output([venv / "bin" / "pip", "freeze", "--all"], text=True)
    installed = {line.partition("==")[0].lower().replace("_", "-") for line in freeze.splitlines()}
    assert not installed & {"pytest", "mypy", "zizmor", "ruff"}


@pytest.mark.parametrize("path", [RUN, EGRESS])
def test_it_installs_the_versions_that_were_tested(path: Path) -> None:
    assert pins(path).items() >= pins(RUN).items()
    assert {n: v for n, v in pins(DEV).items() if n in pins(path)} == pins(path)


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["action"],
    ]
    names = {re.split(r"[\[>=<]", one)[0] for one in declared}

    assert names - {"aspire-ledger"} <= pins(RUN).keys()


@pytest.mark.parametrize("path", [RUN, EGRESS, DEV, *sorted(ROOT.glob("ci/*/package-lock.json"))])
def test_a_lock_says_what_and_not_from_where(path: Path) -> None:
    text = path.read_text()

    assert "sha256:" in text or "sha512-" in text
    assert not re.search(r"index-url|\"resolved\"|^-", text, re.MULTILINE)
