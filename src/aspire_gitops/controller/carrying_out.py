"""Carry a plan out with the journal looking on: the plan first, then each result.

If the journal cannot take a result, the change in hand ends, no other begins,
and what could not be written is kept for the next turn.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aspire_gitops.applying import Outcome, Result, apply_plan, resolve_secrets
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.recording import Scribe
from aspire_gitops.errors import AspireGitopsError
from aspire_gitops.journal.entry import Draft
from aspire_gitops.planning.plan import Plan
from aspire_gitops.state import Intent, ObjectKey


@dataclass(slots=True)
class Carrying:
    """One plan on its way. `unwritten` is what the journal did not take."""

    plan: Plan
    world: World
    scribe: Scribe
    progress: Callable[[Result], None]
    unwritten: list[Draft] = field(default_factory=list)
    lost_journal: str | None = None

    async def out(self, *before: Draft) -> Outcome:
        """Do what the plan says.

        Args:
            before: What else belongs into the journal before the first change.

        Raises:
            SecretMissing: Before the first write.
            JournalUnavailable, JournalDamaged: Before the first write.
        """
        secrets = resolve_secrets(
            _intents(self.plan),
            own=self.world.own,
            is_admin_key=self.world.gateway.is_admin_key,
        )
        planned = self.scribe.planned(self.plan, self.world.clock())
        await asyncio.to_thread(self.world.journal.append, *before, planned)
        return await apply_plan(
            self.plan,
            self.world.gateway,
            secrets,
            self.world.deliveries,
            progress=self.progress,
            record=self._record,
            stop=self._why_stop,
        )

    def _why_stop(self) -> str | None:
        return self.lost_journal or self.world.why_not_write()

    async def _record(self, result: Result) -> None:
        drafts = [*self.scribe.ended(result, self.plan.id, self.world.clock())]
        if self.lost_journal is None:
            try:
                await asyncio.to_thread(self.world.journal.append, *drafts)
            except AspireGitopsError as error:
                self.lost_journal = f"the journal cannot be written: {error}"
            else:
                return
        self.unwritten += drafts


def _intents(plan: Plan) -> dict[ObjectKey, Intent]:
    return {c.key: c.intent for c in plan.changes if c.intent is not None and c.after is not None}
