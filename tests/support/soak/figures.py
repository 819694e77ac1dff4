"""What a controller needs of its machine: memory, descriptors, threads, children. Linux only."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

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

    def most(self, what: str) -> int:
        """Return the largest count of `descriptors` or `threads` ever seen."""
        return max((n for life in self.lives.values() for _, n in getattr(life, what)), default=0)

    def growth(self, what: str) -> int:
        """Return by how much the quietest fifth of a life's end lies above that of its beginning."""
        grown = [0]
        for life in self.lives.values():
            counts = [count for _, count in getattr(life, what)]
            fifth = len(counts) // 5
            if fifth >= 2:  # a look may fall into a turn, when git and the gateway are open
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
