"""What a change needs before and while it takes effect: Approvals, restarts, downtime. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from aspire_gitops.compiling.config import compile_config
from aspire_gitops.kinds import parse_key
from aspire_gitops.kinds.deployment import ALIAS_IN_USE
from aspire_gitops.kinds.key import LAST_KEY
from aspire_gitops.planning import (
    CAP_BELOW_SPEND,
    LEFTOVER,
    TOO_MANY_DELETIONS,
    Action,
    Plan,
    Refusal,
    check_lowered_caps,
    check_protection,
    match,
)
from aspire_gitops.resources import GatewaySpec, ResourceKind
from aspire_gitops.review.comparison import Known
from aspire_gitops.review.value import Consent, Effect, ResourceEdit, Uptime
from aspire_gitops.spend import budget_of
from aspire_gitops.state import Approved, Compiled, ObjectKey, Snapshot
from aspire_gitops.vocabulary import Rule

_CHANGES: Mapping[Rule, str] = {
    LAST_KEY: "delete-last-key",
    ALIAS_IN_USE: "remove-alias-in-use",
    CAP_BELOW_SPEND: "lower-cap-below-spend",
}
_DELETE = "delete"

_SECONDS_PER_MINUTE = 60


def consents_for(plan: Plan, compiled: Compiled, snapshot: Snapshot) -> tuple[Consent, ...]:
    """Return what the plan needs, agreed to or not, by change and object."""
    found: dict[tuple[str, str], Consent] = {}
    for refusal in _without_approvals(plan, compiled, snapshot):
        for consent in _needed(refusal, plan, compiled):
            # A deletion that needs a consent of its own needs no second one for the count.
            if consent.change != _DELETE or consent.object not in {o for _, o in found}:
                found.setdefault((consent.change, consent.object), consent)
    return tuple(found[place] for place in sorted(found))


def _without_approvals(plan: Plan, compiled: Compiled, snapshot: Snapshot) -> Iterator[Refusal]:
    unapproved = replace(compiled, approvals=())
    ours = match(snapshot.objects, plan.owner).ours
    yield from check_protection(unapproved, ours, plan.changes)
    yield from check_lowered_caps(unapproved, snapshot, plan.changes)


def _needed(refusal: Refusal, plan: Plan, compiled: Compiled) -> Iterator[Consent]:
    if change := _CHANGES.get(refusal.rule):
        given = _given(change, parse_key(refusal.object), compiled)
        yield _consent(change, refusal.object, refusal.message, given)
    elif refusal.rule is TOO_MANY_DELETIONS:
        is_refused = any(one.rule is TOO_MANY_DELETIONS for one in plan.refusals)
        for key in _deleted(plan):
            given = next((one for one in compiled.approvals if one.object == key), None)
            if given or is_refused:
                yield _consent(_DELETE, str(key), refusal.message, given)


def _deleted(plan: Plan) -> Iterable[ObjectKey]:
    return [
        change.key
        for change in plan.changes
        if change.action is Action.DELETE and change.reason != LEFTOVER
    ]


def _given(change: str, key: ObjectKey, compiled: Compiled) -> Approved | None:
    agreed = (one for one in compiled.approvals if one.change == change)
    if change == _CHANGES[CAP_BELOW_SPEND]:
        # Any key of the budget may be named.
        wanted = budget_of(compiled.objects[key])
        return next(
            (
                o
                for o in agreed
                if (item := compiled.objects.get(o.object)) and budget_of(item) == wanted
            ),
            None,
        )
    return next((one for one in agreed if one.object == key), None)


def _consent(change: str, name: str, why: str, given: Approved | None) -> Consent:
    return Consent(change, name, why, given.owner if given else "", given.reason if given else "")


def uptime_of(
    base: Compiled,
    head: Compiled,
    gateways: tuple[GatewaySpec, GatewaySpec],
    edits: Iterable[ResourceEdit],
    known: Known,
) -> Uptime:
    """Return the effect of the change from `base` to `head`, whatever else is pending or drifted."""
    before, after = gateways
    effect, fields = _effect(base, head, before, after)
    seconds = {
        Effect.RESTART: after.availability.restart_seconds,
        Effect.REDEPLOY: after.availability.redeploy_seconds,
    }.get(effect, 0)
    seen = known.downtime
    return Uptime(
        effect=effect,
        because=tuple(_because(effect, fields, after.name, edits)),
        seconds=seconds,
        allowed_s=after.availability.max_downtime_minutes_per_month * _SECONDS_PER_MINUTE,
        used_s=seen.seconds if seen else None,
        watched_since=seen.watched_since if seen else None,
    )


def _effect(
    base: Compiled, head: Compiled, before: GatewaySpec, after: GatewaySpec
) -> tuple[Effect, tuple[str, ...]]:
    if before.litellm != after.litellm:
        return Effect.REDEPLOY, ("litellm.version",)
    if (before.ledger is None) != (after.ledger is None):
        return Effect.REDEPLOY, ("ledger",)  # its process needs other packages and variables
    if base.config_yaml != head.config_yaml:
        return Effect.RESTART, tuple(_in_config(before, after, head.config_yaml))
    return (Effect.HOT if _differ(base, head) else Effect.NONE), ()


def _in_config(before: GatewaySpec, after: GatewaySpec, text: str) -> Iterator[str]:
    """Yield the fields of the Gateway that `config.yaml` differs by."""
    for name in sorted(GatewaySpec.model_fields):
        old = getattr(before, name)
        if old == getattr(after, name):
            continue
        if compile_config(after.model_copy(update={name: old})) != text:
            yield name


def _differ(base: Compiled, head: Compiled) -> bool:
    if base.objects != head.objects:
        return True
    # The same fields with another secret, or with a value that is delivered elsewhere.
    return any(
        (intent.secrets, intent.delivery) != (head.intents[key].secrets, head.intents[key].delivery)
        for key, intent in base.intents.items()
    )


def _because(
    effect: Effect, fields: Iterable[str], gateway: str, edits: Iterable[ResourceEdit]
) -> Iterator[str]:
    if effect is Effect.HOT:
        yield from (
            f"{str(edit.kind).lower()}/{edit.name}"
            for edit in edits
            if edit.kind is not ResourceKind.APPROVAL
        )
    yield from (f"gateway/{gateway}: {name}" for name in fields)
