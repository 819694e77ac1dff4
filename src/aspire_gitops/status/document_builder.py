"""Turn a `Status` and a `Turn` into the form that leaves this program.

Pure. Never includes the snippet of a diagnostic, which may be a secret, nor the
state of objects, which `snapshot` shows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Final, TypeVar

from aspire_gitops.codec.values import diagnostic_json, object_json, revision_json
from aspire_gitops.planning import Cause, Change, FieldChange, Plan
from aspire_gitops.rendering.plan_wording import (
    drift_count,
    note_text,
    reason_text,
    shown_fields,
    where_text,
)
from aspire_gitops.spend import BudgetSpend, OwnSpend, PriceDifferences, plain
from aspire_gitops.spend.calls import AppParameter, CallReport
from aspire_gitops.spend.wording import reach_text
from aspire_gitops.state import ObjectKey
from aspire_gitops.status.document import (
    AliasDocument,
    AliasFailuresDocument,
    AppDocument,
    AppParameterDocument,
    BudgetSpendDocument,
    CallsDocument,
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
    MovedDocument,
    ObjectDocument,
    OtherAnswerDocument,
    OwnSpendDocument,
    PlanDocument,
    PriceDifferenceDocument,
    PriceDifferencesDocument,
    ProbeDocument,
    ProbesDocument,
    ProcessDocument,
    RefusalDocument,
    RevisionDocument,
    SettingsDocument,
    SpendDocument,
    StatusDocument,
    TroubleDocument,
    TurnDocument,
)
from aspire_gitops.status.figures import own_spend_text
from aspire_gitops.status.value import (
    AliasRow,
    DowntimeReport,
    Drifted,
    ProbesReport,
    SpendReport,
    Status,
    Turn,
)
from aspire_gitops.vocabulary import Diagnostic, Revision, value_text
from aspire_gitops.witness import SettingsReport
from aspire_ledger.canonical import JsonValue

SHOWN = 200
"""How many changes, failures or diagnostics a document lists at most."""

_MOST: Final = 100
_MOST_OF_APP: Final = 20  # an app that invents names must not push the others out
_MOST_ALIASES: Final = 8  # of one row: callers may send any name
SomeDocument = TypeVar("SomeDocument", bound=Document)


def status_document(status: Status) -> StatusDocument:
    """Return the public status of the controller."""
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
            timezone=status.timezone,
        ),
        wanted=_revision(status.wanted),
        in_git=_revision(status.in_git),
        applied=_revision(status.applied),
        applied_at=status.applied_at,
        brakes=_same(HoldDocument, status.holds),
        pending=_plan(status.pending) if status.pending else None,
        drift=tuple(map(_drifted, status.drift)),
        fights=_same(FlappingDocument, status.flapping),
        turns=tuple(map(turn_document, status.turns)),
        aliases=tuple(map(_alias, status.aliases)),
        apps=_same(AppDocument, status.apps),
        foreign=status.unmanaged,
        fallbacks=_same(FallbackDocument, status.fallbacks),
        journal=_same(JournalDocument, [status.journal])[0] if status.journal else None,
        untold=status.untold,
        spend=spend_document(status.spend) if status.spend else None,
        calls=calls_document(status.calls) if status.calls else None,
        downtime=_downtime(status.downtime) if status.downtime else None,
        settings=_settings(status.settings) if status.settings else None,
        troubles=_same(TroubleDocument, status.troubles[:SHOWN]),
        is_current=status.is_current,
        seen_at=status.seen_at,
        silent_since=status.silent_since,
        probes=_probes(status.probes) if status.probes else None,
    )


def turn_document(turn: Turn) -> TurnDocument:
    """Return the public form of one turn."""
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
        settings=turn.settings.warning if turn.settings else "",
        in_git=_revision(turn.in_git),
        timezone=turn.timezone,
    )


def spend_document(report: SpendReport) -> SpendDocument:
    """Return the public report on this month's spend."""
    spend = report.spend
    return SpendDocument(
        month=spend.month if spend else None,
        timezone=spend.timezone if spend else None,
        at=spend.at if spend else None,
        spent_aud=plain(spend.total.aud) if spend else None,
        calls=spend.total.calls if spend else 0,
        budgets=tuple(map(_budget, spend.budgets)) if spend else (),
        problem=report.problem,
        unlike=tuple(map(_own_spend, report.unlike)),
    )


def calls_document(report: CallReport) -> CallsDocument:
    """Return the public report on calls."""
    failures, parameters, prices = report.failures, report.parameters, report.prices
    return CallsDocument(
        at=report.at,
        since=report.since,
        until=report.until,
        failures=None if failures is None else _same(AliasFailuresDocument, failures[:_MOST]),
        failure_rows=len(failures or ()),
        unlisted_parameters=None
        if parameters is None
        else tuple(islice(_unlisted(parameters), _MOST)),
        parameter_rows=len(parameters or ()),
        price_differences=None if prices is None else _prices(report.month, prices),
        problem=report.problem,
    )


def _same(kind: type[SomeDocument], values: Iterable[object]) -> tuple[SomeDocument, ...]:
    # The document has the fields of the value, under the same names.
    return tuple(
        kind(**{name: getattr(value, name) for name in kind.model_fields}) for value in values
    )


def _alias(row: AliasRow) -> AliasDocument:
    return AliasDocument(
        name=row.name,
        mode=row.mode,
        provider=row.provider,
        vendor=row.vendor,
        model=row.model,
        live=row.live,
        others=_same(OtherAnswerDocument, row.others),
    )


def _drifted(drift: Drifted) -> DriftDocument:
    moved = _same(MovedDocument, drift.moved)
    return _same(DriftDocument, [replace(drift, moved=())])[0].model_copy(update={"moved": moved})


def _downtime(report: DowntimeReport) -> DowntimeDocument:
    found = report.downtime
    return DowntimeDocument(
        month=found.month,
        seconds=round(found.seconds, 1),
        allowed_s=report.allowed_s,
        watched_since=found.watched_since,
    )


def _settings(report: SettingsReport) -> SettingsDocument:
    return SettingsDocument(
        state=report.state.value,
        digest=report.digest,
        reason=report.reason,
        help=report.help,
        processes=_same(ProcessDocument, report.processes[:SHOWN]),
    )


def _probes(report: ProbesReport) -> ProbesDocument:
    return ProbesDocument(
        rows=_same(ProbeDocument, report.rows),
        calls_today=report.calls_today,
        calls_per_day=report.calls_per_day,
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
                scope=refusal.scope,
            )
            for refusal in plan.refusals[:SHOWN]
        ),
        warnings=plan.warnings[:SHOWN],
        held=len(plan.held),
    )


def _change(change: Change) -> ChangeDocument:
    return ChangeDocument(
        action=change.action,
        object=_object(change.key),
        where=where_text(change),
        reason=reason_text(change),
        drift=change.is_drift,
        fields=tuple(_field(field, note_text(change, field)) for field in shown_fields(change)),
    )


def _object(key: ObjectKey) -> ObjectDocument:
    return ObjectDocument.model_validate(object_json(key))


def _field(field: FieldChange, note: str) -> FieldDocument:
    return FieldDocument(
        path=field.path,
        before=_value(field.before),
        after=_value(field.after),
        drift=field.cause is Cause.DRIFT,
        note=note,
    )


def _value(value: JsonValue) -> str | None:
    return None if value is None else value_text(value)


def _unlisted(parameters: Sequence[AppParameter]) -> Iterator[AppParameterDocument]:
    """Yield the most frequent parameters of each app."""
    seen: Counter[str] = Counter()
    for row in parameters:
        seen[row.app] += 1
        if seen[row.app] <= _MOST_OF_APP:
            yield AppParameterDocument(
                app=row.app,
                parameter=row.parameter,
                outcome=row.outcome,
                calls=row.calls,
                aliases=row.aliases[:_MOST_ALIASES],
            )


def _prices(month: str, found: PriceDifferences) -> PriceDifferencesDocument:
    return PriceDifferencesDocument(
        month=month,
        calls=found.calls,
        worst=tuple(
            PriceDifferenceDocument(
                request_id=one.request_id,
                alias=one.alias,
                deployment=one.deployment,
                booked_usd=_exact(one.booked),
                litellm_usd=_exact(one.reported),
            )
            for one in found.worst
        ),
    )


def _exact(amount: Decimal) -> str:
    return plain(amount) if amount.is_finite() else str(amount)


def _own_spend(one: OwnSpend) -> OwnSpendDocument:
    return OwnSpendDocument(
        object=ObjectDocument.model_validate(str(one.key)),
        litellm_usd=plain(one.litellm),
        ledger_usd=plain(one.ledger),
        max_budget_usd=plain(one.max_budget),
        verdict=one.verdict.value,
        told=own_spend_text(one),
    )


def _budget(row: BudgetSpend) -> BudgetSpendDocument:
    ahead = row.forecast
    per_day = ahead.per_day if ahead else None
    ends = ahead.month_end if ahead else None
    return BudgetSpendDocument(
        name=row.budget,
        apps=row.apps,
        spent_aud=plain(row.spent),
        cap_aud=plain(row.cap) if row.cap is not None else None,
        percent=row.percent,
        calls=row.calls,
        aud_per_day=plain(per_day) if per_day is not None else None,
        cap_reached=ahead.reach.value if ahead else "",
        earliest=ahead.earliest if ahead else None,
        likely=ahead.likely if ahead else None,
        latest=ahead.latest if ahead else None,
        month_end_aud=(plain(ends[0]), plain(ends[1]), plain(ends[2])) if ends else None,
        outlook=reach_text(ahead),
        estimated_aud=plain(row.estimated),
        estimated_calls=row.estimated_calls,
    )
