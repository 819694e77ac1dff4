"""`spend` and `ledger` on a real ledger, against the reviewed files of a small source."""

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from aspire_gitops.journal import Draft, EntryKind, open_journal
from aspire_ledger.canonical import JsonValue
from aspire_ledger.values import FailedCalls
from support.command_line import CommandLine
from support.spend_ledger import SYDNEY, Spent, write_calls, write_failures
from support.worked_example import GATEWAY_D, rate_day

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

SOURCE = (str(GATEWAY_D), "--today", str(rate_day()))
PASSWORD = "plantedpassword"


def today() -> date:
    return datetime.now(SYDNEY).date()


def last_month() -> str:
    return f"{today().replace(day=1) - timedelta(days=1):%Y-%m}"


def call(aud: str, day: date) -> Spent:
    return Spent("knowledge-os", "knowledge-os", "qwen-vision", "openai", aud, day)


@pytest.fixture
def shell(tmp_path: Path, ledger_database_url: str) -> CommandLine:
    """A shell with a ledger in which a call of 45 AUD was booked today, and one last month."""
    write_calls(
        ledger_database_url,
        [call("45", today()), call("12.5", today().replace(day=1) - timedelta(days=1))],
    )
    return CommandLine(tmp_path, {"ASPIRE_GITOPS_LEDGER_URL": ledger_database_url})


def test_this_month_stands_beside_its_cap(shell: CommandLine) -> None:
    row = next(
        line for line in shell.run("spend", *SOURCE).stdout.splitlines() if "knowledge" in line
    )
    assert row.split()[2:5] == ["45.00", "180.00", "25"]


def test_another_month(shell: CommandLine) -> None:
    ended = shell.run(
        "spend", *SOURCE, "--month", last_month(), "--by", "provider", "--format", "csv"
    )
    assert ended.stdout.splitlines()[1] == f"{last_month()},cloud-first,12.50,1"
    assert "each provider is the one in the files now, whoever was paid before" in ended.stderr


def test_providers_are_those_that_were_paid_at_the_time_of_the_call(
    tmp_path: Path, ledger_database_url: str
) -> None:
    """Not `openai`, which only says how a provider speaks; and who it was is told from the journal."""
    last = today().replace(day=1) - timedelta(days=1)
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=SYDNEY)
    states = ((noon - timedelta(days=40), "cloud-first"), (noon, "cloud-second"))
    with open_journal(None, tmp_path / "state") as journal:
        for at, provider in states:
            fields = {
                "litellm_params.litellm_credential_name": f"gw.{provider}",
                "litellm_params.model": "openai/qwen3-vl",
            }
            state: dict[str, JsonValue] = {"handle": "v", "address": "gw.v.1", "fields": fields}
            journal.append(
                Draft(EntryKind.OBSERVED, at, object="deployment/v", body={"state": state})
            )
    paid = (("1", "gw.v.1", 11), ("20", "gw.v.1", 13), ("400", "", 14), ("3000", "foreign-id", 14))
    calls = [
        Spent("b", "a", "v", "openai", aud, last, deployment=address, hour=hour)
        for aud, address, hour in paid
    ]
    write_calls(ledger_database_url, [*calls, Spent("b", "a", "gone", "anthropic", "7", last)])
    environment = {
        "ASPIRE_GITOPS_LEDGER_URL": ledger_database_url,
        "ASPIRE_GITOPS_STATE_DIR": str(tmp_path / "state"),
    }
    shell = CommandLine(tmp_path, environment)
    ended = shell.run("spend", *SOURCE, "--month", last_month(), "--by", "provider")
    rows = {tuple(line.rsplit(maxsplit=3)[:2]) for line in ended.stdout.splitlines()[3:]}
    assert (ended.stderr, {(name.strip(), aud) for name, aud in rows}) == (
        "",
        {
            ("unknown (openai)", "3,000.00"),
            ("cloud-second", "420.00"),
            ("unknown (anthropic)", "7.00"),
            ("cloud-first", "1.00"),
        },
    )


@pytest.mark.parametrize("month", ["2026-13", "november"])
def test_what_is_no_month_is_wrong_usage(shell: CommandLine, month: str) -> None:
    ended = shell.run("spend", *SOURCE, "--month", month)
    assert (ended.returncode, "invalid month" in ended.stderr) == (64, True)


def test_without_a_ledger_it_says_which_setting_names_one(tmp_path: Path) -> None:
    ended = CommandLine(tmp_path).run("spend", *SOURCE)
    assert ended.returncode == 64
    assert "ASPIRE_GITOPS_LEDGER_URL" in ended.stderr


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"mysql://u:{PASSWORD}@127.0.0.1/x", id="another database"),
        pytest.param(f"postgresql://u:{PASSWORD}@127.0.0.1:1/x?connect_timeout=1", id="nobody answers"),
        pytest.param(f"sqlite:////{PASSWORD}/ledger.sqlite3", id="a file"),
    ],
)  # fmt: skip
def test_a_password_in_the_address_is_never_shown(tmp_path: Path, url: str) -> None:
    ended = CommandLine(tmp_path, {"ASPIRE_GITOPS_LEDGER_URL": url}).run("ledger", "verify")
    assert ended.returncode == 1
    assert PASSWORD not in ended.stdout + ended.stderr


def test_the_statement_is_the_sum_of_the_lines(shell: CommandLine) -> None:
    text = shell.run("spend", *SOURCE, "--statement", "--month", last_month()).stdout
    assert "The ledger's lines (1) add up to 12.50 AUD, which is what the ledger's running" in text


def test_a_ledger_in_postgresql_reads_the_same(tmp_path: Path, own_database_url: str) -> None:
    write_calls(own_database_url, [call("45", today()), call("1.5", today() - timedelta(days=1))])
    shell = CommandLine(tmp_path, {"ASPIRE_GITOPS_LEDGER_URL": own_database_url})
    shown = [shell.run("spend", *SOURCE, "--by", by).stdout for by in ("budget", "alias")]
    assert all(f"{'45' if today().day == 1 else '46.5'}" in text for text in shown)
    assert shell.run("ledger", "verify").returncode == 0


def adjust(shell: CommandLine, amount: str, **changed: str) -> tuple[int, str]:
    options = {
        "budget": "knowledge-os",
        "month": f"{today():%Y-%m}",
        "aud": amount,
        "reason": "invoice 4711",
        "owner": "mia",
        **changed,
    }
    ended = shell.run("ledger", "adjust", *(f"--{name}={text}" for name, text in options.items()))
    return ended.returncode, ended.stdout + ended.stderr


def test_an_adjustment_counts_at_once_and_stands_in_the_statement(shell: CommandLine) -> None:
    code, text = adjust(shell, "-12.34")
    assert (code, "knowledge-os has spent 32.66 AUD" in text) == (0, True)
    assert "invoice 4711 (mia)" in shell.run("spend", *SOURCE, "--statement").stdout


@pytest.mark.parametrize(
    ("amount", "changed"),
    [
        pytest.param("twelve", {}, id="no amount"),
        pytest.param("NaN", {}, id="not a number"),
        pytest.param("0", {}, id="nothing"),
        pytest.param("1e9", {}, id="a slip of the finger"),
        pytest.param("0.0000000001", {}, id="less than the ledger can hold"),
        pytest.param("5", {"budget": "knowledge-so"}, id="a budget that nothing was booked for"),
        pytest.param("5", {"month": "2026-13"}, id="no month"),
        pytest.param("5", {"reason": " "}, id="no reason"),
        pytest.param("5", {"owner": "mia\nokafor"}, id="two lines"),
    ],
)
def test_an_adjustment_that_cannot_be_meant_books_nothing(
    shell: CommandLine, amount: str, changed: dict[str, str]
) -> None:
    assert adjust(shell, amount, **changed)[0] == 64
    assert "45.00" in shell.run("spend", *SOURCE, "--format", "csv").stdout


# ── estimates, failed calls ──────────────────────────────────────────────────


@pytest.mark.parametrize("estimated", [True, False])
def test_what_was_estimated_is_told_in_every_form(
    tmp_path: Path, ledger_database_url: str, *, estimated: bool
) -> None:
    url = ledger_database_url
    write_calls(url, [call("45", today()), replace(call("1.5", today()), estimated=estimated)])
    shell = CommandLine(tmp_path, {"ASPIRE_GITOPS_LEDGER_URL": url})
    words = "Estimated, because no usage was reported: knowledge-os 1.50 AUD in 1 call"
    for form in ("text", "markdown"):
        assert (words in shell.run("spend", *SOURCE, "--format", form).stdout) is estimated
    found = json.loads(shell.run("spend", *SOURCE, "--format", "json").stdout)
    row = next(each for each in found["rows"] if each["name"] == "knowledge-os")
    expected = ("1.50", 1) if estimated else ("0.00", 0)
    assert (row["estimated_aud"], row["estimated_calls"]) == expected
    assert (found["total"]["estimated_aud"], found["total"]["estimated_calls"]) == expected
    rows = csv.DictReader(shell.run("spend", *SOURCE, "--format", "csv").stdout.splitlines())
    told = next(each for each in rows if each["budget"] == "knowledge-os")
    assert (told["estimated_aud"], int(told["estimated_calls"])) == expected
    statement = shell.run("spend", *SOURCE, "--statement").stdout
    assert ("| knowledge-os | 1.50 | 1 |" in statement) is estimated


@pytest.fixture
def failing(shell: CommandLine) -> CommandLine:
    def failed(day: date, outcome: str, calls: int) -> FailedCalls:
        return FailedCalls(str(day), "wiki", "chat", "chat.eu", outcome, calls)

    write_failures(
        shell.variables["ASPIRE_GITOPS_LEDGER_URL"],
        failed(today(), "429", 3),
        failed(today().replace(day=1), "timeout", 7),
        failed(today().replace(day=1) - timedelta(days=1), "5xx", 5),
    )
    return shell


def test_failed_calls_of_a_month_by_alias_and_outcome(failing: CommandLine) -> None:
    lines = failing.run("spend", *SOURCE, "--failures").stdout.splitlines()
    assert "10 failed calls" in lines[0]
    assert [line.split() for line in lines[3:]] == [
        ["wiki", "chat", "chat.eu", "timeout", "7"],
        ["wiki", "chat", "chat.eu", "429", "3"],
    ]


def test_failed_calls_of_another_month_for_programs(failing: CommandLine) -> None:
    ended = failing.run("spend", *SOURCE, "--failures", "--month", last_month(), "--format", "json")
    row = {"app": "wiki", "alias": "chat", "deployment": "chat.eu", "outcome": "5xx", "calls": 5}
    assert json.loads(ended.stdout) == {
        "format": "aspire-gitops/failed-calls", "version": 2,
        "month": last_month(), "failed_calls": 5, "rows": [row],
    }  # fmt: skip


def test_two_reports_at_once_are_wrong_usage(shell: CommandLine) -> None:
    ended = shell.run("spend", *SOURCE, "--failures", "--statement")
    assert (ended.returncode, "pass one of them" in ended.stderr) == (64, True)


def test_verify_finds_every_sum_right(shell: CommandLine) -> None:
    ended = shell.run("ledger", "verify")
    assert (ended.returncode, ended.stdout) == (0, "2 totals: each is the sum of its lines\n")


LOG = """
    CREATE TABLE "LiteLLM_SpendLogs" (spend float8, metadata jsonb, "startTime" timestamp);
    INSERT INTO "LiteLLM_SpendLogs"
    SELECT CAST(usd AS float8), jsonb_build_object('spend_logs_metadata',
        jsonb_build_object('aspire_ledger', request_id)), CAST(left(at, 19) AS timestamp)
    FROM aspire_ledger.entries"""


def write_log(url: str, *more: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (LOG, *more):
            connection.execute(statement)


def against_log(tmp_path: Path, url: str) -> tuple[int, str]:
    shell = CommandLine(tmp_path, {"ASPIRE_GITOPS_LEDGER_URL": url})
    ended = shell.run("ledger", "verify", "--against-log", f"{today():%Y-%m}")
    return ended.returncode, ended.stdout + ended.stderr


def test_the_ledger_and_the_log_of_the_gateway_agree(tmp_path: Path, own_database_url: str) -> None:
    write_calls(own_database_url, [call("45", today()), call("1.5", today())])
    write_log(own_database_url)
    code, text = against_log(tmp_path, own_database_url)
    assert (code, "2 lines of" in text, "0 unlike" in text) == (0, True, True)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        pytest.param('DELETE FROM "LiteLLM_SpendLogs"', "the gateway's log lost it", id="lost"),
        pytest.param(
            'UPDATE "LiteLLM_SpendLogs" SET spend = spend * 2', "the gateway's log ", id="dearer"
        ),
        pytest.param(
            "INSERT INTO \"LiteLLM_SpendLogs\" SELECT 1, jsonb_build_object('spend_logs_metadata',"
            " jsonb_build_object('aspire_ledger', 'nobody')), \"startTime\""
            ' FROM "LiteLLM_SpendLogs"',
            "the ledger does not know it",
            id="never booked",
        ),
    ],
)
def test_a_difference_from_the_log_of_the_gateway_is_explained(
    tmp_path: Path, own_database_url: str, statement: str, words: str
) -> None:
    write_calls(own_database_url, [call("45", today())])
    write_log(own_database_url, statement)
    code, text = against_log(tmp_path, own_database_url)
    assert (code, words in text, "1 unlike" in text) == (1, True, True)


def test_a_ledger_away_from_the_gateway_says_so(tmp_path: Path, own_database_url: str) -> None:
    write_calls(own_database_url, [call("45", today())])
    code, text = against_log(tmp_path, own_database_url)
    assert (code, "is not in the ledger's database" in text) == (1, True)


def test_verify_explains_a_total_that_somebody_changed(shell: CommandLine) -> None:
    tamper(
        shell,
        "UPDATE aspire_ledger.totals SET spent = spent + 5000000000 WHERE spent = 45000000000",
    )
    ended = shell.run("ledger", "verify")
    assert ended.returncode == 1
    assert "the total says 50.00 AUD spent, its lines add up to 45.00 AUD" in ended.stdout


def test_a_statement_of_tampered_totals_is_not_to_be_paid(shell: CommandLine) -> None:
    tamper(shell, "UPDATE aspire_ledger.totals SET spent = spent + 1")
    assert "**Do not pay by this.**" in shell.run("spend", *SOURCE, "--statement").stdout


def test_a_month_that_is_not_over_is_not_closed(shell: CommandLine) -> None:
    ended = shell.run("ledger", "close", "--month", f"{today():%Y-%m}")
    assert (ended.returncode, "is not over" in ended.stderr) == (1, True)


def test_a_closed_month_sends_what_comes_late_to_the_next(shell: CommandLine) -> None:
    long_ago = f"{today().replace(day=1) - timedelta(days=40):%Y-%m}"
    write_calls(shell.variables["ASPIRE_GITOPS_LEDGER_URL"], [call("1", date.fromisoformat(f"{long_ago}-05"))])  # fmt: skip
    assert shell.run("ledger", "close", "--month", long_ago).returncode == 0
    code, text = adjust(shell, "3", month=long_ago)
    assert (code, f"{long_ago} is closed, so it counts for" in text) == (0, True)


def tamper(shell: CommandLine, statement: str) -> None:
    with psycopg.connect(shell.variables["ASPIRE_GITOPS_LEDGER_URL"]) as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize("module", ["controller", "plan", "apply", "gateway", "status"])
def test_who_has_no_ledger_pays_nothing_for_it(tmp_path: Path, module: str) -> None:
    """A controller's start loads of the ledger values and arithmetic, no store and no driver."""
    script = f"import sys, aspire_gitops.cli.{module}; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split("'")
    assert "aspire_ledger.store" not in loaded
    assert "aspire_ledger.postgres" not in loaded
    assert "psycopg" not in done.stdout


DEAD = {"ASPIRE_GITOPS_GATEWAY_URL": "http://127.0.0.1:9", "ASPIRE_GITOPS_ADMIN_KEY": "sk-x"}


def test_spend_works_while_the_gateway_is_away(shell: CommandLine) -> None:
    ended = replace(shell, variables=shell.variables | DEAD).run("spend", "--format", "json")
    assert ended.returncode == 0, ended.stderr
    [budget] = json.loads(ended.stdout)["rows"]
    assert (budget["name"], budget["spent_aud"], budget["cap_aud"]) == (
        "knowledge-os",
        "45.00",
        None,
    )
    assert "no cap is known" in ended.stderr


def test_with_the_files_at_hand_their_caps_stand_beside_it(shell: CommandLine) -> None:
    shutil.copytree(GATEWAY_D, shell.folder / "gateway.d")
    ended = replace(shell, variables=shell.variables | DEAD).run(
        "spend", "--today", str(rate_day())
    )
    row = next(line for line in ended.stdout.splitlines() if "knowledge" in line)
    assert row.split()[2:5] == ["45.00", "180.00", "25"]
    assert "the caps are those of gateway.d" in ended.stderr
