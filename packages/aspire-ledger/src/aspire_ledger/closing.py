"""Closing a month: its sums and a digest of its entries are written down, and it is full.

First the month is shut (nothing is booked in it any more), then its entries are
read at leisure. A crash in between does no harm: closing again finishes it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aspire_ledger import parameters, queries, statements
from aspire_ledger.additions import NEWEST_FORMAT, entry_columns
from aspire_ledger.canonical import JsonValue, canonical_json, digest_of_text
from aspire_ledger.parameters import Row, moment_text
from aspire_ledger.store import By, StoreRefused
from aspire_ledger.values import Closing, Share

if TYPE_CHECKING:
    from aspire_ledger.booking import Booking

BY: Final[Mapping[By, str]] = {
    "app": "app",
    "alias": "alias",
    "provider": "provider",
    "budget": "budget",
}
ESTIMATED: Final = "estimated"  # among the shares of a closing: what each budget's estimates are


async def close_month(store: "Booking", month: str, now: datetime) -> Closing:
    """Close a month and all before it. See `Store.close_month`."""
    following = _following(month)
    if not is_over(month, now):
        raise StoreRefused(f"{month} is not over everywhere on earth; close it later")
    given = {"month": month, "following": following, "at": moment_text(now)}
    await store.change(statements.CLOSE, given, alone=True)
    for closing in await store.closings():
        if closing.month == month:
            return closing
    await _check_nothing_under_way(store, month)
    shares: dict[str, tuple[Share, ...]] = {by: await _shares(store, month, by) for by in BY}
    shares[ESTIMATED] = tuple(await store.estimated(month))
    count, (digest, full) = await digests_of_month(store, month, (1, NEWEST_FORMAT))
    draft = Closing(month, now, count, digest, shares, format=NEWEST_FORMAT, full_digest=full)
    await store.change(statements.FILL_CLOSING, parameters.of_closing(draft))
    return draft


async def forget_entries(store: "Booking", month: str) -> int:
    """Delete the entries of a closed month. See `Store.forget_entries`."""
    if month not in {closing.month for closing in await store.closings()}:
        raise StoreRefused(f"{month} is not closed; close it first")
    await store.change(statements.MARK_FORGOTTEN, {"month": month})
    return await store.change(statements.FORGET, {"month": month})


async def digests_of_month(
    store: "Booking", month: str, formats: Sequence[int]
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
        raise StoreRefused(f"{month!r} is no month; write it as 2026-11") from None
    return f"{first + timedelta(days=31):%Y-%m}"


async def _check_nothing_under_way(store: "Booking", month: str) -> None:
    ((under_way,),) = await store.rows(queries.UNDER_WAY, month=month)
    if under_way:
        raise StoreRefused(
            f"{under_way} calls of {month} are under way or not recovered; close it later"
        )


async def _shares(store: "Booking", month: str, by: By) -> tuple[Share, ...]:
    question = queries.SPENT_BY.replace("{column}", BY[by])
    return tuple(parameters.share(row) for row in await store.rows(question, month=month))


async def _rows_of_month(store: "Booking", month: str) -> AsyncIterator[Row]:
    after = 0
    while rows := await store.rows(queries.ENTRIES, month=month, budget="", after=after):
        for row in rows:
            yield row
        after = rows[-1][0]
