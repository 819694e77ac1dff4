"""Prove the ledger: each total is the sum of its entries, each closing still true.

Reads only. Differences are told, never mended: a person must look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aspire_gitops.ledger import queries
from aspire_gitops.ledger.booking import Booking
from aspire_gitops.ledger.closing import digest_of_month
from aspire_gitops.ledger.values import Closing, EntryKind

_SAME_USD = Decimal("0.000000001")  # the gateway counts in doubles


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be. Amounts are nano-AUD, `calls` a number."""

    what: str  # spent, reserved, calls, entries or digest
    budget: str
    month: str
    expected: int | str
    found: int | str


@dataclass(frozen=True, slots=True)
class LogDifference:
    """A call that the gateway's own spend log and the ledger do not agree on (US dollars).

    `booked` is None for a call that the ledger does not know, `logged` for one
    that the log has lost.
    """

    request_id: str
    logged: Decimal | None
    booked: Decimal | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying found. `checked` counts totals, `entries` what was compared with the log."""

    checked: int
    differences: tuple[Difference, ...] = ()
    entries: int = 0
    log_differences: tuple[LogDifference, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not self.differences


async def verify(store: Booking) -> Verified:
    """Recompute every total and every closing.

    Raises:
        StoreUnavailable: The store cannot answer now. Try again.
    """
    closings = {closing.month: closing for closing in await store.closings()}
    rows = await store.rows(queries.SUMS)
    found: list[Difference] = []
    for budget, month, spent, entered, reserved, held, calls, counted in rows:
        closing = closings.get(month)
        if closing and closing.forgotten:
            entered, counted = _closed(closing, budget)  # noqa: PLW2901 (the entries are gone)
        pairs = {"spent": (entered, spent), "reserved": (held, reserved), "calls": (counted, calls)}
        found += [
            Difference(what, budget, month, expected, there)
            for what, (expected, there) in pairs.items()
            if expected != there
        ]
    for closing in closings.values():
        if not closing.forgotten:
            found += await _against_closing(store, closing)
    return Verified(len(rows), tuple(found))


async def compare_with_log(
    store: Booking, month: str, logged: Iterable[tuple[str, Decimal]]
) -> Verified:
    """Compare a month's calls with the gateway's spend log of that month.

    Args:
        store: The ledger.
        month: `2026-11`, as the ledger counts months.
        logged: Request id and US dollars of each call; ids as the ledger knows them.
    """
    log: Mapping[str, Decimal] = dict(logged)
    booked, count = await _booked_usd(store, month)
    differences = [
        LogDifference(id_, log.get(id_), booked.get(id_))
        for id_ in sorted(log.keys() | booked.keys())
        if not _same(log.get(id_), booked.get(id_))
    ]
    return Verified(0, (), count, tuple(differences))


async def _booked_usd(store: Booking, month: str) -> tuple[dict[str, Decimal], int]:
    booked: dict[str, Decimal] = {}
    count = after = 0
    while entries := await store.entries(month=month, after=after):
        for entry in entries:
            if entry.kind is not EntryKind.ADJUSTED:
                count += 1
                known = booked.get(entry.request_id, Decimal(0))
                booked[entry.request_id] = known + entry.usd
        after = entries[-1].number
    return booked, count


def _same(logged: Decimal | None, booked: Decimal | None) -> bool:
    if logged is None or booked is None:
        return logged == booked
    return abs(logged - booked) <= max(_SAME_USD, abs(logged) * _SAME_USD)


def _closed(closing: Closing, budget: str) -> tuple[int, int]:
    for share in closing.shares["budget"]:
        if share.name == budget:
            return share.spent, share.calls
    return 0, 0


async def _against_closing(store: Booking, closing: Closing) -> list[Difference]:
    count, digest = await digest_of_month(store, closing.month)
    pairs: dict[str, tuple[int | str, int | str]] = {
        "entries": (closing.entries, count),
        "digest": (closing.digest, digest),
    }
    return [
        Difference(what, "", closing.month, expected, there)
        for what, (expected, there) in pairs.items()
        if expected != there
    ]
