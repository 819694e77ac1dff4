"""What a controller needs of its machine: memory, descriptors, threads, children. Linux only."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_LOOKS_AT_REST, _PAUSE_S = 12, 0.25  # idle connections to the gateway are closed after 2 s
WARM_S = 3.0  # after it answered for the first time; until then it imports and opens things


@dataclass
class Life:
    """One process of the controller from its start to its end. Samples are (age in s, count)."""

    descriptors: list[tuple[float, int]] = field(default_factory=list)
    threads: list[tuple[float, int]] = field(default_factory=list)


@dataclass
class Figures:
    """What was seen of all processes of a controller."""

    peak_mib: float = 0
    lives: dict[int, Life] = field(default_factory=lambda: defaultdict(Life))
    at_rest: Life = field(default_factory=Life)  # one sample for each calm, whichever process
    zombies: list[str] = field(default_factory=list)
    _suspects: frozenset[int] = frozenset()

    def look(self, pid: int, age_s: float) -> None:
        """Look at a process. One that ended meanwhile gives nothing."""
        process = Path(f"/proc/{pid}")
        try:
            facts = dict(
                line.split(":", 1) for line in (process / "status").read_text().splitlines()
            )
            if "VmHWM" not in facts:
                return  # it has ended and nobody has asked how
            self.peak_mib = max(self.peak_mib, int(facts["VmHWM"].split()[0]) / 1024)
            if age_s > WARM_S:
                life = self.lives[pid]
                life.threads.append((age_s, int(facts["Threads"])))
                life.descriptors.append((age_s, len(list((process / "fd").iterdir()))))
        except OSError:
            return
        dead = _dead_children(pid)
        self.zombies += [f"{child} of {pid}" for child in dead & self._suspects]  # seen twice
        self._suspects = dead

    def rest(self, pid: int) -> None:
        """Sample what a process needs that has nothing to do: the least within a few seconds."""
        seen = Figures()
        for _ in range(_LOOKS_AT_REST):
            seen.look(pid, WARM_S + 1)
            time.sleep(_PAUSE_S)
        for what in ("descriptors", "threads"):
            least = min(getattr(seen.lives[pid], what))
            getattr(self.at_rest, what).append(least)

    def most(self, what: str) -> int:
        """Return the largest count of `descriptors` or `threads` ever seen."""
        return max((n for life in self.lives.values() for _, n in getattr(life, what)), default=0)

    def growth(self, what: str) -> int:
        """Return how much more is needed later: by one process, and by any of them at rest.

        Of a life, the quietest fifth of its end is held against that of its beginning.
        """
        at_rest = [count for _, count in getattr(self.at_rest, what)]
        grown = [max(at_rest) - min(at_rest) if at_rest else 0]
        for life in self.lives.values():
            counts = [count for _, count in getattr(life, what)]
            fifth = len(counts) // 5
            if fifth >= 4:  # looks fall into turns, when git and the gateway are open
                grown.append(min(counts[-fifth:]) - min(counts[:fifth]))
        return max(grown)


def _dead_children(pid: int) -> frozenset[int]:
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state == "Z" and int(parent) == pid:
            found.add(int(status.parent.name))
    return frozenset(found)
