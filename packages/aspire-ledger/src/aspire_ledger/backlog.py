"""What could not be told to the store is told again until it listens. In memory, bounded.

Whatever is lost with the process leaves its reservation behind, and that is
recovered; so only a call that was let through during an outage can be lost.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeAlias

from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import Settlement

_PAUSE_S: Final = 1.0

Untold: TypeAlias = "Settlement | datetime"  # a moment: release, as of then


class Backlog:
    """At most `size` settlements and releases, by request id; the oldest give way."""

    def __init__(self, store: Store, *, size: int = 10_000, pause_s: float = _PAUSE_S) -> None:
        self._store, self._size, self._pause_s = store, size, pause_s
        self._untold: OrderedDict[str, Untold] = OrderedDict()
        self._telling: asyncio.Task[None] | None = None
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._untold)

    @property
    def is_full(self) -> bool:
        return len(self._untold) >= self._size

    def add(self, request_id: str, untold: Untold) -> None:
        """Tell this later. No settlement gives way to a release: what is not released expires."""
        if isinstance(untold, datetime) and (request_id in self._untold or self.is_full):
            return
        self._untold[request_id] = untold
        while len(self._untold) > self._size:
            self._untold.popitem(last=False)
            self.dropped += 1
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_until_empty())

    async def tell(self) -> bool:
        """Tell what is left, oldest first. Returns whether the store listened to all of it."""
        while self._untold:
            request_id, untold = next(iter(self._untold.items()))
            try:
                if isinstance(untold, Settlement):
                    await self._store.settle(untold)
                else:
                    await self._store.release(request_id, untold)
            except StoreUnavailable:
                return False
            except StoreRefused:
                self.dropped += 1
            if self._untold.get(request_id) is untold:
                del self._untold[request_id]
        return True

    async def close(self) -> None:
        """Try once more, and stop."""
        if self._telling:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling
        await self.tell()

    async def _tell_until_empty(self) -> None:
        while self._untold:
            if not await self.tell():
                await asyncio.sleep(self._pause_s)
