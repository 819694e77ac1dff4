"""The one door to the spend ledger for everything that does not run inside the gateway.

Turns the ledger's rows into the plain values of `spending`, and its errors into
ours. Opened when it is first asked, so that whoever has no ledger pays nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import unquote
from uuid import uuid4

from pydantic import SecretStr

from aspire_gitops.errors import LedgerRefused, LedgerUnavailable
from aspire_gitops.ledger.amounts import NanoAud, aud, nano
from aspire_gitops.ledger.booking import Booking
from aspire_gitops.ledger.gateway_log import logged_in
from aspire_gitops.ledger.opening import open_store
from aspire_gitops.ledger.store import StoreRefused, StoreUnavailable
from aspire_gitops.ledger.values import Adjustment, Entry, EntryKind, Share
from aspire_gitops.ledger.verifying import (
    Difference,
    LogDifference,
    compare_with_log,
    verify,
)
from aspire_gitops.money import Aud, Month
from aspire_gitops.spending import MonthRecord, Part, caps_of, known_spent, month_of
from aspire_gitops.spending.months import month_before
from aspire_gitops.spending.record import Booked
from aspire_gitops.spending.spend import plain
from aspire_gitops.state import GatewayObject

_TIMEOUT_S = 10.0
_SQLITE = "sqlite:///"
_CALLS = (EntryKind.SETTLED, EntryKind.UNADMITTED, EntryKind.RECOVERED)

Answer = TypeVar("Answer")


class LedgerReading:
    """The ledger at one address. Belongs to one event loop; `close` it.

    Every method may raise LedgerUnavailable (try again) and LedgerRefused.
    """

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._store: Booking | None = None

    async def totals(self, month: str) -> Sequence[Part]:
        """Return what each budget has spent of a month called `2026-11`."""
        found = await self._asked(lambda store: store.totals(month))
        return [Part(total.budget, aud(total.spent), total.calls) for total in found]

    async def record(self, month: Month, *, days: bool = False) -> MonthRecord:
        """Return everything that people ask about one month.

        `days` adds what each day cost, of this month and of the one before: for
        the running month, which has a forecast.
        """
        name = str(month)
        totals = tuple(await self.totals(name))
        apps, aliases, providers = [
            _parts(await self._asked(lambda store, by=by: store.spent_by(name, by)))  # type: ignore[misc]  # a bound loop variable
            for by in ("app", "alias", "provider")
        ]
        paces: dict[str, dict[date, Aud]] = {}
        for budget in [part.name for part in totals] if days else []:
            paces[budget] = await self._days(budget, str(month_before(month)), name)
        return MonthRecord(name, totals, apps, aliases, providers, paces)

    async def lines(self, month: str) -> AsyncIterator[Booked]:
        """Yield every line of a month, in order."""
        after = 0
        while found := await self._page(month, after):
            for entry in found:
                yield _line(entry)
            after = found[-1].number

    async def adjust(
        self, *, budget: str, month: str, amount: Aud, reason: str, owner: str, at: datetime
    ) -> tuple[str, Aud]:
        """Book an amount by hand. A closed month is full: then the first open one gets it.

        Returns:
            The month that it counts for, and what the budget has spent of it now.
        """
        adjustment = Adjustment(str(uuid4()), budget, month, nano(amount), reason, owner, at)
        booked = await self._asked(lambda store: store.adjust(adjustment))
        return booked.month, aud(booked.spent)

    async def verify(self) -> tuple[int, Sequence[str]]:
        """Add everything up again. Returns how many totals there are, and each difference in words."""
        found = await self._asked(verify)
        return found.checked, [_told(difference) for difference in found.differences]

    async def against_log(self, month: Month) -> tuple[int, Sequence[str]]:
        """Compare a month's calls with the gateway's own log of spend, in the same database.

        Returns how many lines were compared, and each difference in words.
        """
        if self._url.get_secret_value().startswith(_SQLITE):
            raise LedgerRefused("a ledger in a file lies beside no log of the gateway")
        name = str(month)
        logged = await self._asked(lambda store: logged_in(store, name, month.start, month.end))
        found = await self._asked(lambda store: compare_with_log(store, name, logged))
        return found.entries, [_unlike(difference) for difference in found.log_differences]

    async def close_month(self, month: str, now: datetime) -> tuple[int, str]:
        """Close a month for good. Returns how many lines it has, and the digest of all of them."""
        closing = await self._asked(lambda store: store.close_month(month, now))
        return closing.entries, closing.digest

    async def forgotten(self, month: str) -> bool:
        """Say whether only the sums of a month are left."""
        closings = await self._asked(lambda store: store.closings())
        return any(closing.month == month and closing.forgotten for closing in closings)

    async def close(self) -> None:
        """Give back the connections."""
        store, self._store = self._store, None
        if store:
            await store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _days(self, budget: str, *months: str) -> dict[date, Aud]:
        found: dict[date, Aud] = {}
        for month in months:
            shares = await self._asked(lambda store, name=month: store.daily(budget, name))  # type: ignore[misc]  # a bound loop variable
            found |= {date.fromisoformat(share.name): aud(share.spent) for share in shares}
        return found

    async def _page(self, month: str, after: int) -> Sequence[Entry]:
        return await self._asked(lambda store: store.entries(month=month, after=after))

    async def _asked(self, question: Callable[[Booking], Awaitable[Answer]]) -> Answer:
        try:
            self._store = self._store or _opened(self._url.get_secret_value())
            return await question(self._store)
        except StoreUnavailable as error:
            raise LedgerUnavailable(str(error)) from error
        except StoreRefused as error:
            raise LedgerRefused(str(error)) from error


async def spent_now(
    url: SecretStr, objects: Iterable[GatewayObject], now: datetime
) -> Mapping[str, str]:
    """Return what each budget that a key of `objects` names has spent this month, for a snapshot."""
    caps = caps_of(objects, now)
    month = month_of(caps, now)
    if month is None:
        return {}
    async with LedgerReading(url) as ledger:
        return known_spent(await ledger.totals(str(month)), caps)


def _opened(url: str) -> Booking:
    if url.startswith(_SQLITE) and not (path := Path(unquote(url.removeprefix(_SQLITE)))).exists():
        # Opening it would make an empty ledger, in which nothing was ever spent.
        raise LedgerUnavailable(
            f"there is no ledger in {path}; see whether the gateway keeps it there"
        )
    return open_store(url, timeout_s=_TIMEOUT_S, connections=1)


def _parts(shares: Sequence[Share]) -> tuple[Part, ...]:
    return tuple(Part(share.name, aud(share.spent), share.calls) for share in shares)


def _line(entry: Entry) -> Booked:
    by_hand = entry.kind is EntryKind.ADJUSTED
    return Booked(
        number=entry.number,
        at=entry.at,
        budget=entry.budget,
        aud=aud(entry.cost),
        app=entry.app,
        alias=entry.alias,
        provider=entry.provider,
        usd_per_aud=entry.usd_per_aud,
        is_call=entry.kind in _CALLS,
        is_adjustment=by_hand,
        reason=entry.note if by_hand else "",
    )


def _unlike(difference: LogDifference) -> str:
    call, logged, booked = difference.request_id, difference.logged, difference.booked
    if logged is None:
        return f"call {call}: the ledger has {booked} USD, the gateway's log lost it"
    if booked is None:
        return f"call {call}: the gateway's log has {logged} USD, the ledger does not know it"
    return f"call {call}: the ledger has {booked} USD, the gateway's log {logged}"


def _told(difference: Difference) -> str:
    def amount(value: int | str) -> str:
        return f"{plain(aud(NanoAud(value)))} AUD" if isinstance(value, int) else value

    expected, found = difference.expected, difference.found
    where = f"{difference.month}, budget {difference.budget}"
    match difference.what:
        case "spent":
            return f"{where}: the total says {amount(found)} spent, its lines add up to {amount(expected)}"
        case "reserved":
            return f"{where}: the total says {amount(found)} reserved, calls under way hold {amount(expected)}"
        case "calls":
            return f"{where}: the total says {found} calls, there are lines of {expected}"
        case "entries":
            return (
                f"{difference.month}: {expected} lines were there when it was closed, now {found}"
            )
        case _:
            return f"{difference.month}: its lines are not those that were there when it was closed"
