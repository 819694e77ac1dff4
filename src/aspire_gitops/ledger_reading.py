"""The one door to the spend ledger for everything that does not run inside the gateway.

Turns the ledger's rows into the plain values of `spending`, and its errors into
ours. Opened when it is first asked, so that nothing is paid for where there is no ledger.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Self, TypeVar
from uuid import uuid4

from pydantic import SecretStr

from aspire_gitops.spend import (
    Booked,
    Failures,
    MonthRecord,
    Part,
    PriceDifference,
    PriceDifferences,
    UnlistedParameter,
    caps_of,
    known_spent,
    month_before,
    month_of,
    plain,
    timezone_of,
)
from aspire_gitops.state import GatewayObject
from aspire_gitops.usage import Traffic, Usage, window
from aspire_gitops.vocabulary import LedgerRefused, LedgerUnavailable
from aspire_ledger.amounts import NanoAud, aud, nano
from aspire_ledger.audit import (
    Difference,
    LogDifference,
    close_month,
    compare_with_log,
    logged_calls,
    verify,
)
from aspire_ledger.money import Aud, Month, Usd
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.rows import Row
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import (
    UNITS,
    Adjustment,
    Entry,
    EntryKind,
    FailedCalls,
    SeenParameter,
    Share,
)

_TIMEOUT_S = 10.0
_MOST_ROWS = 20_000  # six hundred pairs of an app and an alias on each day
_LONGEST_NAME = 200
_CALLS = (EntryKind.SETTLED, EntryKind.UNADMITTED, EntryKind.RECOVERED)

_SHARE = Decimal("0.03")  # as entries are noted from: rounding is far below it, another price above

Answer = TypeVar("Answer")
Key = TypeVar("Key", tuple[str, str, str, str], tuple[str, str, str, str, str])


class LedgerReading:
    """The ledger at one address. Belongs to one event loop; `close` it.

    Every method may raise LedgerUnavailable (try again) and LedgerRefused.
    """

    def __init__(self, url: SecretStr, open_store: Callable[[str], Store] | None = None) -> None:
        self._url, self._open = url, open_store or _opened
        self._store: Store | None = None

    async def totals(self, month: str) -> Sequence[Part]:
        """Return what each budget has spent of a month called `2026-11`."""
        found = await self._asked(lambda store: store.totals(month))
        return [Part(total.budget, aud(total.spent), total.calls) for total in found]

    async def spent_by_key(self, month: str) -> Mapping[str, tuple[Usd, Aud]]:
        """Return what each key has spent of a month, by key alias, in both currencies.

        US dollars are at the rates that the entries were booked at.
        """
        found: dict[str, tuple[Usd, Aud]] = {}
        for key, rate, spent in await self._asked(lambda store: store.spent_by_key(month)):
            amount = aud(NanoAud(spent))
            usd, before = found.get(key, (Usd(Decimal(0)), Aud(Decimal(0))))
            found[key] = Usd(usd + amount * Decimal(rate)), Aud(before + amount)
        return found

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
        estimated = _parts(await self._asked(lambda store: store.estimated(name)))
        paces: dict[str, dict[date, Aud]] = {}
        for budget in [part.name for part in totals] if days else []:
            paces[budget] = await self._days(budget, str(month_before(month)), name)
        return MonthRecord(name, totals, apps, aliases, providers, paces, estimated)

    async def traffic(self, since: date, until: date) -> Traffic:
        """Return what apps asked of aliases on each day, both days included.

        `since` of the answer is later where the ledger does not reach so far back: it is
        younger, a month's lines were forgotten, or there are more rows than anybody reads.
        A correction that came after its month was closed belongs to no day, and is not in it.
        """
        first = await self._first_day(since, until)
        rows = await self._asked(
            lambda store: store.traffic(str(first), str(until), most=_MOST_ROWS + 1)
        )
        found = [_usage(row) for row in rows]
        if len(found) > _MOST_ROWS:
            oldest = found[-1].day  # perhaps not whole
            if oldest == until:
                raise LedgerRefused(f"the ledger has more than {_MOST_ROWS} rows of {until}")
            first, found = oldest + timedelta(days=1), [row for row in found if row.day > oldest]
        return Traffic(first, until, tuple(sorted(found)))

    async def failures(self, since: date, until: date) -> Sequence[Failures]:
        """Return the failed calls of these days, both included, the most frequent first."""
        sums: Counter[tuple[str, str, str, str]] = Counter()
        after: FailedCalls | None = None
        while page := await self._asked(
            lambda store, last=after: store.failures(str(since), str(until), last)  # type: ignore[misc]  # a bound loop variable
        ):
            for each in page:
                sums[each.app, each.alias, each.deployment, each.outcome] += each.calls
            after = page[-1]
        return [Failures(*which, calls) for which, calls in _most_first(sums)]

    async def unlisted_parameters(self, since: date, until: date) -> Sequence[UnlistedParameter]:
        """Return the unlisted parameters that calls of these days sent, the most frequent first."""
        sums: Counter[tuple[str, str, str, str, str]] = Counter()
        after: SeenParameter | None = None
        while page := await self._asked(
            lambda store, last=after: store.seen_parameters(str(since), str(until), last)  # type: ignore[misc]  # a bound loop variable
        ):
            for each in page:
                which = (each.app, each.alias, each.call_type, each.parameter, each.outcome)
                sums[which] += each.calls
            after = page[-1]
        return [UnlistedParameter(*which, calls) for which, calls in _most_first(sums)]

    async def price_differences(
        self, month: str, *, share: Decimal = _SHARE, most: int = 10
    ) -> PriceDifferences:
        """Return the calls of a month that we price otherwise than the gateway computed them.

        Args:
            month: `2026-11`.
            share: How much of the larger figure may differ: 0.05 is five per cent. Whole
                thousandths count.
            most: How many of them are named, the largest difference first.
        """
        permille = int(share * 1000)
        rows = await self._asked(
            lambda store: store.price_differences(month, permille=permille, most=most)
        )
        if not rows:
            return PriceDifferences()
        worst = [
            PriceDifference(id_, alias, deployment, Decimal(str(booked)), Decimal(str(reported)))
            for id_, alias, deployment, booked, reported, _ in rows
        ]
        return PriceDifferences(rows[0][-1], tuple(worst))

    async def lines(self, month: str) -> AsyncIterator[Booked]:
        """Yield every line of a month, in order."""
        after = 0
        while found := await self._page(month, after):
            for entry in found:
                yield _line(entry)
            after = found[-1].number

    async def entries(self, budget: str, *, after: int = 0) -> Sequence[Entry]:
        """Return a budget's lines as the ledger has them, those numbered above `after`."""
        found: list[Entry] = []
        while page := await self._page("", after, budget):
            found += page
            after = page[-1].number
        return found

    async def held(self, month: str) -> Mapping[str, NanoAud]:
        """Return what each budget has set aside for calls under way."""
        found = await self._asked(lambda store: store.totals(month))
        return {total.budget: total.reserved for total in found}

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
        name = str(month)
        logged = await self._asked(lambda store: logged_calls(store, name, month.start, month.end))
        found = await self._asked(lambda store: compare_with_log(store, name, logged))
        return found.entries, [_unlike(difference) for difference in found.log_differences]

    async def close_month(self, month: str, now: datetime) -> tuple[int, str]:
        """Close a month for good. Returns how many lines it has, and the digest of all of them."""
        closing = await self._asked(lambda store: close_month(store, month, now))
        return closing.entries, closing.full_digest or closing.digest

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

    async def _first_day(self, since: date, until: date) -> date:
        closings = await self._asked(lambda store: store.closings())
        forgotten = [closing.month for closing in closings if closing.forgotten]
        if forgotten:  # it is older than its lines
            month = date.fromisoformat(f"{max(forgotten)}-01")
            return min(max(since, (month + timedelta(days=31)).replace(day=1)), until)
        begun = await self._asked(lambda store: store.first_day())
        return min(max(since, date.fromisoformat(begun)), until) if begun else until

    async def _days(self, budget: str, *months: str) -> dict[date, Aud]:
        found: dict[date, Aud] = {}
        for month in months:
            shares = await self._asked(lambda store, name=month: store.daily(budget, name))  # type: ignore[misc]  # a bound loop variable
            found |= {date.fromisoformat(share.name): aud(share.spent) for share in shares}
        return found

    async def _page(self, month: str, after: int, budget: str = "") -> Sequence[Entry]:
        return await self._asked(
            lambda store: store.entries(month=month, budget=budget, after=after)
        )

    async def _asked(self, question: Callable[[Store], Awaitable[Answer]]) -> Answer:
        try:
            self._store = self._store or self._open(self._url.get_secret_value())
            return await question(self._store)
        except StoreUnavailable as error:
            raise LedgerUnavailable(error.message, help=error.help) from error
        except StoreRefused as error:
            raise LedgerRefused(error.message, help=error.help) from error


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


async def booked_now(
    url: SecretStr, objects: Iterable[GatewayObject], now: datetime
) -> Mapping[str, Decimal] | None:
    """Return what each key has spent this month, US dollars by key alias, for a snapshot.

    None if no key says where months turn.
    """
    month = month_of(caps_of(objects, now), now)
    if month is None:
        return None
    async with LedgerReading(url) as ledger:
        return {key: usd for key, (usd, _) in (await ledger.spent_by_key(str(month))).items()}


async def traffic_now(
    url: SecretStr, objects: Iterable[GatewayObject], now: datetime
) -> Traffic | None:
    """Return the traffic until `now`, for a snapshot; None if no key says where days turn."""
    month = month_of(caps_of(objects, now), now)
    if month is None:
        return None
    async with LedgerReading(url) as ledger:
        return await ledger.traffic(*window(now, timezone_of(month)))


def _opened(url: str) -> Store:
    return PostgresStore(url, timeout_s=_TIMEOUT_S, connections=1)


def _parts(shares: Sequence[Share]) -> tuple[Part, ...]:
    return tuple(Part(share.name, aud(share.spent), share.calls) for share in shares)


def _usage(row: Row) -> Usage:
    day, budget, app, alias, calls, cost, *counts = row
    names = (_short(budget), _short(app), _short(alias))
    # A correction takes back what its call added on the same day, so nothing is below zero.
    money, units = aud(NanoAud(cost)), dict(zip(UNITS, map(_natural, counts), strict=True))
    return Usage(date.fromisoformat(day), names[0], names[1], names[2], calls, money, **units)


def _natural(count: int) -> int:
    return max(count, 0)


def _short(name: str) -> str:
    # Callers choose some of these, and a published snapshot holds each of them.
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


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
        request_id=entry.request_id,
        deployment=entry.deployment,
        estimated=entry.estimated,
    )


def _most_first(sums: Counter[Key]) -> list[tuple[Key, int]]:
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


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
