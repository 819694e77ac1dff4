"""Read git: the newest revision, the one that is held, or the last good one; loaded, checked and compiled."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256

from aspire_gitops.catalog import Catalog
from aspire_gitops.controller.memory import Memory, World
from aspire_gitops.controller.turn_builder import TurnBuilder, problem_of
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.pipeline.catalog import AsOf, Checked, check_tree
from aspire_gitops.pipeline.plan import compile_checked, plan_to_keep
from aspire_gitops.planning import Plan
from aspire_gitops.state import Compiled, Snapshot
from aspire_gitops.status.value import Hold, HoldKind
from aspire_gitops.vocabulary import (
    Diagnostic,
    InvalidConfig,
    Revision,
    SourceRefused,
    SourceTree,
    SourceUnavailable,
)

_REMEMBERED = 4  # newest, last good, one to revert to, and a spare


@dataclass(frozen=True, slots=True)
class CompiledRevision:
    """One revision, compiled. `identity` is its commit, or a digest of files without one."""

    identity: str
    compiled: Compiled
    checked: Checked

    @property
    def catalog(self) -> Catalog:
        return self.checked.catalog

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return self.checked.diagnostics

    @property
    def revision(self) -> Revision:
        return self.compiled.revision

    async def plan(self, snapshot: Snapshot, owner: str, own: OwnFiles | None = None) -> Plan:
        """Compare with what is live, with whatever secrets are at hand now and may be used.

        What cannot be written for lack of a secret is held.

        In a thread: it reads files, and thousands of objects take a second.
        """
        return await asyncio.to_thread(plan_to_keep, self.compiled, snapshot, owner, own)

    def without_approvals(self) -> "CompiledRevision":
        """Return the same without Approvals: it may heal what was applied, and nothing else."""
        return replace(self, compiled=replace(self.compiled, approvals=()))


@dataclass(slots=True)
class Compiler:
    """Compiles trees, and knows the last few by identity and day."""

    _known: dict[tuple[str, date], CompiledRevision] = field(default_factory=dict)
    _held: CompiledRevision | None = None

    def wanted(self, tree: SourceTree, now: datetime) -> CompiledRevision:
        """Check and compile a tree, as of `now` (aware) in its Gateway's timezone.

        Raises:
            InvalidConfig: The files hold errors; it has all findings.
        """
        name = identity(tree)
        # Files that are the same name the same timezone, so their day is known unread.
        known = self.remembered(name)
        day = now.astimezone(known.checked.now.tzinfo).date() if known else None
        if day is None or (name, day) not in self._known:
            checked = check_tree(tree, AsOf(now)).without_errors()
            day = checked.today
            self._known[name, day] = CompiledRevision(name, compile_checked(checked), checked)
            for oldest in list(self._known)[:-_REMEMBERED]:
                del self._known[oldest]
        return self._known[name, day]

    def held(self, known: CompiledRevision, now: datetime) -> CompiledRevision:
        """Return a revision as of `now`, unchecked: its uplifts end, and an old rate is no error."""
        here = now.astimezone(known.checked.now.tzinfo)
        if here.date() == known.checked.today:
            return known
        last = self._held
        if last and (last.identity, last.checked.today) == (known.identity, here.date()):
            return last
        checked = replace(known.checked, now=here)
        self._held = replace(known, compiled=compile_checked(checked), checked=checked)
        return self._held

    def remembered(self, name: str) -> CompiledRevision | None:
        """Return the newest compilation of one identity, if it is still known."""
        found = [wanted for (known, _), wanted in self._known.items() if known == name]
        return found[-1] if found else None


def identity(tree: SourceTree) -> str:
    """Return what tells two trees apart: the commit, or a digest of what was read."""
    if tree.revision.commit and not tree.revision.dirty:
        return tree.revision.commit
    digest = sha256()
    for file in tree.files:
        digest.update(f"{file.path}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    for problem in tree.problems:
        digest.update(f"{problem.path}\0{problem.code}\0".encode())
    return f"files:{digest.hexdigest()[:40]}"


@dataclass(slots=True)
class GitReader:
    """Reads git for one controller."""

    world: World
    compiler: Compiler
    memory: Memory

    async def newest(self, builder: TurnBuilder, holds: Sequence[Hold]) -> CompiledRevision | None:
        """Return what git, or a revert, asks for now; None with a problem noted."""
        held = next((hold for hold in holds if hold.kind is HoldKind.REVERT), None)
        try:
            with builder.with_source():
                if held:
                    await self._note_branch(builder)
                tree = await self._tree(held.commit if held else None)
            if held is None:
                builder.in_git = tree.revision
            builder.wanted, builder.identity = tree.revision, identity(tree)
            return await asyncio.to_thread(self.compiler.wanted, tree, self.world.clock())
        except (SourceUnavailable, SourceRefused, InvalidConfig) as error:
            builder.problems.append(problem_of(error))
            return None

    async def last_good(self, builder: TurnBuilder) -> CompiledRevision | None:
        """Return the revision that was applied last, as it was judged on that day.

        Its Approvals are dropped: keeping what is live never needs one. Its uplifts
        end when their day ends, whatever stands in front of it.
        None when there is none, or when it can no longer be read.
        """
        applied = self.memory.applied
        if applied is None:
            return None
        known = self.compiler.remembered(applied.identity)
        if known is None and applied.revision.commit and not applied.revision.dirty:
            try:
                with builder.with_source():
                    tree = await self._tree(applied.revision.commit)
                known = await asyncio.to_thread(self.compiler.wanted, tree, applied.at)
            except (SourceUnavailable, SourceRefused, InvalidConfig):
                return None  # the newest revision's problem is already reported
        if known is None:
            return None
        held = await asyncio.to_thread(self.compiler.held, known, self.world.clock())
        return held.without_approvals()

    async def _note_branch(self, builder: TurnBuilder) -> None:
        # Only to be shown beside the revision that is held: without it the revert goes on.
        with contextlib.suppress(SourceUnavailable, SourceRefused):
            builder.in_git = (await self._tree(None)).revision

    async def _tree(self, commit: str | None) -> SourceTree:
        source = self.world.source
        if commit is None:
            return await asyncio.to_thread(source.read)
        return await asyncio.to_thread(source.read_at, commit)
