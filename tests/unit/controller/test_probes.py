"""The controller's probes: at their interval, one at a time, told once, and no storm after an outage."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aspire_gitops.controller.probes import Probes
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.probing import Answer, Booked, Finding, Probe, Prober, Said
from aspire_gitops.status.value import Notice, ProbeRow, Topic
from aspire_gitops.vocabulary import JournalUnavailable, LedgerUnavailable
from support.turns import Scene

REFUSED = Said("authentication_error", "401", "AuthenticationError")
BUSY = Said("throttling_error", "429", "RateLimitError")
GONE = Said("token_not_found_in_db", "401")


@dataclass
class Vendor:
    """Answers as git says, or with an error, by alias or by variant."""

    scene: Scene
    errors: dict[str, tuple[int, Said]] = field(default_factory=dict)
    calls: list[tuple[datetime, Probe]] = field(default_factory=list)

    async def call(self, probe: Probe) -> Answer:
        self.calls.append((self.scene.now, probe))
        for name in (probe.alias, probe.variant):
            if name in self.errors:
                status, said = self.errors[name]
                return Answer(status, 0.1, {}, said)
        params = self.scene.params(probe.model)
        headers = {
            "x-litellm-model-id": f"gw.{probe.alias}.1",
            "x-litellm-model-name": params["model"],
            "x-litellm-model-api-base": params["api_base"],
        }
        return Answer(200, 0.1, headers)

    def made(self, alias: str | None = None) -> list[tuple[datetime, str]]:
        return [(at, p.variant) for at, p in self.calls if alias in (None, p.alias)]


@dataclass
class Watching:
    """A controller with probes, and a clock that moves while it looks."""

    scene: Scene
    vendor: Vendor
    told: list[Notice] = field(default_factory=list)
    may: bool = True
    luck: float = 0.5
    probes: Probes = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, books: Any = None) -> None:
        self.probes = Probes(
            Prober(self.vendor, books),
            self.scene.reconciler,
            self.scene.journal,
            self.told.append,
            lambda: self.scene.now,
            lambda: self.luck,
            lambda: self.may,
        )

    def run(self, seconds: float, *, every_s: float = 10.0) -> list[Finding]:
        """Look again and again for so long."""
        found = []
        until = self.scene.now + timedelta(seconds=seconds)
        while self.scene.now < until:
            self.scene.now += timedelta(seconds=every_s)
            found.append(asyncio.run(self.probes.look()))
        return [one for one in found if one]

    def row(self, alias: str = "chat") -> ProbeRow:
        assert self.probes.report
        return next(row for row in self.probes.report.rows if row.alias == alias)


@pytest.fixture
def watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watching:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    declare(scene, every_minutes=60)
    scene.commit("Begin")
    scene.turn()
    return Watching(scene, Vendor(scene))


def declare(scene: Scene, **probes: Any) -> None:
    gateway = scene.resources["Gateway/test"]
    gateway["policy"] = {**gateway["policy"], "probes": probes}


HOUR = 3600.0


def test_an_alias_is_probed_at_its_interval_with_its_calls_in_turns(watching: Watching) -> None:
    watching.run(4 * HOUR)
    made = watching.vendor.made()
    gaps = {(later - at).total_seconds() for (at, _), (later, _) in pairwise(made)}
    assert [variant for _, variant in made] == ["plain", "streamed"] * 2
    assert gaps == {HOUR}


@pytest.mark.parametrize("luck", [0.0, 0.999])
def test_the_interval_is_kept_give_or_take_a_tenth(watching: Watching, luck: float) -> None:
    watching.luck = luck
    watching.run(6 * HOUR)
    made = watching.vendor.made()
    gaps = [(later - at).total_seconds() for (at, _), (later, _) in pairwise(made)]
    assert gaps
    assert all(0.9 * HOUR <= gap <= 1.1 * HOUR + 10 for gap in gaps)


def test_an_alias_that_works_is_shown_so_and_told_to_nobody(watching: Watching) -> None:
    watching.run(HOUR)
    row = watching.row()
    assert (row.works, row.verdict, row.since, watching.told) == (True, "works", None, [])
    assert watching.scene.journal.said(EntryKind.PROBE) == []


def test_a_fault_is_shown_at_once_and_told_once_when_it_was_seen_again(watching: Watching) -> None:
    watching.vendor.errors["chat"] = (401, REFUSED)
    watching.run(160)
    assert (watching.row().works, watching.told) == (False, [])
    watching.run(60)
    watching.run(3 * HOUR)
    [notice] = watching.told
    assert (notice.topic, notice.title) == (Topic.PROBE, "Alias chat: credential refused")
    assert any("refuses our credential" in line for line in notice.lines)
    assert len(list(watching.scene.journal.read(kinds=(EntryKind.PROBE,)))) == 1


def test_a_fault_that_passed_by_itself_is_told_to_nobody(watching: Watching) -> None:
    watching.vendor.errors["chat"] = (429, BUSY)
    watching.run(160)
    watching.vendor.errors.clear()
    watching.run(2 * HOUR)
    assert (watching.row().works, watching.told) == (True, [])


def test_an_alias_that_works_again_is_told_once(watching: Watching) -> None:
    watching.vendor.errors["chat"] = (401, REFUSED)
    watching.run(300)
    watching.vendor.errors.clear()
    watching.run(4 * HOUR)
    assert [one.title for one in watching.told] == [
        "Alias chat: credential refused",
        "Alias chat works again",
    ]
    assert watching.row().works is True


def test_one_call_that_fails_keeps_the_alias_red_while_another_works(watching: Watching) -> None:
    watching.vendor.errors["streamed"] = (400, Said("x", "400", "BadRequestError"))
    watching.run(6 * HOUR)
    assert (watching.row().works, watching.row().verdict) == (False, "request refused")
    assert len(watching.told) == 1


def test_a_restart_tells_nobody_twice(watching: Watching) -> None:
    watching.vendor.errors["chat"] = (401, REFUSED)
    watching.run(300)
    watching.restart()
    watching.run(20)
    assert (watching.row().works, watching.row().since is not None) == (False, True)
    watching.run(2 * HOUR)
    assert len(watching.told) == 1
    watching.vendor.errors.clear()
    watching.restart()
    watching.run(2 * HOUR)
    assert [one.title for one in watching.told][1:] == ["Alias chat works again"]


def test_a_fault_of_our_own_key_makes_no_alias_red(watching: Watching) -> None:
    watching.vendor.errors["chat"] = (401, GONE)
    watching.run(2 * HOUR)
    assert (watching.row().works, watching.row().verdict) == (None, "probe key refused")
    assert watching.told == []


def many(scene: Scene, count: int) -> None:
    for number in range(count):
        scene.declare({**scene.resources["Alias/chat"], "name": f"many{number}"})


def test_after_an_outage_there_is_no_storm(watching: Watching) -> None:
    many(watching.scene, 30)
    watching.scene.commit("Many")
    watching.scene.turn()
    watching.luck = 0.0
    watching.run(2 * HOUR)
    watching.may = False
    watching.scene.now += timedelta(hours=20)
    watching.run(100)
    watching.may = True
    watching.vendor.calls.clear()
    watching.luck = 0.9
    watching.run(250, every_s=2)
    assert watching.vendor.calls == [], "each waits for its place in five minutes"
    watching.run(HOUR / 2, every_s=2)
    assert len(watching.vendor.calls) == 31, "nothing is caught up"


def test_never_two_calls_in_one_look(watching: Watching) -> None:
    many(watching.scene, 30)
    watching.scene.commit("Many")
    watching.scene.turn()
    watching.luck = 0.0
    watching.run(70, every_s=2)
    times = [at for at, _ in watching.vendor.made()]
    assert len(times) == len(set(times)) == 31


def test_while_the_gateway_is_away_or_another_controller_leads_nothing_is_called(
    watching: Watching,
) -> None:
    watching.may = False
    watching.run(3 * HOUR)
    assert watching.vendor.calls == []


def test_a_day_has_a_most(watching: Watching) -> None:
    declare(watching.scene, every_minutes=1, calls_per_day=20)
    watching.scene.commit("Often")
    watching.scene.turn(later_s=2 * HOUR)  # midnight is over in Sydney
    watching.run(HOUR)
    assert watching.probes.report
    assert (len(watching.vendor.calls), watching.probes.report.calls_today) == (20, 20)
    watching.scene.now += timedelta(days=1)
    watching.run(HOUR)
    assert len(watching.vendor.calls) == 40


@dataclass
class Books:
    made: int = 0
    days: list[date] = field(default_factory=list)
    away: bool = False

    async def newest_line(self) -> int:
        raise LedgerUnavailable("away")

    async def probes_on(self, day: date) -> int:
        self.days.append(day)
        if self.away:
            raise LedgerUnavailable("away")
        return self.made

    async def probes_booked(self, alias: str, *, after: int) -> Sequence[Booked]:
        raise AssertionError((alias, after))


def test_a_restart_does_not_begin_the_day_anew(watching: Watching) -> None:
    declare(watching.scene, every_minutes=1, calls_per_day=20)
    watching.scene.commit("Often")
    watching.scene.turn(later_s=2 * HOUR)
    books = Books(made=15)
    watching.restart(books)
    watching.run(HOUR)
    assert len(watching.vendor.calls) == 5
    assert books.days == [date(2026, 11, 24)]


def test_probes_that_are_off_are_not_made(watching: Watching) -> None:
    watching.run(HOUR)
    watching.vendor.calls.clear()
    gateway = watching.scene.resources["Gateway/test"]
    gateway["policy"] = {**gateway["policy"], "probes": "off"}
    watching.scene.commit("Off")
    watching.scene.turn()
    watching.run(2 * HOUR)
    assert (watching.vendor.calls, watching.probes.report) == ([], None)


def test_a_new_target_is_probed_soon_and_forgets_what_the_old_one_did(watching: Watching) -> None:
    watching.vendor.errors["chat"] = (404, Said("x", "404", "NotFoundError"))
    watching.run(300)
    alias = watching.scene.resources["Alias/chat"]
    alias["target"] = {**alias["target"], "model": "another"}
    watching.scene.commit("Swap")
    watching.scene.turn()
    watching.vendor.errors.clear()
    watching.run(40)
    assert watching.row().works is True
    assert [one.title for one in watching.told][1:] == ["Alias chat works again"]


def test_a_swap_that_is_on_hold_makes_no_alias_fail(watching: Watching) -> None:
    watching.run(HOUR)
    alias = watching.scene.resources["Alias/chat"]
    alias["target"] = {**alias["target"], "model": "another"}
    watching.scene.commit("Swap")
    watching.scene.stop = "another controller leads"
    turn = watching.scene.turn()
    assert turn.plan
    assert turn.plan.changes, "git has another target than the gateway"
    watching.run(3 * HOUR)
    assert (watching.row().works, watching.told) == (True, [])


def test_a_target_that_was_changed_by_hand_is_no_target_of_ours(watching: Watching) -> None:
    watching.scene.params("chat")["model"] = "openai/by-hand"
    watching.scene.stop = "another controller leads"
    watching.scene.turn()
    watching.run(3 * HOUR)
    assert (watching.row().works, watching.row().verdict) == (False, "wrong vendor answered")


def test_a_journal_that_cannot_be_read_stops_probes_and_one_that_cannot_be_written_none(
    watching: Watching,
) -> None:
    with watching.scene.broken_journal(JournalUnavailable("the disk is full")):
        watching.run(HOUR)
        assert watching.vendor.calls == []
    watching.vendor.errors["chat"] = (401, REFUSED)
    watching.run(10)
    with watching.scene.broken_journal(JournalUnavailable("the disk is full")):
        watching.run(2 * HOUR)
    assert len(watching.told) == 1
    watching.vendor.errors.clear()
    watching.run(2 * HOUR)
    written = [e.draft.body["works"] for e in watching.scene.journal.read(kinds=(EntryKind.PROBE,))]
    assert written == [False, True]


def test_stopping_waits_for_no_call(watching: Watching) -> None:
    class Hangs(Vendor):
        async def call(self, probe: Probe) -> Answer:
            await asyncio.sleep(3600)
            raise AssertionError(probe)

    async def stopped() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(watching.probes.run(stop))
        await asyncio.sleep(0.05)
        stop.set()
        async with asyncio.timeout(10):
            await running

    watching.vendor = Hangs(watching.scene)
    watching.luck = 0.0
    watching.restart()
    asyncio.run(stopped())
