"""The line in front of a budget that is nearly spent: calls under way may leave something.

One call at a time asks the store, first come first served; it asks when a call of
this process ended, and now and then for those of other processes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress


class Line:
    """Who waits for one budget in this process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._needs: list[int] = []

    @property
    def is_empty(self) -> bool:
        return not self._needs

    def is_behind(self, need: int) -> bool:
        """Say whether a call that needs so much must not ask before those who wait.

        A smaller one may: it fits where they do not.
        """
        return bool(self._needs) and need >= min(self._needs)

    def something_ended(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @contextmanager
    def joined(self, need: int) -> Iterator[None]:
        self._needs.append(need)
        try:
            yield
        finally:
            self._needs.remove(need)

    @asynccontextmanager
    async def first(self, until: float) -> AsyncIterator[None]:
        """Be the one who asks.

        Raises:
            TimeoutError: It did not come to that.
        """
        async with asyncio.timeout_at(until):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    def changed(self) -> asyncio.Event:
        """Return what is set when a call ends after this moment."""
        return self._changed


async def ended(changed: asyncio.Event, *, at_most_s: float) -> None:
    """Wait until a call ended, or for so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await changed.wait()
