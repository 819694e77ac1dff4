"""Keep the journal of turns short and complete: what is new is written, what is not is counted."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from aspire_gitops.controller.attempt import Attempt
from aspire_gitops.controller.brakes import brakes_in_force
from aspire_gitops.controller.memory import Memory, Rejection, recall, rejected_body
from aspire_gitops.controller.pace import HEARTBEAT
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.recording import Scribe
from aspire_gitops.errors import AspireGitopsError
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.reporting import Answer, Brake, Drifted, Turn

_MOST_UNWRITTEN = 10_000
_MOST_TOLD = 100


@dataclass(slots=True)
class Diary:
    """Reads and writes the journal for one controller, in a thread."""

    world: World
    memory: Memory

    async def recall(self) -> None:
        """Fill the memory, once.

        Raises:
            JournalUnavailable, JournalDamaged: Nothing is known, so nothing may be applied.
        """
        if not self.memory.recalled:
            await asyncio.to_thread(recall, self.memory, self.world.journal, self.world.clock())

    async def write_what_waits(self) -> None:
        """Write what the journal could not take in an earlier turn.

        Raises:
            JournalUnavailable, JournalDamaged: It still cannot; nothing may be applied.
        """
        if self.memory.unwritten:
            await self._append(*self.memory.unwritten)
            self.memory.unwritten = []

    async def brakes(self) -> tuple[Brake, ...]:
        """Return the brakes that hold now."""
        entries = await asyncio.to_thread(self._brake_entries)
        return brakes_in_force(entries, self.world.clock())

    async def drift(self, drift: Iterable[Drifted], scribe: Scribe, plan_id: str) -> None:
        """Record drift that was not there, or not answered so, in the turn before."""
        found = frozenset(drift)
        fresh = [one for one in found - self.memory.drift if one.answer is not Answer.HEALED]
        now = self.world.clock()
        if fresh:
            in_order = sorted(fresh, key=lambda one: one.object)
            await self._append(*(scribe.drifted(one, now, plan_id) for one in in_order))
        self.memory.drift = found

    async def invalid(self, attempt: Attempt) -> None:
        """Record, once, that a revision holds errors."""
        problem = next((one for one in attempt.problems if one.diagnostics), None)
        known = self.memory.rejection
        if problem is None or (known and known.identity == attempt.identity):
            return
        applied = self.memory.applied
        if applied and applied.identity == attempt.identity:
            # It is live, and only the day has passed: a rate that grew too old. The turn says
            # so; a rejection would let it rest, and drift would wait with it.
            return
        now = self.world.clock()
        rejection = Rejection(attempt.identity, problem.reason, 1, now)
        found = [f"{d.span}: {d.rule.code} {d.message}" for d in problem.diagnostics[:_MOST_TOLD]]
        body = rejected_body(rejection, found)
        scribe = Scribe(attempt.id, attempt.wanted)
        await self._append(scribe.draft(EntryKind.REJECTED, now, body))
        self.memory.rejection = rejection

    async def turn(self, turn: Turn) -> None:
        """Record a turn, unless it says what the one before said: those are counted.

        A journal that cannot be written is no reason to fail here: the turn has
        said so already, and the entry waits.
        """
        memory = self.memory
        said = f"{turn.standing}|{turn.reason}|{turn.wanted}|{turn.applied}"
        since = memory.quiet_since
        fresh = turn.counts or said != memory.said or since is None
        if not fresh and since and abs(turn.started_at - since) < HEARTBEAT:
            memory.quiet_turns += 1
            return
        draft = Scribe(turn.id, turn.wanted).turned(turn, memory.quiet_turns)
        memory.said, memory.quiet_turns, memory.quiet_since = said, 0, turn.started_at
        try:
            await self._append(*memory.unwritten, draft)
            memory.unwritten = []
            memory.facts = await asyncio.to_thread(self.world.journal.head)
        except AspireGitopsError:
            memory.facts = None
            memory.unwritten = [*memory.unwritten, draft][-_MOST_UNWRITTEN:]

    def _brake_entries(self) -> list[Entry]:
        return list(self.world.journal.read(kinds=(EntryKind.BRAKE,)))

    async def _append(self, *drafts: Draft) -> None:
        await asyncio.to_thread(self.world.journal.append, *drafts)
