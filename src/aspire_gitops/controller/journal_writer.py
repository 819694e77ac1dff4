"""Write the journal of turns: a turn with news is one line, others are counted."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from aspire_gitops.applying import Result
from aspire_gitops.controller.holds import holds_in_force
from aspire_gitops.controller.memory import Memory, Rejection, World, recall, rejected_body
from aspire_gitops.controller.pace import HEARTBEAT
from aspire_gitops.controller.turn_builder import TurnBuilder
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.planning import Plan
from aspire_gitops.state import GatewayObject, without_masks
from aspire_gitops.status.value import Answer, Drifted, Hold, Turn
from aspire_gitops.vocabulary import AspireGitopsError, Revision
from aspire_ledger.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class EntryDrafter:
    """Drafts journal entries of one turn and one revision."""

    turn: str
    revision: Revision | None

    def draft(
        self,
        kind: EntryKind,
        at: datetime,
        body: Mapping[str, JsonValue],
        *,
        object: str | None = None,  # noqa: A002 (the word of the journal)
        plan: str | None = None,
    ) -> Draft:
        """Return a draft that names this turn and the revision, and its people if they did it."""
        about = self.revision
        # Its people did not do what was found on the gateway.
        people = None if kind in (EntryKind.DRIFT, EntryKind.OBSERVED) else about
        return Draft(
            kind,
            at,
            turn=self.turn,
            revision=str(about or ""),
            commit=about.commit if about else None,
            author=people.author if people else None,
            approvers=people.approvers if people else (),
            plan=plan,
            object=object,
            body=body,
        )

    def planned(self, plan: Plan, at: datetime, *, resting: bool = False) -> Draft:
        """Return what is about to be done, in order. Written before the first change.

        `resting`: it only heals, beside a rejected revision that rests.
        """
        rows: list[JsonValue] = [
            {
                "action": change.action.value,
                "object": str(change.key),
                "reason": change.reason,
                "fields": [[f.path, f.before, f.after, f.cause.value] for f in change.fields],
            }
            for change in plan.changes
        ]
        more: dict[str, JsonValue] = {"resting": True} if resting else {}
        return self.draft(EntryKind.PLAN, at, {"changes": rows, **more}, plan=plan.id)

    def ended(self, result: Result, plan_id: str, at: datetime) -> Iterator[Draft]:
        """Yield what became of one change, and where a new key went."""
        name = str(result.change.key)
        said: dict[str, JsonValue] = {
            "action": result.change.action.value,
            "status": result.status.value,
            "message": result.message,
            "duration_s": round(result.duration_s, 3),
        }
        if result.status.value == "applied":
            said["state"] = state_row(result.state)
        yield self.draft(EntryKind.RESULT, at, said, object=name, plan=plan_id)
        if result.delivered_to:
            body = {"to": result.delivered_to, "status": result.status.value, "message": ""}
            yield self.draft(EntryKind.DELIVERY, at, body, object=name, plan=plan_id)

    def drifted(self, drift: Drifted, at: datetime, plan_id: str) -> Draft:
        """Return that an object was changed by hand."""
        body: dict[str, JsonValue] = {
            "fields": list(drift.fields),
            "answer": drift.answer.value,
            "what": drift.kind.value,
            "moved": [[m.path, m.git, m.live] for m in drift.moved],
            "by": drift.by,
            "since": drift.since.isoformat() if drift.since else None,
            "first_seen": drift.first_seen.isoformat() if drift.first_seen else None,
        }
        return self.draft(EntryKind.DRIFT, at, body, object=drift.object, plan=plan_id)

    def turned(self, turn: Turn, quiet_turns: int, since: Mapping[str, datetime | None]) -> Draft:
        """Return how the turn ended. `quiet_turns` are those before it that said nothing new.

        `since` are the moments from when on the controller waits, by their names.
        """
        body: dict[str, JsonValue] = {
            "standing": turn.standing.value,
            "reason": turn.reason,
            "help": turn.help,
            "causes": list(turn.causes),
            "counts": dict(turn.counts),
            "duration_s": round(turn.duration_s, 3),
            "quiet_turns": quiet_turns,
            **{name: at.isoformat() for name, at in since.items() if at},
        }
        plan_id = turn.plan.id if turn.plan and turn.plan.changes else None
        return self.draft(EntryKind.TURN, turn.started_at, body, plan=plan_id)


def state_row(item: GatewayObject | None) -> JsonValue:
    """Return one object for the journal; None for one that is gone."""
    if item is None:
        return None
    mark: JsonValue = None
    if item.mark:
        mark = {
            "owner": item.mark.owner,
            "name": item.mark.name,
            "fields": sorted(item.mark.fields),
            "digest": item.mark.digest,
            "revision": item.mark.revision,
        }
    return {
        "handle": item.handle,
        "address": item.address,
        "fields": without_masks(item.fields),
        "mark": mark,
    }


_MOST_UNWRITTEN = 10_000
_MOST_TOLD = 100


@dataclass(slots=True)
class JournalWriter:
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
            await self.append(*self.memory.unwritten)
            self.memory.unwritten = []

    async def holds(self) -> tuple[Hold, ...]:
        """Return the holds that are in force now."""
        entries = await asyncio.to_thread(self._hold_entries)
        return holds_in_force(entries, self.world.clock())

    async def drift(self, drift: Iterable[Drifted], drafter: EntryDrafter, plan_id: str) -> None:
        """Record drift that was not there, or not answered so, in the turn before."""
        found = frozenset(drift)
        fresh = [one for one in found - self.memory.drift if one.answer is not Answer.HEALED]
        now = self.world.clock()
        if fresh:
            in_order = sorted(fresh, key=lambda one: one.object)
            await self.append(*(drafter.drifted(one, now, plan_id) for one in in_order))
        self.memory.drift = found
        self.memory.seen = {one.object: one.first_seen for one in found if one.first_seen}

    async def invalid(self, builder: TurnBuilder) -> None:
        """Record, once, that a revision holds errors."""
        problem = next((one for one in builder.problems if one.diagnostics), None)
        known = self.memory.rejection
        if problem is None or (known and known.identity == builder.identity):
            return
        applied = self.memory.applied
        if applied and applied.identity == builder.identity:
            # It is live and only grew stale: an exchange rate is too old. The turn reports it; a
            # rejection would stop healing drift as well.
            return
        now = self.world.clock()
        rejection = Rejection(builder.identity, problem.reason, 1, now)
        found = [f"{d.span}: {d.rule.code} {d.message}" for d in problem.diagnostics[:_MOST_TOLD]]
        body = rejected_body(rejection, found)
        drafter = EntryDrafter(builder.id, builder.wanted)
        await self.append(drafter.draft(EntryKind.REJECTED, now, body))
        self.memory.rejection = rejection

    async def turn(self, turn: Turn) -> None:
        """Record a turn, or count it when it says the same as the one before.

        Does not fail when the journal cannot be written: the turn has said so
        already, and the entry waits.
        """
        memory = self.memory
        said = f"{turn.standing}|{turn.reason}|{turn.wanted}|{turn.applied}"
        since = memory.quiet_since
        fresh = turn.counts or said != memory.said or since is None
        if not fresh and since and abs(turn.started_at - since) < HEARTBEAT:
            memory.quiet_turns += 1
            return
        waits = {"waiting_since": memory.waiting_since, "puzzled_since": memory.puzzled_since}
        draft = EntryDrafter(turn.id, turn.wanted).turned(turn, memory.quiet_turns, waits)
        memory.said, memory.quiet_turns, memory.quiet_since = said, 0, turn.started_at
        try:
            await self.append(*memory.unwritten, draft)
            memory.unwritten = []
            memory.facts = await asyncio.to_thread(self.world.journal.head)
        except (AspireGitopsError, OSError):
            memory.facts = None
            memory.unwritten = [*memory.unwritten, draft][-_MOST_UNWRITTEN:]

    def _hold_entries(self) -> list[Entry]:
        return list(self.world.journal.read(kinds=(EntryKind.HOLD,)))

    async def append(self, *drafts: Draft) -> None:
        """Write entries. Raises JournalUnavailable, JournalDamaged."""
        await asyncio.to_thread(self.world.journal.append, *drafts)
