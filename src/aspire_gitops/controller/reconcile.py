"""One turn: make the gateway match git, once, and report how it went.

Faults of the world become a `Turn`; only a bug in this program raises.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from aspire_gitops.controller.apply import Announce, Applier
from aspire_gitops.controller.drift import Chosen, choose, enforced, flapping_fields, unhealed
from aspire_gitops.controller.gateway_reader import GatewayReader, touches_of
from aspire_gitops.controller.git_reader import CompiledRevision, Compiler, GitReader
from aspire_gitops.controller.intruders import removal_notice
from aspire_gitops.controller.journal_writer import EntryDrafter, JournalWriter
from aspire_gitops.controller.memory import Memory, World
from aspire_gitops.controller.pace import LEAST_PATIENCE, Pace
from aspire_gitops.controller.spending import Spending
from aspire_gitops.controller.turn_builder import (
    Problem,
    TurnBuilder,
    at_rest,
    held,
    held_objects,
    not_now,
    on_hold,
    overdue,
    problem_of,
    refused,
)
from aspire_gitops.controller.witness import Witness, news, without_waiting_of
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.planning import Plan, with_resets
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.spend import zone
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import DowntimeReport, HoldKind, Notice, Standing, Turn
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import AspireGitopsError, Revision, moment_text, plural, system_fault
from aspire_gitops.witness import Settings, SettingsReport, unknown
from aspire_ledger.canonical import config_digest
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
    tell: Callable[[Notice], None] | None = None  # without it, what needs a notice is left alone
    wanted: CompiledRevision | None = None
    gateway: GatewaySpec | None = None  # the Gateway that the last turn went by
    read: Revision | None = None  # what the last turn went by, good or bad
    in_git: Revision | None = None  # the newest revision that git showed, good or bad
    spending: Spending | None = None  # None where no ledger is set
    witness: Witness | None = None  # None where nobody asks what the gateway runs
    _gateway_reader: GatewayReader | None = None
    _compiler: Compiler = field(default_factory=Compiler)

    @property
    def seen(self) -> Snapshot | None:
        """Return what the newest full read of the gateway found."""
        return self._gateway_reader.last if self._gateway_reader else None

    async def turn(self, causes: tuple[str, ...]) -> Turn:
        """Take one turn. `Turn.look_again_s` says when the next is due."""
        builder = TurnBuilder(causes, self.world.clock(), wanted=self.read, in_git=self.in_git)
        try:
            await self._look_and_act(builder)
        except AspireGitopsError as error:
            builder.problems.insert(0, problem_of(error))
        except Exception as error:
            fault = system_fault(error)
            if fault is None:
                raise
            builder.problems.insert(0, problem_of(fault))
        finally:
            self.at_work(None)
        if self.witness and builder.settings is None:
            builder.settings = unknown("", "the last turn did not come to ask")
        builder.note_settings()
        builder.timezone = self._timezone()
        self._lose_patience(builder)
        self._tell_outage(builder)
        applied = self.memory.applied
        self.read, self.in_git = builder.wanted, builder.in_git
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
        builder.timezone = self._timezone()
        await journal.write_what_waits()
        builder.holds = await journal.holds()
        self.at_work("reading git")
        newest = await git.newest(builder, builder.holds)
        await journal.invalid(builder)
        wanted = newest or await git.last_good(builder)
        if wanted is None:
            return
        self.gateway = wanted.catalog.gateway.spec if wanted.catalog.gateway else None
        builder.timezone = self._timezone()
        gateway_reader.timezone = zone(self.gateway.timezone) if self.gateway else None
        self.at_work("reading the gateway")
        snapshot = await gateway_reader.snapshot(builder, EntryDrafter(builder.id, wanted.revision))
        self.wanted = wanted
        if self.spending:
            await self.spending.tell(self.memory, wanted.compiled.gateway.name)
        await self._ask_settings(builder, wanted)
        await self._watch_intruders(builder, wanted, snapshot)
        plan = builder.plan = await self._plan(builder, wanted, snapshot, gateway_reader)
        if plan.is_refused:
            builder.problems.append(refused(plan, wanted.revision))
            good = await git.last_good(builder) if wanted is newest else None
            if good is None or good.identity == wanted.identity:
                return
            wanted, plan = good, await self._plan(builder, good, snapshot, gateway_reader)
            if plan.is_refused:
                return
        await self._ask_settings(builder, wanted)
        chosen = self._choose(builder, wanted, plan, snapshot)
        if not builder.is_on_hold and (problem := self._resting(builder, wanted)):
            builder.problems.append(problem)
            builder.warnings = wanted.warnings
            await self._heal_meanwhile(builder, wanted, plan, snapshot, gateway_reader)
        else:
            await self._act(builder, wanted, plan, chosen, gateway_reader)
            if plan.refusals:
                builder.problems.append(held_objects(plan))
            if not plan.changes and not builder.problems:
                dead = await gateway_reader.dead_keys(wanted.compiled, snapshot)
                builder.problems += [Problem(Standing.STALLED, str(one), one.help) for one in dead]
        await self._remove_intruders(builder, wanted, plan, gateway_reader)
        if not builder.is_on_hold:
            builder.ready = held(builder.holds, builder.ready, zone(builder.timezone))
        await self._record_settings(builder, wanted, journal)
        await journal.drift(builder.drift, EntryDrafter(builder.id, wanted.revision), plan.id)

    async def _ask_settings(self, builder: TurnBuilder, wanted: CompiledRevision) -> None:
        """Ask what the gateway runs, once a turn and once more where an older revision is kept."""
        digest = config_digest(wanted.compiled.config_yaml)
        if self.witness and (builder.settings is None or builder.settings.digest != digest):
            self.at_work("asking the gateway's processes what they run")
            deploying = any(hold.kind is HoldKind.FREEZE for hold in builder.holds)
            with builder.with_gateway():
                builder.settings = await self.witness.look(wanted.compiled, deploying=deploying)

    async def _settings_now(
        self, builder: TurnBuilder, wanted: CompiledRevision
    ) -> SettingsReport | None:
        if builder.settings and builder.settings.state is Settings.UNKNOWN:
            builder.settings = None
            await self._ask_settings(builder, wanted)
        return builder.settings

    async def _record_settings(
        self, builder: TurnBuilder, wanted: CompiledRevision, journal: JournalWriter
    ) -> None:
        if builder.settings is None:
            return
        if builder.waiting:  # its objects are not live as a whole
            self.memory.objects_applied = ""
        body = news(builder.settings, wanted.identity, self.memory)
        if body is not None:
            whole = self.memory.objects_applied == wanted.identity
            drafter, at = EntryDrafter(builder.id, wanted.revision), self.world.clock()
            more = {"objects_applied": True} if whole else {}
            await journal.append(drafter.draft(EntryKind.SETTINGS, at, {**body, **more}))

    async def _watch_intruders(
        self, builder: TurnBuilder, wanted: CompiledRevision, snapshot: Snapshot
    ) -> None:
        """Note who else answers calls to an alias, and tell before anybody is removed."""
        found, now, gateway = self.memory.intruders, self.world.clock(), wanted.compiled.gateway
        aliases = frozenset(wanted.catalog.aliases)
        self.memory.unwritten += found.looked(snapshot, self.world.owner, aliases, now)
        if self.spending and found.live:
            found.shares = await self.spending.answers(found.aliases, now)
        if not gateway.removes_intruders:
            found.keep()
        elif self.tell and not builder.is_on_hold and not self.world.why_not_write():
            for item, draft in found.to_tell(now):
                there = zone(builder.timezone)
                self.tell(removal_notice(item, snapshot.gateway_url, gateway.name, now, there))
                self.memory.unwritten.append(draft)

    async def _remove_intruders(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        plan: Plan,
        gateway_reader: GatewayReader,
    ) -> None:
        if not self.tell or builder.is_on_hold or builder.outcome or self.world.why_not_write():
            return
        due = self.memory.intruders.to_remove(self.world.clock(), self.memory.unhealed)
        if due and wanted.compiled.gateway.removes_intruders:
            applier = Applier(
                self.world, self.memory, gateway_reader, self._progress, self.announce
            )
            only = replace(plan, changes=tuple(due), refusals=(), held=())
            await applier.heal(builder, wanted, Chosen(only, ()))

    async def _plan(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        snapshot: Snapshot,
        gateway_reader: GatewayReader,
    ) -> Plan:
        """Make the plan, with what heals LiteLLM's own spend where the ledger contradicts it."""
        known = await gateway_reader.with_holders(builder, snapshot, wanted.compiled)
        plan = await wanted.plan(known, self.world.owner, self.world.own)
        plan = with_resets(plan, known, self.spending.to_reset) if self.spending else plan
        plan, builder.waiting = without_waiting_of(plan, builder.settings)
        return replace(plan, warnings=(*plan.warnings, *builder.waiting))

    def _choose(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        plan: Plan,
        snapshot: Snapshot,
        *,
        git_is_unchanged: bool = False,
    ) -> Chosen:
        now = self.world.clock()
        builder.flapping = flapping_fields(self.memory.heals, now)
        applied = self.memory.applied
        is_live = applied is not None and applied.identity == wanted.identity
        is_live = is_live or self.memory.objects_applied == wanted.identity
        return choose(
            plan,
            # What a half-applied revision left behind is our doing, not a change by hand.
            git_is_unchanged=git_is_unchanged or (is_live and not self.memory.half_applied),
            heals=wanted.compiled.gateway.heals_drift,
            flapping=builder.flapping,
            touches=touches_of(snapshot),
            seen=self.memory.seen,
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
            builder.ready = on_hold(builder.holds, plan, zone(builder.timezone))
        elif chosen.plan.changes and (why := self.world.why_not_write()):
            builder.ready = not_now(why, plan)
        elif chosen.plan.changes:
            await applier.apply(
                builder, wanted, chosen, partial(self._settings_now, builder, wanted)
            )
        else:
            builder.drift = chosen.drift
            builder.ready = at_rest(wanted.revision, chosen.drift, plan)
            if not plan.held:
                drafter = EntryDrafter(builder.id, wanted.revision)
                await applier.note_applied(wanted, drafter, 0, builder.settings)

    async def _heal_meanwhile(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        plan: Plan,
        snapshot: Snapshot,
        gateway_reader: GatewayReader,
    ) -> None:
        """Set back what was changed by hand, though nothing of the rejected revision is tried."""
        memory, rejection = self.memory, self.memory.rejection
        good = await GitReader(self.world, self._compiler, memory).last_good(builder)
        if good is None or rejection is None:
            return
        known = plan
        if good.identity != wanted.identity:
            known = await self._plan(builder, good, snapshot, gateway_reader)
        failed = memory.unhealed | (rejection.failed if known is plan else frozenset())
        parts = enforced(known, plan, rejection.failed, failed)
        applier = Applier(self.world, memory, gateway_reader, self._progress, self.announce)
        for revision, part in zip((good, wanted), parts, strict=True):
            chosen = self._choose(builder, revision, part, snapshot, git_is_unchanged=True)
            if not chosen.plan.changes or self.world.why_not_write():
                builder.drift += unhealed(chosen.drift)
            else:
                await applier.heal(builder, revision, chosen)

    def _resting(self, builder: TurnBuilder, wanted: CompiledRevision) -> Problem | None:
        rejection = self.memory.rejection
        if rejection is None or rejection.identity != wanted.identity or ASKED in builder.causes:
            return None
        until = rejection.rests_until(self.pace.slow_interval_s)
        if not rejection.at <= self.world.clock() < until:  # also if the clock was set back
            return None
        help_ = (
            "push another commit, or run `aspire-gitops reconcile`"
            f" (it will be retried at {moment_text(until, zone(builder.timezone))})"
        )
        return Problem(Standing.STALLED, rejection.reason, help_, about_commit=True)

    def _timezone(self) -> str:
        """Return the Gateway's, or what it was when a revision was applied last."""
        applied = self.memory.applied
        return self.gateway.timezone if self.gateway else applied.timezone if applied else ""

    def _progress(self, done: int, total: int) -> None:
        self.at_work(f"applying: {done} of {plural(total, 'change')} done")

    def _lose_patience(self, builder: TurnBuilder) -> None:
        """Report what waited too long: nothing may wait for ever without anybody being told."""
        memory, now = self.memory, builder.started_at
        waiting = [one for one in builder.problems if one.standing is Standing.WAITING]
        puzzling = [one for one in waiting if not one.passes]
        memory.waiting_since = _since(memory.waiting_since, now) if waiting else None
        memory.puzzled_since = _since(memory.puzzled_since, now) if puzzling else None
        patience = timedelta(seconds=self.pace.patience_s)
        late = memory.waiting_since is not None and now - memory.waiting_since >= patience
        least = min(LEAST_PATIENCE, patience)
        if memory.puzzled_since is not None and now - memory.puzzled_since >= least:
            late = True
        since = memory.waiting_since
        if late and since:
            builder.problems = [
                overdue(one, since, memory.waiting_turns + 1, zone(builder.timezone))
                if one in waiting
                else one
                for one in builder.problems
            ]

    def _tell_outage(self, builder: TurnBuilder) -> None:
        """Tell that the gateway does not answer, and how much of the month's allowance is used."""
        now, gateway = self.world.clock(), self.gateway
        found = self.downtime(now)
        allowed = gateway.availability.max_downtime_minutes_per_month * 60 if gateway else 0
        if self.spending:
            named, there = gateway.name if gateway else "", zone(self._timezone())
            self.spending.lose_patience(self.pace.patience_s, named, there)
        if self.tell is None:
            return
        notices, drafts = self.memory.outages.news(
            now,
            DowntimeReport(found, allowed) if found else None,
            after_s=self.pace.down_notice_s,
            gateway=gateway.name if gateway else "",
            why=builder.problem.reason if builder.problem else "",
        )
        for notice in notices:
            self.tell(notice)
        self.memory.unwritten += drafts

    def _pause_s(self, problem: Problem | None) -> float:
        waits = problem is not None and problem.waits
        self.memory.waiting_turns = self.memory.waiting_turns + 1 if waits else 0
        pause_s = self.pace.pause_s(
            Standing.WAITING if waits else problem.standing if problem else Standing.READY,
            failures=self.memory.waiting_turns,
            jitter=self.world.jitter,
            retry_after_s=problem.retry_after_s if problem else None,
            slowly=problem.slowly if problem else False,
        )
        if self.tell is None or (problem and problem.retry_after_s):
            return pause_s
        return min(pause_s, self.memory.outages.due_s(self.world.clock(), self.pace.down_notice_s))


def _since(known: datetime | None, now: datetime) -> datetime:
    return min(known or now, now)  # also if the clock was set back
