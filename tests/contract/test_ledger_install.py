"""Installing the ledger into LiteLLM's own environment adds psycopg and tzdata at most."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aspire_gitops.sandbox import Sandbox
from support.golden import REPOSITORY
from support.ledger_real import LedgerGateway

pytestmark = [pytest.mark.real, pytest.mark.slow]

UV = Path(sys.executable).parent / "uv"
_MAY_COME = {"aspire-ledger", "psycopg", "psycopg-binary", "tzdata"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words: list[str | Path] = [UV, "build", "--wheel", "--no-build-isolation", "--quiet"]
    words += [
        "--python",
        sys.executable,
        "--out-dir",
        folder,
        REPOSITORY / "packages/aspire-ledger",
    ]
    subprocess.run(words, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_nothing_but_the_driver_and_the_timezones_comes_with_it(
    real_gateway: Sandbox, wheel: Path
) -> None:
    asked: list[str | Path] = [
        UV,
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


def test_a_config_of_before_still_loads_the_ledger(
    shared_ledger: LedgerGateway, wheel: Path, tmp_path: Path
) -> None:
    """As LiteLLM looks callbacks up, with nothing of ours installed but the ledger's wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "from litellm.proxy.types_utils.utils import get_instance_fn\n"
        "from aspire_ledger.hook import ledger\n"
        "print(get_instance_fn('aspire_gitops.ledger.hook.ledger') is ledger)\n"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(tmp_path),
        "ASPIRE_LEDGER_URL": shared_ledger.url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    words: list[str | Path] = [shared_ledger.sandbox.python, "-c", code]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
