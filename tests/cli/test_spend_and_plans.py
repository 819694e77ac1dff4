"""A plan and the ledger, through the real commands: what is spent holds a cap up."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from aspire_gitops.codec.values import VERSIONS, format_of
from aspire_ledger.money import Month
from support.command_line import CommandLine
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.small_source import TODAY, write_files
from support.spend_ledger import SYDNEY, Spent, write_calls

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

BY_THEN = ("--today", TODAY)


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def shell(tmp_path: Path, fake: FakeGateway, ledger_database_url: str) -> Iterator[CommandLine]:
    """What the small source declares is live, and 70 of 100 AUD are spent this month."""
    write_files(tmp_path)
    url = ledger_database_url
    today = datetime.now(SYDNEY).date()
    write_calls(url, [Spent("shop", "shop", "chat", "acme", "70", today)])
    with serving(fake) as gateway:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": gateway,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ACME_API_KEY": "sk-acme-planted-0123456789",
            "ASPIRE_GITOPS_LEDGER_URL": url,
        }
        found = CommandLine(tmp_path, variables)
        assert found.run("apply", "--yes", *BY_THEN).returncode == 0
        yield found


def lower(shell: CommandLine, amount: str) -> None:
    path = shell.folder / "gateway.d" / "budgets" / "shop.yaml"
    path.write_text(path.read_text().replace('"100"', f'"{amount}"'))


def test_a_plan_that_goes_below_what_is_spent_is_refused(shell: CommandLine) -> None:
    lower(shell, "69.99")
    ended = shell.run("plan", *BY_THEN)
    assert (ended.returncode, "AG508 cap-below-spend" in ended.stdout) == (1, True)


def test_apply_changes_nothing_then(shell: CommandLine) -> None:
    lower(shell, "69.99")
    assert "AG508" in shell.run("apply", "--yes", *BY_THEN).stderr
    assert "100.00" in shell.run("spend", "--format", "csv").stdout


def test_a_review_with_a_published_snapshot_is_refused_too(shell: CommandLine) -> None:
    """CI has the file, and neither gateway nor ledger."""
    assert shell.run("snapshot", "-o", "live.json").returncode == 0
    lower(shell, "69.99")
    reviewer = CommandLine(shell.folder)
    ended = reviewer.run("plan", "--snapshot", "live.json", *BY_THEN)
    assert (ended.returncode, "70.00 AUD is spent this month" in ended.stdout) == (1, True)


def test_a_plan_tells_when_litellm_and_the_ledger_disagree(
    shell: CommandLine, fake: FakeGateway
) -> None:
    """Nobody looks twice here, so it is a warning, and nothing is written."""
    gateway = shell.folder / "gateway.d" / "gateway.yaml"
    gateway.write_text(gateway.read_text() + "ledger: {}\n")
    fake.keys.rows.clear()  # made anew: the cap of one that is there waits for a guard
    assert shell.run("apply", "--yes", *BY_THEN).returncode == 0
    [row] = fake.keys.rows.values()
    row["spend"] = 79.0
    row["budget_reset_at"] = Month.containing(datetime.now(SYDNEY), SYDNEY).end.isoformat()
    ended = shell.run("plan", *BY_THEN)
    assert "LiteLLM counts 79.00 USD for key/shop.main this month, the ledger has 0.00" in (
        " ".join(ended.stdout.split())
    )
    assert ended.returncode == 0


def test_a_snapshot_says_what_apps_asked_for(shell: CommandLine) -> None:
    today = datetime.now(SYDNEY).date().isoformat()
    found = json.loads(shell.run("snapshot").stdout)["traffic"]
    assert (found["since"], found["until"]) == (today, today), "the ledger is a day old"
    assert found["rows"] == {"shop": {"shop": {"chat": [f"{today} 1 70 0 0 0 0 0"]}}}


def test_a_snapshot_without_its_ledger_says_so_and_is_written(shell: CommandLine) -> None:
    shell.variables["ASPIRE_GITOPS_LEDGER_URL"] = (
        "postgresql://ledger@127.0.0.1:1/ledger?connect_timeout=1"
    )
    ended = shell.run("snapshot")
    assert (ended.returncode, "what apps asked for is not known" in ended.stderr) == (0, True)
    assert "traffic" not in json.loads(ended.stdout)


def test_a_plan_against_a_newer_programs_snapshot_says_what_to_do(shell: CommandLine) -> None:
    file = shell.folder / "live.json"
    file.write_text(
        json.dumps({"format": format_of("snapshot"), "version": VERSIONS["snapshot"] + 1})
    )
    ended = shell.run("plan", "--snapshot", "live.json", *BY_THEN)
    assert (ended.returncode, "made by a newer aspire-gitops" in ended.stderr) == (64, True)


def test_a_cap_above_what_is_spent_is_planned(shell: CommandLine) -> None:
    lower(shell, "71")
    assert shell.run("plan", *BY_THEN).returncode == 0


def test_a_ledger_that_is_away_is_said_and_stops_no_plan(shell: CommandLine) -> None:
    shell.variables["ASPIRE_GITOPS_LEDGER_URL"] = (
        "postgresql://ledger@127.0.0.1:1/ledger?connect_timeout=1"
    )
    lower(shell, "10")
    ended = shell.run("plan", *BY_THEN)
    assert (ended.returncode, "what is spent is not known" in ended.stderr) == (0, True)


def test_caps_come_from_the_gateway_where_one_is_named(shell: CommandLine) -> None:
    lower(shell, "500")
    row = next(line for line in shell.run("spend").stdout.splitlines() if "shop" in line)
    assert row.split()[2:5] == ["70.00", "100.00", "70"]
