"""The wall's clock jumps while calls are under way: each is booked once, at its real cost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.admission import Gatekeeper
from aspire_ledger.amounts import NanoAud
from aspire_ledger.audit import verify
from aspire_ledger.process import Admitted, UnderWay
from aspire_ledger.recovery import expire
from aspire_ledger.store import Store
from aspire_ledger.values import Spent
from ledger_support.calls import NOON, RATE, account, request, starting
from ledger_support.memory_store import MemoryStore

Run = Callable[..., Any]
JUMPS = [timedelta(days=-40), timedelta(hours=-1), timedelta(hours=1), timedelta(days=40)]


@dataclass
class Desk:
    store: Store
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.gatekeeper = Gatekeeper(self.store, clock=lambda: self.now, patience_s=0.05)

    async def admitted(self, id_: str, *, worst: int = 60) -> bool:
        decision = await self.gatekeeper.admit(account(cap=1000), starting(id_, worst=worst))
        return isinstance(decision, Admitted)

    async def settle(self, id_: str, cost: int) -> None:
        await self.gatekeeper.settle(id_, Spent(Decimal(cost).scaleb(-9) * RATE))

    async def booked(self) -> list[tuple[str, str, int]]:
        entries = await self.store.entries()
        return [(entry.kind.value, entry.month, entry.cost) for entry in entries]


@pytest.fixture
def desk(run: Run) -> Iterator[Desk]:
    desk = Desk(MemoryStore())
    yield desk
    assert run(verify(desk.store)).ok
    run(desk.gatekeeper.close())
    run(desk.store.close())


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_call_under_way_is_settled_in_the_month_of_its_start(
    desk: Desk, run: Run, jump: timedelta
) -> None:
    async def story() -> list[tuple[str, str, int]]:
        await desk.admitted("r1")
        desk.now += jump
        await desk.admitted("r2")  # whoever comes next makes nobody forget the first
        await desk.settle("r1", 40)
        return await desk.booked()

    assert run(story()) == [("settled", "2026-11", 40)]


@pytest.mark.parametrize("cost", [40, 90], ids=["less than expected", "more than expected"])
def test_a_call_that_a_jump_made_look_lost_is_put_right_when_it_ends(
    desk: Desk, run: Run, cost: int
) -> None:
    """So is a stream that outlasts its alias's timeout, without any jump."""

    async def story() -> list[tuple[str, str, int]]:
        await desk.admitted("r1")
        desk.now += timedelta(hours=1)
        await expire(desk.store, desk.now)
        await desk.admitted("r2")
        await desk.settle("r1", cost)
        return await desk.booked()

    assert run(story()) == [("recovered", "2026-11", 60), ("corrected", "2026-11", cost - 60)]


def test_after_a_jump_back_a_lost_call_is_recovered_when_its_time_comes(
    desk: Desk, run: Run
) -> None:
    async def story() -> list[int]:
        found: list[int] = []
        await desk.admitted("r1")
        for minutes in (-60, 14, 16):  # what is set aside is so for a quarter of an hour
            await expire(desk.store, NOON + timedelta(minutes=minutes))
            found.append(len(await desk.booked()))
        return found

    assert run(story()) == [0, 0, 1]


def test_a_jump_into_the_next_month_opens_that_and_a_jump_back_returns(
    desk: Desk, run: Run
) -> None:
    async def story() -> list[bool]:
        found: list[bool] = []
        for days in (0, 0, 12, -12):  # the 20th of November, the 2nd of December, and back
            desk.now += timedelta(days=days)
            id_ = f"r{len(found)}"
            found.append(await desk.admitted(id_, worst=1000))
            if found[-1]:
                await desk.settle(id_, 1000)
        return found

    assert run(story()) == [True, False, True, False]


def test_a_call_that_is_never_heard_of_again_is_forgotten_at_last() -> None:
    calls = UnderWay(late_s=100)
    for number in range(3):
        wish = request(f"r{number}", hold_s=50)
        calls.add(Admitted(wish, account(), NanoAud(1)), now=float(number))
    calls.forget_lost(now=149)
    assert len(calls) == 3
    calls.forget_lost(now=151)
    assert calls.get("r0") is calls.get("r1") is None
    assert calls.pop("r2")
    assert len(calls) == 0
