"""One turn: bring the gateway to what git says, once, and say how it went.

Faults of the world become a `Turn`; only a bug in this program raises.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aspire_gitops.controller.apply import Acting, Announce
from aspire_gitops.controller.drift import Chosen, choose, fights, unhealed
from aspire_gitops.controller.gateway_reader import Seeing, touches_of
from aspire_gitops.controller.git_reader import Compiler, Looking, Wanted
from aspire_gitops.controller.journal_writer import Diary, Scribe
from aspire_gitops.controller.memory import Memory
from aspire_gitops.controller.pace import Pace
from aspire_gitops.controller.ports import World
from aspire_gitops.controller.spending import Spending
from aspire_gitops.controller.turn_builder import (
    Attempt,
    Problem,
    at_rest,
    braked,
    clock,
    held,
    not_now,
    problem_of,
    refused,
)
from aspire_gitops.planning.adoption import with_resets
from aspire_gitops.planning.plan import Plan
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.spend import zone
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import Standing, Turn
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary.errors import AspireGitopsError
from aspire_gitops.vocabulary.revision import Revision
from aspire_ledger.money import Month

ASKED = "reconcile"  # the cause of a turn that a person asked for: what rests is tried again


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
    wanted: Wanted | None = None
    gateway: GatewaySpec | None = None  # the Gateway that the last turn went by
    read: Revision | None = None  # the newest revision that git showed, good or bad
    spending: Spending | None = None  # None where no ledger is set
    _seeing: Seeing | None = None
    _compiler: Compiler = field(default_factory=Compiler)

    @property
    def seen(self) -> Snapshot | None:
        """Return what the newest full read of the gateway found."""
        return self._seeing.last if self._seeing else None

    async def turn(self, causes: tuple[str, ...]) -> Turn:
        """Take one turn. `Turn.look_again_s` says when the next is due."""
        attempt = Attempt(causes, self.world.clock(), wanted=self.read)
        try:
            await self._look_and_act(attempt)
        except AspireGitopsError as error:
            attempt.problems.insert(0, problem_of(error))
        finally:
            self.at_work(None)
        applied = self.memory.applied
        self.read = attempt.wanted
        turn = attempt.turn(applied.revision if applied else None, self._pause_s)
        await Diary(self.world, self.memory).turn(turn)
        return turn

    def downtime(self, now: datetime) -> Downtime | None:
        """Return how long the gateway did not answer this month; None before that is known."""
        timezone = zone(self.gateway.timezone) if self.gateway else None
        if timezone is None or not self.memory.recalled:
            return None
        return self.memory.outages.downtime(Month.containing(now, timezone), now)

    def forget(self) -> None:
        """Recall everything from the journal before the next turn; what it could not take yet stays."""
        self.memory = Memory(unwritten=self.memory.unwritten)

    async def _look_and_act(self, attempt: Attempt) -> None:
        diary = Diary(self.world, self.memory)
        looking = Looking(self.world, self._compiler, self.memory)
        seeing = self._seeing = Seeing(self.world, self.memory, self.seen, spending=self.spending)
        await diary.recall()
        await diary.write_what_waits()
        attempt.brakes = await diary.brakes()
        self.at_work("reading git")
        newest = await looking.newest(attempt, attempt.brakes)
        await diary.invalid(attempt)
        wanted = newest or await looking.last_good(attempt)
        if wanted is None:
            return
        self.gateway = wanted.catalog.gateway.spec if wanted.catalog.gateway else None
        seeing.timezone = zone(self.gateway.timezone) if self.gateway else None
        self.at_work("reading the gateway")
        snapshot = await seeing.snapshot(attempt, Scribe(attempt.id, wanted.revision))
        self.wanted = wanted
        if self.spending:
            await self.spending.tell(self.memory, wanted.compiled.gateway.name)
        plan = attempt.plan = await self._plan(attempt, wanted, snapshot, seeing)
        if plan.refusals:
            attempt.problems.append(refused(plan, wanted.revision))
            good = await looking.last_good(attempt) if wanted is newest else None
            if good is None or good.identity == wanted.identity:
                return
            wanted, plan = good, await self._plan(attempt, good, snapshot, seeing)
            if plan.refusals:
                return
        chosen = self._choose(attempt, wanted, plan, snapshot)
        await self._act(attempt, wanted, plan, chosen, seeing)
        if not attempt.is_braked:
            attempt.ready = held(attempt.brakes, attempt.ready)
        await diary.drift(attempt.drift, Scribe(attempt.id, wanted.revision), plan.id)

    async def _plan(
        self, attempt: Attempt, wanted: Wanted, snapshot: Snapshot, seeing: Seeing
    ) -> Plan:
        """Make the plan, with what heals LiteLLM's own spend where the ledger contradicts it."""
        known = await seeing.with_holders(attempt, snapshot, wanted.compiled)
        plan = wanted.plan(known, self.world.owner, self.world.own)
        return with_resets(plan, known, self.spending.to_reset) if self.spending else plan

    def _choose(self, attempt: Attempt, wanted: Wanted, plan: Plan, snapshot: Snapshot) -> Chosen:
        now = self.world.clock()
        attempt.fights = fights(self.memory.heals, now)
        applied = self.memory.applied
        is_live = applied is not None and applied.identity == wanted.identity
        return choose(
            plan,
            # What another revision left behind by half is our doing, and nobody's hand.
            git_is_unchanged=is_live and not self.memory.half_applied,
            heals=wanted.compiled.gateway.heals_drift,
            fights=attempt.fights,
            touches=touches_of(snapshot),
            now=now,
        )

    async def _act(
        self, attempt: Attempt, wanted: Wanted, plan: Plan, chosen: Chosen, seeing: Seeing
    ) -> None:
        acting = Acting(self.world, self.memory, seeing, self._progress, self.announce)
        attempt.warnings = wanted.warnings
        attempt.drift = unhealed(chosen.drift)
        if attempt.is_braked:
            attempt.ready = braked(attempt.brakes, plan)
        elif problem := self._resting(attempt, wanted):
            attempt.problems.append(problem)
        elif chosen.plan.changes and (why := self.world.why_not_write()):
            attempt.ready = not_now(why, plan)
        elif chosen.plan.changes:
            await acting.act(attempt, wanted, chosen)
        else:
            attempt.drift = chosen.drift
            attempt.ready = at_rest(wanted.revision, chosen.drift)
            await acting.note_applied(wanted, Scribe(attempt.id, wanted.revision), 0)

    def _resting(self, attempt: Attempt, wanted: Wanted) -> Problem | None:
        rejection = self.memory.rejection
        if rejection is None or rejection.identity != wanted.identity or ASKED in attempt.causes:
            return None
        until = rejection.rests_until(self.pace.slow_interval_s)
        if not rejection.at <= self.world.clock() < until:  # also if the clock was set back
            return None
        help_ = (
            "push another commit, or run `aspire-gitops reconcile`;"
            f" by itself it is tried again at {clock(until)}"
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
            dice=self.world.dice,
            wish_s=problem.wish_s if problem else None,
            slowly=problem.slowly if problem else False,
        )
