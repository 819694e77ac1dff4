"""What the ledger has of one month, as plain values. `ledger_reading` makes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from aspire_ledger.money import Aud


@dataclass(frozen=True, slots=True)
class Part:
    """What one budget, app, alias or provider has of a month. Adjustments are no calls."""

    name: str
    aud: Aud
    calls: int


@dataclass(frozen=True, slots=True)
class MonthRecord:
    """One month of the ledger.

    `month` is `2026-11`. `days` is what calls cost on each day, by budget; it
    may reach back into the month before, for the pace, and is empty where
    nobody asked. `estimated` is what each budget's estimated calls cost, for whom the
    provider reported no usage that could be believed.
    """

    month: str
    budgets: tuple[Part, ...] = ()
    apps: tuple[Part, ...] = ()
    aliases: tuple[Part, ...] = ()
    providers: tuple[Part, ...] = ()
    days: Mapping[str, Mapping[date, Aud]] = field(default_factory=dict)
    estimated: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a person booked by hand, negative for a refund."""

    number: int  # of the ledger's entry
    at: datetime
    budget: str
    aud: Aud
    reason: str  # and who booked it


@dataclass(frozen=True, slots=True)
class RateUsed:
    """An exchange rate, and what was booked at it."""

    usd_per_aud: Decimal
    first: datetime
    last: datetime
    entries: int
    aud: Aud


@dataclass(frozen=True, slots=True)
class Booked:
    """One line of the ledger, as far as a statement needs it.

    A correction is money and no call; `request_id` says of which one. An adjustment has
    a reason, and neither app nor alias. `deployment` is the address of the row that answered.
    """

    number: int
    at: datetime
    budget: str
    aud: Aud
    app: str = ""
    alias: str = ""
    provider: str = ""
    usd_per_aud: Decimal = Decimal(0)
    is_call: bool = False
    is_adjustment: bool = False
    reason: str = ""
    request_id: str = ""
    deployment: str = ""
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Failures:
    """Calls of some days that failed in one way. See `ledger.values.FailedCalls` for the outcomes."""

    app: str
    alias: str
    deployment: str
    outcome: str
    calls: int


@dataclass(frozen=True, slots=True)
class UnlistedParameter:
    """Calls of some days that sent a parameter which no reviewed file lists.

    `outcome` is `refused`, `removed` or `passed`.
    """

    app: str
    alias: str
    call_type: str
    parameter: str
    outcome: str
    calls: int


@dataclass(frozen=True, slots=True)
class PriceDifference:
    """A call that we price otherwise than the gateway computed it (US dollars)."""

    request_id: str
    alias: str
    deployment: str
    booked: Decimal
    reported: Decimal


@dataclass(frozen=True, slots=True)
class PriceDifferences:
    """How many calls of a month are priced otherwise, and those that differ most."""

    calls: int = 0
    worst: tuple[PriceDifference, ...] = ()
