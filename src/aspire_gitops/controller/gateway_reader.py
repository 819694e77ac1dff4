"""Read the whole gateway, and record the changes that the journal does not know."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aspire_gitops.applying import DeadKey, dead_keys
from aspire_gitops.controller.drift import Touch
from aspire_gitops.controller.journal_writer import EntryDrafter, state_row
from aspire_gitops.controller.memory import Memory, World
from aspire_gitops.controller.spending import Spending
from aspire_gitops.controller.turn_builder import TurnBuilder
from aspire_gitops.journal.entry import Draft, EntryKind
from aspire_gitops.planning import addresses_to_adopt, redacted, same
from aspire_gitops.state import Compiled, Snapshot, without_masks
from aspire_gitops.vocabulary import GatewayError
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import Month

_DELIVERIES_HOLD = timedelta(minutes=10)


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
    drafter: EntryDrafter,
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
        yield drafter.draft(EntryKind.OBSERVED, at, body, object=name)


def _alike(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        other = without_masks(other)  # an older program wrote them down
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return same(one, other)


@dataclass(slots=True)
class GatewayReader:
    """Reads the gateway for one controller. `last` is what the newest full read found."""

    world: World
    memory: Memory
    last: Snapshot | None = None
    timezone: ZoneInfo | None = None  # where months turn, for downtime
    spending: Spending | None = None

    async def snapshot(self, builder: TurnBuilder, drafter: EntryDrafter) -> Snapshot:
        """Read everything, completely or not at all, and record unrecorded changes.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayReplyInvalid: As `read_snapshot`.
            JournalUnavailable, JournalDamaged: What was seen could not be recorded.
        """
        snapshot = await self._read(builder)
        if self.spending:
            snapshot = await self.spending.looked(snapshot)
        self.last = snapshot
        digest = await asyncio.to_thread(lambda: snapshot.digest)
        if digest != self.memory.observed:
            await self._record(snapshot, drafter)
            self.memory.observed = digest
        return snapshot

    async def with_holders(
        self, builder: TurnBuilder, snapshot: Snapshot, compiled: Compiled
    ) -> Snapshot:
        """Read what limits the keys that are to be adopted, if there are any.

        Raises:
            GatewayUnavailable, GatewayReplyInvalid: As `read_holders`.
        """
        adopted = addresses_to_adopt(compiled, snapshot, self.world.owner)
        if adopted:
            with builder.with_gateway():
                snapshot = await self.world.gateway.read_holders(snapshot, adopted)
            self.last = snapshot
        return snapshot

    async def dead_keys(self, compiled: Compiled, snapshot: Snapshot) -> tuple[DeadKey, ...]:
        """Return what apps hold in place of a live key. Looks again after ten minutes."""
        memory, now = self.memory, self.world.clock()
        looked = memory.deliveries_read_at
        if looked is None or memory.dead_keys or not looked <= now < looked + _DELIVERIES_HOLD:
            world = self.world
            found = await dead_keys(compiled, snapshot, world.owner, world.deliveries)
            memory.dead_keys = tuple(one for one in found if not one.is_deleted)
            memory.deliveries_read_at = now
        return memory.dead_keys

    async def _read(self, builder: TurnBuilder) -> Snapshot:
        looked_at, outages = self.world.clock(), self.memory.outages
        try:
            with builder.with_gateway():
                snapshot = await self.world.gateway.read_snapshot()
        except GatewayError as error:
            self.memory.unwritten += outages.failed(error, looked_at)
            raise
        self.memory.unwritten += outages.answered(looked_at)
        if self.timezone is None:
            return snapshot
        month = Month.containing(looked_at, self.timezone)
        return replace(snapshot, downtime=outages.downtime(month, looked_at))

    async def _record(self, snapshot: Snapshot, drafter: EntryDrafter) -> None:
        now, known = self.world.clock(), self.memory.states

        def record() -> dict[str, JsonValue]:
            live = states_of(snapshot, self.world.owner)
            drafts = tuple(observations(live, known, touches_of(snapshot), drafter, now))
            if drafts:
                self.world.journal.append(*drafts)
            for draft in drafts:
                self.memory.seen.setdefault(str(draft.object), now)
            return dict(live)

        self.memory.states = await asyncio.to_thread(record)
