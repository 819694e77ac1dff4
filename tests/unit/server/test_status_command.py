"""`aspire-gitops status`: the controller on this machine, in a terminal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from aspire_gitops.cli.status import RENDERERS
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.value import Status
from support.command_line import CommandLine
from support.serving import serving
from support.statuses import StandIn, degraded, frozen, ready, stalled, waiting

pytestmark = pytest.mark.slow  # waits for other programs


@contextmanager
def beside(status: Status, folder: Path) -> Iterator[CommandLine]:
    state = folder / "state"
    with serving(StandIn(status), ServerOptions(state, "127.0.0.1:0")):
        yield CommandLine(folder, {"ASPIRE_GITOPS_STATE_DIR": str(state)})


def test_it_says_what_the_page_says(tmp_path: Path) -> None:
    with beside(stalled(), tmp_path) as shell:
        ended = shell.run("status")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("■ Stalled  needs a commit or a person  aspire")


def test_its_json_is_that_of_the_server(tmp_path: Path) -> None:
    with beside(ready(), tmp_path) as shell:
        told = json.loads(shell.run("status", "--format", "json").stdout)
    assert told == status_document(ready()).model_dump(mode="json")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param(ready(), 0, id="ready"),
        pytest.param(frozen(), 0, id="frozen is ready"),
        pytest.param(stalled(), 1, id="stalled"),
        pytest.param(waiting(), 2, id="waiting"),
        pytest.param(degraded(), 1, id="as git says, and calls fail"),
    ],
)
def test_a_script_learns_whether_a_person_is_needed(
    tmp_path: Path, status: Status, code: int
) -> None:
    with beside(status, tmp_path) as shell:
        assert shell.run("status", "--exit-code").returncode == code


def test_without_a_controller_it_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    ended = CommandLine(tmp_path).run("status", "--state-dir", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (64, "")
    assert f"error: no controller answers at {tmp_path}/controller.sock" in ended.stderr
    assert "= help: start it with" in ended.stderr


def test_watching_shows_it_again_until_somebody_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("aspire_gitops.cli.status.time", SimpleNamespace(sleep=nap))
    with beside(ready(), tmp_path) as shell:
        ended = shell.run("status", "--watch")
    assert ended.returncode == 130
    assert ended.stdout.count("● Ready") == 3


def test_help_names_every_exit_code(tmp_path: Path) -> None:
    told = CommandLine(tmp_path).run("status", "--help").stdout
    assert all(word in told for word in ("0 ready", "1 stalled", "2 waiting", "64 no controller"))


def test_every_format_ends_its_last_line() -> None:
    shown = [render(status_document(ready())) for render in RENDERERS.values()]
    assert all(str(text).endswith("\n") for text in shown)
