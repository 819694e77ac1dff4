"""`probe` called wrongly, and on a gateway that cannot answer calls: said before anything is spent."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.command_line import CommandLine, Ended
from support.fake_gateway import ADMIN_KEY, FakeGateway
from support.fake_gateway.server import serving
from support.worked_example import GATEWAY_D, rate_day

TODAY = ("--today", rate_day().isoformat())


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@contextmanager
def beside(fake: FakeGateway, folder: Path) -> Iterator[CommandLine]:
    shutil.copytree(GATEWAY_D, folder / "gateway.d")
    with serving(fake) as url:
        variables = {"ASPIRE_GITOPS_GATEWAY_URL": url, "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY}
        yield CommandLine(folder, variables)


def run(fake: FakeGateway, folder: Path, *arguments: str) -> Ended:
    with beside(fake, folder) as shell:
        return shell.run("probe", *arguments, *TODAY)


def test_an_unknown_alias_is_refused_with_the_nearest(fake: FakeGateway, tmp_path: Path) -> None:
    ended = run(fake, tmp_path, "qwen-chta")
    assert ended.returncode == 64
    assert 'did you mean "qwen-chat"?' in ended.stderr


def test_an_alias_that_is_off_is_refused(fake: FakeGateway, tmp_path: Path) -> None:
    with beside(fake, tmp_path) as shell:
        path = tmp_path / "gateway.d" / "aliases" / "qwen-chat.yaml"
        path.write_text(path.read_text() + "probe: off\n")
        ended = shell.run("probe", "qwen-chat", *TODAY)
    assert ended.returncode == 64
    assert "`probe:` other than `off`" in ended.stderr


def test_a_gateway_without_probes_says_so(fake: FakeGateway, tmp_path: Path) -> None:
    with beside(fake, tmp_path) as shell:
        path = tmp_path / "gateway.d" / "gateway.yaml"
        path.write_text(path.read_text().replace("policy:\n", "policy:\n  probes: off\n"))
        ended = shell.run("probe", *TODAY)
    assert ended.returncode == 64
    assert "probes: off" in ended.stderr


def test_what_is_not_on_the_gateway_is_not_called(fake: FakeGateway, tmp_path: Path) -> None:
    ended = run(fake, tmp_path, "qwen-chat")
    assert ended.returncode == 1
    assert "✗ qwen-chat  plain     not live" in ended.stdout
    assert not [request for request in fake.writes if "completions" in request.path]
