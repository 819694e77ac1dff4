"""`egress scan` as people, CI and pre-commit call it."""

import json
from pathlib import Path

import pytest

from support.command_line import CommandLine

GATEWAY_D = Path(__file__).parents[2] / "gateway.d"
DIRECT = 'from openai import OpenAI\nclient = OpenAI()\nclient.chat.completions.create(model="claude-3-5-sonnet-latest")\n'
URL = ("--gateway-url", "https://llm.aspiredigital.group/v1")


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text(DIRECT)
    return CommandLine(tmp_path)


def test_a_finding_fails(shell: CommandLine) -> None:
    ended = shell.run("egress", "scan", *URL)
    assert (ended.returncode, "app/a.py:2:10: AG601 direct-client" in ended.stdout) == (1, True)


def test_nothing_found_is_well(shell: CommandLine) -> None:
    (shell.folder / "app/a.py").unlink()
    ended = shell.run("egress", "scan", *URL)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "· 0 files read\n")


def test_warnings_alone_are_well(shell: CommandLine) -> None:
    (shell.folder / "app/a.py").unlink()
    (shell.folder / ".env").write_text("OPENAI_API_KEY=x\n")
    ended = shell.run("egress", "scan", *URL)
    assert (ended.returncode, "AG607" in ended.stdout) == (0, True)


def test_the_gateways_files_name_the_alias(shell: CommandLine) -> None:
    ended = shell.run("egress", "scan", "--gateway-d", str(GATEWAY_D))
    assert 'call the alias "claude-sonnet" instead of the model' in ended.stdout
    assert 'base_url="https://llm.aspiredigital.group/v1"' in ended.stdout


def test_an_unknown_gateway_is_told(shell: CommandLine) -> None:
    assert "the gateway's address is unknown" in shell.run("egress", "scan").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["nowhere"], id="no such path"),
        pytest.param(["--gateway-url", "llm"], id="no URL"),
        pytest.param(["--gateway-d", "app"], id="a folder without a gateway"),
        pytest.param(["-o", "sarif"], id="no file"),
        pytest.param(["-o", "pdf=x"], id="no such format"),
        pytest.param(["--exceptions", "nowhere.yaml"], id="no such exceptions"),
    ],
)
def test_wrong_usage(shell: CommandLine, arguments: list[str]) -> None:
    assert shell.run("egress", "scan", *arguments).returncode == 64


def test_several_formats_at_once(shell: CommandLine) -> None:
    (shell.folder / "out").mkdir()
    ended = shell.run("egress", "scan", *URL, "--format", "github", "-o", "sarif=out/a.sarif", "-o", "json=a.json")  # fmt: skip
    assert ended.stdout.startswith("::error file=app/a.py,line=2,")
    assert json.loads((shell.folder / "out/a.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "AG601"  # fmt: skip
    assert json.loads((shell.folder / "a.json").read_text())["errors"] == 1


def test_named_files_as_pre_commit_hands_them_over(shell: CommandLine) -> None:
    (shell.folder / "app/b.py").write_text(DIRECT)
    ended = shell.run("egress", "scan", *URL, "--format", "json", "app/b.py")
    assert [item["path"] for item in json.loads(ended.stdout)["diagnostics"]] == ["app/b.py"]


def test_named_files_know_what_the_settings_beside_them_set(shell: CommandLine) -> None:
    (shell.folder / ".env").write_text(f"OPENAI_BASE_URL={URL[1]}\n")
    assert shell.run("egress", "scan", *URL, "app/a.py").returncode == 0


def test_a_named_file_is_not_told_twice(shell: CommandLine) -> None:
    ended = shell.run("egress", "scan", *URL, "--format", "json", "app", "app/a.py")
    assert json.loads(ended.stdout)["errors"] == 1


def test_exceptions_are_found_in_the_scanned_folder(shell: CommandLine) -> None:
    text = "exceptions:\n  - {path: a.py, code: AG601, reason: We move., owner: a@b.au, expires: 2026-12-31}\n"
    (shell.folder / "app/.aspire-egress.yaml").write_text(text)
    ended = shell.run("egress", "scan", *URL, "app", "--today", "2026-11-27")
    assert (ended.returncode, "1 finding agreed to by exceptions" in ended.stderr) == (0, True)
    later = shell.run("egress", "scan", *URL, "app", "--today", "2027-01-01")
    assert (later.returncode, "app/.aspire-egress.yaml:2" in later.stdout) == (1, True)


def test_a_file_name_cannot_write_a_workflow_command(shell: CommandLine) -> None:
    (shell.folder / "a\n::warning::b.py").write_text(DIRECT)
    ended = shell.run("egress", "scan", *URL, "--format", "github")
    assert [
        line for line in ended.stdout.splitlines() if not line.startswith("::error file=")
    ] == []


def test_tests_are_read_when_asked(shell: CommandLine) -> None:
    (shell.folder / "app/test_b.py").write_text(DIRECT)
    paths = [
        len(json.loads(shell.run("egress", "scan", *URL, "--format", "json", *more).stdout)["diagnostics"])
        for more in ((), ("--tests",))
    ]  # fmt: skip
    assert paths == [1, 2]
