"""The review of one change, as values: `builder` fills them, `markdown` and `terminal` show them.

Money is AUD unless a name says otherwise. Nothing here is text for a format.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from aspire_gitops.planning import FieldChange, Plan
from aspire_gitops.resources import ResourceKind
from aspire_gitops.spend import Forecast
from aspire_gitops.vocabulary import Diagnostic, Revision, Span
from aspire_ledger.money import Aud

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moved(Generic[T]):
    """One thing before and after the change: equal if unchanged, None where it does not exist."""

    before: T | None
    after: T | None

    @property
    def changed(self) -> bool:
        return self.before != self.after


class Edit(StrEnum):
    """What the change does to one resource."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ResourceEdit:
    """One resource that the change edits: its fields as the files write them, dotted.

    `fields` is empty for what is added or removed whole. `place` is in head, or
    in base for what is removed.
    """

    kind: ResourceKind
    name: str
    edit: Edit
    place: Span
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceMove:
    """One price of an alias, in US dollars per unit as the file names it."""

    unit: str  # input_usd_per_million_tokens, usd_per_page …
    usd: Moved[Decimal]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that an app states as a need of an alias, and that is gone after the change."""

    app: str
    need: str  # `capability vision`, `context window of 100,000 tokens`


@dataclass(frozen=True, slots=True)
class AppCost:
    """What one app's traffic cost, and would cost at the new prices.

    `after` is None where the app can no longer make these calls.
    """

    app: str
    calls: int
    aud: Moved[Aud]


@dataclass(frozen=True, slots=True)
class Repriced:
    """Real traffic of some days at both prices: `since` and `until` included.

    `before` is priced like `after`, from counted units, reviewed prices and rate,
    so that the two can be compared; what was booked may differ slightly.
    `unpriced` are units that were used and have no price after the change. `called` is
    on how many of the days there were such calls at all.
    """

    since: date
    until: date
    apps: tuple[AppCost, ...]
    unpriced: tuple[str, ...] = ()
    called: int = 0

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def total(self) -> Moved[Aud]:
        return Moved(
            _sum(row.aud.before for row in self.apps), _sum(row.aud.after for row in self.apps)
        )


@dataclass(frozen=True, slots=True)
class AliasImpact:
    """One alias that is added, removed or changed, in the terms that a reviewer weighs.

    `apps` may call it, before or after the change. `repriced` is None if no
    traffic is known, or none of it is priced differently.
    """

    name: str
    edit: Edit
    place: Span
    apps: tuple[str, ...]
    provider: Moved[str]
    vendor: Moved[str]
    model: Moved[str]
    mode: Moved[str]
    capabilities_lost: tuple[str, ...] = ()
    capabilities_gained: tuple[str, ...] = ()
    context_window_tokens: Moved[int] = Moved(None, None)
    max_output_tokens: Moved[int] = Moved(None, None)
    embedding_dimensions: Moved[int] = Moved(None, None)
    billing: Moved[str] = Moved(None, None)
    prices: tuple[PriceMove, ...] = ()
    gaps: tuple[Gap, ...] = ()
    repriced: Repriced | None = None


@dataclass(frozen=True, slots=True)
class AppImpact:
    """One app that the change affects, by its own file, its budget or an alias that it calls.

    `through` names the resources that affect it: `alias/qwen-chat`, `budget/agents`.
    `stops` says why it cannot call anything afterwards, empty if it can.
    """

    name: str
    owner: str
    edit: Edit | None  # of its own file
    through: tuple[str, ...] = ()
    aliases_lost: tuple[str, ...] = ()
    aliases_gained: tuple[str, ...] = ()
    keys_lost: tuple[str, ...] = ()
    keys_gained: tuple[str, ...] = ()
    aud: Moved[Aud] | None = None  # its traffic of the window, all aliases together
    stops: str = ""


@dataclass(frozen=True, slots=True)
class BudgetImpact:
    """One budget whose cap moves, or whose cap date does.

    `spent` is this month's, None if no ledger was read. `reach` is the forecast at
    the old cap and prices, and at the new ones; None if nothing is known.
    """

    name: str
    apps: tuple[str, ...]
    cap: Moved[Aud]
    spent: Aud | None = None
    reach: Moved[Forecast] | None = None
    uplift: Moved[str] = Moved(None, None)

    @property
    def stops_at_once(self) -> bool:
        """The cap is below what is spent already."""
        return self.spent is not None and self.cap.after is not None and self.cap.after < self.spent


class Effect(StrEnum):
    """What has to happen for a change to take effect."""

    NONE = "none"  # nothing on the gateway changes
    HOT = "hot"  # the admin API, no call fails
    RESTART = "restart"  # another config.yaml
    REDEPLOY = "redeploy"  # another release, or another environment


@dataclass(frozen=True, slots=True)
class Uptime:
    """What the change costs in downtime, against this month's allowance. Seconds.

    `used_s` is None if the gateway was not watched; `watched_since` is the first
    day on which it was.
    """

    effect: Effect
    because: tuple[str, ...]  # `gateway/aspire: litellm.version`
    seconds: int
    allowed_s: int
    used_s: float | None = None
    watched_since: date | None = None

    @property
    def left_s(self) -> float | None:
        """What would be left of the month's allowance afterwards; None if the gateway was not watched."""
        return None if self.used_s is None else self.allowed_s - self.used_s - self.seconds


@dataclass(frozen=True, slots=True)
class Consent:
    """One Approval that the change needs. `given_by` is empty until someone agrees."""

    change: str  # as an Approval names it: remove-alias-in-use
    object: str
    why: str
    given_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """What is known about the gateway: a published snapshot, how old it is, and what it counted.

    `taken_at` is in the Gateway's timezone.
    """

    revision: str | None  # the one that the controller applied last
    taken_at: datetime
    age: timedelta
    digest: str
    litellm_version: str | None
    traffic_days: int | None
    has_spend: bool


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that one change means.

    `findings` are head's diagnostics and the review's own, errors first. `plan` is
    against the snapshot if there is one (`live`), otherwise against base as if
    applied; None if head cannot be compiled. `repriced` is all traffic whose price
    changes, app by app; None if no traffic is known or nothing changes.
    `unknown` has a sentence for each thing that is not known, and why.
    """

    gateway: str
    base: Revision
    head: Revision
    findings: tuple[Diagnostic, ...] = ()
    edits: tuple[ResourceEdit, ...] = ()
    aliases: tuple[AliasImpact, ...] = ()
    apps: tuple[AppImpact, ...] = ()
    budgets: tuple[BudgetImpact, ...] = ()
    rate: Moved[Decimal] = Moved(None, None)  # US dollars that an Australian dollar buys
    repriced: Repriced | None = None
    uptime: Uptime | None = None
    consents: tuple[Consent, ...] = ()
    plan: Plan | None = None
    live: Live | None = None
    unknown: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Head has no errors, and the plan refuses nothing."""
        return not any(found.is_error for found in self.findings) and not (
            self.plan and self.plan.refusals
        )


def _sum(amounts: Iterable[Aud | None]) -> Aud:
    return Aud(sum((amount for amount in amounts if amount is not None), Decimal(0)))
