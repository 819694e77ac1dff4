"""What `admission` is asked and what it answers. Values only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from aspire_ledger.account import Account
from aspire_ledger.amounts import NanoAud
from aspire_ledger.values import NO_UNITS, Counted, Request


class Reason(StrEnum):
    """Why a call may not start."""

    CAP = "cap"  # the budget does not cover it this month
    BUSY = "busy"  # money is left, but calls under way may need it: try again soon
    OUTAGE = "outage"  # nobody knows what is left: try again soon
    REPEATED = "repeated"  # its id was used before


@dataclass(frozen=True, slots=True)
class Starting:
    """A call that wants to start. `id` is ours and new; `worst` is from `bound`.

    `hold` is how long its money stays set aside, where the gatekeeper's does not fit.
    """

    id: str
    alias: str
    key: str
    worst: NanoAud
    hold: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may start; it must be settled or released. `unasked`: the store was away."""

    request: Request
    account: Account
    expected: NanoAud
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The call may not start. `spent` is what the budget has spent in the month that ends then."""

    reason: Reason
    account: Account
    spent: NanoAud
    need: NanoAud
    month_end: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call that ended cost, at the reviewed price.

    `usd` is None where nothing better is known than what was set aside. `estimated` says
    that the provider reported no usage that could be believed. `reported_usd` is what the
    gateway itself computed, None for nothing: it decides nothing.
    """

    usd: Decimal | None
    provider: str = ""
    model: str = ""
    counted: Counted = NO_UNITS
    deployment: str = ""
    call_type: str = ""
    reported_usd: Decimal | None = None
    estimated: bool = False
    note: str = ""


Decision: TypeAlias = "Admitted | Refused"
