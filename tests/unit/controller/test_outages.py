"""How long the gateway did not answer: what the controller saw, nothing that it did not see."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aspire_gitops.controller.outages import Outages
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.value import Standing
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    GatewayRefused,
    GatewayReplyInvalid,
    GatewayUnavailable,
    JournalUnavailable,
)
from aspire_ledger.money import Month
from support.fake_gateway import Drop, Fault, Status
from support.turns import NOON, Scene

SYDNEY = ZoneInfo("Australia/Sydney")
NOVEMBER = Month.containing(NOON, SYDNEY)
DOWN = GatewayUnavailable("no answer")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A controller whose first turn, a minute after noon, applied everything."""
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


def down(
    scene: Scene, *, turns: int = 1, later_s: float = 60.0, fault: Fault | None = None
) -> None:
    """Take turns in which the gateway does not answer."""
    for _ in range(turns):
        scene.fake.faults = [fault or Fault(Drop(), times=1000)]
        scene.turn(later_s=later_s)
        scene.fake.faults = []


def seconds(scene: Scene) -> float:
    found = scene.reconciler.downtime(scene.now)
    assert found is not None
    return found.seconds


def lines(scene: Scene) -> list[bool]:
    told = (entry.draft for entry in scene.journal.entries)
    return [draft.body["answers"] is True for draft in told if draft.kind is EntryKind.OUTAGE]


# ── with a controller ────────────────────────────────────────────────────────


def test_a_gateway_that_answers_has_no_downtime(scene: Scene) -> None:
    scene.turn()
    assert (seconds(scene), lines(scene)) == (0, [])


def test_an_outage_lasts_from_the_first_failed_look_to_the_next_good_one(scene: Scene) -> None:
    down(scene, turns=3)
    assert seconds(scene) == 120
    scene.turn()
    scene.turn()
    assert seconds(scene) == 180


def test_two_lines_tell_of_an_outage_however_long(scene: Scene) -> None:
    down(scene, turns=6)
    scene.turn()
    assert lines(scene) == [False, True]


def test_the_snapshot_carries_it(scene: Scene) -> None:
    down(scene)
    scene.turn()
    seen = scene.reconciler.seen
    assert seen is not None
    assert seen.downtime == Downtime("2026-11", 60, date(2026, 11, 23))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(Status(401), times=1000), id="our key is refused"),
        pytest.param(Fault(Status(429), times=1000), id="it is busy"),
    ],
)
def test_a_gateway_that_says_no_is_there(scene: Scene, fault: Fault) -> None:
    down(scene, turns=2, fault=fault)
    scene.turn()
    assert (seconds(scene), lines(scene)) == (0, [])


def test_a_gateway_without_its_database_is_down(scene: Scene) -> None:
    down(scene, turns=2, fault=Fault(Status(503), times=1000))
    assert seconds(scene) == 60


def test_it_goes_on_after_a_restart(scene: Scene) -> None:
    down(scene, turns=2)
    scene.restart()
    scene.turn("start")
    assert seconds(scene) == 120


def test_a_restart_in_the_middle_of_an_outage_goes_on_counting(scene: Scene) -> None:
    down(scene, turns=2)
    scene.restart()
    down(scene)
    assert seconds(scene) == 120
    assert lines(scene) == [False]


def test_hours_without_a_controller_are_not_counted(scene: Scene) -> None:
    down(scene, turns=2)
    scene.restart()
    scene.turn("start", later_s=5 * 3600)
    assert seconds(scene) < 61


def test_what_the_journal_could_not_take_is_written_later(scene: Scene) -> None:
    scene.journal.breaks_after = EntryKind.APPLIED
    down(scene)
    scene.journal.broken = JournalUnavailable("locked; try again")
    scene.turn()
    scene.journal.broken = None
    scene.turn()
    assert lines(scene) == [False, True]


def test_an_address_that_never_answered_is_no_downtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    down(scene, turns=3)
    assert seconds(scene) == 0
    scene.turn()
    assert (seconds(scene), lines(scene)) == (0, [])


# ── by itself ────────────────────────────────────────────────────────────────


def watched(*looks: tuple[datetime, AspireGitopsError | None]) -> Outages:
    found = Outages(known=True)
    for at, error in looks:
        _ = found.failed(error, at) if error else found.answered(at)
    return found


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([(0, DOWN), (1, None)], 60, id="one failed look"),
        pytest.param([(0, DOWN), (1, None), (2, DOWN), (4, None)], 180, id="two outages"),
        pytest.param([(0, DOWN), (3, DOWN)], 180, id="under way: up to the last look"),
        pytest.param([(0, DOWN)], 0, id="under way, looked once"),
        pytest.param([(0, DOWN), (2, DOWN), (90, None)], 120, id="nobody looked for long"),
        pytest.param([(0, DOWN), (90, DOWN), (91, None)], 60, id="down before and after that"),
        pytest.param([(0, DOWN), (-5, None)], 0, id="a clock that was set back"),
        pytest.param([(0, DOWN), (1, GatewayRefused("no"))], 60, id="refused: it is there again"),
        pytest.param([(0, GatewayReplyInvalid("?")), (1, None)], 0, id="it answers nonsense"),
    ],
)
def test_seconds(looks: list[tuple[float, AspireGitopsError | None]], expected: float) -> None:
    found = watched(*((minute(number), error) for number, error in looks))
    assert found.downtime(NOVEMBER, minute(100)).seconds == expected


def test_each_month_has_its_own_part() -> None:
    midnight = NOVEMBER.end
    found = watched(
        (midnight - timedelta(minutes=3), DOWN), (midnight + timedelta(minutes=2), None)
    )
    december = Month.containing(midnight, SYDNEY)
    assert found.downtime(NOVEMBER, midnight).seconds == 180
    later = found.downtime(december, midnight + timedelta(minutes=2))
    assert later == Downtime("2026-12", 120, date(2026, 12, 1))


def test_who_began_to_watch_in_this_month_says_since_when() -> None:
    assert watched((NOON, None)).downtime(NOVEMBER, NOON).watched_since == date(2026, 11, 23)


def test_old_outages_are_forgotten() -> None:
    found = watched((minute(0), DOWN), (minute(1), None))
    assert len(found.ended) == 1
    later = NOON + timedelta(days=60)
    found.failed(DOWN, later)
    found.answered(later + timedelta(minutes=1))
    assert len(found.ended) == 1
