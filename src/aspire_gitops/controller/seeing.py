"""Read the whole gateway, and let the journal know what it did not know."""

import asyncio
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from aspire_gitops.controller.attempt import Attempt
from aspire_gitops.controller.memory import Memory
from aspire_gitops.controller.observing import observations, states_of, touches_of
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.recording import Scribe
from aspire_gitops.controller.spending import Spending
from aspire_gitops.errors import GatewayError
from aspire_gitops.planning.adoption import addresses_to_adopt
from aspire_gitops.state import Compiled, Snapshot
from aspire_ledger.money import Month


@dataclass(slots=True)
class Seeing:
    """Reads the gateway for one controller. `last` is what the newest full read found."""

    world: World
    memory: Memory
    last: Snapshot | None = None
    timezone: ZoneInfo | None = None  # where months turn, for downtime
    spending: Spending | None = None

    async def snapshot(self, attempt: Attempt, scribe: Scribe) -> Snapshot:
        """Read everything, complete or not at all, and record what nobody recorded.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayReplyInvalid: As `read_snapshot`.
            JournalUnavailable, JournalDamaged: What was seen could not be recorded.
        """
        snapshot = await self._read(attempt)
        if self.spending:
            snapshot = await self.spending.looked(snapshot)
        self.last = snapshot
        if snapshot.digest != self.memory.observed:
            await self._record(snapshot, scribe)
            self.memory.observed = snapshot.digest
        return snapshot

    async def with_holders(
        self, attempt: Attempt, snapshot: Snapshot, compiled: Compiled
    ) -> Snapshot:
        """Read what limits the keys that are to be adopted, if there are any.

        Raises:
            GatewayUnavailable, GatewayReplyInvalid: As `read_holders`.
        """
        adopted = addresses_to_adopt(compiled, snapshot, self.world.owner)
        if adopted:
            with attempt.with_gateway():
                snapshot = await self.world.gateway.read_holders(snapshot, adopted)
            self.last = snapshot
        return snapshot

    async def _read(self, attempt: Attempt) -> Snapshot:
        looked_at, outages = self.world.clock(), self.memory.outages
        try:
            with attempt.with_gateway():
                snapshot = await self.world.gateway.read_snapshot()
        except GatewayError as error:
            self.memory.unwritten += outages.failed(error, looked_at)
            raise
        self.memory.unwritten += outages.answered(looked_at)
        if self.timezone is None:
            return snapshot
        month = Month.containing(looked_at, self.timezone)
        return replace(snapshot, downtime=outages.downtime(month, looked_at))

    async def _record(self, snapshot: Snapshot, scribe: Scribe) -> None:
        live = states_of(snapshot, self.world.owner)
        touches = touches_of(snapshot)
        drafts = tuple(observations(live, self.memory.states, touches, scribe, self.world.clock()))
        if drafts:
            await asyncio.to_thread(self.world.journal.append, *drafts)
        self.memory.states = dict(live)
