"""What the ledger asks of its store, and the one decision: admitted, wait, or refused.

The stores (`sqlite`, `postgres`) make the decision and the reservation in one
step, so that several gateway processes share one truth. Everything that was
ever spent is an entry; entries are never changed, and totals are their sum.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from aspire_ledger.amounts import NanoAud
from aspire_ledger.values import (
    Adjustment,
    Answer,
    Booked,
    Closing,
    Entry,
    FailedCalls,
    Request,
    Reservation,
    SeenParameter,
    Settlement,
    Share,
    Total,
    Verdict,
)

By: TypeAlias = Literal["app", "alias", "provider", "budget"]


class StoreUnavailable(Exception):
    """The store cannot answer now: down, locked, full, too slow. Try again."""


class TablesInUse(StoreUnavailable):
    """A table that must get new columns is locked by others. Try again."""


class StoreRefused(Exception):
    """What is asked for cannot be done by this program, or not yet. Trying again cannot help."""


def verdict(
    spent: int, reserved: int, need: int, cap: int, *, expected: int | None = None
) -> Verdict:
    """Decide. The stores' SQL says the same; a property test holds them together.

    `expected` is for a fair call what such calls lately cost, at most its worst
    case: only a call that is alone may start without that much being left, or
    many that are each a little dearer would exceed the cap together.
    """
    wanted = need if expected is None or reserved == 0 else expected
    if spent + reserved + wanted <= cap:
        return Verdict.ADMITTED
    return Verdict.WAIT if spent + need <= cap else Verdict.REFUSED


def answer(request: Request, spent: int, reserved: int, expected: int, known: str) -> Answer:
    """Return what STANDING means for a request that was not admitted just now."""
    match known:
        case "held":  # it was admitted before, and its answer got lost
            found = Verdict.ADMITTED
        case "booked":
            found = Verdict.REPEATED
        case _:
            found = verdict(spent, reserved, request.need, request.cap)
            if found is Verdict.ADMITTED:  # money came free while the question was on its way
                found = Verdict.WAIT
    return Answer(found, NanoAud(spent), NanoAud(reserved), NanoAud(expected))


class Store(Protocol):
    """One ledger. Every method may raise StoreUnavailable; all may then be tried again."""

    async def prepare(self) -> None:
        """Do ahead what the first calls would wait for."""
        ...

    async def admit(self, request: Request) -> Answer:
        """Reserve for a call, atomically, or say why not."""
        ...

    async def settle(self, settlement: Settlement) -> Booked:
        """Book a call's cost and free what was reserved; an unadmitted call is booked as that."""
        ...

    async def release(self, request_id: str, at: datetime) -> None:
        """Free what was reserved for a call that cost nothing. Twice does no harm."""
        ...

    async def recover(self, reservation: Reservation, settlement: Settlement) -> Booked:
        """Book a call that nobody settled in time, unless somebody did meanwhile."""
        ...

    async def adjust(self, adjustment: Adjustment) -> Booked:
        """Book what a person says; for a closed month, in the first one that is open."""
        ...

    async def close_month(self, month: str, now: datetime) -> Closing:
        """Close a month and all before it: what comes late counts for the next one.

        Raises:
            StoreRefused: It is not over everywhere on earth, or calls of it are under way.
        """
        ...

    async def forget_entries(self, month: str) -> int:
        """Delete the entries of a closed month; totals and closing stay. Returns how many.

        Raises:
            StoreRefused: It is not closed.
        """
        ...

    async def estimate(self, app: str, alias: str) -> NanoAud | None:
        """Return what a call of this app to this alias lately cost at most; None if unknown."""
        ...

    async def expired(self, now: datetime) -> Sequence[Reservation]:
        """Return reservations whose time is over, at most a thousand, the oldest first."""
        ...

    async def totals(self, month: str) -> Sequence[Total]: ...

    async def spent_by(self, month: str, by: By) -> Sequence[Share]:
        """Return who has what of a month, the dearest first, forgotten months included."""
        ...

    async def estimated(self, month: str) -> Sequence[Share]:
        """Return how much of each budget's month was estimated and not corrected since."""
        ...

    async def count_failures(self, failed: Sequence[FailedCalls]) -> None:
        """Add to the numbers of failed calls, all in one step. Sent twice, they may count twice."""
        ...

    async def count_parameters(self, seen: Sequence[SeenParameter]) -> None:
        """Add to the numbers of calls with an unlisted parameter, all in one step.

        An app has 500 rows a day; names beyond them are counted together, as `(others)`.
        Sent twice, they may count twice.
        """
        ...

    async def failures(
        self, since_day: str, until_day: str, after: FailedCalls | None = None
    ) -> Sequence[FailedCalls]:
        """Return failed calls of these days, both included, in order, at most a thousand rows.

        `after` is the last row of the page before.
        """
        ...

    async def seen_parameters(
        self, since_day: str, until_day: str, after: SeenParameter | None = None
    ) -> Sequence[SeenParameter]:
        """Return unlisted parameters of these days, like `failures`."""
        ...

    async def daily(self, budget: str, month: str) -> Sequence[Share]:
        """Return what calls cost on each day that had some, in order."""
        ...

    async def entries(
        self, *, month: str | None = None, budget: str | None = None, after: int = 0
    ) -> Sequence[Entry]:
        """Return entries numbered above `after`, in order, at most a thousand."""
        ...

    async def closings(self) -> Sequence[Closing]: ...

    async def close(self) -> None: ...
