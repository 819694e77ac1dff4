"""Take turns until told to stop: lead, reconcile, report, rest.

Decides nothing about a turn. The controller with the lock takes turns, the others
stand by; the kernel or the database hands the lock over.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from aspire_gitops.controller.reconcile import Reconciler
from aspire_gitops.status.value import Role, Turn
from aspire_gitops.vocabulary import AspireGitopsError

INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits for the end of a turn, and why they want one."""

    cause: str
    answer: asyncio.Future[Turn]


@dataclass(slots=True)
class Wakeups:
    """Why the next turn is wanted, and who waits for it. Belongs to one event loop."""

    _causes: dict[str, None] = field(default_factory=dict)  # a set that keeps its order
    _waiting: list[Waiter] = field(default_factory=list)
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, cause: str) -> None:
        """Ask for a turn soon. Twenty calls before it begins still make one turn."""
        self._causes[cause] = None
        self._rung.set()

    async def turn(self, cause: str) -> Turn:
        """Ask for a turn, and return the first one that began after this call.

        Raises:
            AspireGitopsError: No turn is taken here; see `refuse`.
        """
        answer: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiter(cause, answer))
        self.wake(cause)
        return await answer

    async def next(self, within_s: float) -> "Begun":
        """Wait for a wake-up, at most `within_s` seconds, and begin a turn."""
        try:
            async with asyncio.timeout(max(within_s, 0.0)):
                await self._rung.wait()
        except TimeoutError:
            self._causes[INTERVAL] = None
        return self._begin()

    def give_back(self, begun: "Begun") -> None:
        """Put a turn that could not be taken back in front, with all who wait for it."""
        self._causes.update(dict.fromkeys(begun.causes))
        self._waiting[:0] = begun.waiting

    def refuse(self, error: AspireGitopsError) -> None:
        """Tell everybody who waits why no turn is taken here, and forget that they asked."""
        for one in self._waiting:
            self._causes.pop(one.cause, None)
            if not one.answer.done():
                one.answer.set_exception(error)
        self._waiting.clear()

    def abandon(self) -> None:
        """Tell everybody who waits that no turn will come."""
        for one in self._waiting:
            one.answer.cancel()
        self._waiting.clear()

    def _begin(self) -> "Begun":
        begun = Begun(tuple(self._causes), tuple(self._waiting))
        self._causes.clear()
        self._waiting.clear()
        self._rung.clear()
        return begun


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that has begun: what for, and who waits for its end."""

    causes: tuple[str, ...]
    waiting: Sequence[Waiter]

    def end(self, turn: Turn) -> None:
        """Tell everybody who waits."""
        for one in self.waiting:
            if not one.answer.done():
                one.answer.set_result(turn)


_STUCK_AFTER_S = 1800.0

_log = structlog.get_logger("aspire_gitops.controller")


class Lock(Protocol):
    """Who may write; see `locking`."""

    def try_acquire(self) -> bool: ...

    def held(self) -> bool: ...

    def holder(self) -> str | None: ...

    def release(self) -> None: ...


Listener = Callable[[Turn], None]


@dataclass(slots=True)
class Loop:
    """The controller's life. `listeners` hear of each turn; they are quick and never raise."""

    reconciler: Reconciler
    lock: Lock
    wakeups: Wakeups
    listeners: Sequence[Listener] = ()
    standby_s: float = 5.0  # between two tries for the lock
    least_gap_s: float = 1.0  # between two turns, however often somebody pushes
    role: Role = Role.STANDBY
    leader: str | None = None  # who leads instead, while standing by
    unreachable: str = ""  # why nobody can tell who leads
    next_look_s: float = 0.0  # on the monotonic clock
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: float = field(default_factory=time.monotonic)

    def stop(self) -> None:
        """Finish the current change, start no other, and return from `run`."""
        self._stopping.set()
        self.wakeups.wake("stop")

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def alive(self) -> bool:
        """Return whether the loop is alive: it has not rested or worked longer than it should."""
        return time.monotonic() - max(self._moved, self.next_look_s) < _STUCK_AFTER_S

    def moved(self) -> None:
        """Record a sign of life in the middle of a turn."""
        self._moved = time.monotonic()

    async def run(self) -> None:
        """Take turns until `stop`. The first one comes at once."""
        pause_s = 0.0
        self.wakeups.wake("start")
        try:
            while not self.stopping:
                if not await self._leads():
                    self.wakeups.refuse(self._stands_by())
                    await self._rest(self.standby_s)
                    continue
                self.next_look_s = time.monotonic() + pause_s
                begun = await self.wakeups.next(pause_s)
                if self.stopping or not await self._leads():
                    self.wakeups.give_back(begun)
                    continue
                self.moved()
                turn = await self.reconciler.turn(begun.causes)
                pause_s = turn.look_again_s
                self._tell(turn)
                begun.end(turn)
                await self._rest(min(self.least_gap_s, pause_s))
        finally:
            self.wakeups.abandon()
            await asyncio.to_thread(self.lock.release)

    async def _leads(self) -> bool:
        self.moved()
        if await asyncio.to_thread(self.lock.held):
            self.role = Role.LEADER
            return True
        if self.role is Role.LEADER:
            _log.warning("the lock is lost, standing by")
        # Another controller may have written meanwhile: forget everything.
        self.reconciler.forget()
        try:
            leads = await asyncio.to_thread(self.lock.try_acquire)
            self.leader = None if leads else await asyncio.to_thread(self.lock.holder)
            self.unreachable = ""
        except (AspireGitopsError, OSError) as error:
            leads, self.leader, self.unreachable = False, None, str(error)
            _log.warning("the lock cannot be reached, standing by", why=str(error))
        self.role = Role.LEADER if leads else Role.STANDBY
        if leads:
            _log.info("leading")
        return leads

    def _stands_by(self) -> AspireGitopsError:
        if self.unreachable:
            return AspireGitopsError(
                f"this controller is on standby: {self.unreachable}",
                help="fix the database that ASPIRE_GITOPS_DATABASE_URL names",
            )
        leader = self.leader or "another controller"
        return AspireGitopsError(
            f"this controller is on standby; {leader} leads", help="send the request to the leader"
        )

    async def _rest(self, seconds: float) -> None:
        self.next_look_s = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _tell(self, turn: Turn) -> None:
        for listener in self.listeners:
            listener(turn)
