"""Prove the ledger: each total is the sum of its entries, each closing still true.

Reads only. Differences are told, never mended: a person must look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aspire_ledger import queries
from aspire_ledger.additions import NEWEST_FORMAT
from aspire_ledger.booking import Booking
from aspire_ledger.closing import digests_of_month
from aspire_ledger.values import Closing, Entry, EntryKind

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

    The guard lets the gateway count our price, so the two agree. Of what was estimated only
    that it is there is compared: the gateway estimates otherwise, or not at all.

    Args:
        store: The ledger.
        month: `2026-11`, as the ledger counts months.
        logged: Request id and US dollars of each call; ids as the ledger knows them.
    """
    log: Mapping[str, Decimal] = dict(logged)
    booked, count = await _booked_usd(store, month)
    differences = [
        LogDifference(id_, log.get(id_), figure.usd if figure else None)
        for id_ in sorted(log.keys() | booked.keys())
        if not _agrees(log.get(id_), figure := booked.get(id_))
    ]
    return Verified(0, (), count, tuple(differences))


async def _booked_usd(store: Booking, month: str) -> tuple[dict[str, "_Figure"], int]:
    sums: dict[str, _Figure] = {}
    count = after = 0
    while entries := await store.entries(month=month, after=after):
        for entry in entries:
            if entry.kind is not EntryKind.ADJUSTED:
                count += 1
                sums.setdefault(entry.request_id, _Figure()).add(entry)
        after = entries[-1].number
    return sums, count


@dataclass(slots=True)
class _Figure:
    """US dollars of one call as booked; a correction says what is known last."""

    usd: Decimal = Decimal(0)
    estimated: bool = False

    def add(self, entry: Entry) -> None:
        self.usd += entry.usd
        self.estimated = entry.estimated


def _agrees(logged: Decimal | None, booked: "_Figure | None") -> bool:
    if logged is None or booked is None:
        return logged is None and booked is None
    return booked.estimated or _same(logged, booked.usd)


def _same(logged: Decimal, booked: Decimal) -> bool:
    return abs(logged - booked) <= max(_SAME_USD, abs(logged) * _SAME_USD)


def _closed(closing: Closing, budget: str) -> tuple[int, int]:
    for share in closing.shares["budget"]:
        if share.name == budget:
            return share.spent, share.calls
    return 0, 0


async def _against_closing(store: Booking, closing: Closing) -> list[Difference]:
    # A newer release's format is not known here; what version 1 had is compared all the same.
    in_full = bool(closing.full_digest) and closing.format <= NEWEST_FORMAT
    formats = (1, closing.format) if in_full else (1,)
    expected = (closing.digest, closing.full_digest)[: len(formats)]
    count, found = await digests_of_month(store, closing.month, formats)
    differences = []
    if closing.entries != count:
        differences.append(Difference("entries", "", closing.month, closing.entries, count))
    unlike = [pair for pair in zip(expected, found, strict=True) if pair[0] != pair[1]]
    if unlike:
        differences.append(Difference("digest", "", closing.month, *unlike[0]))
    return differences
