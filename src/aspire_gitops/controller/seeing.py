"""Read the whole gateway, and let the journal know what it did not know."""

import asyncio
from dataclasses import dataclass

from aspire_gitops.controller.attempt import Attempt
from aspire_gitops.controller.memory import Memory
from aspire_gitops.controller.observing import observations, states_of, touches_of
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.recording import Scribe
from aspire_gitops.controller.spending import Spending
from aspire_gitops.state import Snapshot


@dataclass(slots=True)
class Seeing:
    """Reads the gateway for one controller. `last` is what the newest full read found."""

    world: World
    memory: Memory
    last: Snapshot | None = None
    spending: Spending | None = None

    async def snapshot(self, attempt: Attempt, scribe: Scribe) -> Snapshot:
        """Read everything, complete or not at all, and record what nobody recorded.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayReplyInvalid: As `read_snapshot`.
            JournalUnavailable, JournalDamaged: What was seen could not be recorded.
        """
        with attempt.with_gateway():
            snapshot = await self.world.gateway.read_snapshot()
        if self.spending:
            snapshot = await self.spending.looked(snapshot)
        self.last = snapshot
        if snapshot.digest != self.memory.observed:
            await self._record(snapshot, scribe)
            self.memory.observed = snapshot.digest
        return snapshot

    async def _record(self, snapshot: Snapshot, scribe: Scribe) -> None:
        live = states_of(snapshot, self.world.owner)
        touches = touches_of(snapshot)
        drafts = tuple(observations(live, self.memory.states, touches, scribe, self.world.clock()))
        if drafts:
            await asyncio.to_thread(self.world.journal.append, *drafts)
        self.memory.states = dict(live)
