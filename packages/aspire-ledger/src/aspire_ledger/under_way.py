"""Calls that one process admitted and has not heard of since. Pure; in memory only.

The caller passes the time, in seconds of a clock that never jumps: by the wall's
clock a step of an hour would make every call under way look lost.
"""

from typing import Final

from aspire_ledger.decisions import Admitted

# A stream may outlast what was set aside for it. What was then booked as lost is put
# right when it ends, if it is still known.
_LATE_S: Final = 3600.0


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
