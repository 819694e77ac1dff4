"""The plan as a file: versioned JSON that people review and `apply --plan` executes.

This is a border, so pydantic reads it. A plan whose content does not have the
id that it states was edited after it was made, and is refused.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from aspire_gitops.codec.parts import ObjectPart, Part, RevisionPart
from aspire_gitops.codec.values import VERSIONS
from aspire_gitops.delivery.base import DeliveryTarget
from aspire_gitops.delivery.registry import METHODS, file_target
from aspire_gitops.planning import Action, Cause, Change, FieldChange, Held, Plan, Refusal, Scope
from aspire_gitops.state import (
    GatewayObject,
    Intent,
    LiveFallback,
    Mark,
    ObjectKey,
    SecretReference,
)
from aspire_gitops.vocabulary import Rule, UsageError
from aspire_ledger.canonical import JsonValue, pretty_json


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


_Value = Annotated[
    pydantic.JsonValue,
    BeforeValidator(_lists),
    AfterValidator(_tuples),
    PlainSerializer(_lists, return_type=Any),
]


class _Mark(Part):
    owner: str
    name: str
    fields: list[str]
    digest: str
    revision: str


class _GatewayObject(Part):
    handle: str
    address: str | None
    fields: dict[str, _Value]
    mark: _Mark | None


class _Intent(Part):
    adopt: bool = False
    reset_spend: bool = False
    secrets: dict[str, tuple[str, str]] = Field(default_factory=dict)
    deliver: dict[str, pydantic.JsonValue] | None = None
    deliver_to_file: str | None = Field(default=None, exclude=True)  # before there were tags
    source: str = ""


class _Field(Part):
    path: str
    before: _Value
    after: _Value
    cause: Cause


class _Change(Part):
    action: Action
    object: ObjectPart
    reason: str
    fields: list[_Field]
    before: _GatewayObject | None
    after: _GatewayObject | None
    intent: _Intent | None


class _Refusal(Part):
    code: str
    name: str
    object: ObjectPart
    message: str
    help: str
    scope: Scope = Scope.PLAN  # a release before there were scopes refused everything


class _Held(Part):
    change: _Change
    waits_for: list[ObjectPart]


class _Fallback(Part):
    alias: str
    kind: str
    answers: list[str]


class PlanFile(Part):
    """The whole file, as pydantic reads and writes it."""

    format: Literal["aspire-gitops/plan"]
    version: Literal[1, 2]  # 1 wrote objects and the revision as text
    id: str
    revision: RevisionPart
    gateway_name: str
    gateway_url: str
    owner: str
    based_on: str
    changes: list[_Change]
    refusals: list[_Refusal]
    warnings: list[str]
    foreign: list[str]
    fallbacks: list[_Fallback]
    unverified: list[ObjectPart]
    held: list[_Held] = Field(default_factory=list)


def plan_to_json(plan: Plan) -> str:
    """Return the plan file. It holds references to secrets and digests of them, no secret."""
    return pretty_json(plan_json(plan))


def plan_json(plan: Plan) -> JsonValue:
    """Return the one form of a plan, for its file and for what shows it whole."""
    file = PlanFile(
        format="aspire-gitops/plan",
        version=2,
        id=plan.id,
        revision=RevisionPart.of(plan.revision),
        gateway_name=plan.gateway_name,
        gateway_url=plan.gateway_url,
        owner=plan.owner,
        based_on=plan.based_on,
        changes=[_write_change(change) for change in plan.changes],
        refusals=[
            _Refusal(
                code=r.rule.code,
                name=r.rule.name,
                object=ObjectPart.of(r.object),
                message=r.message,
                help=r.help,
                scope=r.scope,
            )
            for r in plan.refusals
        ],
        warnings=list(plan.warnings),
        foreign=list(plan.unmanaged),
        fallbacks=[
            _Fallback(alias=f.alias, kind=f.kind, answers=list(f.answers)) for f in plan.fallbacks
        ],
        unverified=[ObjectPart.of(key) for key in plan.unverified],
        held=[
            _Held(
                change=_write_change(one.change), waits_for=list(map(ObjectPart.of, one.waits_for))
            )
            for one in plan.held
        ],
    )
    written: JsonValue = file.model_dump(mode="python")
    return written


def plan_from_json(text: str | bytes) -> Plan:
    """Read a plan file.

    Raises:
        UsageError: Not a plan, a plan of another version, or one that was edited.
    """
    try:
        file = PlanFile.model_validate_json(text)
        plan = _read(file)
    except pydantic.ValidationError as error:
        raise UsageError(
            f"this is not a plan file of version {VERSIONS['plan']}: {_first(error)}",
            help="make a new one with `plan -o FILE`",
        ) from None
    except ValueError as error:
        raise UsageError(
            f"this is not a plan: {error}", help="make one with `plan -o FILE`"
        ) from None
    if plan.id != file.id:
        raise UsageError(
            f"plan {file.id} was changed after it was made (its content is that of {plan.id})",
            help="make a new one with `plan -o FILE`",
        )
    return plan


def _read(file: PlanFile) -> Plan:
    return Plan(
        revision=str(file.revision),
        gateway_name=file.gateway_name,
        gateway_url=file.gateway_url,
        owner=file.owner,
        based_on=file.based_on,
        changes=tuple(_read_change(change) for change in file.changes),
        refusals=tuple(
            Refusal(Rule(r.code, r.name), str(r.object), r.message, r.help, r.scope)
            for r in file.refusals
        ),
        warnings=tuple(file.warnings),
        unmanaged=tuple(file.foreign),
        fallbacks=tuple(LiveFallback(f.alias, f.kind, tuple(f.answers)) for f in file.fallbacks),
        unverified=tuple(item.key for item in file.unverified),
        held=tuple(
            Held(_read_change(one.change), tuple(map(str, one.waits_for))) for one in file.held
        ),
    )


def _write_change(change: Change) -> _Change:
    return _Change(
        action=change.action,
        object=ObjectPart.of(change.key),
        reason=change.reason,
        fields=[
            _Field.model_validate(
                {"path": f.path, "before": f.before, "after": f.after, "cause": f.cause}
            )
            for f in change.fields
        ],
        before=_write_object(change.before),
        after=_write_object(change.after),
        intent=_write_intent(change.intent),
    )


def _write_object(item: GatewayObject | None) -> _GatewayObject | None:
    if item is None:
        return None
    mark = item.mark and _Mark(
        owner=item.mark.owner,
        name=item.mark.name,
        fields=sorted(item.mark.fields),
        digest=item.mark.digest,
        revision=item.mark.revision,
    )
    return _GatewayObject.model_validate(
        {"handle": item.handle, "address": item.address, "fields": dict(item.fields), "mark": mark}
    )


def _write_intent(intent: Intent | None) -> _Intent | None:
    if intent is None:
        return None
    return _Intent(
        adopt=intent.adopt,
        reset_spend=intent.reset_spend,
        secrets={path: (ref.scheme, ref.locator) for path, ref in intent.secrets.items()},
        deliver=intent.delivery.tagged if intent.delivery else None,
        source=intent.source,
    )


def _read_change(change: _Change) -> Change:
    key = change.object.key
    return Change(
        change.action,
        key,
        tuple(FieldChange(f.path, f.before, f.after, f.cause) for f in change.fields),
        _read_object(key, change.before),
        _read_object(key, change.after),
        _read_intent(change.intent),
        change.reason,
    )


def _read_object(key: ObjectKey, item: _GatewayObject | None) -> GatewayObject | None:
    if item is None:
        return None
    return GatewayObject(key, item.handle, item.fields, _read_mark(item.mark), item.address)


def _read_mark(mark: _Mark | None) -> Mark | None:
    if mark is None:
        return None
    return Mark(mark.owner, mark.name, frozenset(mark.fields), mark.digest, mark.revision)


def _read_intent(intent: _Intent | None) -> Intent | None:
    if intent is None:
        return None
    return Intent(
        adopt=intent.adopt,
        reset_spend=intent.reset_spend,
        secrets={path: SecretReference(*reference) for path, reference in intent.secrets.items()},
        delivery=_read_delivery(intent),
        source=intent.source,
    )


def _read_delivery(intent: _Intent) -> DeliveryTarget | None:
    match intent.deliver, intent.deliver_to_file:
        case None, None:
            return None
        case None, str() as path:
            return file_target(path)
        case dict() as tagged, None if len(tagged) == 1 and tagged.keys() <= METHODS.keys():
            return next(DeliveryTarget(*one) for one in tagged.items())
        case _:
            known = " or ".join(f"`{tag}`" for tag in METHODS)
            raise UsageError(
                "this is not a plan file that this release can apply: a delivery is "
                f"{known}, one for each key",
                help="make a new one with `plan -o FILE`",
            )


def _first(error: pydantic.ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
