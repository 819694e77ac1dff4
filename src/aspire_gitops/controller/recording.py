"""Turn what happened into drafts for the journal. Pure; what is not ours shows as digests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from aspire_gitops.applying import Result
from aspire_gitops.journal.entry import Draft, EntryKind
from aspire_gitops.planning.plan import Plan
from aspire_gitops.reporting import Drifted, Turn
from aspire_gitops.revision import Revision
from aspire_gitops.state import GatewayObject
from aspire_ledger.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes drafts that all belong to one turn and one revision."""

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
        """Return a draft that names this turn, the revision and its people."""
        about = self.revision
        return Draft(
            kind,
            at,
            turn=self.turn,
            revision=str(about or ""),
            commit=about.commit if about else None,
            author=about.author if about else None,
            approvers=about.approvers if about else (),
            plan=plan,
            object=object,
            body=body,
        )

    def planned(self, plan: Plan, at: datetime) -> Draft:
        """Return what is about to be done, in order. Written before the first change."""
        rows: list[JsonValue] = [
            {
                "action": change.action.value,
                "object": str(change.key),
                "reason": change.reason,
                "fields": [[f.path, f.before, f.after, f.cause.value] for f in change.fields],
            }
            for change in plan.changes
        ]
        return self.draft(EntryKind.PLAN, at, {"changes": rows}, plan=plan.id)

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
        """Return that an object differed from git by somebody's hand."""
        body: dict[str, JsonValue] = {
            "fields": list(drift.fields),
            "answer": drift.answer.value,
            "by": drift.by,
            "since": drift.since.isoformat() if drift.since else None,
        }
        return self.draft(EntryKind.DRIFT, at, body, object=drift.object, plan=plan_id)

    def turned(self, turn: Turn, quiet_turns: int) -> Draft:
        """Return how the turn ended. `quiet_turns` are those before it that said nothing new."""
        body: dict[str, JsonValue] = {
            "standing": turn.standing.value,
            "reason": turn.reason,
            "help": turn.help,
            "causes": list(turn.causes),
            "counts": dict(turn.counts),
            "duration_s": round(turn.duration_s, 3),
            "quiet_turns": quiet_turns,
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
        "fields": dict(item.fields),
        "mark": mark,
    }
