"""What one gateway process knows for itself: its calls, its line, and an outage of its store.

In memory, and belonging to one event loop. A budget that is nearly spent has a `Line` in
front of it, because calls under way may leave something: one call at a time asks the
store, first come first served; it asks when a call of this process ended, and now and
then for those of other processes. `Outage` says what becomes of calls while the store
cannot answer. `Backlog` keeps what could not be told to it, and tells it again: whatever
is lost with the process leaves its reservation behind, and that is recovered, so only a
call that was let through during an outage can be lost.

Times are seconds of a clock that never jumps: by the wall's clock a step of an hour would
make every call under way look lost.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from aspire_ledger.account import Account
from aspire_ledger.amounts import NanoAud
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import Request, Settlement

# A stream may outlast what was set aside for it. What was then booked as lost is put
# right when it ends, if it is still known.
_LATE_S: Final = 3600.0
_DOUBTFUL: Final = 3  # failures in a row; fewer may be one slow statement
_REST_S: Final = 0.5  # then one call asks, and the others do not wait for the answer
_PAUSE_S: Final = 1.0

Untold: TypeAlias = "Settlement | datetime"  # a moment: release, as of then


class Reason(StrEnum):
    """Why a call may not start."""

    CAP = "cap"  # the budget does not cover it this month
    BUSY = "busy"  # money is left, but calls under way may need it: try again soon
    OUTAGE = "outage"  # nobody knows what is left: try again soon
    REPEATED = "repeated"  # its id was used before


@dataclass(frozen=True, slots=True)
class Starting:
    """A call that wants to start. `id` is ours and new; `worst` is from `bound`.

    `hold` is how long its money stays set aside, where the gatekeeper's does not fit.
    """

    id: str
    alias: str
    key: str
    worst: NanoAud
    hold: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may start; it must be settled or released. `unasked`: the store was away."""

    request: Request
    account: Account
    expected: NanoAud
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The call may not start. `spent` is what the budget has spent in the month that ends then."""

    reason: Reason
    account: Account
    spent: NanoAud
    need: NanoAud
    month_end: datetime


Decision: TypeAlias = "Admitted | Refused"


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


class UnderWay:
    """`late_s` is how long a call is remembered after its time was over."""

    def __init__(self, late_s: float = _LATE_S) -> None:
        self._late_s = late_s
        self._calls: dict[str, tuple[Admitted, float]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, call_id: str) -> Admitted | None:
        found = self._calls.get(call_id)
        return found[0] if found else None

    def add(self, admitted: Admitted, now: float) -> None:
        request = admitted.request
        hold_s = (request.expires_at - request.call.at).total_seconds()
        self._calls[request.call.id] = (admitted, now + hold_s + self._late_s)

    def pop(self, call_id: str) -> Admitted | None:
        found = self._calls.pop(call_id, None)
        return found[0] if found else None

    def forget_lost(self, now: float) -> None:
        """Forget those that are long over: the store books them, here they fill the memory."""
        while self._calls:
            oldest, (_, until) = next(iter(self._calls.items()))
            if until > now:
                return
            del self._calls[oldest]


class Outage:
    """`allow_for_s` counts from the first failure; zero refuses from the beginning."""

    def __init__(self, allow_for_s: float = 0.0) -> None:
        self._allow_for_s = allow_for_s
        self._began: float | None = None
        self._failures = 0
        self._ask_again_at = 0.0

    @property
    def began(self) -> float | None:
        """When the store failed first, None while it answers."""
        return self._began

    def failed(self, now: float) -> None:
        if self._began is None:
            self._began = now
        self._failures += 1
        self._ask_again_at = now + _REST_S

    def answered(self) -> None:
        self._began, self._failures = None, 0

    def asks(self, now: float) -> bool:
        """Say whether this call asks the store. During an outage one does so now and then."""
        if self._failures < _DOUBTFUL:
            return True
        if now < self._ask_again_at:
            return False
        self._ask_again_at = now + _REST_S
        return True

    def lets_through(self, now: float) -> bool:
        return self._began is not None and now - self._began < self._allow_for_s


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
