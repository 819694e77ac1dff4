"""What happens to calls while the store cannot answer: refused, or let through for a while. Pure.

The caller passes the time, in seconds of a clock that never jumps.
"""

from typing import Final

_DOUBTFUL: Final = 3  # failures in a row; fewer may be one slow statement
_REST_S: Final = 0.5  # then one call asks, and the others do not wait for the answer


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
