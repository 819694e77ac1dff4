"""While the gateway does not answer, its state is unknown and somebody is told."""

from pathlib import Path

import pytest

from aspire_gitops.controller.pace import Pace
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.value import Notice, Standing, Status, Topic
from support.fake_gateway import Drop, Fault
from support.status_of import Watcher
from support.turns import Scene


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    gateway = next(one for name, one in scene.resources.items() if name.startswith("Gateway/"))
    gateway["availability"] = {"max_downtime_minutes_per_month": 60}
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


@pytest.fixture
def told(scene: Scene) -> list[Notice]:
    notices: list[Notice] = []
    scene.reconciler.tell = notices.append
    return notices


def down(scene: Scene, *, turns: int, later_s: float = 60) -> None:
    with scene.fake.failing(Fault(Drop(), times=10_000)):
        for _ in range(turns):
            scene.turn(later_s=later_s)


def test_the_headline_says_since_when_and_nothing_is_called_zero_or_live(scene: Scene) -> None:
    watcher = Watcher(scene)
    with scene.fake.failing(Fault(Drop(), times=10_000)):
        found = [watcher.turn() for _ in range(5)][-1]
    page = status_page(status_document(found))
    assert "Gateway not answering <small>since 23:02 AEDT (4 min)</small>" in page
    assert "✓" not in page
    assert page.count('<span class="unseen">unknown</span>') == 6, "tiles about the gateway"
    assert "as last seen at 23:01 AEDT" in page
    assert "Down 4 min of 60 min allowed in November 2026, 56 min left." in page
    assert not status_document(found).is_current


def test_it_is_over_with_the_next_answer(scene: Scene) -> None:
    watcher = Watcher(scene)
    down(scene, turns=4)
    page = status_page(status_document(watcher.turn()))
    assert "not answering" not in page
    assert "✓ live" in page


def test_an_outage_is_told_after_two_minutes_and_when_it_ends(
    scene: Scene, told: list[Notice]
) -> None:
    down(scene, turns=2)
    assert told == []
    down(scene, turns=8)
    assert [notice.topic for notice in told] == [Topic.DOWN]
    assert "has not answered since 12:02 UTC (2 min)" in told[0].title
    scene.turn()
    assert "answers again" in told[-1].title
    assert len(told) == 2


def test_after_how_long_is_a_setting(scene: Scene, told: list[Notice]) -> None:
    scene.reconciler.pace = Pace(down_notice_s=10)
    down(scene, turns=2, later_s=10)
    assert len(told) == 1


@pytest.mark.usefixtures("told")
def test_the_pause_ends_when_it_is_time_to_tell(scene: Scene) -> None:
    with scene.fake.failing(Fault(Drop(), times=10_000)):
        for _ in range(6):
            turn = scene.turn(later_s=19)
    assert turn.look_again_s == pytest.approx(120 - 5 * 19)


def test_half_and_all_of_the_months_allowance_are_told_once_each(
    scene: Scene, told: list[Notice]
) -> None:
    down(scene, turns=80)
    titles = [notice.title for notice in told]
    assert [title for title in titles if "50 %" in title or "100 %" in title] == [
        "The gateway test was down for 30 min this month: 50 % of what is allowed",
        "The gateway test was down for 60 min this month: 100 % of what is allowed",
    ]
    scene.turn()
    scene.restart()
    scene.reconciler.tell = told.append
    before = len(told)
    scene.turn()
    assert len(told) == before, "the journal knows what was told"


def test_an_outage_that_was_told_is_not_told_again_after_a_restart(
    scene: Scene, told: list[Notice]
) -> None:
    down(scene, turns=6)
    scene.restart()
    scene.reconciler.tell = told.append
    down(scene, turns=3)
    assert len(told) == 1
    scene.turn()
    assert "answers again" in told[-1].title
    assert [
        e.draft.body["told"] for e in scene.journal.entries if e.draft.kind is EntryKind.DOWNTIME
    ] == ["down", "up"]


def test_a_gateway_that_never_answered_is_unknown_too(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "another")
    scene.commit("Begin")
    with scene.fake.failing(Fault(Drop(), times=10_000)):
        found: Status = Watcher(scene).turn()
    page = status_page(status_document(found))
    assert page.count('<span class="unseen">unknown</span>') == 6
    assert "✓" not in page
