"""A newcomer's mistakes: addresses without a scheme, typos, times, folders, and what help says."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from aspire_gitops.cli import program
from aspire_gitops.resources.schema import schema_files
from aspire_gitops.sandbox import Sandbox
from aspire_gitops.settings import ControllerSettings
from aspire_gitops.vocabulary import read_length, read_moment
from support.command_line import CommandLine
from support.small_source import TODAY, commit_all, write_files

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GATEWAY_URL", "llm.example.com", "a URL like https://llm.example.com"),
        ("PUBLIC_URL", "status.example.com", "a URL like https://"),
        ("GITHUB_API_URL", "//api", "a URL like https://"),
        ("OWNER", "Two Words", "small letters, digits, dots, dashes and underscores, like"),
        ("LISTEN", "8790", "an address and a port like 127.0.0.1:8790"),
        ("LISTEN", "host:99999", "a port up to 65535"),
        ("INTERVAL_S", "1m", "a number of seconds from 5 to 86400, like 60"),
        ("SLOW_INTERVAL_S", "0", "a number of seconds from 1 to 86400, like 600"),
        ("NOTIFY_TOPICS", "[", "a list like failed,drift"),
        ("NOTIFY_TOPICS", "faild", "'failed'"),
        ("LOG_FORMAT", "xml", "'console' or 'json'"),
        ("DELIVERY_ROOT", "keys", "an absolute path of a folder like"),
    ],
)
def test_a_wrong_setting_says_in_words_what_is_right(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    shell = CommandLine(tmp_path, {f"ASPIRE_GITOPS_{name}": value})
    done = shell.run("suspend", "--reason", "x")
    assert (done.returncode, f"ASPIRE_GITOPS_{name}" in done.stderr) == (64, True)
    assert said in done.stderr
    assert "pattern" not in done.stderr
    assert "^" not in done.stderr
    assert "bug" not in done.stderr


def test_every_pattern_of_a_setting_has_words() -> None:
    from aspire_gitops.settings.base import _FORMS

    text = json.dumps(ControllerSettings.model_json_schema())
    patterns = set(_patterns(json.loads(text)))
    assert {pattern for pattern, _ in patterns} == set(_FORMS)


def test_topics_may_be_listed_as_people_list_things(tmp_path: Path) -> None:
    for written in ("failed, drift", '["failed","drift"]', "failed"):
        shell = CommandLine(tmp_path, {"ASPIRE_GITOPS_SLACK_TOPICS": written})
        done = shell.run("suspend", "--reason", "x")
        assert "no controller has run with" in done.stderr


def test_every_pattern_of_a_reviewed_field_has_words_and_an_example() -> None:
    wordless = {
        (file, pattern)
        for file, text in schema_files().items()
        for pattern, schema in _patterns(json.loads(text))
        if not _says_it(json.loads(schema))
    }
    assert wordless == set()


def _says_it(schema: dict[str, Any]) -> bool:
    words = schema.get("patternErrorMessage", "")
    return bool(words) and any([" like " in words, schema.get("examples"), "codes" in words])


def _patterns(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"], json.dumps(schema)
        for value in schema.values():
            yield from _patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _patterns(value)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["plann"], "'plan'"),
        (["aply"], "'apply'"),
        (["showat", "2h"], "'show-at'"),
        (["sandbox", "upp"], "'up'"),
        (["log", "verfy"], "'verify'"),
        (["plan", "--formt", "json"], "'--format'"),
        (["explain", "unknown-alia"], "unknown-alias"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(
    tmp_path: Path, arguments: list[str], meant: str
) -> None:
    done = CommandLine(tmp_path).run(*arguments)
    assert done.returncode == 64
    assert "did you mean" in done.stderr.lower()
    assert meant in done.stderr


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("ASPIRE_GITOPS_INTERVAL", "ASPIRE_GITOPS_INTERVAL_S"),
        ("ASPIRE_GITOPS_ALLOWED_SIGNER_FILE", "ASPIRE_GITOPS_ALLOWED_SIGNERS_FILE"),
        ("ASPIRE_GITOP_GATEWAY_URL", "ASPIRE_GITOPS_GATEWAY_URL"),
        ("ASPIRE_GITOPS_ADMIN_KEYFILE", "ASPIRE_GITOPS_ADMIN_KEY_FILE"),
    ],
)
def test_a_misspelt_variable_is_noticed(tmp_path: Path, variable: str, meant: str) -> None:
    shell = CommandLine(tmp_path, {variable: "secret-value"})
    warned = shell.run("snapshot")
    refused = shell.run("controller", "--state-dir", str(tmp_path / "state"))
    for done in (warned, refused):
        assert variable in done.stderr
        assert f"did you mean {meant}?" in done.stderr
        assert "secret-value" not in done.stderr
    assert refused.returncode == 64
    assert "admin key" not in refused.stderr, "the controller refused for the variable itself"


def test_variables_that_something_reads_are_no_typos(tmp_path: Path) -> None:
    names = [name.upper() for name in ControllerSettings.model_fields if "topics" not in name]
    others = ["CACHE", "POSTGRES_BIN", "PACKAGED", "SANDBOX_STATE"]
    shell = CommandLine(tmp_path, {f"ASPIRE_GITOPS_{name}": "" for name in [*names, *others]})
    assert "nothing reads" not in shell.run("snapshot").stderr


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("2 minutes ago", timedelta(minutes=2)),
        ("2 mins ago", timedelta(minutes=2)),
        ("2min", timedelta(minutes=2)),
        ("2h ago", timedelta(hours=2)),
        ("an hour ago", timedelta(hours=1)),
        ("a day ago", timedelta(days=1)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1 day, 2 hours ago", timedelta(days=1, hours=2)),
        ("1 hour and 5 minutes ago", timedelta(hours=1, minutes=5)),
        ("3 Weeks Ago", timedelta(weeks=3)),
        ("90 secs ago", timedelta(seconds=90)),
        ("just now", timedelta()),
    ],
)
def test_times_as_people_write_them(text: str, ago: timedelta) -> None:
    assert read_moment(text, NOW) == NOW - ago


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("yesterday at 2pm", "14:00"),
        ("Yesterday 2:05 PM", "14:05"),
        ("yesterday, 12am", "00:00"),
        ("yesterday noon", "12:00"),
        ("yesterday at midnight", "00:00"),
    ],
)
def test_hours_of_a_day_as_people_write_them(text: str, clock: str) -> None:
    found = read_moment(text, NOW)
    assert found is not None
    yesterday = NOW.astimezone().date() - timedelta(days=1)
    assert found == datetime.fromisoformat(f"{yesterday}T{clock}").astimezone()


@pytest.mark.parametrize("text", ["2 minuten", "2hours5", "4f2c9d1", "m", "ago", "1 2 h", "2.5h"])
def test_what_is_no_length_of_time(text: str) -> None:
    assert read_length(text) is None


def test_every_command_that_takes_a_moment_takes_the_same_forms(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    for arguments in (
        ["show-at", "2 minutes ago"],
        ["log", "--since", "2 minutes ago", "--until", "1 minute ago"],
    ):
        done = CommandLine(tmp_path).run(*arguments, "--state-dir", state)
        assert "does not exist" in done.stderr, done.stderr  # the journal: the time was read
    done = CommandLine(tmp_path).run(
        "freeze", "--for", "90 minutes", "--reason", "x", "--state-dir", state
    )
    assert "no controller has run with" in done.stderr


OF_STATE = [
    ["status"], ["log"], ["log", "verify"], ["show-at"], ["controller"], ["reconcile"], ["freeze"],
    ["suspend"], ["resume"], ["revert"], ["sandbox", "up"], ["sandbox", "down"],
]  # fmt: skip


@pytest.mark.parametrize("names", OF_STATE)
def test_every_command_that_reads_the_state_folder_takes_it(names: list[str]) -> None:
    command: click.Command = program
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(program), name)
        assert found is not None
        command = found
    assert "--state-dir" in {option for part in command.params for option in part.opts}


def test_the_state_folder_may_stand_before_or_after_the_subcommand(tmp_path: Path) -> None:
    shell = CommandLine(tmp_path)
    for arguments in (["log", "--state-dir", "x", "verify"], ["log", "verify", "--state-dir", "x"]):
        assert "x/journal.sqlite3 does not exist" in shell.run(*arguments).stderr


def test_the_hook_names_the_command_that_writes_codeowners(tmp_path: Path) -> None:
    write_files(tmp_path)
    commit_all(tmp_path, "first")
    shell = CommandLine(tmp_path)
    arguments = [
        "codeowners",
        "--today",
        TODAY,
        "-o",
        "CODEOWNERS",
        "--default",
        "@a",
    ]
    stale = shell.run(*arguments, "--check", "--team", "shop@example.com=@acme/shop")
    assert stale.returncode == 1
    named = stale.stderr.partition("`")[2].partition("`")[0]
    assert named.startswith("aspire-gitops codeowners ")
    assert "--check" not in named
    assert shell.run(*named.split()[1:]).returncode == 0
    assert shell.run(*arguments, "--check", "--team", "shop@example.com=@acme/shop").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "nowhere"],
        ["plan", "nowhere"],
        ["review", "nowhere"],
        ["egress", "scan", "nowhere"],
        ["egress", "scan", "--gateway-d", "nowhere"],
        ["codeowners", "nowhere"],
        ["secrets", "nowhere"],
        ["explain", "alias", "x", "--source", "nowhere"],
    ],
)
def test_a_folder_that_does_not_exist_has_help(tmp_path: Path, arguments: list[str]) -> None:
    done = CommandLine(tmp_path).run(*arguments)
    assert done.returncode in (1, 64)
    assert "nowhere" in done.stderr
    assert "= help: name " in done.stderr


def test_what_a_sandbox_exports_names_its_ledger_for_every_command(tmp_path: Path) -> None:
    sandbox = Sandbox(
        base_url="http://127.0.0.1:1",
        master_key="sk-x",
        salt_key="sk-y",
        database_url="postgresql://127.0.0.1:1/x",
        proxy_pid=1,
        upstream_url=None,
        state_dir=tmp_path,
        log=tmp_path,
        python=tmp_path,
        ledger_url="postgresql://127.0.0.1:1/ledger",
    )
    exported = sandbox.variables()
    assert exported["ASPIRE_LEDGER_URL"] == exported["ASPIRE_GITOPS_LEDGER_URL"]


@pytest.mark.slow
def test_spend_takes_the_address_that_the_gateway_itself_reads(
    tmp_path: Path, database_url: str
) -> None:
    write_files(tmp_path)
    for variable in ("ASPIRE_LEDGER_URL", "ASPIRE_GITOPS_LEDGER_URL"):
        shell = CommandLine(tmp_path, {variable: database_url})
        done = shell.run("spend", "gateway.d", "--today", TODAY)
        assert "no ledger is named" not in done.stderr
        assert "bug" not in done.stderr
