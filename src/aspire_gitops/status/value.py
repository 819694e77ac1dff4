"""What the controller reports, as values: turns, the status, notices. Never holds a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from aspire_gitops.planning import Plan
from aspire_gitops.spend import OwnSpend, Spend
from aspire_gitops.spend.calls import CallReport
from aspire_gitops.state import LiveFallback
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import Diagnostic, Revision
from aspire_gitops.witness import SettingsReport


class Standing(StrEnum):
    """How a turn ended, by what has to happen next."""

    READY = "ready"  # at rest: the gateway matches git, or what a hold allows
    WAITING = "waiting"  # passes by itself: retried with a growing pause
    STALLED = "stalled"  # needs a commit or a person: retried slowly


class Answer(StrEnum):
    """What was done about drift."""

    HEALED = "healed"
    REPORTED = "reported"  # policy or a hold allows only looking
    HELD = "held"  # it keeps being changed back, so healing was slowed down
    FAILED = "failed"


class DriftKind(StrEnum):
    """What happened to an object on the gateway, outside of git."""

    CHANGED = "changed"
    DELETED = "deleted"
    ADDED = "added"  # git does not have it, though it carries our mark
    COUNTED = "counted"  # LiteLLM's own spend of a key, which nobody changed by hand


@dataclass(frozen=True, slots=True)
class MovedField:
    """One field: what git says, and what the gateway has. As people are shown it; None is unset."""

    path: str
    git: str | None
    live: str | None


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object that differs from git although git did not change.

    `fields` are dotted paths, empty when the whole object is gone or came. `by` and
    `since` come from the gateway, None if it does not say. `first_seen` is when the
    controller saw it first.
    """

    object: str
    fields: tuple[str, ...]
    answer: Answer
    by: str | None = None
    since: datetime | None = None
    kind: DriftKind = DriftKind.CHANGED
    moved: tuple[MovedField, ...] = ()
    first_seen: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FlappingField:
    """A field keeps being changed back: `times` within the last hour."""

    object: str
    path: str
    times: int
    last: datetime
    heals_again_at: datetime


class HoldKind(StrEnum):
    SUSPEND = "suspend"  # look and report only, until resumed
    FREEZE = "freeze"  # the same, and it ends by itself
    REVERT = "revert"  # hold an older revision instead of the branch; ends by itself


@dataclass(frozen=True, slots=True)
class Hold:
    """A request to change nothing, or to hold the revision `commit`. Ends by itself at `until`."""

    kind: HoldKind
    owner: str
    reason: str
    since: datetime
    until: datetime | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the controller.

    `reason` is one sentence for people: why the turn ended like this; `help` is what to
    do, empty if nothing. `problem` is the part of `reason` that went wrong, without what
    was done all the same; empty when ready. `blames_commit` is False where that is not
    the newest commit's fault, whatever it had planned. `is_overdue` says that what it waits
    for should have passed by now. `wanted` is the revision
    that is to be live: the one that git has now, `in_git`, or during a revert the
    older one that is held. `applied` is the last one that was applied whole. `plan` is
    what had to change, and `counts` how that ended (applied, failed, skipped).
    A plan that a hold, policy or refusal kept from being applied has no counts.

    `gateway_s` is time spent waiting for the gateway, `source_s` for git, and
    `own_s` the processor time of this program, all in seconds.
    """

    id: str
    causes: tuple[str, ...]
    started_at: datetime
    duration_s: float
    standing: Standing
    reason: str
    help: str = ""
    problem: str = ""
    blames_commit: bool = True
    is_overdue: bool = False
    wanted: Revision | None = None
    in_git: Revision | None = None
    applied: Revision | None = None
    plan: Plan | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()  # `deployment/qwen-vision: …`, one for each failed change
    diagnostics: tuple[Diagnostic, ...] = ()
    drift: tuple[Drifted, ...] = ()
    flapping: tuple[FlappingField, ...] = ()
    holds: tuple[Hold, ...] = ()
    settings: SettingsReport | None = None  # what the processes run; None where nobody asks
    gateway_s: float = 0.0
    source_s: float = 0.0
    own_s: float = 0.0
    look_again_s: float = 60.0
    timezone: str = ""  # the Gateway's, for times in sentences; empty before it is known

    @property
    def needs_restart(self) -> bool:
        """Whether nothing is wrong but that the gateway does not run its settings yet."""
        report = self.settings
        return report is not None and bool(self.problem) and self.problem.endswith(report.reason)


class Role(StrEnum):
    LEADER = "leader"  # holds the lock, so it may write
    STANDBY = "standby"  # another controller holds the lock


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """A deployment without our mark that answers calls to an alias, first seen at `since`.

    `calls` of the last `of_calls` were its own; None where no ledger tells. It is removed
    after `removed_after`, None if it stays.
    """

    address: str
    model: str
    vendor: str
    since: datetime
    calls: int | None = None
    of_calls: int | None = None
    removed_after: datetime | None = None
    command: str = ""


class TroubleKind(StrEnum):
    """What kind of thing a person has to end."""

    INTRUDER = "intruder"
    HELD = "held"
    SECRET = "secret"  # noqa: S105 (a word)
    BUDGET = "budget"
    KEY = "key"
    SPEND = "spend"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stops calls, answers them elsewhere or leaves them uncounted, until a person ends it.

    `name` is an object or a budget, `stops` the apps whose calls fail.
    """

    kind: TroubleKind
    name: str
    what: str
    help: str
    stops: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AliasRow:
    """One alias and where its calls go. `live` is False while the gateway differs from git.

    `others` are deployments without our mark that answer some of its calls.
    """

    name: str
    mode: str
    provider: str
    vendor: str
    model: str
    live: bool
    others: tuple[OtherAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app, its monthly cap as written (AUD) and how many of its keys are live."""

    name: str
    owner: str
    aliases: tuple[str, ...]
    budget: str
    monthly_aud: str
    keys: int
    live_keys: int


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """How long the journal is, and the hash of its last entry, which covers all others."""

    entries: int
    bytes: int
    head: str


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A key of which LiteLLM has counted `usd` since `since`, and the ledger nothing at all."""

    object: str
    usd: Decimal
    since: datetime


@dataclass(frozen=True, slots=True)
class SpendReport:
    """What the ledger said last. `spend` is None until it answered; `problem` says why it did not.

    `unlike` are the keys on which LiteLLM and the ledger disagree, for longer than
    LiteLLM takes to write its spend. `uncounted` are the keys whose calls LiteLLM counts and
    the ledger does not.
    """

    spend: Spend | None = None
    problem: str = ""
    unlike: tuple[OwnSpend, ...] = ()
    uncounted: tuple[Uncounted, ...] = ()


@dataclass(frozen=True, slots=True)
class DowntimeReport:
    """How long the gateway was down this month, beside what its users were promised."""

    downtime: Downtime
    allowed_s: int


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """What the last probes of one alias found. `works` is None where nobody knows.

    `at` is of the newest probe, `since` when it was told to fail; `by_ledger` says that its
    line in the ledger was compared, and not headers alone.
    """

    alias: str
    verdict: str
    works: bool | None
    told: str = ""
    help: str = ""
    at: datetime | None = None
    since: datetime | None = None
    next_at: datetime | None = None
    by_ledger: bool = False


@dataclass(frozen=True, slots=True)
class ProbesReport:
    """The probes of a controller: a row for each alias, and how many calls of today's most were made."""

    rows: tuple[ProbeRow, ...] = ()
    calls_today: int = 0
    calls_per_day: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The controller at one moment.

    `standing` and `reason` are the last turn's, or say that there was none yet.
    `pending` is a plan that waits for a hold, an Approval or a person.
    `at_work` says what is being done now, None between turns. `is_current` says that
    the last turn read the gateway; else everything about it is as of `seen_at`, the last
    full read, and `silent_since` is when it stopped to answer, as far as the controller looked.
    """

    at: datetime
    started_at: datetime
    version: str
    role: Role
    standing: Standing
    reason: str
    help: str = ""
    gateway_name: str | None = None
    gateway_url: str | None = None
    litellm_version: str | None = None
    timezone: str | None = None
    wanted: Revision | None = None
    in_git: Revision | None = None
    applied: Revision | None = None
    applied_at: datetime | None = None
    last_success_at: datetime | None = None  # of a turn that ended ready
    next_look_at: datetime | None = None
    at_work: str | None = None
    pending: Plan | None = None
    turns: tuple[Turn, ...] = ()  # newest first, some twenty
    aliases: tuple[AliasRow, ...] = ()
    apps: tuple[AppRow, ...] = ()
    drift: tuple[Drifted, ...] = ()  # of the last turn that read the gateway
    flapping: tuple[FlappingField, ...] = ()
    holds: tuple[Hold, ...] = ()
    unmanaged: tuple[str, ...] = ()
    fallbacks: tuple[LiveFallback, ...] = ()
    journal: JournalFacts | None = None
    untold: int = 0  # notices not delivered yet
    spend: SpendReport | None = None  # None without a ledger
    calls: CallReport | None = None  # nor before it answered
    downtime: DowntimeReport | None = None  # None before the journal and git were read
    settings: SettingsReport | None = None  # None where nobody asks
    troubles: tuple[Trouble, ...] = ()  # what a person has to end, the worst first
    is_current: bool = True
    seen_at: datetime | None = None
    silent_since: datetime | None = None
    probes: ProbesReport | None = None  # None where the Gateway's policy has none


class Topic(StrEnum):
    """What a notice is about; receivers subscribe to these."""

    PENDING = "pending"  # a revision is about to be applied
    APPLIED = "applied"
    FAILED = "failed"  # a revision could not be applied, and the revision is the reason
    STALLED = "stalled"
    DRIFT = "drift"
    FLAPPING = "fight"  # the name that receivers know
    FREEZE = "freeze"
    RECOVERED = "recovered"  # after failed or stalled
    RESTART = "restart"  # a revision is applied, and its settings are not running
    PROBE = "probe"  # an alias began to fail its probes, or works again
    SPEND = "spend"  # a budget reached one of its declared percentages
    INTRUDER = "intruder"  # a deployment under an alias's name is about to be removed
    DOWN = "down"  # the gateway does not answer, or took a share of the month's downtime


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. Holds no secret.

    `id` is unique and stable, so that a receiver can drop a second copy.
    `title` is one sentence; `lines` are details, plain text. `commit` is the
    one that the notice is about, if any. `quiet` marks what is recorded but needs
    no reader: a commit that changed nothing on the gateway.
    """

    id: str
    topic: Topic
    at: datetime
    title: str
    lines: tuple[str, ...] = ()
    commit: str | None = None
    gateway: str = ""
    turn: str = ""
    quiet: bool = False


__all__ = [
    "AliasRow",
    "Answer",
    "AppRow",
    "DowntimeReport",
    "DriftKind",
    "Drifted",
    "FlappingField",
    "Hold",
    "HoldKind",
    "JournalFacts",
    "MovedField",
    "Notice",
    "OtherAnswer",
    "ProbeRow",
    "ProbesReport",
    "Role",
    "SpendReport",
    "Standing",
    "Status",
    "Topic",
    "Trouble",
    "TroubleKind",
    "Turn",
    "Uncounted",
]
