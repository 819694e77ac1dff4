"""What the controller needs of the world, and what it knows from one turn to the next."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from aspire_gitops.applying import DeadKey
from aspire_gitops.applying.ports import Deliveries
from aspire_gitops.applying.ports import Gateway as WritableGateway
from aspire_gitops.controller.drift import WINDOW, Heal
from aspire_gitops.controller.intruders import Intruders
from aspire_gitops.controller.intruders import recalled as recalled_intruders
from aspire_gitops.controller.outages import KEPT, Outages, recalled
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import Answer, Drifted, JournalFacts
from aspire_gitops.vocabulary import ControlledSource, Revision
from aspire_ledger.canonical import JsonValue


class Gateway(WritableGateway, Protocol):
    """The admin API, reading and writing. `gateway.GatewayClient` implements it."""

    async def read_snapshot(self) -> Snapshot: ...

    async def read_holders(self, snapshot: Snapshot, addresses: Collection[str]) -> Snapshot: ...

    async def check_rights(self) -> None: ...

    def writing(
        self, who: str, *, within_s: float, waiting: Callable[[str], None]
    ) -> AbstractAsyncContextManager[Callable[[], str | None]]: ...


class Journal(Protocol):
    """The record of everything. `journal` implements it; called in a thread."""

    def append(self, *drafts: Draft) -> tuple[Entry, ...]: ...

    def read(
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        since: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterable[Entry]: ...

    def recorded_states(self) -> Mapping[str, JsonValue]: ...

    def head(self) -> JournalFacts: ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside that one turn touches.

    `own` are the controller's own files, which no reviewed file may name.

    `why_not_write` gives the reason why nothing may be written now (another
    controller leads, we are stopping), None when we may. It is asked before
    every change, so it answers at once.
    """

    source: ControlledSource
    gateway: Gateway
    journal: Journal
    deliveries: Deliveries
    own: OwnFiles
    owner: str
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    why_not_write: Callable[[], str | None]


_LONGEST_REST = timedelta(hours=1)
_LONGEST_DRIFT = timedelta(days=60)  # that is remembered over a restart
_LONGEST_GAP = timedelta(minutes=80)  # between two lines of turns, and a start


@dataclass(frozen=True, slots=True)
class Applied:
    """The last revision that was live as a whole, and when it came to be."""

    identity: str
    revision: Revision
    at: datetime
    timezone: str = ""  # the Gateway's


@dataclass(frozen=True, slots=True)
class Rejection:
    """A revision that failed for its own reason. It is retried slowly; any other one at once."""

    identity: str
    reason: str
    times: int
    at: datetime
    failed: frozenset[str] = frozenset()  # the objects that it failed at, `kind/name`

    def rests_until(self, slow_interval_s: float) -> datetime:
        """Return when it may be tried again: later after each failure, within the hour."""
        slow = timedelta(seconds=slow_interval_s)
        return self.at + min(slow * (1 << min(self.times - 1, 10)), max(_LONGEST_REST, slow))


@dataclass(slots=True)
class Memory:
    """Everything remembered. `states` is each object as the journal has it."""

    recalled: bool = False
    applied: Applied | None = None
    rejection: Rejection | None = None
    unhealed: frozenset[str] = frozenset()  # what could not be healed while it rests
    half_applied: str = ""  # the revision that was begun after `applied` and is not live as a whole
    heals: list[Heal] = field(default_factory=list)
    states: dict[str, JsonValue] = field(default_factory=dict)
    drift: frozenset[Drifted] = frozenset()  # what was recorded already, and is still there
    seen: dict[str, datetime] = field(default_factory=dict)  # since when it is not as recorded
    waiting_turns: int = 0
    waiting_since: datetime | None = None  # the first of these turns
    puzzled_since: datetime | None = None  # of turns in a row that wait for nobody knows what
    unproved_turns: int = 0
    unwritten: list[Draft] = field(default_factory=list)  # what the journal could not take yet
    said: str = ""  # what the last recorded turn said
    quiet_turns: int = 0
    quiet_since: datetime | None = None
    facts: JournalFacts | None = None
    dead_keys: tuple[DeadKey, ...] = ()  # what apps held at the last look
    deliveries_read_at: datetime | None = None
    rights_proved_at: datetime | None = None  # when the admin key was seen to have all rights
    told_spend: frozenset[str] | None = None  # crossings that were told; None: not recalled yet
    outages: Outages = field(default_factory=Outages)
    objects_applied: str = ""  # the revision whose objects are live, and whose settings are not
    settings_said: str = ""  # what the journal knows of what the processes run
    intruders: Intruders = field(default_factory=Intruders)
    observed: str = ""  # digest of the last snapshot that was compared with `states`

    def note_drift(self, drift: Iterable[Drifted], at: datetime) -> None:
        """Remember what was healed, to see flapping fields, and forget what is too old to matter."""
        self.heals = [heal for heal in self.heals if heal.at > at - WINDOW]
        for one in drift:
            if one.answer is Answer.HEALED:
                self.heals += [Heal(one.object, path, at) for path in one.fields or ("",)]


def recall(memory: Memory, journal: Journal, now: datetime) -> None:
    """Fill the memory from the journal.

    Raises:
        JournalUnavailable: Try again.
        JournalDamaged: Somebody must look at it.
    """
    memory.states = dict(journal.recorded_states())
    applied = _newest(journal, EntryKind.APPLIED)
    rejected = _newest(journal, EntryKind.REJECTED)
    if applied:
        memory.applied = _applied(applied)
        memory.half_applied = _begun_since(applied, journal)
    if rejected and rejected.number > (applied.number if applied else 0):
        memory.rejection = _rejection(rejected)
    _recall_settings(memory, _newest(journal, EntryKind.SETTINGS), applied)
    memory.heals = list(_heals(journal, now))
    memory.seen = _seen(journal, now)
    memory.outages = recalled(
        journal.read(kinds=(EntryKind.OUTAGE, EntryKind.DOWNTIME), since=now - KEPT),
        first=next(iter(journal.read(limit=1)), None),
        last_turn=_newest(journal, EntryKind.TURN),
        known=_newest(journal, EntryKind.OBSERVED) is not None or applied is not None,
        now=now,
    )
    watched = journal.read(kinds=(EntryKind.INTRUDER,))
    memory.intruders = recalled_intruders(watched, memory.states)
    _recall_waiting(memory, _newest(journal, EntryKind.TURN), now)
    memory.recalled = True


def _recall_settings(memory: Memory, newest: Entry | None, applied: Entry | None) -> None:
    if newest is None:
        return
    body = newest.draft.body
    names = ("state", "digest", "reason", "identity")
    memory.settings_said = "|".join(str(body.get(name)) for name in names)
    if body.get("objects_applied") is True and newest.number > (applied.number if applied else 0):
        memory.objects_applied = str(body.get("identity"))


def _recall_waiting(memory: Memory, last_turn: Entry | None, now: datetime) -> None:
    # Else whoever restarts a controller that waits, again and again, is never told.
    if last_turn is None or not now - _LONGEST_GAP <= last_turn.draft.at <= now:
        return
    since = (last_turn.draft.body.get(name) for name in ("waiting_since", "puzzled_since"))
    memory.waiting_since, memory.puzzled_since = map(_moment, since)


def _moment(text: JsonValue) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def applied_body(applied: Applied) -> Mapping[str, JsonValue]:
    """Return what an APPLIED entry keeps beside the columns."""
    revision = applied.revision
    return {
        "identity": applied.identity,
        "reference": revision.reference,
        "subject": revision.subject,
        "dirty": revision.dirty,
        "timezone": applied.timezone,
    }


def rejected_body(
    rejection: Rejection, diagnostics: Iterable[JsonValue] = ()
) -> Mapping[str, JsonValue]:
    """Return what a REJECTED entry keeps beside the columns."""
    return {
        "identity": rejection.identity,
        "reason": rejection.reason,
        "times": rejection.times,
        "failed": sorted(rejection.failed),
        "diagnostics": list(diagnostics),
    }


def _heals(journal: Journal, now: datetime) -> Iterator[Heal]:
    # Drift is written down before it is healed, and only the result says whether it was.
    # Healing that failed repeatedly is not flapping.
    entries = list(journal.read(kinds=(EntryKind.DRIFT, EntryKind.RESULT), since=now - WINDOW))
    done = {
        (entry.draft.turn, entry.draft.object)
        for entry in entries
        if entry.draft.kind is EntryKind.RESULT and entry.draft.body.get("status") == "applied"
    }
    for entry in entries:
        draft, body = entry.draft, entry.draft.body
        is_drift = draft.kind is EntryKind.DRIFT and body.get("answer") == Answer.HEALED
        if is_drift and (draft.turn, draft.object) in done:
            paths = body.get("fields")
            named = [str(path) for path in paths] if isinstance(paths, list | tuple) else []
            yield from (Heal(str(draft.object), path, draft.at) for path in named or [""])


def _seen(journal: Journal, now: datetime) -> dict[str, datetime]:
    """Return since when each object is not as it was applied, by `kind/name`."""
    kinds = (EntryKind.OBSERVED, EntryKind.DRIFT, EntryKind.RESULT)
    found: dict[str, datetime] = {}
    for entry in journal.read(kinds=kinds, since=now - _LONGEST_DRIFT):
        name, draft = str(entry.draft.object), entry.draft
        if draft.kind is EntryKind.OBSERVED:
            found[name] = draft.at
        elif draft.kind is EntryKind.DRIFT:
            found[name] = _moment(draft.body.get("first_seen")) or found.get(name, draft.at)
        elif draft.body.get("status") == "applied":
            found.pop(name, None)
    return found


def _begun_since(applied: Entry, journal: Journal) -> str:
    plans = journal.read(kinds=(EntryKind.PLAN,), since=applied.draft.at, newest_first=True)
    for planned in plans:
        if planned.number < applied.number:
            break
        if planned.draft.body.get("resting"):
            continue  # only healed beside a rejected revision, and says nothing of that one
        begun = planned.draft.commit
        return begun if begun and begun != applied.draft.commit else ""
    return ""


def _newest(journal: Journal, kind: EntryKind) -> Entry | None:
    return next(iter(journal.read(kinds=(kind,), newest_first=True, limit=1)), None)


def _applied(entry: Entry) -> Applied:
    draft, body = entry.draft, entry.draft.body
    subject = body.get("subject")
    revision = Revision(
        reference=str(body.get("reference") or draft.revision),
        commit=draft.commit,
        dirty=body.get("dirty") is True,
        author=draft.author,
        subject=subject if isinstance(subject, str) else None,
        approvers=draft.approvers,
    )
    timezone = str(body.get("timezone") or "")
    return Applied(str(body.get("identity") or draft.commit), revision, draft.at, timezone)


def _rejection(entry: Entry) -> Rejection:
    body = entry.draft.body
    times, failed = body.get("times"), body.get("failed")
    return Rejection(
        identity=str(body.get("identity") or entry.draft.commit),
        reason=str(body.get("reason") or ""),
        times=times if isinstance(times, int) else 1,
        at=entry.draft.at,
        failed=frozenset(map(str, failed)) if isinstance(failed, list | tuple) else frozenset(),
    )
