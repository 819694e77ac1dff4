"""Apply the chosen changes, journal each first, and verify them with a second full read."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeAlias

from aspire_gitops.applying import Outcome, Result, Status, apply_plan, resolve_secrets
from aspire_gitops.applying.change import NotProved, blames_commit
from aspire_gitops.applying.secrets import Secrets
from aspire_gitops.controller.drift import Chosen, healed
from aspire_gitops.controller.gateway_reader import GatewayReader
from aspire_gitops.controller.git_reader import CompiledRevision
from aspire_gitops.controller.journal_writer import EntryDrafter, state_row
from aspire_gitops.controller.memory import (
    Applied,
    Memory,
    Rejection,
    World,
    applied_body,
    rejected_body,
)
from aspire_gitops.controller.turn_builder import (
    Problem,
    TurnBuilder,
    after_applying,
    problem_of,
)
from aspire_gitops.controller.witness import is_withheld
from aspire_gitops.journal.entry import Draft, EntryKind
from aspire_gitops.journal.locking import this_process
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import ensure_current
from aspire_gitops.state import Intent, ObjectKey
from aspire_gitops.status.value import Answer, Drifted, Standing
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    GatewayRefused,
    GatewayRejected,
    SecretMissing,
    SourceRefused,
    SourceUnavailable,
    plural,
)
from aspire_gitops.witness import SettingsReport


@dataclass(slots=True)
class RecordedApply:
    """Applies one plan and records each result. `unwritten` is what the journal did not take.

    `resting`: it only heals, beside a rejected revision that rests.
    """

    plan: Plan
    world: World
    drafter: EntryDrafter
    progress: Callable[[Result], None]
    resting: bool = False
    unwritten: list[Draft] = field(default_factory=list)
    lost_journal: str | None = None

    def secrets(self) -> Secrets:
        """Return what the plan refers to. Raises SecretMissing."""
        return resolve_secrets(
            _intents(self.plan), own=self.world.own, is_admin_key=self.world.gateway.is_admin_key
        )

    async def run(
        self, secrets: Secrets, why_stop: Callable[[], str | None], *before: Draft
    ) -> Outcome:
        """Apply the plan.

        Args:
            secrets: What it refers to.
            why_stop: Says why writing must stop, None while it may go on.
            before: What else to record before the first change.

        Raises:
            JournalUnavailable, JournalDamaged: Before the first write.
        """
        planned = await asyncio.to_thread(
            self.drafter.planned, self.plan, self.world.clock(), resting=self.resting
        )
        await asyncio.to_thread(self.world.journal.append, *before, planned)
        return await apply_plan(
            self.plan,
            self.world.gateway,
            secrets,
            self.world.deliveries,
            progress=self.progress,
            record=self._record,
            stop=lambda: self.lost_journal or self.world.why_not_write() or why_stop(),
        )

    async def _record(self, result: Result) -> None:
        drafts = [*self.drafter.ended(result, self.plan.id, self.world.clock())]
        if self.lost_journal is None:
            try:
                await asyncio.to_thread(self.world.journal.append, *drafts)
            except AspireGitopsError as error:
                self.lost_journal = f"the journal cannot be written: {error.message}"
            else:
                return
        self.unwritten += drafts


def _intents(plan: Plan) -> dict[ObjectKey, Intent]:
    return {c.key: c.intent for c in plan.changes if c.intent is not None and c.after is not None}


_RIGHTS_HOLD = timedelta(hours=1)
_OTHERS_S = 5.0  # that a turn waits for another writer; the next turn comes soon
_PROOFS = 3  # reads in a row that must disagree before a revision counts as failed

Progress = Callable[[int, int], None]
Announce = Callable[[TurnBuilder, CompiledRevision, Plan], None]

AskSettings: TypeAlias = Callable[[], Awaitable[SettingsReport | None]]


@dataclass(slots=True)
class Applier:
    """Writes to the gateway for one controller.

    `progress` gets (done, of). `announce` hears, before the first write, of a
    revision that was not live before.
    """

    world: World
    memory: Memory
    gateway_reader: GatewayReader
    progress: Progress
    announce: Announce

    async def apply(
        self, builder: TurnBuilder, wanted: CompiledRevision, chosen: Chosen, settings: AskSettings
    ) -> None:
        """Apply `chosen.plan` and note the outcome in `builder`.

        `settings` asks what the gateway runs once all is applied: the key that asks may be new.

        Raises:
            JournalUnavailable, JournalDamaged, GatewayError: The turn ends here; the
                next one resumes from what is live then.
        """
        drafter = EntryDrafter(builder.id, wanted.revision)
        is_new = self.memory.applied is None or self.memory.applied.identity != wanted.identity
        is_new = is_new and self.memory.objects_applied != wanted.identity
        if is_new:
            self.announce(builder, wanted, chosen.plan)
        try:
            outcome = await self._carry_out(builder, chosen, drafter)
        except SecretMissing as error:
            await self._reject(wanted, problem_of(error), drafter)
            raise
        builder.outcome = outcome
        if is_new:
            self.memory.half_applied = wanted.identity
        builder.drift = self._note(chosen, outcome)
        if not outcome.ok:
            await self._failed(builder, wanted, outcome, drafter)
        elif left := await self._left(builder, wanted, outcome, drafter):
            await self._unproved(builder, wanted, left, drafter)
        else:
            self.memory.unproved_turns = 0
            builder.ready = after_applying(wanted.revision, outcome, builder.drift)
            if not chosen.plan.held:
                await self.note_applied(wanted, drafter, len(outcome.results), await settings())

    async def heal(self, builder: TurnBuilder, wanted: CompiledRevision, chosen: Chosen) -> None:
        """Heal drift while a rejected revision rests, whatever its own failure was.

        Raises:
            SecretMissing, JournalUnavailable, JournalDamaged, GatewayError: As `apply`.
        """
        drafter = EntryDrafter(builder.id, wanted.revision)
        outcome = await self._carry_out(builder, chosen, drafter, resting=True)
        known = builder.outcome.results if builder.outcome else ()
        builder.outcome = replace(outcome, results=(*known, *outcome.results))
        drift = self._note(chosen, outcome)
        builder.drift += drift
        failed = [r for r in outcome.results if r.error]
        self.memory.unhealed |= {str(r.change.key) for r in failed if blames_commit(r.error)}
        builder.problems += [
            problem_of(r.error) for r in failed if r.error and not blames_commit(r.error)
        ][:1]
        if done := sum(one.answer is Answer.HEALED for one in drift):
            said = f"healed drift on {plural(done, 'object')} meanwhile"
            builder.ready = "; ".join(filter(None, [builder.ready, said]))

    def _note(self, chosen: Chosen, outcome: Outcome) -> tuple[Drifted, ...]:
        self._remember_states(outcome)
        failed = [str(r.change.key) for r in outcome.results if r.status is not Status.APPLIED]
        drift = healed(chosen.drift, failed)
        self.memory.note_drift(drift, self.world.clock())
        return drift

    async def note_applied(
        self,
        wanted: CompiledRevision,
        drafter: EntryDrafter,
        count: int,
        settings: SettingsReport | None,
    ) -> None:
        """Record that a revision is live as a whole, once: its objects, and its settings."""
        known, rejection = self.memory.applied, self.memory.rejection
        self.memory.half_applied = ""
        if rejection and rejection.identity == wanted.identity:
            self.memory.rejection = None
        if known and known.identity == wanted.identity:
            return
        if is_withheld(settings):
            self.memory.objects_applied = wanted.identity
            return
        self.memory.objects_applied = ""
        gateway = wanted.catalog.gateway
        timezone = gateway.spec.timezone if gateway else ""
        applied = Applied(wanted.identity, wanted.revision, self.world.clock(), timezone)
        told = {"settings": settings.state.value} if settings else {}
        body = {**applied_body(applied), "changes": count, **told}
        await self._append(drafter.draft(EntryKind.APPLIED, applied.at, body))
        self.memory.applied = applied
        if wanted.revision.commit:
            # It is live even if the history was rewritten just now.
            with contextlib.suppress(SourceUnavailable, SourceRefused):
                await asyncio.to_thread(self.world.source.keep, wanted.revision.commit)

    async def _carry_out(
        self,
        builder: TurnBuilder,
        chosen: Chosen,
        drafter: EntryDrafter,
        *,
        resting: bool = False,
    ) -> Outcome:
        plan, done = chosen.plan, 0

        def ended(_: Result) -> None:
            nonlocal done
            done += 1
            self.progress(done, len(plan.changes))

        self.progress(0, len(plan.changes))
        recorded = RecordedApply(plan, self.world, drafter, ended, resting)
        now = self.world.clock()
        drift = [drafter.drifted(one, now, plan.id) for one in self.fresh(chosen.drift)]
        try:
            with builder.with_gateway():
                await self._prove_rights()
                outcome = await self._alone(recorded, drift)
                if any(isinstance(r.error, GatewayRefused) for r in outcome.results):
                    self.memory.rights_proved_at = None
                return outcome
        finally:
            self.memory.unwritten += recorded.unwritten
            self.memory.observed = ""  # whatever happened, read everything again

    async def _alone(self, recorded: RecordedApply, drift: Sequence[Draft]) -> Outcome:
        """Apply while nobody else writes, if nobody wrote since the plan was made."""
        gateway, who = self.world.gateway, f"the controller, {this_process()}"
        # What is missing is told before the first write.
        secrets = await asyncio.to_thread(recorded.secrets)
        async with gateway.writing(who, within_s=_OTHERS_S, waiting=lambda _: None) as why_stop:
            ensure_current(recorded.plan, await gateway.read_snapshot())
            return await recorded.run(secrets, why_stop, *drift)

    async def _prove_rights(self) -> None:
        # Half an apply is worse than none. The check costs ten calls, so it counts for a while;
        # if a permission is revoked meanwhile, the apply stops at the first refusal.
        proved, now = self.memory.rights_proved_at, self.world.clock()
        if proved is None or abs(now - proved) > _RIGHTS_HOLD:
            await self.world.gateway.check_rights()
            self.memory.rights_proved_at = now

    def _remember_states(self, outcome: Outcome) -> None:
        for result in outcome.results:
            if result.status is Status.APPLIED:
                self.memory.states[str(result.change.key)] = state_row(result.state)

    def fresh(self, drift: Iterable[Drifted]) -> list[Drifted]:
        """Return the drift that the journal does not have yet: new, or about to be healed."""
        return [one for one in drift if one.answer is Answer.HEALED or one not in self.memory.drift]

    async def _left(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        outcome: Outcome,
        drafter: EntryDrafter,
    ) -> list[str]:
        # Each write was read back on its own. Only a full read shows whether all of them hold.
        snapshot = await self.gateway_reader.snapshot(builder, drafter)
        touched = {result.change.key for result in outcome.results}
        plan = await wanted.plan(snapshot, self.world.owner, self.world.own)
        return [str(change.key) for change in plan.changes if change.key in touched]

    async def _unproved(
        self, builder: TurnBuilder, wanted: CompiledRevision, left: list[str], drafter: EntryDrafter
    ) -> None:
        names = ", ".join(left[:3]) + (", …" if len(left) > 3 else "")
        reason = f"the gateway accepted {wanted.revision.short} but does not show it: {names}"
        help_ = "check whether something else writes to them"
        problem = Problem(Standing.STALLED, reason, help_, about_commit=True)
        await self._patiently(builder, wanted, problem, drafter, left)

    async def _patiently(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        problem: Problem,
        drafter: EntryDrafter,
        objects: Iterable[str],
    ) -> None:
        # It may be a change by hand or a lost answer: only what persists is the
        # revision's own fault.
        self.memory.unproved_turns += 1
        if self.memory.unproved_turns < _PROOFS:
            builder.problems.append(Problem(Standing.WAITING, problem.reason, passes=True))
            return
        builder.problems.append(problem)
        await self._reject(wanted, problem, drafter, objects)

    async def _failed(
        self,
        builder: TurnBuilder,
        wanted: CompiledRevision,
        outcome: Outcome,
        drafter: EntryDrafter,
    ) -> None:
        failed = [r for r in outcome.results if r.status is Status.FAILED]
        own = [r for r in failed if blames_commit(r.error)]
        what = f"{plural(len(failed), 'change')} of {len(outcome.results)} failed"
        if own:
            reason = f"{wanted.revision.short}: {what}: {own[0].change.key}: {own[0].message}"
            problem = Problem(
                Standing.STALLED, reason, "push a commit that fixes it", about_commit=True
            )
            objects = [str(result.change.key) for result in failed]
            if all(_may_pass(result.error) for result in own):
                await self._patiently(builder, wanted, problem, drafter, objects)
                return
            builder.problems.append(problem)
            await self._reject(wanted, problem, drafter, objects)
        elif problems := [problem_of(result.error) for result in failed if result.error]:
            # What an operator must fix is said first: the rest may pass meanwhile.
            stalled = [one for one in problems if one.standing is Standing.STALLED]
            builder.problems.append((stalled or problems)[0])
        else:
            builder.problems.append(
                Problem(Standing.WAITING, outcome.results[-1].message, passes=True)
            )

    async def _reject(
        self,
        wanted: CompiledRevision,
        problem: Problem,
        drafter: EntryDrafter,
        objects: Iterable[str] = (),
    ) -> None:
        before = self.memory.rejection
        again = before is not None and before.identity == wanted.identity
        times = before.times + 1 if before and again else 1
        now = self.world.clock()
        rejection = Rejection(wanted.identity, problem.reason, times, now, frozenset(objects))
        self.memory.unproved_turns = 0  # the next try, and the next revision, begin anew
        await self._append(drafter.draft(EntryKind.REJECTED, now, rejected_body(rejection)))
        self.memory.rejection = rejection
        self.memory.unhealed = frozenset()

    async def _append(self, draft: Draft) -> None:
        await asyncio.to_thread(self.world.journal.append, draft)


def _may_pass(error: AspireGitopsError | None) -> bool:
    # It existed a moment ago: it was deleted by hand, or LiteLLM is reloading its lists.
    return isinstance(error, NotProved) or (
        isinstance(error, GatewayRejected) and error.status == 404
    )
