"""Tell drift from git's own changes, and heal flapping fields less often. Pure."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aspire_gitops.kinds import KINDS
from aspire_gitops.planning import SPEND, Action, Cause, Change, Plan
from aspire_gitops.rendering.plan_wording import shown_fields
from aspire_gitops.status.value import Answer, Drifted, DriftKind, FlappingField, MovedField
from aspire_gitops.vocabulary import value_text
from aspire_ledger.canonical import JsonValue

WINDOW = timedelta(hours=1)
ENOUGH = 3  # heals of one field within the window that count as flapping
_FIRST_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Heal:
    """One time that drift on one field was set back. `path` is empty for a whole object."""

    object: str
    path: str
    at: datetime


def flapping_fields(heals: Iterable[Heal], now: datetime) -> tuple[FlappingField, ...]:
    """Return the fields that flap now, sorted. The pause doubles with each heal, up to the window."""
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for heal in heals:
        if now - WINDOW < heal.at <= now:
            times[heal.object, heal.path].append(heal.at)
    return tuple(
        FlappingField(name, path, len(at), max(at), max(at) + _pause(len(at)))
        for (name, path), at in sorted(times.items())
        if len(at) >= ENOUGH
    )


def held_back(
    changes: Iterable[Change], on: Iterable[FlappingField], now: datetime
) -> Iterator[Change]:
    """Yield the changes that would heal a flapping field during its pause."""
    resting = {(flap.object, flap.path) for flap in on if now < flap.heals_again_at}
    for change in changes:
        if KINDS[change.key.kind].facts.heals_at_once:
            continue
        if any((str(change.key), path) in resting for path in paths_of(change)):
            yield change


def paths_of(change: Change) -> tuple[str, ...]:
    """Return what a change heals: its fields, or the object as a whole (an empty path)."""
    return tuple(field.path for field in change.fields) or ("",)


def _pause(times: int) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(times - ENOUGH, 10)), WINDOW)


@dataclass(frozen=True, slots=True)
class Touch:
    """Who changed an object last and when, as far as the gateway tells."""

    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The part of a plan to apply now, and the drift in the whole plan."""

    plan: Plan
    drift: tuple[Drifted, ...]

    @property
    def holds_back(self) -> bool:
        return any(one.answer in (Answer.HELD, Answer.REPORTED) for one in self.drift)


def choose(
    plan: Plan,
    *,
    git_is_unchanged: bool,
    heals: bool,
    flapping: Sequence[FlappingField],
    touches: Mapping[str, Touch],
    seen: Mapping[str, datetime],
    now: datetime,
) -> Chosen:
    """Return the part of `plan` to apply now.

    Args:
        plan: Everything that differs.
        git_is_unchanged: This very revision was applied whole before, so that
            whatever differs now was changed by hand.
        heals: What the policy says; without it drift is only reported.
        flapping: Fields that somebody keeps changing back.
        touches: What the gateway tells of the objects, by `kind/name`.
        seen: Since when each object is known not to be as recorded, by `kind/name`.
        now: The time.
    """
    drifted = [c for c in plan.changes if c.is_drift or (git_is_unchanged and not _rotated(c))]
    held = list(held_back(drifted, flapping, now))
    left_out = {id(change) for change in (held if heals else drifted)}
    kept = tuple(change for change in plan.changes if id(change) not in left_out)
    drift = tuple(
        _drifted(
            change, _answer(change, held, heals=heals), touches, seen.get(str(change.key), now)
        )
        for change in drifted
    )
    return Chosen(replace(plan, changes=kept), drift)


def enforced(
    good: Plan, rejected: Plan, failed: Container[str], unhealed: Container[str]
) -> tuple[Plan, Plan]:
    """Return the parts of two plans that set back what was changed by hand.

    For the time that a rejected revision rests. An object that neither revision would have as
    it is was changed by hand. It goes back to what was live before: what the rejected revision
    made of it, where its mark says so, else what the last good one has. Nothing else is
    touched, so what was applied of the rejected revision stays.

    Args:
        good: What the last good revision would change.
        rejected: What the rejected one would change; the same plan where it is the last good.
        failed: Objects that the rejected revision failed at.
        unhealed: Objects that could not be healed since.
    """
    theirs = {change.key for change in rejected.changes if _sets_back(change)}
    ours = {change.key for change in good.changes if _sets_back(change)}
    refused = {refusal.object for plan in (good, rejected) for refusal in plan.refusals}

    def part(plan: Plan, *, of_rejected: bool) -> Plan:
        kept = tuple(
            change
            for change in plan.changes
            if _sets_back(change)
            and change.key in ours & theirs
            and _is_marked_by(change, rejected, good) is of_rejected
            and not (of_rejected and str(change.key) in failed)
            and str(change.key) not in unhealed
            and str(change.key) not in refused
        )
        return replace(plan, changes=kept, refusals=(), held=())

    return part(good, of_rejected=False), part(rejected, of_rejected=True)


def _sets_back(change: Change) -> bool:
    return change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)


def _is_marked_by(change: Change, rejected: Plan, good: Plan) -> bool:
    mark = change.before.mark if change.before else None
    return mark is not None and mark.revision == rejected.revision != good.revision


def healed(drift: Iterable[Drifted], failed: Iterable[str]) -> tuple[Drifted, ...]:
    """Return the drift as it is after applying: what was to be healed and failed says so."""
    wrong = frozenset(failed)
    return tuple(
        replace(one, answer=Answer.FAILED)
        if one.answer is Answer.HEALED and one.object in wrong
        else one
        for one in drift
    )


def unhealed(drift: Iterable[Drifted]) -> tuple[Drifted, ...]:
    """Return the drift when nothing is applied at all: under a hold, or on standby."""
    return tuple(replace(one, answer=Answer.REPORTED) for one in drift)


def _rotated(change: Change) -> bool:
    # A new secret where the controller runs is not a change by hand.
    secrets = change.intent.secrets if change.intent else {}
    return bool(change.fields) and all(
        field.path in secrets and field.cause is Cause.GIT for field in change.fields
    )


def _answer(change: Change, held: Sequence[Change], *, heals: bool) -> Answer:
    if not heals:
        return Answer.REPORTED
    return Answer.HELD if any(change is one for one in held) else Answer.HEALED


_KINDS: Mapping[Action, DriftKind] = {
    Action.CREATE: DriftKind.DELETED,
    Action.DELETE: DriftKind.ADDED,
}


def _drifted(
    change: Change, answer: Answer, touches: Mapping[str, Touch], first_seen: datetime
) -> Drifted:
    fields = tuple(filter(None, paths_of(change)))
    # What LiteLLM miscounted is not a change by hand.
    counted = fields == (SPEND,)
    touch = Touch() if counted else touches.get(str(change.key), Touch())
    kind = _KINDS.get(change.action, DriftKind.CHANGED)
    moved = shown_fields(change) if kind is DriftKind.CHANGED else ()
    return Drifted(
        object=str(change.key),
        fields=fields,
        answer=answer,
        by=touch.by,
        since=touch.at,
        kind=DriftKind.COUNTED if counted else kind,
        # A plan goes from what is live to what git says; a change by hand went the other way.
        moved=tuple(MovedField(m.path, _shown(m.after), _shown(m.before)) for m in moved),
        first_seen=first_seen,
    )


def _shown(value: JsonValue) -> str | None:
    return None if value is None else value_text(value)
