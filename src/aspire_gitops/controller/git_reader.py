"""Read git: the newest revision, the one that is held, or the last good one; loaded, checked and compiled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256

from aspire_gitops.catalog import Catalog
from aspire_gitops.controller.memory import Memory
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.turn_builder import Attempt, problem_of
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.pipeline.catalog import Checked, check_tree
from aspire_gitops.pipeline.choice import AsOf
from aspire_gitops.pipeline.plan import compile_checked, plan_here
from aspire_gitops.planning.plan import Plan
from aspire_gitops.state import Compiled, Snapshot
from aspire_gitops.status.value import Brake, BrakeKind
from aspire_gitops.vocabulary.diagnostic import Diagnostic
from aspire_gitops.vocabulary.errors import InvalidConfig, SourceRefused, SourceUnavailable
from aspire_gitops.vocabulary.revision import Revision, SourceTree

_REMEMBERED = 4  # newest, last good, one that a person reverts to, and one spare


@dataclass(frozen=True, slots=True)
class Wanted:
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

    def plan(self, snapshot: Snapshot, owner: str, own: OwnFiles | None = None) -> Plan:
        """Compare with what is live, with whatever secrets are at hand now and may be used."""
        return plan_here(self.compiled, snapshot, owner, own)

    def without_approvals(self) -> "Wanted":
        """Return the same for holding what was applied once: it may heal, and agree to nothing."""
        return replace(self, compiled=replace(self.compiled, approvals=()))


@dataclass(slots=True)
class Compiler:
    """Compiles trees, and knows the last few by identity and day."""

    _known: dict[tuple[str, date], Wanted] = field(default_factory=dict)

    def wanted(self, tree: SourceTree, now: datetime) -> Wanted:
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
            self._known[name, day] = Wanted(name, compile_checked(checked), checked)
            for oldest in list(self._known)[:-_REMEMBERED]:
                del self._known[oldest]
        return self._known[name, day]

    def remembered(self, name: str) -> Wanted | None:
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
            return await asyncio.to_thread(self.compiler.wanted, tree, self.world.clock())
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
                known = await asyncio.to_thread(self.compiler.wanted, tree, applied.at)
            except (SourceUnavailable, SourceRefused, InvalidConfig):
                return None  # the problem with the newest one is what people must know
        return known.without_approvals() if known else None

    async def _tree(self, commit: str | None) -> SourceTree:
        source = self.world.source
        if commit is None:
            return await asyncio.to_thread(source.read)
        return await asyncio.to_thread(source.read_at, commit)
