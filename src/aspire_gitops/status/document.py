"""The status in the form that leaves this program: what `/api/status` answers.

One shape for three readers: machines get it as JSON, the page and the terminal
are rendered from it. Every text in it is safe to show: control characters and
bidirectional overrides are escaped when it is written and when it is read.
`document_builder` builds one.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from aspire_gitops.codec.values import object_json, written_revision_json
from aspire_gitops.status.value import Answer, DriftKind, HoldKind, Role, Standing
from aspire_gitops.vocabulary import one_line, printable


def _line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _prose(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


Line = Annotated[str, BeforeValidator(_line)]
Prose = Annotated[str, BeforeValidator(_prose)]  # may have several lines


class Document(BaseModel):
    """A part of the status. Unknown fields are ignored, so that a newer controller can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ObjectDocument(Document):
    """An object on the gateway, shown as `kind/name`."""

    kind: Line
    name: Line

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        return object_json(value) if isinstance(value, str) else value  # of an older controller

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class RevisionDocument(Document):
    reference: Line
    commit: Line | None
    dirty: bool
    author: Line | None
    subject: Line | None
    approvers: tuple[Line, ...]

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        # As an older controller wrote the revision of a plan, its commit cut short.
        return written_revision_json(value) if isinstance(value, str) else value


class FieldDocument(Document):
    """One planned field, as people are shown it. None is unset; `note` says what an amount is."""

    path: Line
    before: Line | None
    after: Line | None
    drift: bool
    note: Line = ""  # missing from older controllers


class ChangeDocument(Document):
    action: Line
    object: ObjectDocument
    where: Line  # what the gateway calls it, empty for a new object
    reason: Line
    drift: bool
    fields: tuple[FieldDocument, ...]


class RefusalDocument(Document):
    code: Line
    name: Line
    object: ObjectDocument
    message: Prose
    help: Prose
    scope: Line = "plan"  # missing from older controllers


class PlanDocument(Document):
    """A plan that waits. `changes` holds the first `SHOWN`; `total` counts all of them.

    `held` counts the changes that wait for a refused object.
    """

    id: Line
    revision: RevisionDocument
    total: int
    counts: dict[Line, int]
    drift: int
    changes: tuple[ChangeDocument, ...]
    refusals: tuple[RefusalDocument, ...]
    warnings: tuple[Prose, ...]
    held: int = 0  # missing from older controllers


class DiagnosticDocument(Document):
    """A mistake in a reviewed file. Never the line itself, which may be a secret."""

    code: Line
    name: Line
    severity: Line
    message: Prose
    help: Prose | None
    path: Line
    line: int
    column: int
    end_column: int

    @model_validator(mode="before")
    @classmethod
    def _of_place(cls, value: Any) -> Any:
        place = value.get("place") if isinstance(value, dict) else None
        if not isinstance(place, str) or "path" in value:
            return value
        path, line, column = place.rsplit(":", 2)  # as an older controller wrote it
        return {**value, "path": path, "line": line, "column": column, "end_column": column}

    @property
    def place(self) -> str:
        """Return `gateway.d/aliases/chat.yaml:7:13`."""
        return f"{self.path}:{self.line}:{self.column}"


class MovedDocument(Document):
    """One field, as people are shown it: what git says, what the gateway has. None is unset."""

    path: Line
    git: Line | None
    live: Line | None


class DriftDocument(Document):
    """One object that differs from git although git did not change.

    `by` and `since` come from the gateway; `first_seen` is the controller's own.
    """

    object: ObjectDocument
    fields: tuple[Line, ...]
    answer: Answer
    by: Line | None
    since: datetime | None
    kind: DriftKind = DriftKind.CHANGED  # this and what follows is missing from older controllers
    moved: tuple[MovedDocument, ...] = ()
    first_seen: datetime | None = None


class FlappingDocument(Document):
    object: ObjectDocument
    path: Line
    times: int
    last: datetime
    heals_again_at: datetime


class HoldDocument(Document):
    kind: HoldKind
    owner: Line
    reason: Line
    since: datetime
    until: datetime | None


class TurnDocument(Document):
    """One turn. `drift` and `fights` (flapping fields) are counted here; the status lists the last ones."""

    id: Line
    causes: tuple[Line, ...]
    started_at: datetime
    duration_s: float
    standing: Standing
    reason: Prose
    help: Prose
    wanted: RevisionDocument | None
    applied: RevisionDocument | None
    plan: Line | None
    planned: int
    counts: dict[Line, int]
    failures: tuple[Prose, ...]
    diagnostics: tuple[DiagnosticDocument, ...]
    drift: int
    fights: int
    brakes: tuple[HoldDocument, ...]
    gateway_s: float
    source_s: float
    own_s: float
    look_again_s: float
    settings: Prose = ""  # what is not verified of the gateway's settings
    in_git: RevisionDocument | None = None
    timezone: Line = ""  # of the times in its sentences; empty is UTC. Older ones lack all three


class GatewayDocument(Document):
    name: Line | None
    url: Line | None
    litellm_version: Line | None
    timezone: Line | None = None  # missing from older controllers


class OtherAnswerDocument(Document):
    """A deployment without our mark that answers calls to an alias; see `OtherAnswer`."""

    address: Line
    model: Line
    vendor: Line
    since: datetime
    calls: int | None
    of_calls: int | None
    removed_after: datetime | None
    command: Line


class TroubleDocument(Document):
    """What a person has to end; `stops` are the apps whose calls fail until then."""

    kind: Line
    name: Line
    what: Prose
    help: Prose
    stops: tuple[Line, ...]
    since: datetime | None


class AliasDocument(Document):
    name: Line
    mode: Line
    provider: Line
    vendor: Line
    model: Line
    live: bool
    others: tuple[OtherAnswerDocument, ...] = ()  # missing from older controllers


class AppDocument(Document):
    name: Line
    owner: Line
    aliases: tuple[Line, ...]
    budget: Line
    monthly_aud: Line
    keys: int
    live_keys: int


class FallbackDocument(Document):
    alias: Line
    kind: Line
    answers: tuple[Line, ...]


class BudgetSpendDocument(Document):
    """One budget this month. Amounts are exact text; `outlook` is the forecast in words."""

    name: Line
    apps: tuple[Line, ...]
    spent_aud: Line
    cap_aud: Line | None
    percent: int | None
    calls: int
    aud_per_day: Line | None
    cap_reached: Line
    earliest: date | None
    likely: date | None
    latest: date | None
    month_end_aud: tuple[Line, Line, Line] | None
    outlook: Line
    estimated_aud: Line | None = None  # missing from older controllers
    estimated_calls: int = 0


class OwnSpendDocument(Document):
    """A key on which LiteLLM and the ledger disagree. Amounts are exact text, US dollars."""

    object: ObjectDocument
    litellm_usd: Line
    ledger_usd: Line
    max_budget_usd: Line
    verdict: Line
    told: Prose


class SpendDocument(Document):
    """What the ledger said at `at`; `month` is None before it answered, `problem` says why."""

    month: Line | None
    timezone: Line | None
    at: datetime | None
    spent_aud: Line | None
    calls: int
    budgets: tuple[BudgetSpendDocument, ...]
    problem: Prose
    unlike: tuple[OwnSpendDocument, ...] = ()  # missing from older controllers


class AliasFailuresDocument(Document):
    """Calls of one alias that failed in one way: in the days of the report, and today."""

    alias: Line
    outcome: Line
    calls: int
    today: int


class AppParameterDocument(Document):
    """Calls of one app that sent a parameter which no reviewed file lists.

    `aliases` are the first of those that were called.
    """

    app: Line
    parameter: Line
    outcome: Line
    calls: int
    aliases: tuple[Line, ...]


class PriceDifferenceDocument(Document):
    """A call that we price differently from LiteLLM. Amounts are exact text, US dollars."""

    request_id: Line
    alias: Line
    deployment: Line
    booked_usd: Line
    litellm_usd: Line


class PriceDifferencesDocument(Document):
    """How many calls of `month` are priced differently, and the worst of them."""

    month: Line
    calls: int
    worst: tuple[PriceDifferenceDocument, ...]


class CallsDocument(Document):
    """What the ledger said about calls at `at`. What is None is unknown; `problem` says why.

    Lists hold the most frequent; `failure_rows` and `parameter_rows` count all there are.
    """

    at: datetime
    since: date
    until: date
    failures: tuple[AliasFailuresDocument, ...] | None
    failure_rows: int
    unlisted_parameters: tuple[AppParameterDocument, ...] | None
    parameter_rows: int
    price_differences: PriceDifferencesDocument | None
    problem: Prose


class DowntimeDocument(Document):
    """How long the gateway was down in `month`, as the controller saw it. Seconds."""

    month: Line
    seconds: float
    allowed_s: int
    watched_since: date


class ProcessDocument(Document):
    """One process of the gateway. `age_s` is of its heartbeat, by the database's clock."""

    process: Line
    trust: Line
    why: Line
    settings: Line
    litellm_release: Line
    ledger_release: Line
    age_s: float | None


class SettingsDocument(Document):
    """What the gateway's processes run, compared with `digest`, that of git's `config.yaml`."""

    state: Line
    digest: Line
    reason: Prose
    help: Prose
    processes: tuple[ProcessDocument, ...]


class ProbeDocument(Document):
    """What the last probes of one alias found. `works` is null where nobody knows."""

    alias: Line
    verdict: Line
    works: bool | None
    told: Prose
    help: Prose
    at: datetime | None
    since: datetime | None
    next_at: datetime | None
    by_ledger: bool


class ProbesDocument(Document):
    """The probes of each alias, and how many calls of today's most were made."""

    rows: tuple[ProbeDocument, ...]
    calls_today: int
    calls_per_day: int

    @property
    def broken(self) -> tuple[ProbeDocument, ...]:
        return tuple(row for row in self.rows if row.works is False)


class JournalDocument(Document):
    entries: int
    bytes: int
    head: Line


class StatusDocument(Document):
    """The controller at one moment; see `status.value.Status` for the meaning of each field."""

    format: Literal["aspire-gitops/status"] = "aspire-gitops/status"
    version: Literal[2] = 2
    at: datetime
    started_at: datetime
    program_version: Line
    role: Role
    standing: Standing
    reason: Prose
    help: Prose
    at_work: Line | None
    next_look_at: datetime | None
    last_success_at: datetime | None
    gateway: GatewayDocument
    wanted: RevisionDocument | None
    in_git: RevisionDocument | None = None  # missing from older controllers
    applied: RevisionDocument | None
    applied_at: datetime | None
    brakes: tuple[HoldDocument, ...]
    pending: PlanDocument | None
    drift: tuple[DriftDocument, ...]
    fights: tuple[FlappingDocument, ...]
    turns: tuple[TurnDocument, ...]
    aliases: tuple[AliasDocument, ...]
    apps: tuple[AppDocument, ...]
    foreign: tuple[Line, ...]
    fallbacks: tuple[FallbackDocument, ...]
    journal: JournalDocument | None
    untold: int
    spend: SpendDocument | None = None  # missing from older controllers
    calls: CallsDocument | None = None  # likewise
    downtime: DowntimeDocument | None = None  # likewise
    settings: SettingsDocument | None = None  # likewise
    troubles: tuple[TroubleDocument, ...] = ()  # likewise
    is_current: bool = True  # likewise
    seen_at: datetime | None = None  # likewise
    silent_since: datetime | None = None  # likewise
    probes: ProbesDocument | None = None  # likewise

    @model_validator(mode="before")
    @classmethod
    def _headed_as_now(cls, value: Any) -> Any:
        if not isinstance(value, dict) or value.get("format") != 1:
            return value
        head = {"format": "aspire-gitops/status", "version": 2}  # an older controller's was 1
        return {**value, **head, "program_version": value.get("version")}
