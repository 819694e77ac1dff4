"""Deliver notices to every receiver, in order, at least once, without stopping a turn.

`put` saves a notice on disk and returns. `run` delivers it in the background: each
receiver has its own queue, so that a dead one does not hold up the others. A receiver
that fails is retried with a growing pause, for a day.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from aspire_gitops.notify.receiver import NoticeCounters, NoticeCounts, Receiver, RetryPolicy
from aspire_gitops.notify.spool import QueuedNotice, Spool
from aspire_gitops.status.value import Notice
from aspire_gitops.vocabulary import NotificationFailed, plural

MOST_WAITING = 1000
_log = structlog.get_logger("aspire_gitops.notify")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Line:
    """One receiver and how it goes: failures in a row, and how many losses it has been told of."""

    receiver: Receiver
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    losses_said: int = 0

    @property
    def name(self) -> str:
        return self.receiver.name


class Outbox:
    """The notices in `folder`, which nobody else writes to while this exists."""

    def __init__(
        self,
        folder: Path,
        receivers: Sequence[Receiver],
        *,
        clock: Callable[[], datetime] = _now,
        pace: RetryPolicy | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Take over what waits in the folder. A folder that cannot be read is logged."""
        names = frozenset(receiver.name for receiver in receivers)
        if len(names) != len(receivers):
            raise ValueError("two receivers have the same name")
        self._receivers = tuple(receivers)
        self._clock = clock
        self._pace = pace or RetryPolicy()
        self._tallies = NoticeCounters(names)
        self._spool = Spool(folder, names, self._tallies, most=most_waiting)
        self._lines: tuple[_Line, ...] = ()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def untold(self) -> int:
        """How many notices wait for at least one receiver."""
        return len(self._spool)

    @property
    def unsaved(self) -> int:
        """How many of them would not survive the end of this process: the disk is full."""
        return self._spool.unsaved

    @property
    def counts(self) -> Mapping[str, NoticeCounts]:
        """What became of the notices since the start, by receiver."""
        return self._tallies.now()

    def put(self, notice: Notice) -> None:
        """Take a notice, from any thread. Returns at once and never raises for a fault of the world.

        A notice that is on disk when this returns is told even if the process
        is killed. When too many wait, the oldest is dropped.
        """
        names = frozenset(one.name for one in self._receivers if one.wants(notice))
        if not names:
            return
        self._spool.add(notice, names, self._clock())
        loop = self._loop
        if loop:
            with suppress(RuntimeError):  # it has just been closed
                loop.call_soon_threadsafe(self._ring)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell what waits and what comes, until `stop`; then each receiver is tried a last time.

        Takes at most `grace_s` from then on. What is left stays in the folder.
        """
        self._lines = tuple(_Line(receiver) for receiver in self._receivers)
        self._loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(self._serve(line, stop)) for line in self._lines]
        try:
            await stop.wait()
            self._ring()
            if tasks:
                await asyncio.wait(tasks, timeout=self._pace.grace_s)
        finally:
            self._loop = None
            await _ended(tasks)

    def _ring(self) -> None:
        for line in self._lines:
            line.bell.set()

    async def _serve(self, line: _Line, stop: asyncio.Event) -> None:
        while not stop.is_set():
            line.bell.clear()
            queued = self._spool.next_for(line.receiver)
            if queued is None:
                await line.bell.wait()
                continue
            pause_s = await self._try(line, queued)
            if pause_s:
                # Not the bell: another notice must not make us retry sooner.
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)
        while queued := self._spool.next_for(line.receiver):
            if await self._try(line, queued):
                return

    async def _try(self, line: _Line, queued: QueuedNotice) -> float:
        """Tell once. Returns how long to leave this receiver alone, in seconds."""
        losses = self.counts[line.name].given_up
        error = await self._told(line, queued, losses - line.losses_said)
        if error is None:
            if self._spool.done(queued, line.name):
                self._tallies.add(line.name, told=1)
            line.failures, line.losses_said = 0, losses
            return 0.0
        self._tallies.add(line.name, failed_tries=1)
        line.failures += 1
        pause_s = self._pace.pause_s(line.failures, error.retry_after_s, random.random())  # noqa: S311 (spreads pauses, guards nothing)
        told = {"receiver": line.name, "notice": queued.notice.id, "why": str(error)}
        if error.permanent or self._is_old(queued):
            if self._spool.done(queued, line.name):
                self._tallies.add(line.name, given_up=1)
            _log.warning("gave up on a notice", **told)
        else:
            again = round(pause_s, 1)
            _log.warning(
                "not delivered, trying again", **told, tries=line.failures, again_in_s=again
            )
        return pause_s

    async def _told(
        self, line: _Line, queued: QueuedNotice, losses: int
    ) -> NotificationFailed | None:
        try:
            async with asyncio.timeout(self._pace.try_s):
                await line.receiver.tell(_with_losses(queued.notice, losses))
        except NotificationFailed as error:
            return error
        except TimeoutError:
            return NotificationFailed(f"no answer in {self._pace.try_s:g} s")
        except Exception as error:  # noqa: BLE001 (a bug in one receiver must not end the others)
            # Its words are not ours, so they may hold a secret.
            return NotificationFailed(f"a bug in this receiver: {type(error).__name__}")
        return None

    def _is_old(self, queued: QueuedNotice) -> bool:
        return (self._clock() - queued.accepted_at).total_seconds() > self._pace.give_up_s


def _with_losses(notice: Notice, losses: int) -> Notice:
    if not losses:
        return notice
    said = f"{plural(losses, 'earlier notice')} could not be delivered, see the controller's log"
    return replace(notice, lines=(*notice.lines, said))


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(end, Exception):
            _log.error("a receiver's task ended by a bug", error=type(end).__name__)
