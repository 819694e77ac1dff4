"""One turn: make the gateway match git, once, and report how it went.

Faults of the world become a `Turn`; only a bug in this program raises.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aspire_gitops.controller.apply import Announce, Applier
from aspire_gitops.controller.drift import Chosen, choose, flapping_fields, unhealed
from aspire_gitops.controller.gateway_reader import GatewayReader, touches_of
from aspire_gitops.controller.git_reader import CompiledRevision, Compiler, GitReader
from aspire_gitops.controller.journal_writer import EntryDrafter, JournalWriter
from aspire_gitops.controller.memory import Memory, World
from aspire_gitops.controller.pace import Pace
from aspire_gitops.controller.spending import Spending
from aspire_gitops.controller.turn_builder import (
    Problem,
    TurnBuilder,
    at_rest,
    held,
    not_now,
    on_hold,
    problem_of,
    refused,
)
from aspire_gitops.planning import Plan, with_resets
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.spend import zone
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import Standing, Turn
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import AspireGitopsError, Revision, moment_utc
from aspire_ledger.money import Month

ASKED = "reconcile"  # cause of a turn that a person asked for: rejected revisions are retried


@dataclass(slots=True)
class Reconciler:
    """Takes turns. Knows nothing that the journal could not give back.

    `at_work` is told what is being done now, None between turns; `announce` what
    revision is about to be applied. `seen` and `wanted` are what the last turn
    read, for those who show it.
    """

    world: World
    pace: Pace
    memory: Memory = field(default_factory=Memory)
    at_work: Callable[[str | None], None] = lambda _: None
    announce: Announce = lambda *_: None
    wanted: CompiledRevision | None = None
    gateway: GatewaySpec | None = None  # the Gateway that the last turn went by
    read: Revision | None = None  # the newest revision that git showed, good or bad
    spending: Spending | None = None  # None where no ledger is set
    _gateway_reader: GatewayReader | None = None
    _compiler: Compiler = field(default_factory=Compiler)

    @property
    def seen(self) -> Snapshot | None:
        """Return what the newest full read of the gateway found."""
        return self._gateway_reader.last if self._gateway_reader else None

    async def turn(self, causes: tuple[str, ...]) -> Turn:
        """Take one turn. `Turn.look_again_s` says when the next is due."""
        builder = TurnBuilder(causes, self.world.clock(), wanted=self.read)
        try:
            await self._look_and_act(builder)
        except AspireGitopsError as error:
            builder.problems.insert(0, problem_of(error))
        finally:
            self.at_work(None)
        applied = self.memory.applied
        self.read = builder.wanted
        turn = builder.build(applied.revision if applied else None, self._pause_s)
        await JournalWriter(self.world, self.memory).turn(turn)
        return turn

    def downtime(self, now: datetime) -> Downtime | None:
        """Return how long the gateway did not answer this month; None before that is known."""
        timezone = zone(self.gateway.timezone) if self.gateway else None
        if timezone is None or not self.memory.recalled:
            return None
        return self.memory.outages.downtime(Month.containing(now, timezone), now)

    def forget(self) -> None:
        """Recall everything from the journal before the next turn; keeps unwritten entries."""
        self.memory = Memory(unwritten=self.memory.unwritten)

    async def _look_and_act(self, builder: TurnBuilder) -> None:
        journal = JournalWriter(self.world, self.memory)
        git = GitReader(self.world, self._compiler, self.memory)
        gateway_reader = self._gateway_reader = GatewayReader(
            self.world, self.memory, self.seen, spending=self.spending
        )
        await journal.recall()
        await journal.write_what_waits()
        builder.holds = await journal.holds()
        self.at_work("reading git")
        newest = await git.newest(builder, builder.holds)
        await journal.invalid(builder)
        wanted = newest or await git.last_good(builder)
        if wanted is None:
            return
        self.gateway = wanted.catalog.gateway.spec if wanted.catalog.gateway else None
        gateway_reader.timezone = zone(self.gateway.timezone) if self.gateway else None
        self.at_work("reading the gateway")
        snapshot = await gateway_reader.snapshot(builder, EntryDrafter(builder.id, wanted.revision))
        self.wanted = wanted
        if self.spending:
            await self.spending.tell(self.memory, wanted.compiled.gateway.name)
        plan = builder.plan = await self._plan(builder, wanted, snapshot, gateway_reader)
        if plan.refusals:
            builder.problems.append(refused(plan, wanted.revision))
            good = await git.last_good(builder) if wanted is newest else None
            if good is None or good.identity == wanted.identity:
                return
            wanted, plan = good, await self._plan(builder, good, snapshot, gateway_reader)
            if plan.refusals:
                return
        chosen = self._choose(builder, wanted, plan, snapshot)
        await self._act(builder, wanted, plan, chosen, gateway_reader)
        if not builder.is_on_hold:
            builder.ready = held(builder.holds, builder.ready)
        await journal.drift(builder.drift, EntryDrafter(builder.id, wanted.revision), plan.id)

    async def _plan(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        snapshot: Snapshot,
        gateway_reader: GatewayReader,
    ) -> Plan:
        """Make the plan, with what heals LiteLLM's own spend where the ledger contradicts it."""
        known = await gateway_reader.with_holders(builder, snapshot, wanted.compiled)
        plan = wanted.plan(known, self.world.owner, self.world.own)
        return with_resets(plan, known, self.spending.to_reset) if self.spending else plan

    def _choose(
        self, builder: TurnBuilder, wanted: CompiledRevision, plan: Plan, snapshot: Snapshot
    ) -> Chosen:
        now = self.world.clock()
        builder.flapping = flapping_fields(self.memory.heals, now)
        applied = self.memory.applied
        is_live = applied is not None and applied.identity == wanted.identity
        return choose(
            plan,
            # What a half-applied revision left behind is our doing, not a change by hand.
            git_is_unchanged=is_live and not self.memory.half_applied,
            heals=wanted.compiled.gateway.heals_drift,
            flapping=builder.flapping,
            touches=touches_of(snapshot),
            now=now,
        )

    async def _act(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        plan: Plan,
        chosen: Chosen,
        gateway_reader: GatewayReader,
    ) -> None:
        applier = Applier(self.world, self.memory, gateway_reader, self._progress, self.announce)
        builder.warnings = wanted.warnings
        builder.drift = unhealed(chosen.drift)
        if builder.is_on_hold:
            builder.ready = on_hold(builder.holds, plan)
        elif problem := self._resting(builder, wanted):
            builder.problems.append(problem)
        elif chosen.plan.changes and (why := self.world.why_not_write()):
            builder.ready = not_now(why, plan)
        elif chosen.plan.changes:
            await applier.apply(builder, wanted, chosen)
        else:
            builder.drift = chosen.drift
            builder.ready = at_rest(wanted.revision, chosen.drift)
            await applier.note_applied(wanted, EntryDrafter(builder.id, wanted.revision), 0)

    def _resting(self, builder: TurnBuilder, wanted: CompiledRevision) -> Problem | None:
        rejection = self.memory.rejection
        if rejection is None or rejection.identity != wanted.identity or ASKED in builder.causes:
            return None
        until = rejection.rests_until(self.pace.slow_interval_s)
        if not rejection.at <= self.world.clock() < until:  # also if the clock was set back
            return None
        help_ = (
            "push another commit, or run `aspire-gitops reconcile`"
            f" (it will be retried at {moment_utc(until)})"
        )
        return Problem(Standing.STALLED, rejection.reason, help_)

    def _progress(self, done: int, total: int) -> None:
        self.at_work(f"applying: {done} of {total} changes done")

    def _pause_s(self, problem: Problem | None) -> float:
        waits = problem is not None and problem.standing is Standing.WAITING
        self.memory.waiting_turns = self.memory.waiting_turns + 1 if waits else 0
        return self.pace.pause_s(
            problem.standing if problem else Standing.READY,
            failures=self.memory.waiting_turns,
            jitter=self.world.jitter,
            retry_after_s=problem.retry_after_s if problem else None,
            slowly=problem.slowly if problem else False,
        )
