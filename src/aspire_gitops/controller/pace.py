"""When to look again. Pure: the caller passes the random source."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aspire_gitops.status.value import Standing
from aspire_gitops.vocabulary import growing_s

HEARTBEAT: Final = timedelta(hours=1)  # turns that say nothing new are written down so often
LEAST_PATIENCE: Final = timedelta(minutes=10)  # with what is not known to pass by itself
_FIRST_RETRY_S = 2.0
_LONGEST_BACKOFF_S = 300.0
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """The intervals that the settings ask for, in seconds."""

    interval_s: float = 60.0
    slow_interval_s: float = 600.0
    patience_s: float = 1800.0  # with whatever waits; then an operator is told
    down_notice_s: float = 120.0  # that the gateway does not answer before that is told

    def pause_s(
        self,
        standing: Standing,
        *,
        failures: int,
        jitter: Callable[[], float],
        retry_after_s: float | None = None,
        slowly: bool = False,
    ) -> float:
        """Return how long to rest after a turn, in seconds.

        Args:
            standing: How the turn ended.
            failures: How many turns in a row ended waiting, this one included.
            jitter: Returns a number from 0 to 1; spreads many controllers over time.
            retry_after_s: What the gateway asked for (`Retry-After`). Never undercut.
            slowly: Stalled for a reason that no commit can fix: a wrong key, a
                closed branch. Asking often would only fill somebody's log.
        """
        if standing is Standing.WAITING:
            backoff = growing_s(failures, first_s=_FIRST_RETRY_S, longest_s=_LONGEST_BACKOFF_S)
            return max(_spread(backoff, jitter), retry_after_s or 0.0)
        # A stall that a commit can fix is looked at as often as any other: git has to be
        # read to see that commit. What failed is not tried again meanwhile.
        return _spread(self.slow_interval_s if slowly else self.interval_s, jitter)


def _spread(pause_s: float, jitter: Callable[[], float]) -> float:
    return pause_s * (1 - _JITTER + 2 * _JITTER * jitter())
