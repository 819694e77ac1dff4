"""What the controller makes of the ledger: figures, refusals, one warning each, and no turn lost."""

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from aspire_gitops.controller.notifier import Publish, SnapshotPublisher
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Standing, Topic
from aspire_gitops.usage import Downtime, Traffic
from aspire_gitops.vocabulary import JournalUnavailable, LedgerUnavailable
from support.spending_turns import Watched
from support.turns import OWNER, Scene


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.declare({**scene.resources["Budget/shared"], "warn_at_percent": [50, 80]})
    scene.commit("Begin")
    scene.turn()
    watched = Watched(scene)
    watched.begin()
    return watched


def live_cap(watched: Watched) -> str:
    [key] = watched.scene.fake.keys.rows.values()
    return str(key["metadata"]["monthly_aud"])


# ── warnings ─────────────────────────────────────────────────────────────────


def test_each_percentage_is_told_once(watched: Watched) -> None:
    told = [watched.spend(amount) for amount in ("49.99", "50", "60", "80.5", "99")]
    assert told == [
        [],
        ["Budget shared reached 50 % of its cap for November 2026: 50.00 of 100.00 AUD"],
        [],
        ["Budget shared reached 80 % of its cap for November 2026: 80.50 of 100.00 AUD"],
        [],
    ]


def test_nothing_is_told_again_after_a_restart(watched: Watched) -> None:
    watched.spend("60")
    watched.scene.restart()
    watched.begin()
    assert watched.spend("70") == []


def test_whoever_leapt_over_two_is_told_of_the_higher_one(watched: Watched) -> None:
    [title] = watched.spend("90")
    assert "reached 80 %" in title
    recorded = [e.draft.body["percent"] for e in watched.scene.journal.entries if e.draft.kind is EntryKind.BUDGET]  # fmt: skip
    assert recorded == [50, 80]


def test_the_next_month_is_told_anew(watched: Watched) -> None:
    watched.spend("60")
    watched.scene.now += timedelta(days=30)
    [title] = watched.spend("55")
    assert "December 2026" in title


def test_a_lower_cap_that_is_passed_already_is_told_without_another_call(watched: Watched) -> None:
    watched.spend("40")
    watched.cap("60")
    watched.scene.turn()
    [title] = watched.spend("40")
    assert "reached 50 % of its cap for November 2026: 40.00 of 60.00 AUD" in title


def test_a_notice_has_an_id_that_a_receiver_can_know_again(watched: Watched) -> None:
    watched.spend("60")
    [notice] = watched.told
    assert (notice.topic, notice.id) == (Topic.SPEND, "spend-2026-11-shared-50")


def test_what_the_journal_could_not_take_is_written_later_and_not_told_again(
    watched: Watched,
) -> None:
    watched.scene.turn()
    watched.scene.journal.breaks_after = EntryKind.BUDGET
    watched.ledger.spent = "60"
    watched.scene.turn()
    watched.scene.journal.breaks_after, watched.scene.journal.broken = None, None
    watched.scene.turn()
    assert len(watched.told) == 1
    assert any(e.draft.kind is EntryKind.BUDGET for e in watched.scene.journal.entries)


def test_without_the_journal_nobody_knows_what_was_told_so_nothing_is(watched: Watched) -> None:
    with watched.scene.broken_journal(JournalUnavailable("locked; try again")):
        assert watched.spend("60") == []


# ── caps below spend ─────────────────────────────────────────────────────────


def test_a_cap_below_what_is_spent_stalls_and_the_old_one_stays(watched: Watched) -> None:
    watched.ledger.spent = "55"
    watched.cap("40")
    turn = watched.scene.turn()
    assert (turn.standing, "AG508" in turn.reason) == (Standing.STALLED, True)
    assert live_cap(watched) == "100"


def test_an_approval_of_a_key_lets_it_through(watched: Watched) -> None:
    watched.ledger.spent = "55"
    approval = {
        "kind": "Approval",
        "name": "stop",
        "change": "lower-cap-below-spend",
        "object": "key/shop.main",
        "reason": "It ran away.",
        "owner": "mia@example.com",
        "expires": "2026-12-15",
    }
    watched.scene.declare(approval)
    watched.cap("40")
    assert watched.scene.turn().standing is Standing.READY
    assert live_cap(watched) == "40"


def test_a_refused_cap_is_applied_when_the_month_has_turned(watched: Watched) -> None:
    watched.ledger.spent = "55"
    watched.cap("40")
    watched.scene.turn()
    watched.ledger.spent = "1"
    watched.scene.now += timedelta(days=9)
    watched.scene.turn()
    assert (watched.ledger.months[-1], live_cap(watched)) == ("2026-12", "40")


# ── a ledger that does not answer ────────────────────────────────────────────


def test_a_ledger_that_does_not_answer_stops_no_turn(watched: Watched) -> None:
    watched.scene.turn()
    watched.ledger.broken = LedgerUnavailable("the ledger cannot answer; try again")
    turn = watched.scene.turn()
    assert turn.standing is Standing.READY
    spending = watched.scene.reconciler.spending
    assert spending is not None
    assert spending.report.problem == "the ledger cannot answer; try again"
    assert spending.report.spend is not None, "what it said last is still shown"


def test_what_it_said_last_decides_nothing(watched: Watched) -> None:
    watched.spend("55")
    watched.ledger.broken = LedgerUnavailable("the ledger cannot answer; try again")
    watched.cap("40")
    assert watched.scene.turn().standing is Standing.READY


def test_what_each_day_cost_is_not_asked_for_in_each_turn(watched: Watched) -> None:
    for _ in range(5):
        watched.scene.turn(later_s=59)
    assert (watched.ledger.records, len(watched.ledger.months)) == (1, 5)


# ── what is published ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        pytest.param(["20", "21", "22"], ["20.00"], id="what grows waits"),
        pytest.param(["20", "1"], ["20.00", "1.00"], id="the month turned"),
        pytest.param([None, "20"], [None, "20.00"], id="the ledger answers for the first time"),
        pytest.param(["20", None], ["20.00"], id="the ledger went away"),
    ],
)
def test_spend_is_published_with_the_snapshot(
    watched: Watched, amounts: list[str | None], expected: list[str | None]
) -> None:
    watched.scene.turn()
    seen, found = watched.scene.reconciler.seen, list[bytes]()
    assert seen is not None
    put: Publish = lambda content, _: found.append(content)  # noqa: E731 (one place)
    publishing = SnapshotPublisher([put], OWNER, lambda: watched.scene.now)
    for amount in amounts:
        spent = {"shared": f"{amount}.00"} if amount else {}
        asyncio.run(publishing.publish(replace(seen, spent=spent), None))
    assert [json.loads(text).get("spent", {}).get("shared") for text in found] == expected


def test_the_snapshot_carries_thirty_whole_days_and_today(watched: Watched) -> None:
    watched.scene.turn()
    seen = watched.scene.reconciler.seen
    assert seen is not None
    assert seen.traffic is not None
    assert watched.ledger.windows == [(date(2026, 10, 24), date(2026, 11, 23))]
    assert [row.calls for row in seen.traffic.rows] == [3]


def test_the_day_is_that_of_the_gateways_timezone(watched: Watched) -> None:
    watched.scene.now += timedelta(hours=2)  # midnight in Sydney is 13:00 UTC
    watched.scene.turn()
    assert watched.ledger.windows[-1][1] == date(2026, 11, 24)


def test_traffic_is_asked_for_twice_an_hour(watched: Watched) -> None:
    for _ in range(7):
        watched.scene.turn(later_s=600)
    assert len(watched.ledger.windows) == 3


def test_a_ledger_that_does_not_tell_the_traffic_stops_no_turn(watched: Watched) -> None:
    watched.scene.turn()
    watched.ledger.counts = False
    turn = watched.scene.turn(later_s=3600)
    seen = watched.scene.reconciler.seen
    assert (turn.standing, len(watched.ledger.windows)) == (Standing.READY, 2)
    assert seen is not None
    assert seen.traffic is not None, "it says itself until when it was counted"
    assert seen.spent == {"shared": "20.00"}


def test_traffic_alone_publishes_nothing(watched: Watched) -> None:
    watched.scene.turn()
    seen, found = watched.scene.reconciler.seen, list[bytes]()
    assert seen is not None
    put: Publish = lambda content, _: found.append(content)  # noqa: E731 (one place)
    publishing = SnapshotPublisher([put], OWNER, lambda: watched.scene.now)
    for day in (date(2026, 11, 23), date(2026, 11, 24)):
        counted = replace(seen, traffic=Traffic(day, day))
        asyncio.run(publishing.publish(counted, None))
    assert [json.loads(text)["traffic"]["until"] for text in found] == ["2026-11-23"]


@pytest.mark.parametrize(
    ("seconds", "published"),
    [
        pytest.param([0, 59], [0], id="a moment waits"),
        pytest.param([0, 60, 90, 120], [0, 60, 120], id="each minute is told"),
        pytest.param([600, 0], [600], id="the month turned"),
    ],
)
def test_downtime_is_published_minute_by_minute(
    watched: Watched, seconds: list[int], published: list[int]
) -> None:
    watched.scene.turn()
    seen, found = watched.scene.reconciler.seen, list[bytes]()
    assert seen is not None
    put: Publish = lambda content, _: found.append(content)  # noqa: E731 (one place)
    publishing = SnapshotPublisher([put], OWNER, lambda: watched.scene.now)
    for each in seconds:
        downtime = Downtime("2026-11", each, date(2026, 11, 1))
        asyncio.run(publishing.publish(replace(seen, downtime=downtime), None))
    assert [json.loads(text)["downtime"]["seconds"] for text in found] == published
