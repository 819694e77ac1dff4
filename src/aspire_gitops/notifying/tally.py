"""Count what became of notices, for each receiver."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from threading import Lock


@dataclass(frozen=True, slots=True)
class Tally:
    """What one receiver was told since the program started.

    `told`, `given_up` and `replaced` (by a newer state of the same subject)
    are notices; `failed_tries` are tries.
    """

    told: int = 0
    failed_tries: int = 0
    given_up: int = 0
    replaced: int = 0


class Tallies:
    """One tally for each name, from several threads."""

    def __init__(self, names: frozenset[str]) -> None:
        self._lock = Lock()
        self._by_name = {name: Tally() for name in sorted(names)}

    def add(self, name: str, **more: int) -> None:
        """Add to the counts of one receiver, by the names of `Tally`."""
        with self._lock:
            old = self._by_name.get(name, Tally())
            sums = {f.name: getattr(old, f.name) + more.get(f.name, 0) for f in fields(Tally)}
            self._by_name[name] = Tally(**sums)

    def now(self) -> Mapping[str, Tally]:
        """Return the counts at this moment."""
        with self._lock:
            return dict(self._by_name)
