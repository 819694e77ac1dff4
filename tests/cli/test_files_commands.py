"""The commands that need no gateway: validate, compile, schema, explain."""

import json
import os
import stat
from pathlib import Path

import pytest
import yaml

from aspire_ledger.canonical import CONFIG_DIGEST, config_digest
from support.command_line import CommandLine
from support.small_source import TODAY, commit_all, write_files

BY_THEN = ("--today", TODAY)


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    write_files(tmp_path)
    return CommandLine(tmp_path)


def break_alias(folder: Path) -> None:
    path = folder / "gateway.d" / "aliases" / "chat.yaml"
    path.write_text(path.read_text().replace("provider: acme", "provider: acne"))


def test_right_files_are_0(shell: CommandLine) -> None:
    result = shell.run("validate", *BY_THEN)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "· no problems in 5 resources\n"


def test_a_mistake_is_1_with_place_code_and_way_out(shell: CommandLine) -> None:
    break_alias(shell.folder)
    result = shell.run("validate", *BY_THEN)
    assert result.returncode == 1
    assert "gateway.d/aliases/chat.yaml:4:20: AG201 unknown-provider" in result.stdout
    assert "acme" in result.stdout


def test_warnings_alone_are_0(shell: CommandLine) -> None:
    (shell.folder / "gateway.d" / "budgets" / "spare.yaml").write_text(
        'kind: Budget\nname: spare\nmonthly_aud: "1"\n'
    )
    result = shell.run("validate", *BY_THEN)
    assert (result.returncode, "spare" in result.stdout) == (0, True)


@pytest.mark.parametrize("format_", ["json", "sarif", "github"])
def test_every_format_holds_the_code(shell: CommandLine, format_: str) -> None:
    break_alias(shell.folder)
    result = shell.run("validate", *BY_THEN, "--format", format_)
    assert (result.returncode, "AG201" in result.stdout) == (1, True)
    assert format_ == "github" or json.loads(result.stdout)


def test_dates_are_judged_by_the_day(shell: CommandLine) -> None:
    result = shell.run("validate", "--today", "2027-11-23")
    assert (result.returncode, "exchange" in result.stdout) == (1, True)


def test_a_git_revision_is_read_and_not_the_folder(shell: CommandLine) -> None:
    commit_all(shell.folder, "right")
    break_alias(shell.folder)
    assert shell.run("validate", *BY_THEN).returncode == 1
    assert shell.run("validate", "git:HEAD", *BY_THEN).returncode == 0
    assert shell.run("validate", "gateway.d", "--revision", "main", *BY_THEN).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["nowhere"], "nowhere", id="no such folder"),
        pytest.param(["git:nope"], "nope", id="no such revision"),
    ],
)
def test_what_cannot_be_read_is_1(shell: CommandLine, arguments: list[str], says: str) -> None:
    commit_all(shell.folder, "right")
    result = shell.run("validate", *arguments)
    assert (result.returncode, result.stderr.startswith("error: ")) == (1, True)
    assert says in result.stderr


def test_a_revision_outside_a_repository_is_wrong_usage(shell: CommandLine) -> None:
    result = shell.run("validate", "git:HEAD")
    assert (result.returncode, "no git repository" in result.stderr) == (64, True)


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_an_empty_source_is_refused(tmp_path: Path, command: str) -> None:
    (tmp_path / "gateway.d").mkdir()
    result = CommandLine(tmp_path).run(command)
    assert result.returncode == 1
    assert result.stdout + result.stderr != ""


def test_compile_says_what_it_did_and_is_idempotent(shell: CommandLine) -> None:
    first = shell.run("compile", *BY_THEN, "-o", "out")
    assert [line.split()[0] for line in first.stdout.splitlines()] == [
        *["created"] * 3,
        "settings",
    ]
    before = {path: path.stat().st_mtime_ns for path in (shell.folder / "out").iterdir()}
    again = shell.run("compile", *BY_THEN, "-o", "out")
    assert [line.split()[0] for line in again.stdout.splitlines()] == [
        *["unchanged"] * 3,
        "settings",
    ]
    assert before == {path: path.stat().st_mtime_ns for path in (shell.folder / "out").iterdir()}


def test_compile_says_what_changed(shell: CommandLine) -> None:
    shell.run("compile", *BY_THEN, "-o", "out")
    budget = shell.folder / "gateway.d" / "budgets" / "shop.yaml"
    budget.write_text(budget.read_text().replace('"100"', '"200"'))
    result = shell.run("compile", *BY_THEN, "-o", "out")
    assert "changed   out/objects.json" in result.stdout


def test_compile_the_config_and_the_manifest_tell_one_digest(shell: CommandLine) -> None:
    told = shell.run("compile", *BY_THEN, "-o", "out").stdout.splitlines()[-1].split()[-1]
    config = (shell.folder / "out/config.yaml").read_text()
    manifest = json.loads((shell.folder / "out/manifest.json").read_text())
    assert told == config_digest(config) == manifest["config_digest"]
    assert yaml.safe_load(config)["environment_variables"][CONFIG_DIGEST] == told


def test_compile_writes_files_that_others_may_read(shell: CommandLine) -> None:
    shell.run("compile", *BY_THEN, "-o", "out")
    mask = os.umask(0)
    os.umask(mask)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (shell.folder / "out").iterdir()}
    assert modes == {0o666 & ~mask}


def test_compile_of_broken_files_writes_nothing(shell: CommandLine) -> None:
    break_alias(shell.folder)
    result = shell.run("compile", *BY_THEN, "-o", "out")
    assert (result.returncode, "AG201" in result.stdout) == (1, True)
    assert not (shell.folder / "out").exists()


def test_compile_into_a_file_is_wrong_usage(shell: CommandLine) -> None:
    (shell.folder / "out").write_text("x")
    assert shell.run("compile", *BY_THEN, "-o", "out").returncode == 64


def test_schema_of_one_kind_in_any_case(shell: CommandLine) -> None:
    found = shell.run("schema", "App")
    assert json.loads(found.stdout)["$id"].endswith("app.schema.json")
    assert shell.run("schema", "app").stdout == found.stdout


def test_schema_check_finds_what_is_out_of_date(shell: CommandLine) -> None:
    shell.run("schema", "-o", "schemas")
    assert shell.run("schema", "-o", "schemas", "--check").returncode == 0
    (shell.folder / "schemas" / "app.schema.json").write_text("{}")
    stale = shell.run("schema", "-o", "schemas", "--check")
    assert (stale.returncode, stale.stdout) == (1, "out of date: schemas/app.schema.json\n")
    assert (shell.folder / "schemas" / "app.schema.json").read_text() == "{}"


def test_explain_prints_the_page_in_any_case(shell: CommandLine) -> None:
    result = shell.run("explain", "ag201")
    assert (result.returncode, result.stdout.splitlines()[0]) == (0, "# AG201 unknown-provider")


def test_explain_lists_all_codes(shell: CommandLine) -> None:
    lines = shell.run("explain").stdout.splitlines()
    assert "AG201 unknown-provider (error)" in lines
    assert lines == sorted(lines)


def test_explain_takes_a_name_too(shell: CommandLine) -> None:
    by_name = shell.run("explain", "unknown-provider")
    assert by_name.stdout == shell.run("explain", "AG201").stdout


def test_explain_alias_says_what_it_costs_and_what_bounds_it(shell: CommandLine) -> None:
    path = shell.folder / "gateway.d" / "aliases" / "chat.yaml"
    path.write_text(path.read_text() + "max_output_tokens: 4096\nallow_parameters: [top_k]\n")
    result = shell.run("explain", "alias", "chat", *BY_THEN)
    assert result.returncode == 0
    assert "USD per million tokens in" in result.stdout
    assert "lowered to 4,096, and one that does not say gets 4,096" in result.stdout
    assert "apps may also send: top_k" in result.stdout


def test_explain_alias_gives_machines_the_card_that_is_compiled(shell: CommandLine) -> None:
    shown = json.loads(shell.run("explain", "alias", "chat", "--format", "json", *BY_THEN).stdout)
    shell.run("compile", "-o", "build", *BY_THEN)
    objects = json.loads((shell.folder / "build" / "objects.json").read_text())
    assert shown["card"] == objects["deployments"]["chat"]["fields"]["model_info.aspire"]
    assert shown["target"]["provider"] == "acme"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["alias"], "which alias?", id="no name"),
        pytest.param(["alias", "chta"], "did you mean chat?", id="a name mistyped"),
        pytest.param(["AG201", "AG202"], "one code at a time", id="two codes"),
    ],
)
def test_explain_says_what_it_cannot_explain(
    shell: CommandLine, arguments: list[str], told: str
) -> None:
    result = shell.run("explain", *arguments, *BY_THEN)
    assert result.returncode == 64
    assert told in result.stderr


def test_explain_alias_shows_the_mistakes_of_files_that_have_some(shell: CommandLine) -> None:
    break_alias(shell.folder)
    result = shell.run("explain", "alias", "chat", *BY_THEN)
    assert result.returncode == 1
    assert "AG201" in result.stdout
    assert "USD" not in result.stdout
