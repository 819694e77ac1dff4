"""The one door to the spend ledger for everything that does not run inside the gateway.

Turns the ledger's rows into the plain values of `spending`, and its errors into
ours. Opened when it is first asked, so that nothing is paid for where there is no ledger.
It asks in a thread with an event loop of its own: reading and turning over thousands of
rows never stops the caller's loop, whoever that is.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Self, TypeVar
from uuid import uuid4

from pydantic import SecretStr

from aspire_gitops.ledger_reading import questions
from aspire_gitops.ledger_reading.own_thread import OwnThread, apart
from aspire_gitops.probing import Booked
from aspire_gitops.resources import PROBE_APP
from aspire_gitops.spend import (
    Failures,
    MonthRecord,
    MonthSums,
    PaidPart,
    Part,
    PriceDifference,
    PriceDifferences,
    UnlistedParameter,
    Unsettled,
    caps_of,
    known_spent,
    month_before,
    month_of,
    timezone_of,
)
from aspire_gitops.state import GatewayObject
from aspire_gitops.usage import Traffic, window
from aspire_gitops.vocabulary import LedgerRefused, LedgerUnavailable
from aspire_gitops.witness import SeenProcess
from aspire_ledger import sql
from aspire_ledger.amounts import NanoAud, aud, nano
from aspire_ledger.audit import close_month, verify
from aspire_ledger.money import Aud, Month, Usd
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.rows import Row
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import (
    Adjustment,
    Closing,
    Entry,
    FailedCalls,
    SeenParameter,
    Share,
)

_TIMEOUT_S = 10.0
_PATIENCE_S = 60.0  # for what reads a whole month, or all of them
_MOST_ROWS = 20_000  # six hundred pairs of an app and an alias on each day

_SHARE = Decimal("0.03")  # as entries are noted from: rounding is far below it, another price above

Answer = TypeVar("Answer")
Key = TypeVar("Key", tuple[str, str, str, str], tuple[str, str, str, str, str])


class LedgerReading:
    """The ledger at one address. Close it.

    Every method may raise LedgerUnavailable (try again) and LedgerRefused.
    """

    def __init__(self, url: SecretStr, open_store: Callable[[str], Store] | None = None) -> None:
        self._url, self._open = url, open_store
        self._stores: dict[float, Store] = {}  # by how long a question may take, in seconds
        self.thread = OwnThread()

    @apart
    async def totals(self, month: str) -> Sequence[Part]:
        """Return what each budget has spent of a month called `2026-11`."""
        found = await self._asked(lambda store: store.totals(month))
        return [Part(total.budget, aud(total.spent), total.calls) for total in found]

    @apart
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

    @apart
    async def record(self, month: Month, *, days: bool = False) -> MonthRecord:
        """Return everything that people ask about one month.

        `days` adds what each day cost, of this month and of the one before: for
        the running month, which has a forecast.
        """
        name = str(month)
        totals = tuple(await self.totals(name))
        closing = next(filter(lambda one: one.month == name, await self._closings()), None)
        if closing:
            shares = {by: _parts(found) for by, found in closing.shares.items()}
        else:
            found = await self._summed(questions.SPENT_BY, month=name)
            shares = dict(questions.shares_of(found))
        estimated = _parts(await self._asked(lambda store: store.estimated(name), _PATIENCE_S))
        paces: questions.Days = {part.name: {} for part in totals} if days else {}
        if days:
            before = str(month_before(month))
            found = await self._summed(questions.DAILY, month=name, before=before)
            paces |= questions.days_of(found)
        return MonthRecord(
            name,
            totals,
            apps=shares.get("app", ()),
            aliases=shares.get("alias", ()),
            providers=shares.get("provider", ()),
            days=paces,
            estimated=estimated,
        )

    @apart
    async def paid(self, month: str, moments: Sequence[datetime]) -> Sequence[PaidPart]:
        """Return what each deployment cost in a month, cut at some moments, which are in order.

        Of a month whose lines were deleted only LiteLLM's word for the provider is left.
        """
        closing = next(filter(lambda one: one.month == month, await self._closings()), None)
        if closing and closing.forgotten:
            parts = _parts(closing.shares.get("provider", ()))
            return [PaidPart("", "", part.name, 0, part.aud, part.calls) for part in parts]
        cuts = ",".join(f'"{moment.isoformat()}"' for moment in moments) or "infinity"
        found = await self._summed(questions.PAID, month=month, moments=f"{{{cuts}}}")
        return questions.paid_of(found)

    @apart
    async def month_sums(self, month: str) -> MonthSums:
        """Return the lines of a month, added up, and the running totals of the same moment."""
        return questions.sums_of(await self._summed(questions.MONTH, month=month))

    @apart
    async def traffic(self, since: date, until: date) -> Traffic:
        """Return what apps asked of aliases on each day, both days included.

        `since` of the answer is later where the ledger does not reach so far back: it is
        younger, a month's lines were forgotten, or there are more rows than anybody reads.
        A correction that came after its month was closed belongs to no day, and is not in it.
        """
        first = await self._first_day(since, until)
        rows = await self._asked(
            lambda store: store.traffic(str(first), str(until), most=_MOST_ROWS + 1), _PATIENCE_S
        )
        found = [questions.usage_of(row) for row in rows]
        if len(found) > _MOST_ROWS:
            oldest = found[-1].day  # perhaps not whole
            if oldest == until:
                raise LedgerRefused(f"the ledger has more than {_MOST_ROWS} rows of {until}")
            first, found = oldest + timedelta(days=1), [row for row in found if row.day > oldest]
        return Traffic(first, until, tuple(sorted(found)))

    @apart
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

    @apart
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

    @apart
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
            lambda store: store.price_differences(month, permille=permille, most=most), _PATIENCE_S
        )
        if not rows:
            return PriceDifferences()
        worst = [
            PriceDifference(id_, alias, deployment, Decimal(str(booked)), Decimal(str(reported)))
            for id_, alias, deployment, booked, reported, _ in rows
        ]
        return PriceDifferences(rows[0][-1], tuple(worst))

    @apart
    async def answers(self, alias: str, since: date) -> Mapping[str, int]:
        """Return how many of the last hundred calls to an alias each deployment answered.

        `since` is the first day that is looked at.
        """
        found = await self._asked(
            lambda store: store.ask(questions.ANSWERS, alias=alias, since=str(since)), _PATIENCE_S
        )
        return {str(row[0]): int(row[1]) for row in found}

    @apart
    async def unsettled(self, before: datetime) -> Sequence[Unsettled]:
        """Return the calls that were admitted, and that nothing was booked for until `before`."""
        found = await self._summed(questions.UNSETTLED, before=_utc(before))
        return [Unsettled(app, alias, calls, _moment(since)) for app, alias, calls, since in found]

    @apart
    async def newest_month(self) -> str | None:
        """Return the newest month that has a total, None while nothing was booked."""
        ((month,),) = await self._summed("SELECT MAX(month) FROM aspire_ledger.totals")
        return None if month is None else str(month)

    @apart
    async def entries(self, budget: str, *, after: int = 0) -> Sequence[Entry]:
        """Return a budget's lines as the ledger has them, those numbered above `after`."""
        found: list[Entry] = []
        while page := await self._asked(
            lambda store, last=after: store.entries(budget=budget, after=last)  # type: ignore[misc]  # a bound loop variable
        ):
            found += page
            after = page[-1].number
        return found

    @apart
    async def newest_line(self) -> int:
        """Return the number of the newest line; whatever is booked later has a higher one."""
        ((number,),) = await self._asked(lambda store: store.ask(questions.NEWEST))
        return int(number)

    @apart
    async def probes_on(self, day: date) -> int:
        """Return how many of our own calls were booked for a day."""
        given = {"month": f"{day:%Y-%m}", "day": str(day), "budget": PROBE_APP}
        ((calls,),) = await self._asked(lambda store: store.ask(questions.OF_DAY, **given))
        return int(calls)

    @apart
    async def probes_booked(self, alias: str, *, after: int) -> Sequence[Booked]:
        """Return what was booked for our own calls of an alias in lines above `after`."""
        page = await self._asked(lambda store: store.entries(budget=PROBE_APP, after=after))
        return [questions.booked_probe(line) for line in page if line.alias == alias]

    @apart
    async def held(self, month: str) -> Mapping[str, NanoAud]:
        """Return what each budget has set aside for calls under way."""
        found = await self._asked(lambda store: store.totals(month))
        return {total.budget: total.reserved for total in found}

    @apart
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

    @apart
    async def verify(self) -> tuple[int, Sequence[str]]:
        """Add everything up again. Returns how many totals there are, and each difference in words."""
        found = await self._asked(verify, _PATIENCE_S)
        return found.checked, [questions.told(difference) for difference in found.differences]

    @apart
    async def against_log(self, month: Month) -> tuple[int, Sequence[str], int]:
        """Compare a month's calls with the gateway's own log of spend, in the same database.

        The log is no proof: a killed gateway loses seconds of it.

        Returns:
            How many lines were compared, differences in words (the first ten thousand), and how
            many differences there are.
        """
        ((is_there,),) = await self._asked(lambda store: store.ask(sql.GATEWAY_HAS_LOG))
        if not is_there:
            raise LedgerRefused("the gateway's log of spend is not in the ledger's database")
        ((compared,),) = await self._summed(questions.COMPARED, month=str(month))
        since, until = (_utc(moment) for moment in (month.start, month.end))
        found = await self._summed(questions.UNLIKE_LOG, month=str(month), since=since, until=until)
        return compared, *questions.differences_of(found)

    @apart
    async def close_month(self, month: str, now: datetime) -> tuple[int, str]:
        """Close a month for good. Returns how many lines it has, and the digest of all of them."""
        closing = await self._asked(lambda store: close_month(store, month, now), _PATIENCE_S)
        return closing.entries, closing.full_digest or closing.digest

    @apart
    async def processes(self) -> Sequence[SeenProcess]:
        """Return what gateway processes wrote of themselves, the latest heartbeat first."""
        found = await self._asked(lambda store: store.processes())
        return [questions.process_of(row) for row in found]

    @apart
    async def forgotten(self, month: str) -> bool:
        """Say whether only the sums of a month are left."""
        closings = await self._closings()
        return any(closing.month == month and closing.forgotten for closing in closings)

    async def close(self) -> None:
        """Give back the connections."""
        if self._stores:
            await self.thread.run(self._close_stores())
        await self.thread.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _first_day(self, since: date, until: date) -> date:
        forgotten = [one.month for one in await self._closings() if one.forgotten]
        if forgotten:  # it is older than its lines
            month = date.fromisoformat(f"{max(forgotten)}-01")
            return min(max(since, (month + timedelta(days=31)).replace(day=1)), until)
        begun = await self._asked(lambda store: store.first_day())
        return min(max(since, date.fromisoformat(begun)), until) if begun else until

    async def _closings(self) -> Sequence[Closing]:
        return await self._asked(lambda store: store.closings())

    async def _summed(self, question: str, **given: str) -> Sequence[Row]:
        return await self._asked(lambda store: store.ask(question, **given), _PATIENCE_S)

    async def _asked(
        self, question: Callable[[Store], Awaitable[Answer]], within_s: float = _TIMEOUT_S
    ) -> Answer:
        try:
            if within_s > _TIMEOUT_S and within_s not in self._stores:
                await self._store(_TIMEOUT_S).closings()  # one that is away is told soon
            return await question(self._store(within_s))
        except StoreUnavailable as error:
            raise LedgerUnavailable(error.message, help=error.help) from error
        except StoreRefused as error:
            raise LedgerRefused(error.message, help=error.help) from error

    def _store(self, timeout_s: float) -> Store:
        if timeout_s not in self._stores:
            url = self._url.get_secret_value()
            self._stores[timeout_s] = (
                self._open(url)
                if self._open
                else PostgresStore(url, timeout_s=timeout_s, connections=1)
            )
        return self._stores[timeout_s]

    async def _close_stores(self) -> None:
        while self._stores:
            _, store = self._stores.popitem()
            await store.close()


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


def _parts(shares: Sequence[Share]) -> tuple[Part, ...]:
    return tuple(Part(share.name, aud(share.spent), share.calls) for share in shares)


def _most_first(sums: Counter[Key]) -> list[tuple[Key, int]]:
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
