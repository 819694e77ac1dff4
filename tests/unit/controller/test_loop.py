"""The loop and its wake-ups: many make one turn, nobody waits for ever, stopping is clean."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from aspire_gitops.controller.loop import Loop, Wakeups
from aspire_gitops.status.value import Role, Standing, Turn
from aspire_gitops.vocabulary import AspireGitopsError, JournalUnavailable


def a_turn(*causes: str, look_again_s: float = 3_600.0) -> Turn:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Turn("t", causes, at, 0.1, Standing.READY, "at rest", look_again_s=look_again_s)


@dataclass
class Turning:
    """A reconciler that does nothing but count."""

    look_again_s: float = 3_600.0
    turns: list[tuple[str, ...]] = field(default_factory=list)
    forgotten: int = 0
    during: Callable[[], None] = lambda: None

    async def turn(self, causes: tuple[str, ...]) -> Turn:
        self.turns.append(causes)
        await asyncio.sleep(0.01)
        self.during()
        return a_turn(*causes, look_again_s=self.look_again_s)

    def forget(self) -> None:
        self.forgotten += 1


@dataclass
class FakeLock:
    free: bool = True
    mine: bool = False
    error: JournalUnavailable | None = None

    def try_acquire(self) -> bool:
        if self.error:
            raise self.error
        self.mine = self.mine or self.free
        return self.mine

    def held(self) -> bool:
        return self.mine

    def holder(self) -> str | None:
        return "the other one"

    def release(self) -> None:
        self.mine = False


def loop_of(turning: Turning, lock: FakeLock | None = None) -> Loop:
    return Loop(turning, lock or FakeLock(), Wakeups(), standby_s=0.01, least_gap_s=0.0)  # type: ignore[arg-type]  # a Turning turns


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 (any condition, of any object)
            await asyncio.sleep(0.005)


def test_twenty_wake_ups_during_a_turn_make_one_more() -> None:
    async def scenario() -> list[tuple[str, ...]]:
        turning = Turning()
        loop = loop_of(turning)
        running = asyncio.create_task(loop.run())
        await until(lambda: len(turning.turns) == 1)
        for _ in range(20):
            loop.wakeups.wake("webhook")
        loop.wakeups.wake("SIGHUP")
        await asyncio.sleep(0.1)
        loop.stop()
        await running
        return turning.turns

    assert asyncio.run(scenario()) == [("start",), ("webhook", "SIGHUP")]


def test_who_asks_gets_the_turn_that_began_afterwards() -> None:
    async def scenario() -> tuple[str, ...]:
        turning = Turning()
        loop = loop_of(turning)
        running = asyncio.create_task(loop.run())
        await until(lambda: bool(turning.turns))  # the first one is under way
        turn = await loop.wakeups.turn("reconcile")
        loop.stop()
        await running
        return turn.causes

    assert asyncio.run(scenario()) == ("reconcile",)


def test_the_interval_is_a_cause_too() -> None:
    async def scenario() -> list[tuple[str, ...]]:
        turning = Turning(look_again_s=0.02)
        loop = loop_of(turning)
        running = asyncio.create_task(loop.run())
        await until(lambda: len(turning.turns) >= 3)
        loop.stop()
        await running
        return turning.turns[:3]

    assert asyncio.run(scenario()) == [("start",), ("interval",), ("interval",)]


def test_stopping_lets_the_turn_in_hand_end_and_frees_the_lock() -> None:
    async def scenario() -> tuple[int, bool]:
        lock, turning = FakeLock(), Turning(look_again_s=0)
        loop = loop_of(turning, lock)
        turning.during = loop.stop
        await asyncio.wait_for(loop.run(), 5)
        return len(turning.turns), lock.mine

    assert asyncio.run(scenario()) == (1, False)


def test_who_waits_when_it_stops_is_told() -> None:
    async def scenario() -> None:
        turning = Turning()
        loop = loop_of(turning)
        running = asyncio.create_task(loop.run())
        await until(lambda: bool(turning.turns))  # the first one is under way
        waiting = asyncio.create_task(loop.wakeups.turn("reconcile"))
        await asyncio.sleep(0)
        loop.stop()
        await running
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_who_asks_one_that_stands_by_is_sent_to_the_leader_and_forgotten() -> None:
    async def scenario() -> tuple[str, tuple[str, ...]]:
        lock, turning = FakeLock(free=False), Turning()
        loop = loop_of(turning, lock)
        running = asyncio.create_task(loop.run())
        with pytest.raises(AspireGitopsError) as refused:
            await asyncio.wait_for(loop.wakeups.turn("reconcile"), 5)
        lock.free = True
        await until(lambda: bool(turning.turns))
        loop.stop()
        await running
        return str(refused.value), turning.turns[0]

    message, causes = asyncio.run(scenario())
    assert (
        message
        == "this controller is on standby; the other one leads; send the request to the leader"
    )
    assert causes == ("start",), "what was refused is not done later after all"


def test_who_asks_one_that_cannot_reach_the_lock_is_told_so() -> None:
    async def scenario() -> str:
        lock = FakeLock(error=JournalUnavailable("the lock cannot be taken"))
        loop = loop_of(Turning(), lock)
        running = asyncio.create_task(loop.run())
        with pytest.raises(AspireGitopsError) as refused:
            await asyncio.wait_for(loop.wakeups.turn("reconcile"), 5)
        loop.stop()
        await running
        return str(refused.value)

    assert "on standby: the lock cannot be taken; fix the database" in asyncio.run(scenario())


def test_standing_by_takes_no_turn_and_names_the_leader() -> None:
    async def scenario() -> tuple[list[tuple[str, ...]], Role, str | None]:
        turning = Turning()
        loop = loop_of(turning, FakeLock(free=False))
        running = asyncio.create_task(loop.run())
        await asyncio.sleep(0.1)
        seen = (turning.turns, loop.role, loop.leader)
        loop.stop()
        await running
        return seen

    assert asyncio.run(scenario()) == ([], Role.STANDBY, "the other one")


def test_a_new_leader_recalls_everything_before_its_first_turn() -> None:
    async def scenario() -> tuple[int, int]:
        lock, turning = FakeLock(free=False), Turning()
        loop = loop_of(turning, lock)
        running = asyncio.create_task(loop.run())
        await asyncio.sleep(0.05)
        lock.free = True
        await until(lambda: bool(turning.turns))
        loop.stop()
        await running
        return turning.forgotten, len(turning.turns)

    forgotten, turns = asyncio.run(scenario())
    assert forgotten >= 1
    assert turns == 1


def test_a_lock_that_cannot_be_reached_is_standing_by() -> None:
    async def scenario() -> Role:
        lock = FakeLock(error=JournalUnavailable("gone; try again"))
        loop = loop_of(Turning(), lock)
        running = asyncio.create_task(loop.run())
        await asyncio.sleep(0.05)
        role, lock.error = loop.role, None
        await until(lambda: loop.role is Role.LEADER)
        loop.stop()
        await running
        return role

    assert asyncio.run(scenario()) is Role.STANDBY
