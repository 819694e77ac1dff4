"""`ci/node.py` runs a Node.js and an npm on every machine that has Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # waits for other programs

ROOT = Path(__file__).parents[2]


def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "ci" / "node.py", *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("packaged", ["", "1"], ids=["any", "packaged"])
def test_it_runs_a_script_and_hands_on_its_status(packaged: str) -> None:
    script = "console.log(process.version); process.exit(7)"
    done = run("node", "-e", script, ASPIRE_GITOPS_PACKAGED=packaged)
    assert done.returncode == 7
    assert int(done.stdout.lstrip("v").split(".")[0]) >= 18


def test_npm_is_that_of_the_same_node() -> None:
    done = run("npm", "version", "--json", ASPIRE_GITOPS_PACKAGED="1")
    assert json.loads(done.stdout)["node"].startswith("24.")


def test_anything_else_is_wrong_usage() -> None:
    done = run("yarn", "install")
    assert (done.returncode, done.stdout) == (64, "")
    assert "python ci/node.py npm" in done.stderr
