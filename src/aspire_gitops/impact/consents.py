"""The Approvals that a plan needs, and who gave them.

What would be refused if nobody had agreed to anything is what needs consent.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from aspire_gitops.diagnostics import Rule
from aspire_gitops.impact.review import Consent
from aspire_gitops.planning.lowered_caps import check_lowered_caps
from aspire_gitops.planning.matching import match
from aspire_gitops.planning.plan import Action, Plan, Refusal
from aspire_gitops.planning.protection import LEFTOVER, check_protection
from aspire_gitops.planning.rules import (
    ALIAS_IN_USE,
    CAP_BELOW_SPEND,
    LAST_KEY,
    TOO_MANY_DELETIONS,
)
from aspire_gitops.spending.caps import budget_of
from aspire_gitops.state import Approved, Compiled, ObjectKey, Snapshot

_CHANGES: Mapping[Rule, str] = {
    LAST_KEY: "delete-last-key",
    ALIAS_IN_USE: "remove-alias-in-use",
    CAP_BELOW_SPEND: "lower-cap-below-spend",
}
_DELETE = "delete"


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
        given = _given(change, ObjectKey.parse(refusal.object), compiled)
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
