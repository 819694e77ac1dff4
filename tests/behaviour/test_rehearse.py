"""`rehearse` on Aspire's own files and a real LiteLLM; and nothing of it is left behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from aspire_gitops.rehearsal.steps import STEPS
from aspire_gitops.sandbox.install import check_prerequisites as check_programs
from aspire_gitops.sandbox.postgres import check_prerequisites as check_postgres
from support.catalogs import TODAY
from support.command_line import PROGRAM, CommandLine, ended, heeding_ctrl_c

ROOT = Path(__file__).parents[2]
AS_OF = ("--today", TODAY.isoformat())  # the exchange rate in gateway.d/ ages
MODES = "tests/golden/cases/ocr-embedding-image/gateway.d"
MODES_ALIASES = ("pages", "pictures", "vectors")
pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(autouse=True)
def needs_a_real_gateway() -> None:
    if os.environ.get("ASPIRE_GITOPS_REQUIRE_REAL") != "1":
        try:
            check_programs()
            check_postgres()
        except Exception as missing:  # noqa: BLE001 (whatever is missing, there is no gateway)
            pytest.skip(f"no real gateway here: {missing}")


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    variables = {"TMPDIR": str(tmp_path), "HOME": os.environ["HOME"]}  # the cache is in HOME
    return CommandLine(ROOT, variables)


def programs_of(folder: Path) -> list[str]:
    """Return the command lines of running programs that name `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has ended meanwhile
    return [line for line in found if str(folder) in line]


@pytest.mark.timeout(600)
def test_the_worked_example_passes_every_step(shell: CommandLine, tmp_path: Path) -> None:
    result = shell.run_process("rehearse", "gateway.d", *AS_OF, "--format", "json", patience_s=600)
    report = json.loads(result.stdout)
    failed = [step for step in report["steps"] if step["status"] != "passed"]
    assert (result.returncode, failed) == (0, [])
    assert [step["name"] for step in report["steps"]] == [name for name, _, _ in STEPS]
    assert (list(tmp_path.iterdir()), programs_of(tmp_path)) == ([], [])


@pytest.mark.timeout(600)
def test_ocr_embedding_and_image_calls_pass_too(shell: CommandLine) -> None:
    result = shell.run_process("rehearse", MODES, *AS_OF, "--format", "json", patience_s=600)
    assert result.returncode == 0, result.stderr
    steps = json.loads(result.stdout)["steps"]
    facts = [fact for step in steps for fact in step["facts"]]
    answered = [alias for alias in MODES_ALIASES if any(f": {alias} → " in fact for fact in facts)]
    assert answered == list(MODES_ALIASES)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("sign", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    ],
)
def test_an_interrupted_rehearsal_leaves_nothing(
    shell: CommandLine, tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    with (
        subprocess.Popen(
            [*PROGRAM, "rehearse", "gateway.d", *AS_OF],
            cwd=ROOT,
            env=shell.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heeding_ctrl_c,  # noqa: PLW1509 (no thread of ours runs)
        ) as rehearsing,
        ended(rehearsing),
    ):
        assert rehearsing.stderr is not None
        while "Each key calls" not in (line := rehearsing.stderr.readline()):
            assert line, "it ended before it called anything"
        assert programs_of(tmp_path) != []
        rehearsing.send_signal(sign)
        rehearsing.communicate(timeout=60)
    assert (list(tmp_path.iterdir()), programs_of(tmp_path)) == ([], [])
    assert rehearsing.returncode == code
