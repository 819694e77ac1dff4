"""Read from the journal which holds are in force. Pure."""

from collections.abc import Iterable
from datetime import datetime

from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.status.value import Hold, HoldKind
from aspire_ledger.canonical import JsonValue

_RESUME = "resume"


def holds_in_force(entries: Iterable[Entry], now: datetime) -> tuple[Hold, ...]:
    """Return the holds in force at `now`. Entries are of kind HOLD, oldest first.

    Of each kind the newest counts, so that a second freeze prolongs or shortens the first.
    """
    held: dict[HoldKind, Hold] = {}
    for entry in entries:
        action = str(entry.draft.body.get("action"))
        if action == _RESUME:
            held.clear()
        else:
            held[HoldKind(action)] = _hold(HoldKind(action), entry.draft)
    return tuple(hold for hold in held.values() if not _is_over(hold, now))


def hold_draft(hold: Hold) -> Draft:
    """Return the entry that puts a hold on."""
    body: dict[str, JsonValue] = {
        "action": hold.kind.value,
        "owner": hold.owner,
        "reason": hold.reason,
        "until": hold.until.isoformat() if hold.until else None,
    }
    return Draft(EntryKind.HOLD, hold.since, commit=hold.commit, author=hold.owner, body=body)


def resume_draft(owner: str, at: datetime) -> Draft:
    """Return the entry that ends every hold."""
    return Draft(EntryKind.HOLD, at, author=owner, body={"action": _RESUME, "owner": owner})


def _hold(kind: HoldKind, draft: Draft) -> Hold:
    until = draft.body.get("until")
    return Hold(
        kind=kind,
        owner=str(draft.body.get("owner") or ""),
        reason=str(draft.body.get("reason") or ""),
        since=draft.at,
        until=datetime.fromisoformat(until) if isinstance(until, str) else None,
        commit=draft.commit,
    )


def _is_over(hold: Hold, now: datetime) -> bool:
    return hold.until is not None and now >= hold.until
