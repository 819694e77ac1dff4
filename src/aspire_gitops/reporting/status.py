"""Everything that a person may want to know about the controller now. Free of secrets."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aspire_gitops.planning.plan import Plan
from aspire_gitops.reporting.turn import Brake, Drifted, Fight, Standing, Turn
from aspire_gitops.revision import Revision
from aspire_gitops.spending import Spend
from aspire_gitops.spending.calls import CallReport
from aspire_gitops.spending.own_spend import OwnSpend
from aspire_gitops.state import LiveFallback
from aspire_gitops.usage import Downtime


class Role(StrEnum):
    LEADER = "leader"  # holds the lock, so it may write
    STANDBY = "standby"  # another controller holds the lock


@dataclass(frozen=True, slots=True)
class AliasRow:
    """One alias and where its calls go. `live` is False while the gateway differs from git."""

    name: str
    mode: str
    provider: str
    vendor: str
    model: str
    live: bool


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
    """How long the journal is, and the hash that vouches for all of it."""

    entries: int
    bytes: int
    head: str


@dataclass(frozen=True, slots=True)
class SpendReport:
    """What the ledger said last. `spend` is None until it answered; `problem` says why it does not.

    `unlike` are the keys of which LiteLLM and the ledger disagree, for longer than
    LiteLLM takes to write its spend.
    """

    spend: Spend | None = None
    problem: str = ""
    unlike: tuple[OwnSpend, ...] = ()


@dataclass(frozen=True, slots=True)
class DowntimeReport:
    """How long the gateway did not answer this month, beside what its users were promised."""

    downtime: Downtime
    allowed_s: int


@dataclass(frozen=True, slots=True)
class Status:
    """The controller at one moment.

    `standing` and `reason` are the last turn's, or say that there was none yet.
    `pending` is a plan that waits: for a brake, an Approval, a person.
    `at_work` says what is being done just now, None between turns.
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
    wanted: Revision | None = None
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
    fights: tuple[Fight, ...] = ()
    brakes: tuple[Brake, ...] = ()
    foreign: tuple[str, ...] = ()
    fallbacks: tuple[LiveFallback, ...] = ()
    journal: JournalFacts | None = None
    untold: int = 0  # notices that could not be handed over yet
    spend: SpendReport | None = None  # None where no ledger is set
    calls: CallReport | None = None  # nor before it answered
    downtime: DowntimeReport | None = None  # None before the journal and git were read
