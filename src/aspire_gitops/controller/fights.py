"""Notice that somebody keeps changing a field back, and heal it less and less often. Pure.

Two controllers, or a person and this one, that undo each other would otherwise
write to the gateway for ever, each time with a full audit row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aspire_gitops.planning.plan import Change
from aspire_gitops.reporting import Fight
from aspire_gitops.state import Kind

WINDOW = timedelta(hours=1)
ENOUGH = 3  # heals of one field within the window that make a fight
_FIRST_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Heal:
    """One time that drift on one field was set back. `path` is empty for a whole object."""

    object: str
    path: str
    at: datetime


def fights(heals: Iterable[Heal], now: datetime) -> tuple[Fight, ...]:
    """Return the fights that are on, sorted. The pause doubles with each heal, up to the window."""
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for heal in heals:
        if now - WINDOW < heal.at <= now:
            times[heal.object, heal.path].append(heal.at)
    return tuple(
        Fight(name, path, len(at), max(at), max(at) + _pause(len(at)))
        for (name, path), at in sorted(times.items())
        if len(at) >= ENOUGH
    )


def held_back(changes: Iterable[Change], on: Iterable[Fight], now: datetime) -> Iterator[Change]:
    """Yield the changes that would heal a field whose fight is in its pause."""
    resting = {(fight.object, fight.path) for fight in on if now < fight.heals_again_at}
    for change in changes:
        if change.key.kind is Kind.CREDENTIAL:
            continue  # deployments stand on it: a pause would cost every app behind them
        if any((str(change.key), path) in resting for path in paths_of(change)):
            yield change


def paths_of(change: Change) -> tuple[str, ...]:
    """Return what a change heals: its fields, or the object as a whole (an empty path)."""
    return tuple(field.path for field in change.fields) or ("",)


def _pause(times: int) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(times - ENOUGH, 10)), WINDOW)
