"""What `admission` is asked and what it answers. Values only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from aspire_gitops.ledger.account import Account
from aspire_gitops.ledger.amounts import NanoAud
from aspire_gitops.ledger.values import NO_UNITS, Counted, Request
from aspire_gitops.ledger.worst_case import Unpriced


class Reason(StrEnum):
    """Why a call may not start."""

    CAP = "cap"  # the budget does not cover it this month
    BUSY = "busy"  # money is left, but calls under way may need it: try again soon
    OUTAGE = "outage"  # nobody knows what is left: try again soon
    UNPRICED = "unpriced"  # the alias has no price for what the call is charged by
    REPEATED = "repeated"  # its id was used before


@dataclass(frozen=True, slots=True)
class Starting:
    """A call that wants to start. `id` is ours and new; `worst` is from `worst_case`.

    `hold` is how long its money stays set aside, where the gatekeeper's does not fit.
    """

    id: str
    alias: str
    key: str
    worst: NanoAud | Unpriced
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
    missing_price: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What the gateway says of a call that ended. `usd` is None when it named no cost."""

    usd: Decimal | None
    provider: str = ""
    model: str = ""
    counted: Counted = NO_UNITS


Decision: TypeAlias = "Admitted | Refused"
