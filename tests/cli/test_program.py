"""The program as a whole: its help, how fast it starts, and how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aspire_gitops.cli import program
from aspire_gitops.cli.program import Lazy, Program
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    GatewayUnavailable,
    SecretMissing,
    UsageError,
)
from support.command_line import PROGRAM, CommandLine, ended, heeding_ctrl_c
from support.small_source import TODAY, write_files

COMMANDS = sorted(Program.lazy)
HEAVY = {"git", "jinja2", "pydantic_settings", "httpx", "watchfiles", "rich", "structlog"}


def commands() -> Iterator[tuple[str, click.Command]]:
    with click.Context(program) as context:
        for name in program.list_commands(context):
            found = program.get_command(context, name)
            assert found is not None
            yield name, found


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(program, ["--help"]).output
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


def test_each_line_of_the_help_is_what_the_command_says_of_itself() -> None:
    said = {name: command.short_help for name, command in commands()}
    assert said == {name: lazy.help for name, lazy in Program.lazy.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_examples(name: str) -> None:
    result = CliRunner().invoke(program, [name, "--help"])
    assert (result.exit_code, f"aspire-gitops {name}" in result.output) == (0, True)


def test_each_option_says_what_it_does() -> None:
    silent = [
        f"{name} {parameter.name}"
        for name, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not (parameter.help or parameter.hidden)
    ]
    assert silent == []


def test_version() -> None:
    result = CliRunner().invoke(program, ["--version"], prog_name="aspire-gitops")
    assert (result.exit_code, result.output.split()[0]) == (0, "aspire-gitops")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--help"], id="help"),
        pytest.param(["validate", "--today", TODAY], id="validate"),
        pytest.param(["schema"], id="schema"),
    ],
)
def test_it_starts_without_what_it_does_not_need(tmp_path: Path, arguments: list[str]) -> None:
    write_files(tmp_path)
    script = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr))\n"
        "from aspire_gitops.cli import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert HEAVY & set(result.stderr.splitlines()) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["nope"], id="no such command"),
        pytest.param(["validate", "--nope"], id="a mistyped flag"),
        pytest.param(["compile"], id="a missing flag"),
        pytest.param(["explain", "AG999"], id="an unknown code"),
        pytest.param(["schema", "Nope"], id="an unknown kind"),
        pytest.param(["schema", "--check"], id="flags that need each other"),
        pytest.param(["validate", "--format", "xml"], id="an unknown format"),
        pytest.param(["validate", "git:"], id="an empty revision"),
        pytest.param(["validate", "git:a", "--revision", "b"], id="two revisions"),
        pytest.param(["validate", "--revision=--output=x"], id="a revision that is a flag"),
        pytest.param(["snapshot"], id="no gateway"),
        pytest.param(["apply", "gateway.d", "--plan", "p.json"], id="a plan and a source"),
    ],
)
def test_wrong_usage_is_64(tmp_path: Path, arguments: list[str]) -> None:
    write_files(tmp_path)
    result = CommandLine(tmp_path).run(*arguments)
    assert (result.returncode, result.stdout) == (64, ""), result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_process_of_its_own_ends_the_same(tmp_path: Path) -> None:
    shell = CommandLine(tmp_path)
    assert shell.run_process("validate", "--nope").returncode == 64
    assert shell.run_process("validate", "nowhere").returncode == 1
    assert shell.run_process("--version").returncode == 0


@click.command()
@click.argument("what")
def failing(what: str) -> None:
    raise {
        "usage": UsageError("the flag is wrong", help="leave it out"),
        "gateway": GatewayUnavailable("the gateway said: no; ask Bob"),
        "secrets": SecretMissing("first\nsecond"),
        "hostile": AspireGitopsError("a\x1b[2Kb"),
        "bug": KeyError("sk-secret"),
        "interrupt": KeyboardInterrupt(),
        "abort": click.Abort(),
    }[what]


@pytest.fixture
def with_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("aspire_gitops.cli.explain")
    monkeypatch.setattr(module, "failing", failing, raising=False)
    lazy = {**Program.lazy, "failing": Lazy("explain", "Fail.", "failing")}
    monkeypatch.setattr(Program, "lazy", lazy)


@pytest.mark.usefixtures("with_failing")
@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        pytest.param("usage", 64, "error: the flag is wrong\n  = help: leave it out\n", id="usage"),
        pytest.param(
            "gateway", 1, "error: the gateway said: no; ask Bob\n", id="others' words are never cut"
        ),
        pytest.param("secrets", 1, "error: first\n       second\n", id="several at once"),
        pytest.param("hostile", 1, "error: a\\x1b[2Kb\n", id="what acts on a terminal"),
        pytest.param("interrupt", 130, "interrupted\n", id="Ctrl-C"),
        pytest.param("abort", 130, "interrupted\n", id="Ctrl-C at a question"),
    ],
)
def test_how_it_ends(what: str, code: int, says: str) -> None:
    result = CliRunner().invoke(program, ["failing", what])
    assert (result.exit_code, result.stderr, result.stdout) == (code, says, "")


@pytest.mark.usefixtures("with_failing")
def test_a_bug_says_so_and_quotes_nothing() -> None:
    result = CliRunner().invoke(program, ["failing", "bug"])
    assert (result.exit_code, "Traceback" in result.stderr) == (1, False)
    assert "bug in aspire-gitops (KeyError)" in result.stderr
    assert "sk-secret" not in result.stderr


@pytest.mark.usefixtures("with_failing")
def test_a_bug_shows_its_traceback_when_asked() -> None:
    result = CliRunner().invoke(program, ["--debug", "failing", "bug"])
    assert (result.exit_code, "Traceback" in result.stderr) == (1, True)


@pytest.mark.slow
def test_an_interrupt_is_130(tmp_path: Path) -> None:
    write_files(tmp_path)
    shell = CommandLine(tmp_path)
    watching = subprocess.Popen(
        [*PROGRAM, "validate", "--watch", "--today", TODAY],
        cwd=tmp_path,
        env=shell.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding_ctrl_c,  # noqa: PLW1509 (no thread of ours runs)
    )
    with watching, ended(watching):
        assert watching.stderr is not None
        while "watching" not in (line := watching.stderr.readline()):
            assert line, "it ended before it watched"
        os.kill(watching.pid, signal.SIGINT)
        _, errors = watching.communicate(timeout=20)
    assert (watching.returncode, "Traceback" in errors) == (130, False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_the_program(shell: str) -> None:
    result = CliRunner().invoke(program, ["completion", shell])
    assert (result.exit_code, "_ASPIRE_GITOPS_COMPLETE" in result.output) == (0, True)


@pytest.mark.slow
def test_completion_knows_the_commands(tmp_path: Path) -> None:
    shell = CommandLine(
        tmp_path,
        {
            "_ASPIRE_GITOPS_COMPLETE": "bash_complete",
            "COMP_WORDS": "aspire-gitops reh",
            "COMP_CWORD": "1",
        },
    )
    assert shell.run_process().stdout.split() == ["plain,rehearse"]
