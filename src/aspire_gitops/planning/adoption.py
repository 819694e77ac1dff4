"""LiteLLM's own spend of a key, and what else may stop the key on the day it is adopted. Pure.

Somebody made the key by hand, and LiteLLM judges it by more than the fields that
we set. Its spend goes on from where it was; a team or a user has limits of its
own. So each adoption is held against what LiteLLM knows of the key, and refused
where its app would be refused afterwards. A spend that ran away later is set back
to the ledger's figure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_UP, Decimal
from typing import Final

from aspire_gitops.kinds import KINDS
from aspire_gitops.planning.diff import match, redacted
from aspire_gitops.planning.plan import (
    ADOPTED_LIMITED,
    ADOPTED_OFF,
    ADOPTED_OVERSPENT,
    ADOPTION_UNVERIFIED,
    Action,
    Cause,
    Change,
    FieldChange,
    Plan,
    Refusal,
    Scope,
    in_order,
)
from aspire_gitops.spend import OwnSpend, Verdict, usd_text
from aspire_gitops.state import Compiled, GatewayObject, Holder, KeyFacts, Snapshot
from aspire_gitops.vocabulary import Rule
from aspire_ledger.money import json_number

SPEND: Final = "spend"
"""The path of LiteLLM's own spend in a plan. It is in no object: `reset_spend` writes it."""
_TOO_HIGH = "LiteLLM counts more for it than the ledger has, and would refuse its app"


def addresses_to_adopt(compiled: Compiled, snapshot: Snapshot, owner: str) -> frozenset[str]:
    """Return the keys of which a plan must know whose they are, by address."""
    unmanaged = match(snapshot.objects, owner)
    found = (
        unmanaged.unmanaged_named(key.kind, compiled.objects[key].handle)
        for key, intent in compiled.intents.items()
        if intent.adopt and KINDS[key.kind].facts.counting and key in compiled.objects
    )
    return frozenset(item.address for items in found for item in items if item.address)


def reset_field(snapshot: Snapshot, live: GatewayObject) -> FieldChange | None:
    """Return the reset of a key's spend to what the ledger has for it; None if it has no more."""
    facts = snapshot.facts_of(live)
    if facts is None or facts.spend is None:
        return None
    target = booked_usd(snapshot, live.handle)
    return FieldChange(SPEND, facts.spend, target) if facts.spend > target else None


def booked_usd(snapshot: Snapshot, key_alias: str) -> float:
    """Return what the ledger has for a key this month, never rounded below it."""
    booked = (snapshot.booked or {}).get(key_alias, Decimal(0))
    return json_number(max(booked, Decimal(0)), rounding=ROUND_UP)


def check_adoptions(snapshot: Snapshot, changes: Sequence[Change]) -> Iterator[Refusal]:
    """Yield a refusal for each reason why an adopted key could not be used, or nobody knows."""
    for change in adopted_keys(changes):
        facts = snapshot.facts_of(change.before) if change.before else None
        if facts is None:
            yield _unverified(
                change,
                "what LiteLLM knows of it is not in the snapshot",
                "plan against the gateway itself, or against a snapshot that this release made",
            )
            continue
        yield from _overspent(change, facts)
        yield from _limited(change, facts)
        yield from _off(change, facts)


def unknown_bookings(
    compiled: Compiled, snapshot: Snapshot, changes: Sequence[Change]
) -> Iterator[str]:
    """Yield a warning for each spend that is reset while nobody knows what the ledger has."""
    if not compiled.gateway.has_ledger or snapshot.booked is not None:
        return
    for change in adopted_keys(changes):
        if _reset_of(change):
            yield (
                f"the spend of {change.key} is reset to 0, and nobody asked the ledger what it"
                " has for the key this month; set ASPIRE_GITOPS_LEDGER_URL to have that read"
            )


def without_unverified(plan: Plan) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan without refusals for what a stored snapshot cannot tell, and those in words."""
    unknown = [one for one in plan.refusals if one.rule == ADOPTION_UNVERIFIED]
    kept = tuple(one for one in plan.refusals if one.rule != ADOPTION_UNVERIFIED)
    refused = {one.object for one in kept}
    freed = tuple(one.change for one in plan.held if refused.isdisjoint(one.waits_for))
    held = tuple(one for one in plan.held if not refused.isdisjoint(one.waits_for))
    changes = in_order((*plan.changes, *freed))
    told = tuple(f"{one.object}: {one.message}" for one in unknown)
    return replace(plan, changes=changes, refusals=kept, held=held), told


def adopted_keys(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes that adopt a key."""
    for change in changes:
        if change.action is Action.ADOPT and KINDS[change.key.kind].facts.counting:
            yield change


def _reset_of(change: Change) -> FieldChange | None:
    return next((field for field in change.fields if field.path == SPEND), None)


def _overspent(change: Change, facts: KeyFacts) -> Iterator[Refusal]:
    cap = change.after.fields.get("max_budget") if change.after else None
    if not isinstance(cap, int | float):
        return
    if facts.spend is None:
        yield _unverified(
            change,
            "LiteLLM's own spend of it is not an amount",
            "see what GET /key/info says of the key, and set its spend by POST /key/update",
        )
        return
    reset = _reset_of(change)
    spend = reset.after if reset else facts.spend
    if not isinstance(spend, int | float) or spend < cap:
        return
    if reset or _may_reset(change):
        message = f"the ledger has {_usd(spend)} USD for it this month already, and"
        help_ = "raise the budget's cap, or adopt the key next month"
    else:
        message = f"LiteLLM has counted {_usd(spend)} USD for it, and"
        help_ = (
            "write `adopt: {reset_spend: true}`: its spend is then set to what the ledger has"
            " for it this month; or raise the budget's cap"
        )
    yield _refusal(
        ADOPTED_OVERSPENT,
        change,
        f"{message} its cap becomes {_usd(cap)} USD: LiteLLM would refuse each call of its"
        " app at once",
        help_,
    )


def _limited(change: Change, facts: KeyFacts) -> Iterator[Refusal]:
    if facts.limits:
        yield _refusal(
            ADOPTED_LIMITED,
            change,
            f"it has {_and(facts.limits)} of its own, which adopting it leaves in force",
            f"clear {_and(facts.limits)} on the gateway, or have a new key made: `deliver:`"
            " in place of `adopt:`",
        )
    yield from _held(change, "team", facts.team, "take the key out of the team")
    yield from _held(change, "user", facts.user, "take these limits off the user")


def _held(change: Change, what: str, holder: Holder | None, way: str) -> Iterator[Refusal]:
    if holder is None or holder.limits == ():
        return
    named = f'{what} "{holder.id}"' if holder.id else f"a {what}"
    if holder.limits is None:
        why = holder.unread or "its limits were not read"
        yield _unverified(
            change,
            f"it belongs to {named}, and what that limits cannot be verified: {why}",
            f"let the admin key read GET /{what}/info, or {way}; or have a new key made:"
            " `deliver:` in place of `adopt:`",
        )
        return
    yield _refusal(
        ADOPTED_LIMITED,
        change,
        f"it belongs to {named}, which has limits of its own: {_and(holder.limits)}",
        f"{way} on the gateway; or have a new key made: `deliver:` in place of `adopt:`",
    )


def _off(change: Change, facts: KeyFacts) -> Iterator[Refusal]:
    if facts.blocked:
        yield _refusal(
            ADOPTED_OFF,
            change,
            "it is blocked, and adopting it would unblock it",
            "ask who blocked it and why; unblock it on the gateway (POST /key/unblock), or"
            " have a new key made: `deliver:` in place of `adopt:`",
        )
    if facts.expires:
        yield _refusal(
            ADOPTED_OFF,
            change,
            f"it expires, at {facts.expires}, and adopting it would keep it for ever",
            "ask whether it was meant to end; take its end off on the gateway (POST /key/update"
            " with `duration: null`), or have a new key made: `deliver:` in place of `adopt:`",
        )


def _may_reset(change: Change) -> bool:
    return change.intent is not None and change.intent.reset_spend


def _unverified(change: Change, why: str, help_: str) -> Refusal:
    return _refusal(ADOPTION_UNVERIFIED, change, why, help_)


def _refusal(rule: Rule, change: Change, message: str, help_: str) -> Refusal:
    handle = change.before.handle if change.before else change.key.name
    where = change.intent.source if change.intent and change.intent.source else "the reviewed files"
    said = f'{where} adopts the key "{handle}": {message}'
    return Refusal(rule, str(change.key), said, help_, Scope.OBJECT)


def _usd(amount: float) -> str:
    return usd_text(Decimal(str(amount)))


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def with_resets(plan: Plan, snapshot: Snapshot, found: Sequence[OwnSpend]) -> Plan:
    """Return the plan with a change for each key of `found`.

    A key that the plan changes anyway is left for the next turn, and so is one whose
    spend would not go down. The cause is drift: no file asks for it.
    """
    busy = {change.key for change in (*plan.changes, *(one.change for one in plan.held))}
    wanted = {one.address: one for one in found if one.key not in busy}
    resets = [
        change
        for item in snapshot.objects
        if item.address in wanted and (change := _set_back(item, snapshot))
    ]
    return replace(plan, changes=in_order((*plan.changes, *resets))) if resets else plan


def _set_back(item: GatewayObject, snapshot: Snapshot) -> Change | None:
    field = reset_field(snapshot, item)
    if field is None:
        return None
    shown = redacted(item, {})
    drift = replace(field, cause=Cause.DRIFT)
    return Change(Action.UPDATE, item.key, (drift,), shown, shown, reason=_TOO_HIGH)


def unlike_warnings(found: Sequence[OwnSpend]) -> Iterator[str]:
    """Yield a sentence for each key whose two figures are too far apart."""
    for one in found:
        figures = (
            f"LiteLLM counts {usd_text(one.litellm)} USD for {one.key} this month, the ledger has"
            f" {usd_text(one.ledger)} USD"
        )
        if one.verdict is Verdict.HIGH:
            yield f"{figures}: LiteLLM refuses its app at {usd_text(one.max_budget)} USD"
        else:
            yield f"{figures}: LiteLLM's own cap does not see what the app spends"
