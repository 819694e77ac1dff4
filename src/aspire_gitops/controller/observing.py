"""Notice what is on the gateway though no result says so: hands, and our own lost answers. Pure.

A controller that is killed between a write and its result leaves a gap in the
journal. The next full read closes it, so that the journal can always say what
was live.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from aspire_gitops.controller.drift import Touch
from aspire_gitops.controller.recording import Scribe, state_row
from aspire_gitops.journal.entry import Draft, EntryKind
from aspire_gitops.planning.diff import redacted, same
from aspire_gitops.state import Snapshot
from aspire_ledger.canonical import JsonValue


def states_of(snapshot: Snapshot, owner: str) -> Mapping[str, JsonValue]:
    """Return every object of ours as the journal keeps it, by `kind/name`.

    Several rows under one name (a replacement half done) come as a list.
    """
    rows: dict[str, list[JsonValue]] = {}
    for item in snapshot.objects:
        if item.mark and item.mark.owner == owner:
            rows.setdefault(str(item.key), []).append(state_row(redacted(item, {})))
    return {name: found[0] if len(found) == 1 else found for name, found in rows.items()}


def touches_of(snapshot: Snapshot) -> Mapping[str, Touch]:
    """Return who changed what last, as far as the gateway tells, by `kind/name`."""
    found = ((item, snapshot.last_change(item)) for item in snapshot.objects if item.mark)
    return {str(item.key): Touch(last.by, last.at) for item, last in found if last}


def observations(
    live: Mapping[str, JsonValue],
    recorded: Mapping[str, JsonValue],
    touches: Mapping[str, Touch],
    scribe: Scribe,
    at: datetime,
) -> Iterator[Draft]:
    """Yield an OBSERVED draft for each object that is not as the journal has it."""
    for name in sorted(live.keys() | recorded.keys()):
        state = live.get(name)
        if _alike(state, recorded.get(name)):
            continue
        touch = touches.get(name, Touch())
        body: dict[str, JsonValue] = {
            "state": state,
            "by": touch.by,
            "since": touch.at.isoformat() if touch.at else None,
        }
        yield scribe.draft(EntryKind.OBSERVED, at, body, object=name)


def _alike(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return same(one, other)
