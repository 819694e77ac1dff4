"""The plan: serialisable data, in the order of doing, with an id and the digest of its basis.

Creations go in the order in which kinds need each other, deletions in reverse.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from aspire_gitops.delivery.registry import in_plan_id
from aspire_gitops.kinds import level, levels
from aspire_gitops.state import GatewayObject, Intent, LiveFallback, ObjectKey
from aspire_gitops.vocabulary import Rule
from aspire_ledger.canonical import JsonValue, digest


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = (
        "replace"  # a new deployment first, then the old one goes: PATCH cannot unset its fields
    )
    ADOPT = "adopt"
    DELETE = "delete"


class Cause(StrEnum):
    """Why a field differs from what is live."""

    GIT = "git"  # the reviewed files changed
    DRIFT = "drift"  # the files did not; somebody changed the gateway


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after. None is unset. Secrets show as references and digests only."""

    path: str
    before: JsonValue
    after: JsonValue
    cause: Cause = Cause.GIT


@dataclass(frozen=True, slots=True)
class Change:
    """One planned step. `before` is the live object, `after` the object to be, mark included.

    `after.address` is set for credentials and deployments. A new key's address
    is the hash of its value, which exists only when it is applied.
    """

    action: Action
    key: ObjectKey
    fields: tuple[FieldChange, ...] = ()
    before: GatewayObject | None = None
    after: GatewayObject | None = None
    intent: Intent | None = None
    reason: str = ""

    @property
    def is_drift(self) -> bool:
        return bool(self.fields) and all(field.cause is Cause.DRIFT for field in self.fields)


class Scope(StrEnum):
    """What a refusal keeps from being applied."""

    PLAN = "plan"  # everything: nobody agreed to this revision as it is
    OBJECT = "object"  # its object, and what depends on that


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the plan, or one object of it, must not be applied: a limit, no Approval, a conflict."""

    rule: Rule
    object: str
    message: str
    help: str
    scope: Scope = Scope.PLAN


@dataclass(frozen=True, slots=True)
class Held:
    """A change that is not made, and the refused objects that it waits for, `kind/name`."""

    change: Change
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change, in the order of doing it.

    A refusal of the scope `plan` keeps all of it from being applied; one of the scope
    `object` only what is in `held`, and `changes` has the rest. `warnings` and
    `unmanaged` are for people: what we saw and leave alone.
    """

    revision: str
    gateway_name: str
    gateway_url: str
    owner: str
    based_on: str
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    fallbacks: tuple[LiveFallback, ...] = ()
    unverified: tuple[ObjectKey, ...] = ()  # secrets that could not be compared, for lack of them
    held: tuple[Held, ...] = ()

    _id: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Twelve hex digits that stand for exactly these changes on exactly that snapshot.

        Computed once: it covers every change, and every result of an apply is recorded under it.
        """
        if not self._id:
            self._id.append(self._digest())
        return self._id[0]

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it may be applied."""
        return any(refusal.scope is Scope.PLAN for refusal in self.refusals)

    def _digest(self) -> str:
        refusals = [_refusal_row(refusal) for refusal in self.refusals]
        rows = [_change_row(change) for change in self.changes]
        rows += [["held", *one.waits_for, _change_row(one.change)] for one in self.held]
        covered = [self.gateway_url, self.owner, self.based_on, self.revision, refusals, *rows]
        return digest(covered).removeprefix("sha256:")[:12]

    @property
    def counts(self) -> Mapping[Action, int]:
        return {
            action: n for action in Action if (n := sum(c.action is action for c in self.changes))
        }


def _refusal_row(refusal: Refusal) -> JsonValue:
    # As before there were scopes, where everything is refused.
    scope = [] if refusal.scope is Scope.PLAN else [refusal.scope.value]
    return [refusal.rule.code, refusal.object, *scope]


def _change_row(change: Change) -> JsonValue:
    fields = [[field.path, field.before, field.after] for field in change.fields]
    before, after = _object_row(change.before), _object_row(change.after)
    return [change.action, str(change.key), before, after, _intent_row(change.intent), fields]


def _object_row(item: GatewayObject | None) -> JsonValue:
    if item is None:
        return None
    mark: JsonValue = None
    if item.mark:
        mark = [item.mark.owner, item.mark.name, item.mark.digest]
    return [item.address, item.handle, item.fields, mark]


def _intent_row(intent: Intent | None) -> JsonValue:
    if intent is None:
        return None
    secrets = {path: str(reference) for path, reference in intent.secrets.items()}
    how: JsonValue = {"reset_spend": True} if intent.reset_spend else intent.adopt
    return [how, secrets, in_plan_id(intent.delivery) if intent.delivery else None]


def stage(change: Change) -> int:
    """Return the stage of a change, from 0. Stages run one after the other.

    0 credentials, 1 deployments, 2 keys; then deletions: 3 keys, 4 deployments,
    5 credentials. A failure between any two of them leaves a gateway that works.
    """
    rank = level(change.key.kind)
    return 2 * levels() - 1 - rank if change.action is Action.DELETE else rank


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda c: (stage(c), c.key, _address(c))))


def stages(changes: Iterable[Change]) -> Iterator[tuple[Change, ...]]:
    """Yield the changes of each stage; the input is in order."""
    for _, group in groupby(changes, key=stage):
        yield tuple(group)


def _address(change: Change) -> str:
    return (change.before and change.before.address) or ""


TOO_MANY_DELETIONS = Rule("AG501", "too-many-deletions")
NAME_TAKEN = Rule("AG504", "name-taken")
AMBIGUOUS_MARK = Rule("AG505", "ambiguous-mark")
EMPTY_SOURCE = Rule("AG506", "empty-source")
NOTHING_TO_ADOPT = Rule("AG507", "nothing-to-adopt")
CAP_BELOW_SPEND = Rule("AG508", "cap-below-spend")
ADOPTED_OVERSPENT = Rule("AG509", "adopted-key-overspent")
ADOPTED_LIMITED = Rule("AG510", "adopted-key-limited")
ADOPTED_OFF = Rule("AG511", "adopted-key-off")
ADOPTION_UNVERIFIED = Rule("AG512", "adoption-not-verified")
NO_SECRET = Rule("AG513", "secret-not-at-hand")
