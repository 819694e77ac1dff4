"""What the ledger asks of its store, and the one decision: admitted, wait, or refused.

The stores (`sqlite`, `postgres`) make the decision and the reservation in one
step, so that several gateway processes share one truth. Everything that was
ever spent is an entry; entries are never changed, and totals are their sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from aspire_gitops.ledger.amounts import NanoAud


class StoreUnavailable(Exception):
    """The store cannot answer now: down, locked, full, too slow. Try again."""


class EntryKind(StrEnum):
    """Why money was booked."""

    SETTLED = "settled"  # a call that was admitted, at its real cost
    UNADMITTED = "unadmitted"  # a call that nobody asked us about (an outage that was let through)
    RECOVERED = "recovered"  # admitted, never settled (a crash): booked as reserved, or as logged
    CORRECTED = "corrected"  # the difference, when the real cost of a recovered call came after all
    ADJUSTED = "adjusted"  # a person: a provider's invoice, a refund


@dataclass(frozen=True, slots=True)
class Request:
    """One call that wants to start.

    `need` is what must be left for it to be admitted, `reserve` what is then set
    aside (at most what is left). A strict budget needs what it reserves, a fair
    one a single nano-AUD: money is left.
    """

    id: str
    budget: str
    month: str  # `2026-11`
    app: str
    alias: str
    key: str
    cap: NanoAud
    need: NanoAud
    reserve: NanoAud
    at: datetime
    expires_at: datetime
    usd_per_aud: Decimal


class Verdict(StrEnum):
    ADMITTED = "admitted"
    WAIT = "wait"  # money is left, and calls under way may need it: ask again when one ended
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and how the budget stood when it was given (nano-AUD)."""

    verdict: Verdict
    spent: NanoAud
    reserved: NanoAud


def verdict(spent: int, reserved: int, need: int, cap: int) -> Verdict:
    """Decide. The stores' SQL says the same; a property test holds them together."""
    if spent + reserved + need <= cap:
        return Verdict.ADMITTED
    return Verdict.WAIT if spent + need <= cap else Verdict.REFUSED


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a call cost in the end. `id` is its request's; settling twice books once."""

    id: str
    cost: NanoAud
    usd: Decimal
    at: datetime
    provider: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a settlement. `fresh` is False when it had been booked before."""

    fresh: bool
    budget: str
    month: str
    spent: NanoAud
    crossed: Sequence[int] = ()


class Store(Protocol):
    """One ledger. Every method may raise StoreUnavailable."""

    async def admit(self, request: Request) -> Answer:
        """Reserve for a call, atomically, or say why not."""
        ...

    async def settle(self, settlement: Settlement) -> Booked | None:
        """Book a call's cost and free what was reserved. None: nobody admitted it."""
        ...

    async def release(self, request_id: str) -> None:
        """Free what was reserved for a call that cost nothing. Twice does no harm."""
        ...

    async def estimate(self, app: str, alias: str) -> NanoAud | None:
        """Return what a call of this app to this alias lately cost at most; None if unknown."""
        ...

    async def close(self) -> None: ...
