"""What a controller needs of its machine: memory, descriptors, threads, children. Linux only.

How many descriptors are open at one moment says little: connections that are kept for a while
come and go, and on a busy machine a controller is hardly ever without some. What leaks has
another mark: it is the same descriptor at every look, however long one waits. So `rest` counts
what is open at all looks, and looks on until that is no more than it ever was, or too long.
"""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_PAUSE_S = 0.25
_REST_S = (
    8.0  # longer than from one turn to the next, which drops the connections of the one before
)
WARM_S = 3.0  # after it answered for the first time; until then it imports and opens things


@dataclass
class Life:
    """One process of the controller from its start to its end: what it had at each look."""

    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)


@dataclass
class Figures:
    """What was seen of all processes of a controller."""

    patience_s: float = 60  # no connection is kept as long as this
    peak_mib: float = 0
    lives: dict[int, Life] = field(default_factory=lambda: defaultdict(Life))
    at_rest: Life = field(default_factory=Life)  # what stayed open in each rest, whichever process
    held: frozenset[str] = frozenset()  # what stayed open in the last rest: where it leads
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
                life.threads.append(int(facts["Threads"]))
                life.descriptors.append(len(list((process / "fd").iterdir())))
        except OSError:
            return
        dead = _dead_children(pid)
        self.zombies += [f"{child} of {pid}" for child in dead & self._suspects]  # seen twice
        self._suspects = dead

    def rest(self, pid: int) -> None:
        """Count what a process that has nothing to do holds all the time.

        Takes eight seconds, and `patience_s` if it is more than in the quietest rest so far.
        """
        begun = time.monotonic()
        open_, threads = _descriptors(pid), _threads(pid)
        while (spent_s := time.monotonic() - begun) < self.patience_s:
            is_little = len(open_) <= min(self.at_rest.descriptors, default=len(open_))
            if spent_s >= _REST_S and is_little:
                break
            time.sleep(_PAUSE_S)
            open_ &= _descriptors(pid)
            threads &= _threads(pid)
        self.at_rest.descriptors.append(len(open_))
        self.at_rest.threads.append(len(threads))
        self.held = frozenset(target for _, target in open_)

    def most(self, what: str) -> int:
        """Return the largest count of `descriptors` or `threads` ever seen."""
        return max((n for life in self.lives.values() for n in getattr(life, what)), default=0)

    def growth(self, what: str) -> int:
        """Return how much more stayed open in one rest than in another."""
        at_rest = getattr(self.at_rest, what)
        return max(at_rest) - min(at_rest) if at_rest else 0


def _descriptors(pid: int) -> frozenset[tuple[str, str]]:
    """Return the open descriptors, each with where it leads: a socket's number is its own."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add((descriptor.name, str(descriptor.readlink())))
        except OSError:  # it was closed just now
            continue
    return frozenset(found)


def _threads(pid: int) -> frozenset[str]:
    return frozenset(task.name for task in Path(f"/proc/{pid}/task").iterdir())


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
