"""Plans, snapshots, journals and ledgers of before the second edition are read, and go on."""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.codec.snapshot_reader import read_snapshot
from aspire_gitops.controller.holds import holds_in_force
from aspire_gitops.delivery.registry import file_target
from aspire_gitops.journal import Draft, EntryKind, Journal, open_journal
from aspire_gitops.ledger_move import move
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import Failures, UnlistedParameter
from aspire_gitops.state import DEFAULT_OWNER, Holder, Kind, ObjectKey
from aspire_gitops.status.document import StatusDocument
from aspire_gitops.vocabulary import UsageError
from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.recovery import expire
from aspire_ledger.store import Store
from aspire_ledger.values import EntryKind as Booked
from aspire_ledger.values import Verdict
from ledger_support.calls import request, settlement
from support.before import (
    BEFORE,
    DAY,
    SECRETS,
    as_now,
    gateway_of_before,
    headless,
    lay_files,
    output,
    restore,
    tagged,
    unsaid,
)
from support.command_line import CommandLine
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.git_repository import Repository

Run = Callable[..., Any]
PLAN, REFUSED = "bdc41d872459", "f778e9555700"
LIVE = "sha256:d41b7e30cae1b53035dd247f201c12ed14bf327d570ced0bccf6ac6655c0cd11"
LINES = 61
NANO = 10**9


@pytest.fixture
def fake() -> FakeGateway:
    return gateway_of_before()


@pytest.fixture
def shell(tmp_path: Path, fake: FakeGateway) -> Iterator[CommandLine]:
    """A shell beside a gateway that is as it was when the plans were made."""
    with serving(fake) as url:
        variables = {
            **SECRETS,
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
        }
        yield CommandLine(tmp_path, variables)


# ── plans ────────────────────────────────────────────────────────────────────


def test_a_plan_of_before_is_read() -> None:
    text = (BEFORE / "plan.json").read_text(encoding="utf-8")
    plan = plan_from_json(text)
    assert (plan.id, plan.based_on, plan.gateway_name) == (PLAN, LIVE, "gateway")
    assert [f"{change.action} {change.key}" for change in plan.changes] == [
        "update credential/acme",
        "create credential/newco",
        "replace deployment/chat",
        "adopt deployment/hand",
        "create deployment/vision",
        "create key/agents.default",
        "adopt key/postiz.main",
        "update key/shop.main",
        "update key/wiki.main",
        "delete deployment/legacy",
        "delete credential/oldco",
    ]
    written = json.loads(plan_to_json(plan))
    assert unsaid(headless(as_now(tagged(json.loads(text)))), written) == []
    assert plan_from_json(plan_to_json(plan)) == plan


def test_what_the_files_meant_beside_the_fields_is_read() -> None:
    changes = plan_from_json((BEFORE / "plan.json").read_bytes()).changes
    intents = {change.key: change.intent for change in changes if change.intent}
    newco = intents[ObjectKey(Kind.CREDENTIAL, "newco")].secrets
    assert {path: str(secret) for path, secret in newco.items()} == {
        "credential_values.api_key": "env:NEWCO_API_KEY"
    }
    postiz = intents[ObjectKey(Kind.KEY, "postiz.main")]
    assert (postiz.adopt, postiz.reset_spend, postiz.delivery) == (True, True, None)
    agents = intents[ObjectKey(Kind.KEY, "agents.default")]
    assert (agents.delivery, agents.adopt) == (file_target("agents/default"), False)


def test_a_plan_of_before_is_carried_out_and_nothing_is_left_to_do(
    shell: CommandLine, fake: FakeGateway
) -> None:
    done = shell.run("apply", "--plan", str(BEFORE / "plan.json"), "--yes")
    assert (done.returncode, done.stdout) == (0, "11 changes: 11 applied.\n"), done.stderr
    keys = {row["key_alias"]: row for row in fake.keys.rows.values()}
    assert set(keys) == {
        "agents.default", "blocked", "lab", "postiz by hand", "shop.main", "wiki.main",
    }  # fmt: skip
    assert keys["postiz by hand"]["spend"] == 0
    assert keys["shop.main"]["metadata"]["monthly_aud"] == "200"
    assert set(fake.credentials.rows) == {"gw.acme", "gw.newco"}
    assert set(fake.deployments.rows) == {"gw.chat.2", "gw.hand.1", "gw.vision.1", "playground-1"}
    assert (shell.folder / "keys/agents/default").read_text().startswith("sk-")
    lay_files(shell.folder, "later")
    assert "No changes." in shell.run("plan", *DAY).stdout


def test_a_plan_of_before_is_stale_on_a_gateway_that_moved(
    shell: CommandLine, fake: FakeGateway
) -> None:
    fake.deployments.rows["gw.chat.1"]["litellm_params"]["rpm"] = 61
    done = shell.run("apply", "--plan", str(BEFORE / "plan.json"), "--yes")
    assert (done.returncode, fake.writes) == (1, [])
    assert f"plan {PLAN} is stale: the gateway has changed since it was made" in done.stderr


def test_a_refused_plan_of_before_is_read_and_still_refused(
    shell: CommandLine, fake: FakeGateway
) -> None:
    plan = plan_from_json((BEFORE / "plan_refused.json").read_bytes())
    assert (plan.id, [str(key) for key in plan.unverified]) == (REFUSED, ["credential/newco"])
    done = shell.run("apply", "--plan", str(BEFORE / "plan_refused.json"), "--yes")
    assert (done.returncode, fake.writes) == (1, [])
    assert "the plan is refused, for 1 reason: AG503 deployment/legacy" in done.stderr


def test_the_same_files_make_the_same_plan(shell: CommandLine) -> None:
    lay_files(shell.folder, "later")
    done = shell.run("plan", *DAY, "--format", "json")
    now = json.loads(done.stdout)
    before = json.loads((BEFORE / "plan.json").read_text(encoding="utf-8"))
    assert [(c["action"], c["object"]) for c in now["changes"]] == [
        (c["action"], as_now(c["object"], "object")) for c in before["changes"]
    ]
    assert now["based_on"] != LIVE, "no character of a secret is in a digest any more"
    assert now["based_on"].startswith("sha256:")


# ── snapshots ────────────────────────────────────────────────────────────────


def test_a_snapshot_of_before_is_read() -> None:
    found = read_snapshot((BEFORE / "snapshot.json").read_bytes(), DEFAULT_OWNER, name="it")
    live = found.snapshot
    assert (found.digest, live.litellm_version) == (LIVE, "1.106.2")
    assert found.revision == "main@sha1:eb8d108e36ca8912ac4e1045b520f7cac8ecf157"
    assert live.taken_at == datetime(2026, 11, 23, 16, 7, 50, tzinfo=UTC)
    assert live.spent == {"shop": "84.30", "wiki": "6.90"}
    assert live.downtime
    assert (live.downtime.month, live.downtime.seconds) == ("2026-11", 180)
    assert sorted(str(item.key) for item in live.objects if item.mark) == [
        "credential/acme", "credential/oldco", "deployment/chat", "deployment/legacy",
        "key/shop.main", "key/wiki.main",
    ]  # fmt: skip


def test_the_traffic_in_a_snapshot_of_before_is_read() -> None:
    found = read_snapshot((BEFORE / "snapshot.json").read_bytes(), DEFAULT_OWNER, name="it")
    traffic = found.snapshot.traffic
    assert traffic
    assert (traffic.since, traffic.until, len(traffic.rows)) == (
        date(2026, 10, 25), date(2026, 11, 24), 10,
    )  # fmt: skip
    assert sum(row.aud for row in traffic.rows) == Decimal("92.5125")
    [dear] = [row for row in traffic.rows if row.day == date(2026, 11, 20)]
    assert (dear.calls, dear.aud, dear.input_tokens, dear.tool_uses) == (
        1, Decimal("16.125"), 4000, 4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "spend", "blocked", "limits", "team"),
    [
        pytest.param("postiz by hand", 41.25, False, (), None, id="a spend"),
        pytest.param("blocked", 0, True, ("tpd_limit",), None, id="blocked, with a limit"),
        pytest.param("lab", 0, False, (), Holder("", unread="the snapshot does not tell"), id="of a team"),
    ],
)  # fmt: skip
def test_what_a_snapshot_of_before_tells_of_others_keys_is_read(
    key: str, spend: float, *, blocked: bool, limits: tuple[str, ...], team: Holder | None
) -> None:
    found = read_snapshot((BEFORE / "snapshot.json").read_bytes(), DEFAULT_OWNER, name="it")
    [item] = [item for item in found.snapshot.objects if item.handle == key]
    facts = found.snapshot.facts_of(item)
    assert facts
    assert (facts.spend, facts.blocked, facts.limits, facts.team) == (spend, blocked, limits, team)


def test_a_plan_against_a_snapshot_of_before_says_what_it_said(tmp_path: Path) -> None:
    wiki = lay_files(tmp_path, "earlier") / "budgets" / "wiki.yaml"
    wiki.write_text(wiki.read_text().replace("'50'", "'60'"))
    shell = CommandLine(tmp_path, dict(SECRETS))
    snapshot = str(BEFORE / "snapshot.json")
    done = shell.run("plan", *DAY, "--format", "json", "--snapshot", snapshot)
    assert done.returncode == 0, done.stderr
    before, now = headless(as_now(tagged(output("plan_against_snapshot")))), json.loads(done.stdout)
    # A warning that came later: what processes run was not asked before.
    now["warnings"] = [one for one in now["warnings"] if "settings are not verified" not in one]
    assert unsaid(before, now) == []


def test_a_review_with_a_snapshot_of_before_says_what_it_said(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.git("init", "--quiet", "--template=", "-b", "main")
    lay_files(tmp_path, "earlier")
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", "Begin")
    repository.git("checkout", "--quiet", "-b", "topic")
    shutil.rmtree(tmp_path / "gateway.d")
    lay_files(tmp_path, "later")
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", "Go on")
    done = CommandLine(tmp_path).run(
        "review", "--base", "main", "--head", "topic", "--format", "json",
        "--snapshot", str(BEFORE / "snapshot.json"), "--today", "2026-11-24",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, now = headless(as_now(output("review"))), json.loads(done.stdout)
    for side in ("base", "head"):
        del before[side]["commit"]  # the hour is in it
    del before["plan"]["id"]  # and the commit in that
    for change, told in zip(before["plan"]["changes"], now["plan"]["changes"], strict=True):
        causes = {field["cause"] for field in told["fields"]}
        assert change.pop("drift") == (causes == {"drift"})
        change["fields"] = [{"path": path} for path in change["fields"]]
    # It was noon UTC that a named day stood for; it is the day's end in the Gateway's timezone.
    assert now["live"]["age_s"] == before["live"].pop("age_s") + 3600
    later = ("AG537", "AG538")  # rules that came later
    now["findings"] = [found for found in now["findings"] if found["code"] not in later]
    del before["unknown"]  # prose for people, reworded since
    assert unsaid(before, now) == []
    assert now["unknown"] == [
        '1 call of alias "legacy" for 3.75 AUD could not be repriced: no usage was counted.'
    ]
    assert now["live"]["digest"] == LIVE
    assert now["uptime"]["used_s"] == 180


# ── what is refused ──────────────────────────────────────────────────────────


def refusal(read: Callable[[bytes], object], file: str, old: str, new: str) -> str:
    text = (BEFORE / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    with pytest.raises(UsageError) as refused:
        read(text.replace(old, new).encode())
    return str(refused.value)


def a_snapshot(content: bytes) -> object:
    return read_snapshot(content, DEFAULT_OWNER, name="snapshot.json")


@pytest.mark.parametrize(
    ("read", "file", "old", "new", "command"),
    [
        pytest.param(plan_from_json, "plan.json", '"version": 1', '"version": 0', "plan -o FILE", id="a plan of another version"),
        pytest.param(plan_from_json, "plan.json", '"handle": "vision"', '"handle": "v"', "plan -o FILE", id="an edited plan"),
        pytest.param(a_snapshot, "snapshot.json", '"format": 2', '"format": 0', "aspire-gitops snapshot", id="a snapshot of another format"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_with_the_command_that_makes_a_new_one(
    read: Callable[[bytes], object], file: str, old: str, new: str, command: str
) -> None:
    assert f"`{command}`" in refusal(read, file, old, new)


# ── journals ─────────────────────────────────────────────────────────────────


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Where a copy of the journal is; None for the state folder `tmp_path`."""
    if request.param == "sqlite":
        shutil.copy(BEFORE / "journal.sqlite3", tmp_path)
        return None
    url = str(request.getfixturevalue("database_url"))
    restore(url, "journal")
    return url


@pytest.fixture
def journal(journal_url: str | None, tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def log(journal_url: str | None, journal: Journal, tmp_path: Path) -> Run:
    """Run `log --format json` on it. The journal was opened for writing once, as a controller does."""
    assert journal
    where = {"ASPIRE_GITOPS_STATE_DIR": str(tmp_path)}
    if journal_url:
        where["ASPIRE_GITOPS_DATABASE_URL"] = journal_url

    def printed(*arguments: str) -> Any:
        done = CommandLine(tmp_path, where).run("log", *arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return printed


def head_of_before() -> str:
    """Return the journal's newest hash as the controller published it."""
    snapshot = json.loads((BEFORE / "snapshot.json").read_text(encoding="utf-8"))
    return str(snapshot["journal"])


def test_the_chain_of_a_journal_of_before_is_whole(journal: Journal) -> None:
    verdict = journal.verify(head_of_before())
    assert (verdict.ok, verdict.entries, verdict.holds_head) == (True, LINES, True)
    assert verdict.head == head_of_before()


def test_every_kind_of_line_of_before_is_read(journal: Journal) -> None:
    assert Counter(entry.draft.kind.value for entry in journal.read()) == {
        "turn": 18, "plan": 6, "result": 11, "delivery": 2, "observed": 4, "drift": 5,
        "applied": 4, "rejected": 2, "budget": 2, "outage": 2, "brake": 5,
    }  # fmt: skip
    answers = [e.draft.body["answer"] for e in journal.read(kinds=[EntryKind.DRIFT])]
    assert answers == ["healed", "healed", "healed", "held", "healed"]
    assert [e.draft.body["percent"] for e in journal.read(kinds=[EntryKind.BUDGET])] == [50, 80]


def test_a_journal_of_before_goes_on(journal: Journal) -> None:
    [line] = journal.append(Draft(EntryKind.TURN, datetime(2026, 12, 1, tzinfo=UTC), turn="t"))
    assert (line.number, line.previous) == (LINES + 1, head_of_before())
    verdict = journal.verify(head_of_before())
    assert (verdict.ok, verdict.entries, verdict.holds_head) == (True, LINES + 1, True)


def test_what_was_live_is_known_from_a_journal_of_before(journal: Journal) -> None:
    def cap(states: Any) -> float:
        return float(states["key/shop.main"]["fields"]["max_budget"])

    assert cap(journal.recorded_states()) == 81.4
    assert cap(journal.states_at(13)) == 900.0  # by hand, before it was healed
    assert set(journal.recorded_states()) == {
        "credential/acme", "credential/oldco", "deployment/chat", "deployment/legacy",
        "key/shop.main", "key/wiki.main",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param("14:29:00", ["freeze mia"], id="frozen"),
        pytest.param("14:30:00", [], id="resumed"),
        pytest.param("14:32:00", ["revert tom", "suspend tom"], id="held at an older revision"),
        pytest.param("16:00:00", [], id="resumed again"),
    ],
)
def test_holds_of_before_last_as_long_as_they_did(
    journal: Journal, at: str, expected: list[str]
) -> None:
    moment = datetime.fromisoformat(f"2026-11-23T{at}+00:00")
    lines = journal.read(kinds=[EntryKind.HOLD], until=moment)
    assert [f"{hold.kind} {hold.owner}" for hold in holds_in_force(lines, moment)] == expected


def test_log_says_of_lines_of_before_what_it_said(log: Run, journal: Journal) -> None:
    assert unsaid(output("log"), log("--limit", "16")["lines"]) == []
    assert unsaid(output("log_verify"), log("verify")) == []
    journal.append(Draft(EntryKind.TURN, datetime(2026, 12, 1, tzinfo=UTC), turn="t"))
    numbers = [line["number"] for line in log("--limit", "0")["lines"]]
    assert numbers == [*range(LINES + 1, 0, -1)]


# ── ledgers ──────────────────────────────────────────────────────────────────


@pytest.fixture(
    params=[
        pytest.param("moved from a file", marks=pytest.mark.slow),
        pytest.param("postgresql", marks=pytest.mark.slow),
    ]
)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path, own_database_url: str) -> str:
    if request.param == "postgresql":
        restore(own_database_url, "ledger")
        return own_database_url
    shutil.copy(BEFORE / "ledger.sqlite3", tmp_path)
    source = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    assert move(source, SecretStr(own_database_url), lambda _: None).is_new
    return own_database_url


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def store(ledger_url: str, run: Run) -> Iterator[Store]:
    """The ledger as the gateway opens it."""
    opened = PostgresStore(ledger_url)
    run(opened.prepare())
    yield opened
    run(opened.close())


@pytest.fixture
def reading(ledger_url: str, run: Run) -> Iterator[LedgerReading]:
    """The ledger as everybody else opens it."""
    opened = LedgerReading(SecretStr(ledger_url))
    yield opened
    run(opened.close())


WIKI: dict[str, Any] = {
    "budget": "wiki",
    "app": "wiki",
    "cap": 50 * NANO,
    "at": datetime(2026, 11, 24, 1, tzinfo=UTC),
}


def standing(store: Store, run: Run, budget: str, month: str = "2026-11") -> tuple[int, ...]:
    [total] = [total for total in run(store.totals(month)) if total.budget == budget]
    return total.spent, total.reserved, total.calls


@pytest.mark.parametrize(
    ("budget", "month", "expected"),
    [
        pytest.param("shop", "2026-08", (3_500_000_000, 0, 1), id="closed by an older release"),
        pytest.param("shop", "2026-09", (1_250_000_000, 0, 1), id="forgotten"),
        pytest.param("wiki", "2026-09", (2_000_000_000, 0, 1), id="forgotten, strict"),
        pytest.param("shop", "2026-10", (6_187_500_000, 0, 3), id="closed"),
        pytest.param("shop", "2026-11", (84_300_000_000, 5_000_000_000, 10), id="open"),
        pytest.param("wiki", "2026-11", (6_900_000_000, 5_000_000_000, 4), id="open, strict"),
    ],
)
def test_the_totals_of_a_ledger_of_before_are_what_they_were(
    store: Store, run: Run, budget: str, month: str, expected: tuple[int, int, int]
) -> None:
    assert standing(store, run, budget, month) == expected


def test_a_ledger_of_before_adds_up_and_its_closed_months_are_proved(
    store: Store, run: Run
) -> None:
    verified = run(verify(store))
    assert (verified.checked, verified.differences) == (6, ())
    closings = {closing.month: closing for closing in run(store.closings())}
    assert {month: (c.entries, c.forgotten, c.format) for month, c in closings.items()} == {
        "2026-08": (1, False, 1),
        "2026-09": (2, True, 5),
        "2026-10": (3, False, 5),
    }
    with_september = {share.name: share.spent for share in run(store.spent_by("2026-09", "app"))}
    assert with_september == {"shop": 1_250_000_000, "wiki": 2_000_000_000}


def test_admission_goes_on_from_what_was_spent_and_reserved(store: Store, run: Run) -> None:
    answer = run(store.admit(request("new", worst=4 * NANO, **WIKI)))
    assert (answer.verdict, answer.spent, answer.reserved) == (
        Verdict.ADMITTED, 6_900_000_000, 9 * NANO,
    )  # fmt: skip
    booked = run(store.settle(settlement("new", 1_500_000_000, **WIKI)))
    assert (booked.kind, booked.spent) == (Booked.SETTLED, 8_400_000_000)
    assert standing(store, run, "wiki") == (8_400_000_000, 5 * NANO, 5)
    [*_, entry] = run(store.entries(month="2026-11"))
    assert (entry.number, entry.request_id, entry.cost) == (24, "new", 1_500_000_000)


@pytest.mark.parametrize(
    ("id_", "worst", "expected"),
    [
        pytest.param("new", 38_100_000_000, Verdict.ADMITTED, id="all that is left"),
        pytest.param("new", 38_100_000_001, Verdict.WAIT, id="what a call of before may need"),
        pytest.param("new", 43_100_000_001, Verdict.REFUSED, id="more than is unspent"),
        pytest.param("held-strict", 5 * NANO, Verdict.ADMITTED, id="a call that is under way"),
        pytest.param("nov-wiki", 5 * NANO, Verdict.REPEATED, id="a call that was booked"),
    ],
)
def test_calls_and_spend_of_before_count_for_admission(
    store: Store, run: Run, id_: str, worst: int, expected: Verdict
) -> None:
    assert run(store.admit(request(id_, worst=worst, **WIKI))).verdict is expected


def test_a_call_that_was_under_way_is_settled(store: Store, run: Run) -> None:
    booked = run(store.settle(settlement("held-strict", NANO, **WIKI)))
    assert (booked.kind, booked.cost) == (Booked.SETTLED, NANO)
    assert standing(store, run, "wiki") == (7_900_000_000, 0, 5)


def test_calls_that_were_under_way_and_lost_are_recovered(store: Store, run: Run) -> None:
    recovered = run(expire(store, datetime(2026, 11, 24, tzinfo=UTC)))
    costs = {booked.budget: booked.cost for booked in recovered.as_expected}
    assert costs == {"shop": 5 * NANO, "wiki": 5 * NANO}
    assert standing(store, run, "shop") == (89_300_000_000, 0, 11)


def test_a_call_that_was_recovered_is_corrected_when_its_cost_comes(store: Store, run: Run) -> None:
    booked = run(store.settle(settlement("lost-1", 300_000_000, **WIKI)))
    assert (booked.kind, booked.cost) == (Booked.CORRECTED, -1_700_000_000)
    again = run(store.settle(settlement("lost-3", 300_000_000, **WIKI)))
    assert (again.kind, again.spent) == (None, 5_200_000_000)  # corrected before


def test_a_warning_of_before_is_not_given_again(store: Store, run: Run) -> None:
    shop = {**WIKI, "budget": "shop", "app": "shop", "cap": 100 * NANO, "warn": (50, 80, 85)}
    assert run(store.settle(settlement("new", NANO, **shop))).crossed == (85,)


def test_what_calls_lately_cost_is_known_from_a_ledger_of_before(store: Store, run: Run) -> None:
    assert run(store.estimate("shop", "chat")) == 30 * NANO
    assert run(store.estimate("wiki", "legacy")) == 3_750_000_000


def test_a_closed_month_of_before_stays_full(store: Store, run: Run) -> None:
    october = {**WIKI, "at": datetime(2026, 10, 20, tzinfo=UTC)}
    assert run(store.settle(settlement("late", NANO, **october))).month == "2026-11"


def test_entries_of_before_are_read(reading: LedgerReading, run: Run) -> None:
    entries = [*run(reading.entries("shop")), *run(reading.entries("wiki"))]
    assert {entry.number for entry in entries} == {1, *range(4, 24)}  # two were forgotten
    assert Counter(entry.kind.value for entry in entries) == {
        "settled": 10, "unadmitted": 5, "recovered": 3, "corrected": 1, "adjusted": 2,
    }  # fmt: skip
    found = {(entry.request_id, entry.kind): entry for entry in entries}
    dear = found["nov-4", Booked.SETTLED]
    assert (dear.cost, dear.usd, dear.usd_per_aud) == (
        16_125_000_000, Decimal("10.5006"), Decimal("0.6512"),
    )  # fmt: skip
    assert (dear.counted.cache_write_tokens, dear.counted.tool_uses) == (44, 4)
    assert (dear.deployment, dear.call_type, dear.reported_usd) == (
        "gw.chat.1", "acompletion", Decimal("10.5006"),
    )  # fmt: skip
    assert found["lost-1", Booked.RECOVERED].estimated
    assert found["lost-3", Booked.CORRECTED].cost == -1_100_000_000
    assert found["late-oct", Booked.UNADMITTED].note == " (of 2026-10, closed)"
    assert found["invoice-4711", Booked.ADJUSTED].note == "invoice 4711 (mia)"


def test_what_calls_did_is_read_from_a_ledger_of_before(reading: LedgerReading, run: Run) -> None:
    november = date(2026, 11, 1), date(2026, 11, 30)
    assert run(reading.failures(*november)) == [
        Failures("shop", "chat", "gw.chat.1", "429", 7),
        Failures("wiki", "legacy", "gw.legacy.1", "5xx", 2),
        Failures("shop", "chat", "gw.chat.1", "timeout", 1),
    ]
    assert run(reading.unlisted_parameters(*november)) == [
        UnlistedParameter("shop", "chat", "acompletion", "enable_thinking", "passed", 5),
        UnlistedParameter("wiki", "chat", "acompletion", "user_id", "refused", 2),
        UnlistedParameter("wiki", "legacy", "acompletion", "client_metadata", "removed", 1),
    ]
    [unlike] = run(reading.price_differences("2026-11")).worst
    assert (unlike.request_id, unlike.booked, unlike.reported) == (
        "other-price", Decimal("0.52096"), Decimal("0.1"),
    )  # fmt: skip


def test_the_traffic_of_a_ledger_of_before_is_what_was_published(
    reading: LedgerReading, run: Run
) -> None:
    saved = read_snapshot((BEFORE / "snapshot.json").read_bytes(), DEFAULT_OWNER, name="it")
    published = saved.snapshot.traffic
    assert published
    assert run(reading.traffic(published.since, published.until)) == published


@pytest.mark.parametrize("by", ["budget", "app", "alias", "provider"])
def test_spend_says_of_a_ledger_of_before_what_it_said(
    ledger_url: str, tmp_path: Path, by: str
) -> None:
    said = spend(ledger_url, tmp_path, "--month", "2026-11", "--by", by)
    assert unsaid(timeless(output(f"spend_by_{by}")), said) == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("spend_of_october", ("--month", "2026-10"), id="a closed month"),
        pytest.param("spend_failures", ("--month", "2026-11", "--failures"), id="failed calls"),
    ],
)
def test_other_reports_of_spend_say_what_they_said(
    ledger_url: str, tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    assert unsaid(timeless(output(name)), spend(ledger_url, tmp_path, *arguments)) == []


def spend(ledger_url: str, folder: Path, *arguments: str) -> Any:
    shell = CommandLine(folder, {"ASPIRE_GITOPS_LEDGER_URL": ledger_url})
    source = str(lay_files(folder, "earlier"))
    done = shell.run("spend", source, *DAY, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def timeless(document: Any) -> Any:
    """Return a report without what depends on the hour at which it is asked for."""
    document = headless(document)
    document.pop("at", None)
    for row in document["rows"]:
        row.pop("forecast", None)
    return document


# ── other outputs ────────────────────────────────────────────────────────────


def test_mistakes_in_files_of_before_are_told_as_they_were(tmp_path: Path) -> None:
    lay_files(tmp_path, "earlier", "mistaken")
    done = CommandLine(tmp_path).run("validate", *DAY, "--format", "json")
    assert done.returncode == 1
    assert unsaid(output("validate"), json.loads(done.stdout)) == []


def test_the_status_of_a_controller_of_before_is_read() -> None:
    text = (BEFORE / "output" / "status.json").read_text(encoding="utf-8")
    status = StatusDocument.model_validate_json(text)
    assert (status.standing, len(status.turns)) == ("stalled", 1)
    before = as_now(json.loads(text))
    before |= {"program_version": before.pop("version")}
    assert unsaid(headless(before), status.model_dump(mode="json")) == []
