"""What one plan may not do without an Approval that names the object.

Checks yield refusals and never change the plan: a refused plan is shown whole,
so that a reviewer sees what would have happened. `hold` takes out what a refused
object, and only that, keeps from being applied. What is dangerous about the
deletion of an object, its kind says; a cap below what its budget has spent this
month would stop the budget's apps at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from aspire_gitops.kinds import KINDS, from_last_to_first
from aspire_gitops.kinds.deployment import CREDENTIAL, MODEL
from aspire_gitops.kinds.prices import CARD_FIELD
from aspire_gitops.planning.plan import (
    CAP_BELOW_SPEND,
    EMPTY_SOURCE,
    TOO_MANY_DELETIONS,
    Action,
    Cause,
    Change,
    Held,
    Plan,
    Refusal,
    Scope,
)
from aspire_gitops.releases import listed_model, release_of
from aspire_gitops.resources.price_units import PRICE_UNITS
from aspire_gitops.spend import budget_of, cap_of, plain
from aspire_gitops.state import Compiled, GatewayObject, ObjectKey, Snapshot, State
from aspire_gitops.vocabulary import plural
from aspire_ledger.money import Aud

LEFTOVER = "left over from an interrupted replacement"
_LOWER = "lower-cap-below-spend"
_LEDGER = "metadata.budget_mode"  # a key that carries it is counted by the ledger


def check_protection(
    compiled: Compiled, ours: Mapping[ObjectKey, GatewayObject], changes: Sequence[Change]
) -> Iterator[Refusal]:
    """Yield a refusal for each dangerous change that nobody agreed to."""
    deletions = [c for c in changes if c.action is Action.DELETE and c.reason != LEFTOVER]
    if not compiled.objects:
        yield Refusal(
            EMPTY_SOURCE,
            f"gateway/{compiled.gateway.name}",
            "the source declares no credential, alias or app at all",
            "an empty source never prunes; check the branch and the folder",
        )
    agreed = {(approval.change, approval.object) for approval in compiled.approvals}
    for kind in from_last_to_first():
        gone = [c.key for c in deletions if c.key.kind == kind.facts.name]
        for danger in kind.dangers(gone, ours, compiled.objects) if gone else ():
            if (danger.approval, danger.key) not in agreed:
                yield Refusal(danger.rule, str(danger.key), danger.message, danger.help)
    yield from _too_many(compiled, deletions, agreed)


_ZONE, _CAP = "metadata.timezone", "max_budget"


def without_waiting(plan: Plan, *, restart: bool, guarded: bool) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan without the changes that settings come before, and what is said of each.

    A key moves to another timezone only with the gateway: else the ledger and LiteLLM turn its
    month at two midnights. A cap of LiteLLM's is raised, to stand behind the ledger's, only where
    the ledger counts: else it alone would hold, and let more through.

    Args:
        plan: The plan.
        restart: A process of the gateway runs other settings.
        guarded: Each process has loaded the ledger.
    """
    if not restart:
        return plan, ()
    why = {change.key: found for change in plan.changes if (found := _waits_for(change, guarded))}
    kept = tuple(change for change in plan.changes if change.key not in why)
    said = (f"{key} waits until the gateway runs the new settings: {why[key]}" for key in why)
    return (replace(plan, changes=kept) if why else plan), tuple(said)


def _waits_for(change: Change, guarded: bool) -> str:  # noqa: FBT001 (a helper of one caller)
    if change.action is not Action.UPDATE:
        return ""
    for field in change.fields:
        before, after = field.before, field.after
        if field.cause is Cause.DRIFT:
            continue  # what somebody changed by hand is set back at once
        if field.path == _ZONE and before is not None:
            return "its month would turn at two midnights"
        numbers = isinstance(before, int | float) and isinstance(after, int | float)
        if field.path == _CAP and not guarded and numbers and after > before:  # type: ignore[operator]
            return "no ledger would count what its higher cap lets through"
    return ""


def _too_many(
    compiled: Compiled, deletions: Sequence[Change], agreed: set[tuple[str, ObjectKey]]
) -> Iterator[Refusal]:
    approved = {key for _, key in agreed}
    counted = [change for change in deletions if change.key not in approved]
    most = compiled.gateway.max_deletions
    if len(counted) > most:
        named = ", ".join(str(change.key) for change in counted[:5])
        yield Refusal(
            TOO_MANY_DELETIONS,
            f"gateway/{compiled.gateway.name}",
            f"this deletes {plural(len(counted), 'object')}, and the policy allows {most}: {named}"
            f"{', …' if len(counted) > 5 else ''}",
            "delete fewer at once, add an Approval with `change: delete` for each, or raise"
            " `policy.max_deletions` in the Gateway",
        )


@dataclass(frozen=True, slots=True)
class _Lowered:
    """A change that lowers the cap of a budget."""

    change: Change
    budget: str
    cap: Aud


def check_lowered_caps(
    compiled: Compiled, snapshot: Snapshot, changes: Sequence[Change]
) -> Iterator[Refusal]:
    """Yield one refusal for each budget whose cap falls below its spend, without an Approval."""
    agreed, refused = _agreed_caps(compiled), set[str]()
    for lowered in _lowered(changes, snapshot.taken_at):
        budget, spent = lowered.budget, _spent(snapshot, lowered.budget)
        if spent is None or lowered.cap >= spent or budget in agreed | refused:
            continue
        refused.add(budget)
        key = lowered.change.key
        yield Refusal(
            CAP_BELOW_SPEND,
            str(key),
            f'the cap of budget "{budget}" goes down to {plain(lowered.cap)} AUD, and'
            f" {plain(spent)} AUD is spent this month: its apps could not call anything"
            " until the month turns",
            f"wait for the next month or choose a cap above {plain(spent)} AUD; if that is"
            f" meant, add an Approval with `change: {_LOWER}` and `object: {key}`",
        )


def unknown_spend(snapshot: Snapshot, changes: Sequence[Change]) -> Iterator[str]:
    """Yield a warning for each budget whose cap goes down while nobody knows its spend."""
    lowered = _lowered(changes, snapshot.taken_at)
    counted = {
        one.budget for one in lowered if one.change.after and _LEDGER in one.change.after.fields
    }
    for budget in sorted(counted):
        if _spent(snapshot, budget) is None:
            yield (
                f'the cap of budget "{budget}" goes down, and nobody asked the ledger what is'
                " spent; set ASPIRE_GITOPS_LEDGER_URL to have that checked"
            )


def forgotten_prices(compiled: Compiled, changes: Sequence[Change]) -> Iterator[str]:
    """Yield a warning for each deployment that gets another target and keeps the old one's price."""
    release = release_of(compiled.gateway.litellm_version)
    for change in changes:
        moved = {field.path for field in change.fields if field.cause is Cause.GIT}
        if change.after is None or not moved & {MODEL, CREDENTIAL} or moved & _FACTS:
            continue
        fields = change.after.fields
        if not _FACTS & fields.keys():
            continue  # it has no price, which is another rule's business
        prefix, _, model = str(fields.get(MODEL)).partition("/")
        api = next((name for name, api in release.apis.items() if api.prefix == prefix), "")
        listed = listed_model(release, api, model) if api else None
        known = f"; not reviewed, LiteLLM's own list has {listed}" if listed else ""
        yield (
            f'alias "{change.key.name}" gets another target, and its price, context window and'
            f" the rest of its card stay those of the old one{known}"
        )


_FACTS = frozenset({CARD_FIELD, *(f"litellm_params.{unit.litellm}" for unit in PRICE_UNITS)})


def _lowered(changes: Sequence[Change], now: datetime) -> Iterator[_Lowered]:
    for change in changes:
        # Drift is not asked about: a cap that somebody raised by hand goes back to the
        # reviewed one, whatever was spent meanwhile.
        if change.is_drift or change.before is None or change.after is None:
            continue
        before, after = cap_of(change.before, now), cap_of(change.after, now)
        if before is not None and after is not None and after < before:
            yield _Lowered(change, budget_of(change.after), after)


def _spent(snapshot: Snapshot, budget: str) -> Aud | None:
    try:
        return Aud(Decimal(snapshot.spent[budget]))
    except (KeyError, InvalidOperation):
        return None


def _agreed_caps(compiled: Compiled) -> frozenset[str]:
    """Return the budgets of which an Approval names a key."""
    named = {one.object for one in compiled.approvals if one.change == _LOWER}
    return frozenset(budget_of(item) for key, item in compiled.objects.items() if key in named)


def hold(
    changes: Sequence[Change], refusals: Sequence[Refusal], desired: State, ours: State
) -> tuple[list[Change], tuple[Held, ...]]:
    """Return the changes that may be made, and those that wait for a refused object.

    A change waits if its own object is refused, if it needs an object that waits (a deployment
    its credential), or if it deletes what an object that waits works with on the gateway.
    """
    refused = {one.object for one in refusals if one.scope is Scope.OBJECT}
    named = {*desired, *ours, *(change.key for change in changes)}
    waits: dict[ObjectKey, frozenset[str]] = {
        key: frozenset({str(key)}) for key in named if str(key) in refused
    }
    before = 0
    while len(waits) != before:  # what waits for something that waits
        before = len(waits)
        for change in [one for one in changes if one.key not in waits]:
            found = [waits[key] for key in waits if _stands_on(change, key, desired, ours)]
            if found:
                waits[change.key] = frozenset[str]().union(*found)
    free = [change for change in changes if change.key not in waits]
    held = [
        Held(change, tuple(sorted(waits[change.key]))) for change in changes if change.key in waits
    ]
    return free, tuple(held)


def _stands_on(change: Change, waiting: ObjectKey, desired: State, ours: State) -> bool:
    """Say whether a change must not be made before that of `waiting`."""
    kind, is_there = KINDS[change.key.kind], ours.get(waiting)
    if change.action is Action.DELETE:
        gone = (change.key.kind, change.before.handle if change.before else "")
        return is_there is not None and gone in KINDS[waiting.kind].uses(is_there.fields)
    needed = kind.references(change.after.fields) if change.after else frozenset()
    handles = {item.handle for item in (desired.get(waiting), is_there) if item}
    return any((waiting.kind, handle) in needed for handle in handles)
