"""`log`, `log verify` and `show-at`, on a journal that tells a small story."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aspire_gitops.journal import Draft, EntryKind, Journal, journal_path, open_journal
from aspire_ledger.canonical import JsonValue
from support.command_line import CommandLine
from support.journal_lines import (
    LATER_COMMIT,
    NOON,
    applied,
    deployment,
    draft,
    key,
    observed,
    result,
)
from support.postgres_server import PASSWORD

STORY = (
    draft(EntryKind.PLAN, plan="0a1b2c3d4e5f", body={"changes": [{}, {}, {}]}),
    result(
        "credential/cloud-first",
        {
            "handle": "gw.cloud-first",
            "address": "gw.cloud-first",
            "fields": {"credential_info.vendor": "cloud-first.ai"},
            "mark": None,
        },
    ),
    result("deployment/qwen-vision", deployment()),
    result("key/knowledge-os.main", key()),
    result("key/postiz.main", key("postiz", monthly_aud="0")),
    applied(minute=1),
    draft(
        minute=2,
        body={
            "standing": "ready",
            "reason": "the gateway matches git",
            "counts": {"applied": 3},
            "duration_s": 2.31,
            "quiet_turns": 12,
        },
    ),
    draft(
        EntryKind.DRIFT,
        minute=5,
        turn="t2",
        object="deployment/qwen-vision",
        body={
            "fields": ["litellm_params.model"],
            "answer": "reported",
            "what": "changed",
            "moved": [["litellm_params.model", "openai/qwen3-vl", "openai/by-hand"]],
            "by": "eve",
            "first_seen": "2026-11-20T01:05:00+00:00",
        },
    ),
    observed("deployment/qwen-vision", deployment(model="by-hand"), minute=6, by="eve", turn="t2"),
    result(
        "deployment/qwen-vision",
        deployment(provider="other", model="new"),
        minute=10,
        commit=LATER_COMMIT,
        turn="t3",
    ),
    result(
        "key/postiz.main", None, minute=11, commit=LATER_COMMIT, turn="t3", approvers=()
    ),
    result("deployment/late", deployment("late"), minute=12, commit=LATER_COMMIT, turn="t3"),
    applied(minute=13, commit=LATER_COMMIT, turn="t3"),
)  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    return CommandLine(
        tmp_path,
        {"ASPIRE_GITOPS_STATE_DIR": str(tmp_path / "state"), "NO_COLOR": "1"},
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The journal, open for writing as a controller has it."""
    with open_journal(None, tmp_path / "state") as opened:
        opened.append(*STORY)
        yield opened


def out(shell: CommandLine, *arguments: str) -> str:
    result = shell.run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def numbers(shell: CommandLine, *arguments: str) -> list[int]:
    return [json.loads(line)["number"] for line in out(shell, "log", "--format", "jsonl", *arguments).splitlines()]  # fmt: skip


def test_an_outage_reads_from_its_begin_to_its_end(shell: CommandLine, journal: Journal) -> None:
    begun: dict[str, JsonValue] = {"answers": False, "since": "2026-11-20T01:00:00+00:00"}
    ended: dict[str, JsonValue] = {"answers": True, "since": begun["since"], "seconds": 61.0}
    journal.append(*(Draft(EntryKind.OUTAGE, NOON, body=body) for body in (begun, ended)))
    told = out(shell, "log", "--kind", "outage")
    assert "the gateway did not answer" in told
    assert "the gateway had not answered, 61 s, as far as the controller looked" in told


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    "line",
    [
        "    1  began plan 0a1b2c3d4e5f: 3 changes  main@sha1:4f2c9d1e0000, Jane Roe, approved by Bob Poe",
        "    3  updated deployment/qwen-vision in 0.42 s  main@sha1:4f2c9d1e0000",
        "    6  the revision is live as a whole: Swap the vision provider",
        "    7  turn ended ready: the gateway matches git (3 applied, 2.31 s), after 12 quiet turns",
        (
            "    8  deployment/qwen-vision was changed on the gateway, outside of git:"
            " litellm_params.model openai/qwen3-vl → openai/by-hand, by eve, first seen"
        ),
        "    9  found deployment/qwen-vision otherwise than recorded, by eve  git had main@sha1:4f2c9d1e0000  turn",
        "   11  deleted key/postiz.main in 0.42 s  main@sha1:b7d00aa11111, Jane Roe  turn t3",
    ],
)
def test_each_entry_reads_like_a_sentence(shell: CommandLine, line: str) -> None:
    assert line in out(shell, "log")


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        pytest.param(
            EntryKind.DELIVERY,
            {"to": "file:/run/keys/x", "status": "applied", "message": ""},
            "delivered key/a.main to file:/run/keys/x",
            id="a key was delivered",
        ),
        pytest.param(
            EntryKind.RESULT,
            {"action": "update", "status": "failed", "message": "the gateway said no"},
            "could not update key/a.main: the gateway said no",
            id="a change failed",
        ),
        pytest.param(
            EntryKind.RESULT,
            {"action": "delete", "status": "skipped", "message": "it was stopped"},
            "did not delete key/a.main: it was stopped",
            id="a change was not tried",
        ),
        pytest.param(
            EntryKind.OBSERVED, {"state": None}, "found key/a.main gone", id="an object is gone"
        ),
        pytest.param(
            EntryKind.DRIFT,
            {"fields": [], "answer": "healed"},
            "key/a.main was deleted on the gateway, outside of git: healed",
            id="an object was deleted by hand",
        ),
        pytest.param(
            EntryKind.DRIFT,
            {"fields": ["max_budget"], "answer": "reported", "by": "eve"},
            "key/a.main was changed on the gateway, outside of git: max_budget, by eve: reported",
            id="drift as an older program wrote it",
        ),
        pytest.param(
            EntryKind.REJECTED,
            {"reason": "2 problems in the files"},
            "the revision was rejected: 2 problems in the files",
            id="a bad commit",
        ),
        pytest.param(
            EntryKind.HOLD,
            {"action": "suspend", "owner": "eva", "reason": "month end", "until": None},
            "eva suspended the controller: month end",
            id="a hold",
        ),
        pytest.param(
            EntryKind.TURN,
            {"standing": "stalled", "reason": "\x1b[2Jgone\u202e"},
            r"turn ended stalled: \x1b[2Jgone\u202e",
            id="nothing in it acts on the terminal",
        ),
        pytest.param(EntryKind.TURN, {}, "turn ended", id="an empty body"),
    ],
)
def test_what_else_can_happen_reads_like_one_too(
    shell: CommandLine, journal: Journal, kind: EntryKind, body: dict[str, object], sentence: str
) -> None:
    journal.append(Draft(kind, NOON, object="key/a.main", body=body))  # type: ignore[arg-type] # a table of JSON
    assert sentence in out(shell, "log", "-n", "1")


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param((), [*range(13, 0, -1)], id="newest first"),
        pytest.param(("-n", "2"), [13, 12], id="the newest two"),
        pytest.param(("--object", "deployment/qwen-vision"), [10, 9, 8, 3], id="of an object"),
        pytest.param(("--revision", "b7d00aa"), [13, 12, 11, 10], id="of a commit"),
        pytest.param(("--turn", "t2"), [9, 8], id="of a turn"),
        pytest.param(("--kind", "plan", "--kind", "drift"), [8, 1], id="of two kinds"),
        pytest.param(("--since", "2026-11-20T12:12+11:00"), [13, 12], id="since then"),
        pytest.param(("--until", "2026-11-20 01:00:30Z"), [5, 4, 3, 2, 1], id="before then"),
        pytest.param(("--since", "2026-11-20T12:12+11:00", "-n", "1"), [13], id="together"),
    ],
)
def test_log_shows_what_was_asked_for(
    shell: CommandLine, arguments: tuple[str, ...], expected: list[int]
) -> None:
    assert numbers(shell, *arguments) == expected


@pytest.mark.usefixtures("journal")
def test_json_is_one_document(shell: CommandLine) -> None:
    (entry,) = json.loads(out(shell, "log", "-n", "1", "--format", "json"))["lines"]
    assert (entry["number"], entry["approvers"], entry["commit"]) == (
        13,
        ["Bob Poe <bob@example.com>"],
        LATER_COMMIT,
    )


@pytest.mark.usefixtures("journal")
def test_no_entries_is_said(shell: CommandLine) -> None:
    assert out(shell, "log", "--turn", "nobody") == "No entries.\n"


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("log", "--object", "chat"), "write it as deployment/qwen-vision", id="object"
        ),
        pytest.param(("log", "--since", "soon"), "write 2h, yesterday 14:05", id="time"),
        pytest.param(("log", "--since", "2026-02-30"), "'2026-02-30' (write 2h", id="day"),
        pytest.param(("log", "verify", "--head", "5e88"), "give all 64 digits", id="short hash"),
        pytest.param(("show-at", "soon"), "invalid time or commit", id="neither"),
        pytest.param(("show-at", "2026-02-30"), "invalid time", id="no such day"),
        pytest.param(("show-at", "2999-01-01"), "is in the future", id="future"),
        pytest.param(("show-at", "dead1234"), "was never applied completely", id="another commit"),
        pytest.param(
            ("show-at", "now", "--alias", "a", "--app", "b"),
            "cannot be combined",
            id="two questions",
        ),
        pytest.param(
            ("show-at", "now", "--alias", "typo"), "has no alias typo", id="no such alias"
        ),
    ],
)
def test_wrong_usage_says_what_to_write(
    shell: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    result = shell.run(*arguments)
    assert (result.returncode, message in result.stderr) == (64, True), result.stderr


def test_without_a_journal_it_says_where_it_looked(shell: CommandLine) -> None:
    result = shell.run("log")
    assert result.returncode == 1
    assert "set ASPIRE_GITOPS_STATE_DIR to the controller's value" in result.stderr


def test_times_are_those_of_the_gateway_where_the_journal_knows_them(
    shell: CommandLine, journal: Journal
) -> None:
    applied_there = Draft(
        EntryKind.APPLIED, NOON, commit=LATER_COMMIT, body={"timezone": "Australia/Perth"}
    )
    journal.append(applied_there)
    there = f"{NOON.astimezone(ZoneInfo('Australia/Perth')):%Y-%m-%d %H:%M:%S} +08:00"
    assert out(shell, "log", "-n", "1").startswith(there)
    assert out(shell, "show-at", NOON.isoformat()).startswith(f"Live at {there}:")
    assert NOON.isoformat() in out(shell, "log", "-n", "1", "--format", "json"), "JSON: UTC"


def test_a_whole_journal_is_proved(shell: CommandLine, journal: Journal) -> None:
    head = journal.head().head
    shown = out(shell, "log", "verify", "--head", head.removeprefix("sha256:"))
    assert shown == f"Whole: 13 entries, each on the hash of the one before.\nHead: {head}\n"


def test_a_changed_entry_is_named(shell: CommandLine, journal: Journal) -> None:
    journal.close()
    with closing(sqlite3.connect(journal_path(shell.folder / "state"))) as file, file:
        file.execute("DROP TRIGGER entry_is_not_updated")
        file.execute("UPDATE entry SET author = 'Mallory' WHERE number = 4")
    result = shell.run("log", "verify")
    assert result.returncode == 1
    assert result.stdout.startswith("Broken: entry 4, it was changed after it was written.\n")


@pytest.mark.usefixtures("journal")
def test_a_hash_that_is_gone_is_a_cut(shell: CommandLine) -> None:
    result = shell.run("log", "verify", "--format", "json", "--head", "0a" * 32)
    verdict = json.loads(result.stdout)
    assert (result.returncode, verdict["ok"], verdict["holds_head"]) == (1, False, False)


@pytest.mark.usefixtures("journal")
def test_an_alias_as_a_commit_left_it(shell: CommandLine) -> None:
    shown = out(shell, "show-at", "4f2c9d1", "--alias", "qwen-vision")
    assert "→ openai/qwen3-vl at cloud-first, USD per million tokens: 0.4 in, 1.6 out" in shown
    assert "(entry 3) by main@sha1:4f2c9d1e0000, Jane Roe, approved by Bob Poe" in shown
    assert "litellm_params.model: openai/qwen3-vl → openai/new" in shown


@pytest.mark.usefixtures("journal")
def test_an_alias_that_somebody_set_by_hand(shell: CommandLine) -> None:
    shown = out(shell, "show-at", "2026-11-20T12:07+11:00", "--alias", "qwen-vision")
    assert "→ openai/by-hand at cloud-first" in shown
    assert "found there" in shown
    assert "set by eve" in shown


@pytest.mark.usefixtures("journal")
def test_an_app_with_its_caps_aliases_and_targets(shell: CommandLine) -> None:
    shown = out(shell, "show-at", "4f2c9d1", "--app", "knowledge-os")
    cap = "budget 180 AUD a month (LiteLLM's own cap: 117.216 USD)"
    assert f"{cap}; aliases: qwen-vision; 120 requests a minute" in shown
    assert "alias qwen-vision\n" in shown
    assert "provider cloud-first\n" in shown
    assert "postiz" not in shown


def test_show_at_tells_the_budget_from_litellms_backstop(
    shell: CommandLine, journal: Journal
) -> None:
    fields: dict[str, JsonValue] = {
        "max_budget": 97.68,
        "metadata.app": "agents",
        "metadata.monthly_aud": "120",
        "metadata.budget_mode": "fair",
        "metadata.uplift_aud": "30",
        "metadata.uplift_until": "2026-12-01T00:00:00+11:00",
    }
    state: dict[str, JsonValue] = {"handle": "agents", "address": "ab" * 32, "fields": fields}
    raised = {**state, "fields": {**fields, "max_budget": 122.1}}
    for minutes, found in ((0, state), (9, raised)):
        at, body = NOON + timedelta(minutes=minutes), {"state": found}
        journal.append(Draft(EntryKind.OBSERVED, at, object="key/agents.main", body=body))
    shown = out(shell, "show-at", NOON.isoformat(), "--app", "agents")
    assert "budget 120 AUD a month and 30 AUD more until 2026-12-01" in shown
    assert "(LiteLLM's backstop: 97.68 USD)" in shown
    assert "max_budget: 97.68 → 122.1 (USD, LiteLLM's backstop)" in shown


@pytest.mark.usefixtures("journal")
def test_what_is_gone_now_is_said(shell: CommandLine) -> None:
    assert "now: gone" in out(shell, "show-at", "4f2c9d1", "--app", "postiz")


@pytest.mark.usefixtures("journal")
def test_what_was_gone_then_is_said(shell: CommandLine) -> None:
    assert "key postiz.main: gone\n" in out(shell, "show-at", "b7d00aa", "--app", "postiz")


@pytest.mark.usefixtures("journal")
def test_what_came_later_is_said(shell: CommandLine) -> None:
    shown = out(shell, "show-at", "4f2c9d1")
    assert "Added since: deployment/late" in shown


@pytest.mark.usefixtures("journal")
def test_before_everything_nothing_was_there(shell: CommandLine) -> None:
    shown = out(shell, "show-at", "2026-11-20T11:00+11:00")
    assert "The journal has nothing of it at that time" in shown
    assert "No revision had been applied completely by then." in shown


@pytest.mark.usefixtures("journal")
def test_show_at_as_json(shell: CommandLine) -> None:
    shown = json.loads(
        out(shell, "show-at", "b7d00aa", "--alias", "qwen-vision", "--format", "json")
    )
    (alias,) = shown["objects"]
    assert (alias["object"], alias["entry"]["number"], alias["same_now"]) == (
        {"kind": "deployment", "name": "qwen-vision"},
        10,
        True,
    )
    assert shown["applied"]["commit"] == LATER_COMMIT


@pytest.mark.usefixtures("journal")
def test_a_commit_that_may_be_two_is_asked_back(shell: CommandLine, journal: Journal) -> None:
    twin = "4f2c9d1f" + "0" * 32
    journal.append(applied(commit=twin))
    result = shell.run("show-at", "4f2c9d1")
    assert (result.returncode, "give more characters" in result.stderr) == (64, True)


@pytest.mark.slow
def test_a_shared_journal_is_read_and_the_password_is_not_shown(
    shell: CommandLine, database_url: str, tmp_path: Path
) -> None:
    with open_journal(database_url, tmp_path) as journal:
        journal.append(*STORY)
    shell.variables["ASPIRE_GITOPS_DATABASE_URL"] = database_url
    assert len(numbers(shell)) == 13
    shell.variables["ASPIRE_GITOPS_DATABASE_URL"] = database_url.replace("127.0.0.1", "127.0.0.2")
    result = shell.run("log")
    assert (result.returncode, PASSWORD in result.stderr) == (1, False)
    assert "the journal in PostgreSQL at 127.0.0.2:" in result.stderr
