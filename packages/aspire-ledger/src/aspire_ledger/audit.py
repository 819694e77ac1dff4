"""Close a month for good, and prove that every sum in the ledger is right.

Closing: first the month is shut (nothing is booked in it any more), then its entries are
read at leisure, and its sums and a digest of its entries are written down. Verifying adds
every line up again, and compares; it changes nothing.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from aspire_ledger import rows, sql
from aspire_ledger.canonical import JsonValue, canonical_json, digest_of_text
from aspire_ledger.rows import Row, moment_text
from aspire_ledger.store import ESTIMATED, Store, StoreRefused
from aspire_ledger.tables import NEWEST_FORMAT, entry_columns
from aspire_ledger.values import Closing, Entry, EntryKind, Share

_SAME_USD = Decimal("0.000000001")  # the gateway counts in doubles


async def close_month(store: Store, month: str, now: datetime) -> Closing:
    """Close a month and all before it.

    What comes late counts for the next month. Closing twice does no harm: a crash on the
    way leaves the month shut, and closing again finishes it.

    Raises:
        StoreRefused: It is not over everywhere on earth, or calls of it are under way.
    """
    following = _following(month)
    if not is_over(month, now):
        raise StoreRefused(f"{month} is not over yet in all timezones", help="close it later")
    given = {"month": month, "following": following, "at": moment_text(now)}
    await store.change(sql.CLOSE, given, alone=True)
    for closing in await store.closings():
        if closing.month == month:
            return closing
    await _check_nothing_under_way(store, month)
    shares: dict[str, tuple[Share, ...]] = {
        by: await _shares(store, month, by) for by in sql.SPENT_BY
    }
    shares[ESTIMATED] = tuple(await store.estimated(month))
    count, (digest, full) = await digests_of_month(store, month, (1, NEWEST_FORMAT))
    draft = Closing(month, now, count, digest, shares, format=NEWEST_FORMAT, full_digest=full)
    await store.change(sql.FILL_CLOSING, rows.of_closing(draft))
    return draft


async def forget_entries(store: Store, month: str) -> int:
    """Delete the entries of a closed month; totals and closing stay.

    Returns how many there were.

    Raises:
        StoreRefused: It is not closed.
    """
    if month not in {closing.month for closing in await store.closings()}:
        raise StoreRefused(f"{month} is not closed", help="close it first")
    await store.change(sql.MARK_FORGOTTEN, {"month": month})
    return await store.change(sql.FORGET, {"month": month})


async def digests_of_month(
    store: Store, month: str, formats: Sequence[int]
) -> tuple[int, list[str]]:
    """Return how many entries a month has, and for each format a digest of all of them in order."""
    widths = [len(entry_columns(format_)) for format_ in formats]
    count, running = 0, [""] * len(widths)
    async for row in _rows_of_month(store, month):
        count += 1
        for place, width in enumerate(widths):
            line: list[JsonValue] = list(row[:width])
            running[place] = digest_of_text(running[place] + canonical_json(line))
    return count, running


def is_over(month: str, now: datetime) -> bool:
    """Say whether a month is over in every timezone."""
    first = date.fromisoformat(f"{_following(month)}-01")
    return (now.astimezone(UTC) - timedelta(hours=12)).date() >= first


def _following(month: str) -> str:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise StoreRefused(f"invalid month {month!r}", help="write it as 2026-11") from None
    return f"{first + timedelta(days=31):%Y-%m}"


async def _check_nothing_under_way(store: Store, month: str) -> None:
    ((under_way,),) = await store.ask(sql.UNDER_WAY, month=month)
    if under_way:
        raise StoreRefused(
            f"{under_way} calls of {month} are under way or not recovered", help="close it later"
        )


async def _shares(store: Store, month: str, by: str) -> tuple[Share, ...]:
    return tuple(rows.share(row) for row in await store.ask(sql.SPENT_BY[by], month=month))


async def _rows_of_month(store: Store, month: str) -> AsyncIterator[Row]:
    after = 0
    while page := await store.ask(sql.ENTRIES, month=month, budget="", after=after):
        for row in page:
            yield row
        after = page[-1][0]


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


async def verify(store: Store) -> Verified:
    """Recompute every total and every closing.

    Raises:
        StoreUnavailable: The store cannot answer now. Try again.
    """
    closings = {closing.month: closing for closing in await store.closings()}
    sums = await store.ask(sql.SUMS)
    found: list[Difference] = []
    for budget, month, spent, entered, reserved, held, calls, counted in sums:
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
    return Verified(len(sums), tuple(found))


async def logged_calls(
    store: Store, month: str, since: datetime, until: datetime
) -> Sequence[tuple[str, Decimal]]:
    """Return each call of a month in LiteLLM's own log of spend, by our id, in US dollars.

    The log does not prove it: a killed gateway loses seconds of it.

    Args:
        store: A ledger in the gateway's own database.
        month: `2026-11`.
        since: When the month begins (aware).
        until: When it ends.

    Raises:
        StoreRefused: The gateway's log is not in this database.
        StoreUnavailable: Try again.
    """
    ((is_there,),) = await store.ask(sql.GATEWAY_HAS_LOG)
    if not is_there:
        raise StoreRefused("the gateway's log of spend is not in the ledger's database")
    found = await store.ask(sql.LOGGED, month=month, since=_utc(since), until=_utc(until))
    return [(name, Decimal(str(spend))) for name, spend in found]


async def compare_with_log(
    store: Store, month: str, logged: Iterable[tuple[str, Decimal]]
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


async def _booked_usd(store: Store, month: str) -> tuple[dict[str, "_Figure"], int]:
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


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _closed(closing: Closing, budget: str) -> tuple[int, int]:
    for share in closing.shares["budget"]:
        if share.name == budget:
            return share.spent, share.calls
    return 0, 0


async def _against_closing(store: Store, closing: Closing) -> list[Difference]:
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
