"""Installing the ledger into LiteLLM's own environment adds psycopg and tzdata at most."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aspire_gitops.sandbox import Sandbox
from support.golden import REPOSITORY

pytestmark = [pytest.mark.real, pytest.mark.slow]

_MAY_COME = {"aspire-ledger", "psycopg", "psycopg-binary", "tzdata"}


def test_nothing_but_the_driver_and_the_timezones_comes_with_it(
    real_gateway: Sandbox, tmp_path: Path
) -> None:
    uv = Path(sys.executable).parent / "uv"
    build: list[str | Path] = [
        uv,
        "build",
        "--wheel",
        "--no-build-isolation",
        "--quiet",
        "--python",
        sys.executable,
    ]
    subprocess.run(
        [*build, "--out-dir", tmp_path, REPOSITORY / "packages" / "aspire-ledger"], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    asked: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--dry-run",
        "--python",
        real_gateway.python,
        wheel,
    ]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    changes = re.findall(r"^ ([+~-]) ([a-z0-9-]+)", done.stderr, flags=re.MULTILINE)
    assert ("+", "aspire-ledger") in changes
    assert {name for _, name in changes} <= _MAY_COME
    assert {sign for sign, _ in changes} == {"+"}, "nothing of LiteLLM's own is replaced"
