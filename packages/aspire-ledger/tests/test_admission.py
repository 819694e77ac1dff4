"""Patience near the cap, the turn of the month, and what holds while the store is away."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aspire_ledger.account import Mode
from aspire_ledger.admission import Gatekeeper
from aspire_ledger.process import Admitted, Decision, Reason, Refused
from aspire_ledger.store import StoreUnavailable
from aspire_ledger.values import Answer, Booked, Counted, EntryKind, Request, Settlement, Spent
from ledger_support.calls import NOON, RATE, SYDNEY, account, starting
from ledger_support.memory_store import MemoryStore, Tables


class Scene(MemoryStore):
    """A store that can be taken away, and the gatekeeper in front of it."""

    def __init__(
        self,
        tables: Tables | None = None,
        *,
        patience_s: float = 5.0,
        poll_s: float = 0.05,
        allow_for_s: float = 0.0,
    ) -> None:
        super().__init__(tables)
        self.loses_answers = False
        self.asked = 0
        self.settled: list[Settlement] = []
        self.now = NOON
        self.gatekeeper = Gatekeeper(
            self,
            clock=lambda: self.now,
            patience_s=patience_s,
            poll_s=poll_s,
            allow_for_s=allow_for_s,
        )
        self.gatekeeper.backlog._pause_s = 0.01

    async def admit(self, request: Request) -> Answer:
        self.asked += 1
        self._check()
        answer = await super().admit(request)
        if self.loses_answers:
            raise StoreUnavailable("the answer got lost; try again")
        return answer

    async def settle(self, settlement: Settlement) -> Booked:
        self._check()
        self.settled.append(settlement)
        return await super().settle(settlement)

    async def release(self, request_id: str, at: datetime) -> None:
        self._check()
        await super().release(request_id, at)

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("away; try again")

    async def wish(
        self, id_: str, *, cap: int = 100, worst: int = 100, mode: Mode = Mode.FAIR
    ) -> Decision:
        return await self.gatekeeper.admit(account(cap=cap, mode=mode), starting(id_, worst=worst))

    async def spend(self, id_: str, cost: int) -> Booked | None:
        return await self.gatekeeper.settle(id_, spent(cost))

    async def standing(self, month: str = "2026-11") -> tuple[int, int]:
        totals = await self.totals(month)
        return (totals[0].spent, totals[0].reserved) if totals else (0, 0)


@contextmanager
def playing(scene: Scene) -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        try:
            yield runner
        finally:
            runner.run(scene.gatekeeper.close())
            runner.run(scene.close())


def spent(cost: int) -> Spent:
    return Spent(Decimal(cost).scaleb(-9) * RATE, "acme", "chat-1")


def why(decision: Decision) -> Reason | None:
    return decision.reason if isinstance(decision, Refused) else None


# ── near the cap ─────────────────────────────────────────────────────────────


def test_a_fair_call_waits_for_the_one_under_way_and_gets_what_it_leaves() -> None:
    scene = Scene()

    async def story() -> Decision:
        await scene.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2"))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await scene.spend("r1", 40)
        return await waiting

    with playing(scene) as runner:
        assert isinstance(runner.run(story()), Admitted)
        assert runner.run(scene.standing()) == (40, 40)


def test_whoever_waits_is_refused_when_the_call_under_way_takes_all() -> None:
    scene = Scene()

    async def story() -> list[Decision]:
        await scene.wish("r1")
        waiting = [asyncio.create_task(scene.wish(f"w{n}")) for n in range(5)]
        await asyncio.sleep(0.01)
        await scene.spend("r1", 100)
        return await asyncio.gather(*waiting)

    with playing(scene) as runner:
        decisions = runner.run(story())
    assert [why(decision) for decision in decisions] == [Reason.CAP] * 5


@pytest.mark.parametrize("worst", [1500, 10**6])
def test_calls_that_end_cheaper_than_expected_let_no_crowd_in(worst: int) -> None:
    """Each would free a crumb, and each crumb is more than the one nano-AUD that lets one in."""
    scene = Scene(patience_s=30)
    cap, admitted = 100_000, 0

    async def client(name: int) -> None:
        nonlocal admitted
        for number in range(100):
            decision = await scene.wish(f"c{name}.{number}", cap=cap, worst=worst)
            if isinstance(decision, Refused):
                return
            admitted += 1
            await asyncio.sleep(0.001)
            await scene.spend(f"c{name}.{number}", 1200 if admitted == 1 else 1000)

    async def story() -> None:
        await asyncio.gather(*(client(name) for name in range(32)))

    with playing(scene) as runner:
        runner.run(story())
        total, _ = runner.run(scene.standing())
    assert 99 <= admitted <= 101
    assert cap <= total < cap + 1200


def test_a_fair_call_beside_others_needs_what_it_is_expected_to_cost() -> None:
    scene = Scene(patience_s=0.02)

    async def story() -> list[Reason | None]:
        await scene.wish("r0", worst=30)
        await scene.spend("r0", 30)
        decisions = [await scene.wish(f"r{n}", worst=30) for n in (1, 2, 3)]
        return [why(each) for each in decisions]

    with playing(scene) as runner:
        assert runner.run(story()) == [None, None, Reason.BUSY]  # 10 of 100 are left


def test_patience_ends() -> None:
    scene = Scene(patience_s=0.12)

    async def story() -> tuple[Decision, float]:
        await scene.wish("r1")
        began = asyncio.get_running_loop().time()
        return await scene.wish("r2"), asyncio.get_running_loop().time() - began

    with playing(scene) as runner:
        decision, waited = runner.run(story())
    assert why(decision) is Reason.BUSY
    assert 0.1 <= waited < 2


def test_what_another_process_settles_is_noticed() -> None:
    tables = Tables()
    scene, other = Scene(tables), Scene(tables)

    async def story() -> Decision:
        await other.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2"))
        await asyncio.sleep(0.01)
        await other.spend("r1", 40)
        return await waiting

    with playing(scene) as runner:
        assert isinstance(runner.run(story()), Admitted)
        runner.run(other.close())


def test_only_one_of_those_who_wait_asks_the_store() -> None:
    scene = Scene(patience_s=0.2)

    async def story() -> int:
        await scene.wish("r1")
        asked = scene.asked
        await asyncio.gather(*(scene.wish(f"w{n}") for n in range(50)))
        return scene.asked - asked

    with playing(scene) as runner:
        assert runner.run(story()) < 120  # each asks when it comes and when it gives up


def test_those_who_wait_come_first() -> None:
    scene = Scene()
    order: list[str] = []

    async def arrive(id_: str) -> None:
        if isinstance(await scene.wish(id_, worst=100), Admitted):
            order.append(id_)
            await asyncio.sleep(0.005)
            await scene.spend(id_, 10)

    async def story() -> None:
        await scene.wish("r1")
        waiting = []
        for number in range(6):
            waiting.append(asyncio.create_task(arrive(f"w{number}")))
            await asyncio.sleep(0.002)
        await scene.spend("r1", 100 - 60)
        await asyncio.gather(*waiting)

    with playing(scene) as runner:
        runner.run(story())
    assert order == [f"w{number}" for number in range(6)]


def test_a_call_that_ends_is_noticed_at_once_in_its_own_process() -> None:
    scene = Scene(patience_s=60, poll_s=60)

    async def story() -> Decision:
        await scene.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2"))
        await asyncio.sleep(0.01)
        await scene.spend("r1", 40)
        async with asyncio.timeout(5):
            return await waiting

    with playing(scene) as runner:
        assert isinstance(runner.run(story()), Admitted)


def test_whoever_comes_later_does_not_take_what_another_waits_for() -> None:
    tables = Tables()
    scene, other = Scene(tables, poll_s=0.3), Scene(tables)
    order: list[str] = []

    async def arrive(id_: str) -> None:
        if isinstance(await scene.wish(id_), Admitted):
            order.append(id_)
            await scene.spend(id_, 10)

    async def story() -> None:
        await other.wish("r1")
        waiting = asyncio.create_task(arrive("first"))
        await asyncio.sleep(0.05)
        await other.spend("r1", 40)  # in another process: the one who waits has not noticed yet
        await asyncio.gather(arrive("second"), waiting)

    with playing(scene) as runner:
        runner.run(story())
        runner.run(other.close())
    assert order == ["first", "second"]


def test_a_small_strict_call_passes_a_large_one_that_waits() -> None:
    scene = Scene()

    async def story() -> Decision:
        await scene.wish("r1", worst=50, mode=Mode.STRICT)
        large = asyncio.create_task(scene.wish("large", worst=80, mode=Mode.STRICT))
        await asyncio.sleep(0.01)
        async with asyncio.timeout(2):
            small = await scene.wish("small", worst=20, mode=Mode.STRICT)
        large.cancel()
        await asyncio.gather(large, return_exceptions=True)
        return small

    with playing(scene) as runner:
        assert isinstance(runner.run(story()), Admitted)


def test_a_strict_call_that_never_fits_is_refused_at_once_with_what_it_needs() -> None:
    scene = Scene()
    with playing(scene) as runner:
        runner.run(scene.wish("r1", worst=50, mode=Mode.STRICT))
        runner.run(scene.spend("r1", 50))
        refused = runner.run(scene.wish("r2", worst=60, mode=Mode.STRICT))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.spent, refused.need) == (Reason.CAP, 50, 60)
    assert refused.month_end == datetime(2026, 12, 1, tzinfo=SYDNEY)


def test_whoever_gives_up_waiting_leaves_nothing_behind() -> None:
    scene = Scene()

    async def story() -> None:
        await scene.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2"))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await scene.spend("r1", 40)

    with playing(scene) as runner:
        runner.run(story())
        assert runner.run(scene.standing()) == (40, 0)
        assert scene.gatekeeper._lines == {}


def test_a_free_call_is_admitted_when_all_is_spent() -> None:
    scene = Scene()
    with playing(scene) as runner:
        runner.run(scene.wish("r1"))
        runner.run(scene.spend("r1", 100))
        assert isinstance(runner.run(scene.wish("r2", worst=0)), Admitted)


def test_an_id_is_not_used_twice() -> None:
    scene = Scene()
    with playing(scene) as runner:
        runner.run(scene.wish("r1"))
        runner.run(scene.spend("r1", 10))
        assert why(runner.run(scene.wish("r1"))) is Reason.REPEATED


# ── settlement ───────────────────────────────────────────────────────────────


def test_a_call_of_which_no_cost_is_known_is_booked_as_reserved_and_says_so() -> None:
    scene = Scene()

    async def story() -> Booked | None:
        await scene.wish("r1", cap=100, worst=60)
        return await scene.gatekeeper.settle("r1", Spent(None, note="nobody knows"))

    with playing(scene) as runner:
        booked = runner.run(story())
    (told,) = scene.settled
    assert booked
    assert (booked.cost, told.cost) == (60, 60)
    assert (told.estimated, told.note) == (True, "nobody knows")


def test_what_is_known_of_a_call_goes_to_the_store_with_it() -> None:
    scene = Scene()
    said = replace(
        spent(7),
        counted=Counted(3, 0, 4),
        deployment="row-1",
        call_type="acompletion",
        reported_usd=Decimal("0.5"),
        note="the gateway computed 0.5 USD",
    )

    async def story() -> None:
        await scene.wish("r1", cap=100, worst=60)
        await scene.gatekeeper.settle("r1", said)

    with playing(scene) as runner:
        runner.run(story())
    (told,) = scene.settled
    found = (told.counted, told.deployment, told.call_type, told.reported_usd, told.estimated)
    assert found == (Counted(3, 0, 4), "row-1", "acompletion", Decimal("0.5"), False)
    assert told.note == said.note


def test_an_abandoned_call_is_booked_at_once_and_corrected_by_what_comes_later() -> None:
    scene = Scene()

    async def story() -> list[Booked | None]:
        await scene.wish("r1", cap=100, worst=60)
        return [await scene.gatekeeper.abandon("r1", spent(50)), await scene.spend("r1", 20)]

    with playing(scene) as runner:
        abandoned, late = runner.run(story())
        entries = runner.run(scene.entries())
        assert runner.run(scene.standing()) == (20, 0)
    assert abandoned
    assert late
    assert (abandoned.kind, late.kind) == (EntryKind.RECOVERED, EntryKind.CORRECTED)
    assert [entry.cost for entry in entries] == [50, -30]


def test_an_abandoned_call_makes_room_for_whoever_waits() -> None:
    scene = Scene()

    async def story() -> Decision:
        await scene.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2", worst=40))
        await asyncio.sleep(0.01)
        await scene.gatekeeper.abandon("r1", spent(40))
        return await waiting

    with playing(scene) as runner:
        assert isinstance(runner.run(story()), Admitted)


@pytest.mark.parametrize("why_not", ["unknown", "settled"])
def test_abandoning_what_is_not_under_way_books_nothing(why_not: str) -> None:
    scene = Scene()

    async def story() -> Booked | None:
        if why_not == "settled":
            await scene.wish("r1", worst=60)
            await scene.spend("r1", 20)
        return await scene.gatekeeper.abandon("r1", spent(50))

    with playing(scene) as runner:
        assert runner.run(story()) is None
        assert sum(entry.cost for entry in runner.run(scene.entries())) in {0, 20}


def test_a_call_that_this_process_did_not_admit_is_booked_from_its_description() -> None:
    scene = Scene()
    call = scene.gatekeeper.call(account(), "r9", "chat", "wiki.key", NOON)
    with playing(scene) as runner:
        booked = runner.run(scene.gatekeeper.settle("r9", spent(5), call))
    assert booked
    assert (booked.kind, booked.month) == (EntryKind.UNADMITTED, "2026-11")


def test_a_call_of_which_nothing_is_known_is_not_booked() -> None:
    scene = Scene()
    with playing(scene) as runner:
        assert runner.run(scene.gatekeeper.settle("r9", spent(5))) is None
        assert runner.run(scene.entries()) == []


def test_a_release_frees_at_once() -> None:
    scene = Scene()

    async def story() -> Decision:
        await scene.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2"))
        await asyncio.sleep(0.01)
        await scene.gatekeeper.release("r1")
        return await waiting

    with playing(scene) as runner:
        assert isinstance(runner.run(story()), Admitted)


# ── the turn of the month ────────────────────────────────────────────────────

# The 1st of April is in summer time in Sydney, the 1st of May is not; and so with October.
TURNS = [
    pytest.param(
        datetime(2027, 3, 31, 13, 0, tzinfo=UTC), "2027-03", "2027-04", id="April: UTC+11"
    ),
    pytest.param(datetime(2027, 4, 30, 14, 0, tzinfo=UTC), "2027-04", "2027-05", id="May: UTC+10"),
    pytest.param(datetime(2026, 9, 30, 14, 0, tzinfo=UTC), "2026-09", "2026-10", id="October: +10"),
    pytest.param(
        datetime(2026, 10, 31, 13, 0, tzinfo=UTC), "2026-10", "2026-11", id="November: +11"
    ),
]


@pytest.mark.parametrize(("midnight", "old", "new"), TURNS)
def test_the_month_turns_at_midnight_in_sydney_under_load(
    midnight: datetime, old: str, new: str
) -> None:
    scene = Scene(patience_s=0.05)
    scene.now = midnight - timedelta(microseconds=1)

    async def story() -> tuple[list[Decision], list[Decision]]:
        before = await asyncio.gather(*(scene.wish(f"b{n}", worst=10) for n in range(20)))
        scene.now = midnight
        after = await asyncio.gather(*(scene.wish(f"a{n}", worst=10) for n in range(20)))
        for prefix in ("a", "b"):  # the old ones end in the new month
            await asyncio.gather(*(scene.spend(f"{prefix}{n}", 10) for n in range(10)))
        return before, after

    with playing(scene) as runner:
        before, after = runner.run(story())
        assert runner.run(scene.standing(old)) == (100, 0)
        assert runner.run(scene.standing(new)) == (100, 0)
    for decisions in (before, after):
        assert [why(each) for each in decisions] == [None] * 10 + [Reason.BUSY] * 10
    refused = [each for each in before if isinstance(each, Refused)]
    assert {each.month_end.astimezone(UTC) for each in refused} == {midnight}


def test_whoever_waits_through_midnight_pays_from_the_new_month() -> None:
    scene = Scene()
    midnight = datetime(2026, 9, 30, 14, 0, tzinfo=UTC)
    scene.now = midnight - timedelta(seconds=1)

    async def story() -> Decision:
        await scene.wish("r1")
        waiting = asyncio.create_task(scene.wish("r2"))
        await asyncio.sleep(0.01)
        scene.now = midnight
        return await waiting

    with playing(scene) as runner:
        decision = runner.run(story())
    assert isinstance(decision, Admitted)
    assert decision.request.call.month == "2026-10"


@pytest.mark.parametrize(
    ("change", "day"),
    [
        pytest.param(datetime(2026, 10, 3, 16, 0, tzinfo=UTC), "2026-10-04", id="an hour is lost"),
        pytest.param(datetime(2027, 4, 3, 16, 0, tzinfo=UTC), "2027-04-04", id="an hour is twice"),
    ],
)
def test_a_clock_change_moves_no_call_to_another_day(change: datetime, day: str) -> None:
    scene = Scene()

    async def story() -> list[tuple[str, int]]:
        for number, minutes in enumerate((-30, 0, 30)):
            scene.now = change + timedelta(minutes=minutes)
            await scene.wish(f"r{number}", worst=10)
            await scene.spend(f"r{number}", 10)
        return [(share.name, share.calls) for share in await scene.daily("lab", day[:7])]

    with playing(scene) as runner:
        assert runner.run(story()) == [(day, 3)]


# ── outages ──────────────────────────────────────────────────────────────────


def test_calls_are_refused_while_the_store_is_away() -> None:
    scene = Scene()
    with playing(scene) as runner:
        scene.away = True
        assert why(runner.run(scene.wish("r1"))) is Reason.OUTAGE
        scene.away = False
        assert isinstance(runner.run(scene.wish("r2")), Admitted)


def test_a_store_that_is_away_is_asked_now_and_then_only() -> None:
    scene = Scene()
    with playing(scene) as runner:
        scene.away = True
        for number in range(50):
            runner.run(scene.wish(f"r{number}"))
        assert scene.asked < 10
        scene.away = False


def test_an_admission_whose_answer_got_lost_is_taken_back() -> None:
    scene = Scene()

    async def story() -> tuple[int, int]:
        scene.loses_answers = True
        assert why(await scene.wish("r1")) is Reason.OUTAGE
        scene.loses_answers = False
        await asyncio.sleep(0.05)
        return await scene.standing()

    with playing(scene) as runner:
        assert runner.run(story()) == (0, 0)


def test_calls_that_were_let_through_are_booked_when_the_store_is_back() -> None:
    scene = Scene(allow_for_s=60)

    async def story() -> list[tuple[str, int]]:
        scene.away = True
        decisions = [await scene.wish(f"r{n}") for n in range(5)]
        assert all(isinstance(each, Admitted) and each.unasked for each in decisions)
        assert [await scene.spend(f"r{n}", 7) for n in range(5)] == [None] * 5
        scene.away = False
        await asyncio.sleep(0.1)
        return [(entry.kind.value, entry.cost) for entry in await scene.entries()]

    with playing(scene) as runner:
        assert runner.run(story()) == [("unadmitted", 7)] * 5


def test_calls_are_let_through_only_so_long() -> None:
    scene = Scene(allow_for_s=0.05)

    async def story() -> list[Reason | None]:
        scene.away = True
        first = why(await scene.wish("r1"))
        await asyncio.sleep(0.06)
        return [first, why(await scene.wish("r2"))]

    with playing(scene) as runner:
        assert runner.run(story()) == [None, Reason.OUTAGE]
        scene.away = False


def test_calls_are_let_through_only_as_many_as_are_remembered() -> None:
    scene = Scene(allow_for_s=60)
    scene.gatekeeper._remember = 3

    async def story() -> list[Reason | None]:
        scene.away = True
        return [why(await scene.wish(f"r{n}")) for n in range(4)]

    with playing(scene) as runner:
        assert runner.run(story()) == [None, None, None, Reason.OUTAGE]
        scene.away = False


def test_a_cost_that_could_not_be_told_is_told_later_once() -> None:
    scene = Scene()

    async def story() -> tuple[int, int]:
        await scene.wish("r1")
        scene.away = True
        assert await scene.spend("r1", 30) is None
        assert await scene.gatekeeper.settle("r1", spent(30)) is None
        scene.away = False
        await asyncio.sleep(0.05)
        return await scene.standing()

    with playing(scene) as runner:
        assert runner.run(story()) == (30, 0)


def test_a_call_cancelled_while_it_asks_leaves_nothing_reserved() -> None:
    scene = Scene()
    held = asyncio.Event()
    ask = scene.admit

    async def slow(request: Request) -> Answer:
        answer = await ask(request)
        await held.wait()
        return answer

    async def story() -> tuple[int, int]:
        scene.admit = slow  # type: ignore[method-assign]
        asking = asyncio.create_task(scene.wish("r1"))
        await asyncio.sleep(0.01)
        assert (await scene.standing())[1] > 0
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.sleep(0.05)
        return await scene.standing()

    with playing(scene) as runner:
        assert runner.run(story()) == (0, 0)
