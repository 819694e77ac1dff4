"""Put a `Status` and a `Turn` into the form that leaves this program.

Pure. Leaves out what nobody outside needs: the snippet of a diagnostic, which
may be somebody's secret, and the state of objects, which `snapshot` shows.
"""

from collections.abc import Iterable
from typing import TypeVar

from aspire_gitops.codec.values import diagnostic_json, object_json, revision_json
from aspire_gitops.planning.plan import Cause, Change, FieldChange, Plan
from aspire_gitops.rendering.wording import drift_count, reason_text, shown_fields, where_text
from aspire_gitops.state import ObjectKey
from aspire_gitops.status.document import (
    AliasDocument,
    AppDocument,
    ChangeDocument,
    DiagnosticDocument,
    Document,
    DowntimeDocument,
    DriftDocument,
    FallbackDocument,
    FieldDocument,
    FlappingDocument,
    GatewayDocument,
    HoldDocument,
    JournalDocument,
    ObjectDocument,
    PlanDocument,
    RefusalDocument,
    RevisionDocument,
    StatusDocument,
    TurnDocument,
)
from aspire_gitops.status.spend_and_calls import calls_document, spend_document
from aspire_gitops.status.value import DowntimeReport, Status, Turn
from aspire_gitops.vocabulary.diagnostic import Diagnostic
from aspire_gitops.vocabulary.revision import Revision
from aspire_gitops.vocabulary.text import value_text
from aspire_ledger.canonical import JsonValue

SHOWN = 200
"""How many changes, failures or diagnostics a document lists at most."""

SomeDocument = TypeVar("SomeDocument", bound=Document)


def status_document(status: Status) -> StatusDocument:
    """Return what may be told about the controller now."""
    return StatusDocument(
        at=status.at,
        started_at=status.started_at,
        program_version=status.version,
        role=status.role,
        standing=status.standing,
        reason=status.reason,
        help=status.help,
        at_work=status.at_work,
        next_look_at=status.next_look_at,
        last_success_at=status.last_success_at,
        gateway=GatewayDocument(
            name=status.gateway_name,
            url=status.gateway_url,
            litellm_version=status.litellm_version,
        ),
        wanted=_revision(status.wanted),
        applied=_revision(status.applied),
        applied_at=status.applied_at,
        brakes=_same(HoldDocument, status.holds),
        pending=_plan(status.pending) if status.pending else None,
        drift=_same(DriftDocument, status.drift),
        fights=_same(FlappingDocument, status.flapping),
        turns=tuple(map(turn_document, status.turns)),
        aliases=_same(AliasDocument, status.aliases),
        apps=_same(AppDocument, status.apps),
        foreign=status.unmanaged,
        fallbacks=_same(FallbackDocument, status.fallbacks),
        journal=_same(JournalDocument, [status.journal])[0] if status.journal else None,
        untold=status.untold,
        spend=spend_document(status.spend) if status.spend else None,
        calls=calls_document(status.calls) if status.calls else None,
        downtime=_downtime(status.downtime) if status.downtime else None,
    )


def turn_document(turn: Turn) -> TurnDocument:
    """Return what may be told about one turn."""
    return TurnDocument(
        id=turn.id,
        causes=turn.causes,
        started_at=turn.started_at,
        duration_s=turn.duration_s,
        standing=turn.standing,
        reason=turn.reason,
        help=turn.help,
        wanted=_revision(turn.wanted),
        applied=_revision(turn.applied),
        plan=turn.plan.id if turn.plan else None,
        planned=len(turn.plan.changes) if turn.plan else 0,
        counts=dict(turn.counts),
        failures=turn.failures[:SHOWN],
        diagnostics=tuple(map(_diagnostic, turn.diagnostics[:SHOWN])),
        drift=len(turn.drift),
        fights=len(turn.flapping),
        brakes=_same(HoldDocument, turn.holds),
        gateway_s=turn.gateway_s,
        source_s=turn.source_s,
        own_s=turn.own_s,
        look_again_s=turn.look_again_s,
    )


def _same(kind: type[SomeDocument], values: Iterable[object]) -> tuple[SomeDocument, ...]:
    # The document has the fields of the value, under the same names.
    return tuple(
        kind(**{name: getattr(value, name) for name in kind.model_fields}) for value in values
    )


def _downtime(report: DowntimeReport) -> DowntimeDocument:
    found = report.downtime
    return DowntimeDocument(
        month=found.month,
        seconds=round(found.seconds, 1),
        allowed_s=report.allowed_s,
        watched_since=found.watched_since,
    )


def _revision(revision: Revision | None) -> RevisionDocument | None:
    return RevisionDocument.model_validate(revision_json(revision)) if revision else None


def _diagnostic(found: Diagnostic) -> DiagnosticDocument:
    return DiagnosticDocument.model_validate(diagnostic_json(found))


def _plan(plan: Plan) -> PlanDocument:
    return PlanDocument(
        id=plan.id,
        revision=RevisionDocument.model_validate(plan.revision),
        total=len(plan.changes),
        counts={str(action): count for action, count in plan.counts.items()},
        drift=drift_count(plan),
        changes=tuple(map(_change, plan.changes[:SHOWN])),
        refusals=tuple(
            RefusalDocument(
                code=refusal.rule.code,
                name=refusal.rule.name,
                object=ObjectDocument.model_validate(refusal.object),
                message=refusal.message,
                help=refusal.help,
            )
            for refusal in plan.refusals[:SHOWN]
        ),
        warnings=plan.warnings[:SHOWN],
    )


def _change(change: Change) -> ChangeDocument:
    return ChangeDocument(
        action=change.action,
        object=_object(change.key),
        where=where_text(change),
        reason=reason_text(change),
        drift=change.is_drift,
        fields=tuple(map(_field, shown_fields(change))),
    )


def _object(key: ObjectKey) -> ObjectDocument:
    return ObjectDocument.model_validate(object_json(key))


def _field(field: FieldChange) -> FieldDocument:
    return FieldDocument(
        path=field.path,
        before=_value(field.before),
        after=_value(field.after),
        drift=field.cause is Cause.DRIFT,
    )


def _value(value: JsonValue) -> str | None:
    return None if value is None else value_text(value)
