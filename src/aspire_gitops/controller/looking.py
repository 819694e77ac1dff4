"""What should be live: the newest commit, the one that a person holds, or the last good one.

A commit that is bad, and a git that cannot be read, are noted as problems; the
last good revision then stays in force, so that drift is healed all the same.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aspire_gitops.controller.attempt import Attempt
from aspire_gitops.controller.memory import Memory
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.problems import problem_of
from aspire_gitops.controller.wanted import Compiler, Wanted, identity
from aspire_gitops.errors import InvalidConfig, SourceRefused, SourceUnavailable
from aspire_gitops.reporting import Brake, BrakeKind
from aspire_gitops.revision import SourceTree


@dataclass(slots=True)
class Looking:
    """Reads git for one controller."""

    world: World
    compiler: Compiler
    memory: Memory

    async def newest(self, attempt: Attempt, brakes: Sequence[Brake]) -> Wanted | None:
        """Return what git, or a revert, asks for now; None with a problem noted."""
        held = next((brake for brake in brakes if brake.kind is BrakeKind.REVERT), None)
        try:
            with attempt.with_source():
                tree = await self._tree(held.commit if held else None)
            attempt.wanted, attempt.identity = tree.revision, identity(tree)
            return await asyncio.to_thread(self.compiler.wanted, tree, self._today())
        except (SourceUnavailable, SourceRefused, InvalidConfig) as error:
            attempt.problems.append(problem_of(error))
            return None

    async def last_good(self, attempt: Attempt) -> Wanted | None:
        """Return the revision that was applied last, as it was judged on that day.

        Approvals of that day are spent: holding what is live never needs one.
        None when there is none, or when it cannot be read any more.
        """
        applied = self.memory.applied
        if applied is None:
            return None
        known = self.compiler.remembered(applied.identity)
        if known is None and applied.revision.commit and not applied.revision.dirty:
            try:
                with attempt.with_source():
                    tree = await self._tree(applied.revision.commit)
                day = applied.at.astimezone().date()
                known = await asyncio.to_thread(self.compiler.wanted, tree, day)
            except (SourceUnavailable, SourceRefused, InvalidConfig):
                return None  # the problem with the newest one is what people must know
        return known.without_approvals() if known else None

    async def _tree(self, commit: str | None) -> SourceTree:
        source = self.world.source
        if commit is None:
            return await asyncio.to_thread(source.read)
        return await asyncio.to_thread(source.read_at, commit)

    def _today(self) -> date:
        return self.world.clock().astimezone().date()
