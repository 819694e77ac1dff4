"""Many wake-ups make one turn. Knows asyncio and nothing of what a turn does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aspire_gitops.errors import AspireGitopsError
from aspire_gitops.reporting import Turn

INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for the end of a turn, and why they want one."""

    cause: str
    answer: asyncio.Future[Turn]


@dataclass(slots=True)
class Wakeups:
    """Why the next turn is wanted, and who waits for it. Belongs to one event loop."""

    _causes: dict[str, None] = field(default_factory=dict)  # a set that keeps its order
    _waiting: list[Waiting] = field(default_factory=list)
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
        self._waiting.append(Waiting(cause, answer))
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
    waiting: Sequence[Waiting]

    def end(self, turn: Turn) -> None:
        """Tell everybody who waits."""
        for one in self.waiting:
            if not one.answer.done():
                one.answer.set_result(turn)
