"""Who asked us to hold still, or to hold an older revision: folded from the journal. Pure."""

from collections.abc import Iterable
from datetime import datetime

from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.status.value import Brake, BrakeKind
from aspire_ledger.canonical import JsonValue

_RESUME = "resume"


def brakes_in_force(entries: Iterable[Entry], now: datetime) -> tuple[Brake, ...]:
    """Return the brakes that hold at `now`. Entries are of kind BRAKE, oldest first.

    Of each kind the newest counts, so that a second freeze prolongs or shortens the first.
    """
    held: dict[BrakeKind, Brake] = {}
    for entry in entries:
        action = str(entry.draft.body.get("action"))
        if action == _RESUME:
            held.clear()
        else:
            held[BrakeKind(action)] = _brake(BrakeKind(action), entry.draft)
    return tuple(brake for brake in held.values() if not _is_over(brake, now))


def braking(brake: Brake) -> Draft:
    """Return the entry that puts a brake on."""
    body: dict[str, JsonValue] = {
        "action": brake.kind.value,
        "owner": brake.owner,
        "reason": brake.reason,
        "until": brake.until.isoformat() if brake.until else None,
    }
    return Draft(EntryKind.BRAKE, brake.since, commit=brake.commit, author=brake.owner, body=body)


def resuming(owner: str, at: datetime) -> Draft:
    """Return the entry that ends every brake."""
    return Draft(EntryKind.BRAKE, at, author=owner, body={"action": _RESUME, "owner": owner})


def _brake(kind: BrakeKind, draft: Draft) -> Brake:
    until = draft.body.get("until")
    return Brake(
        kind=kind,
        owner=str(draft.body.get("owner") or ""),
        reason=str(draft.body.get("reason") or ""),
        since=draft.at,
        until=datetime.fromisoformat(until) if isinstance(until, str) else None,
        commit=draft.commit,
    )


def _is_over(brake: Brake, now: datetime) -> bool:
    return brake.until is not None and now >= brake.until
