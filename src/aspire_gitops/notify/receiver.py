"""Receivers of notices: what they want, how delivery is retried, and counts of notices."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from threading import Lock
from typing import Protocol

from aspire_gitops.status.value import Notice, Topic
from aspire_gitops.vocabulary import growing_s

ALL_BUT_PENDING = frozenset(Topic) - {Topic.PENDING}


class Receiver(Protocol):
    """Receives notices. `name` is unique among the receivers, and holds no secret."""

    @property
    def name(self) -> str: ...

    def wants(self, notice: Notice) -> bool:
        """Return whether this notice is for them. Asked once, when it is put into the outbox."""
        ...

    def subject(self, notice: Notice) -> str | None:
        """Return what the notice is the state of; a newer one of the same replaces it unsaid.

        None for news: each of them is told.
        """
        ...

    async def tell(self, notice: Notice) -> None:
        """Deliver the notice. Receiving the same one twice must be harmless.

        Raises:
            NotificationFailed: `permanent` when the same notice can never be delivered.
        """
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """All in seconds.

    The pause grows from `first_s` to `longest_s`; what a receiver asks for is
    honoured up to `longest_wish_s`. `try_s` bounds one try, `grace_s` the last
    round when the program stops.
    """

    first_s: float = 2.0
    longest_s: float = 300.0
    longest_wish_s: float = 3600.0
    give_up_s: float = 86_400.0
    try_s: float = 30.0
    grace_s: float = 5.0

    def pause_s(self, failures: int, retry_after_s: float | None, jitter: float) -> float:
        """Return how long to wait after so many failures in a row.

        `jitter`, from 0 to 1, spreads the pause over its upper half, so that
        several programs do not come back at the same moment.
        """
        grown = growing_s(failures, first_s=self.first_s, longest_s=self.longest_s)
        return max(grown * (0.5 + jitter / 2), min(retry_after_s or 0.0, self.longest_wish_s))


@dataclass(frozen=True, slots=True)
class NoticeCounts:
    """What one receiver was told since the program started.

    `told`, `given_up` and `replaced` (by a newer state of the same subject)
    are notices; `failed_tries` are tries.
    """

    told: int = 0
    failed_tries: int = 0
    given_up: int = 0
    replaced: int = 0


class NoticeCounters:
    """Counts for each receiver, safe from several threads."""

    def __init__(self, names: frozenset[str]) -> None:
        self._lock = Lock()
        self._by_name = {name: NoticeCounts() for name in sorted(names)}

    def add(self, name: str, **more: int) -> None:
        """Add to the counts of one receiver, by the fields of `NoticeCounts`."""
        with self._lock:
            old = self._by_name.get(name, NoticeCounts())
            sums = {
                f.name: getattr(old, f.name) + more.get(f.name, 0) for f in fields(NoticeCounts)
            }
            self._by_name[name] = NoticeCounts(**sums)

    def now(self) -> Mapping[str, NoticeCounts]:
        """Return the counts at this moment."""
        with self._lock:
            return dict(self._by_name)
