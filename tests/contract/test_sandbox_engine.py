"""The query engine of the sandbox answers LiteLLM's database client as the native one does."""

import ast
import json
import subprocess
from pathlib import Path

import pytest

from aspire_gitops.sandbox import Sandbox
from aspire_gitops.sandbox.install import install
from aspire_gitops.sandbox.node import find_node

pytestmark = [pytest.mark.real, pytest.mark.slow]

PROGRAM = Path(__file__).parent / "sandbox_engine" / "checks.py"


def names_of_the_checks() -> list[str]:
    """Read them from the source: the program itself imports what only LiteLLM's Python has."""
    for node in ast.parse(PROGRAM.read_text()).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "CHECKS":
            assert isinstance(node.value, ast.List)
            return [ast.unparse(element) for element in node.value.elts]
    raise AssertionError("the program has no CHECKS")


@pytest.fixture(scope="module")
def results(real_gateway: Sandbox) -> dict[str, str | None]:
    variables = {
        **install(progress=lambda _: None).engine.variables,
        "PATH": find_node().search_path,
        "DATABASE_URL": real_gateway.database_url,
    }
    command: list[str | Path] = [real_gateway.python, "-B", PROGRAM]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    *_, last = done.stdout.splitlines()  # before it, the engine says its version
    found: dict[str, str | None] = json.loads(last)
    return found


@pytest.mark.parametrize("check", names_of_the_checks())
def test_the_query_engine(results: dict[str, str | None], check: str) -> None:
    assert results[check] is None
