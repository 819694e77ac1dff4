"""What both stores do alike: when a settlement is late, twice or unasked for, and all reading.

A store brings five steps, each atomic: admit, settle what is reserved, free it,
book what is not reserved, and answer a question. Each may be tried again.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Self

from aspire_ledger import parameters, queries, statements
from aspire_ledger.amounts import NanoAud
from aspire_ledger.closing import BY, ESTIMATED, close_month, forget_entries
from aspire_ledger.parameters import Parameters, Row, moment_text
from aspire_ledger.store import By
from aspire_ledger.values import (
    Adjustment,
    Answer,
    Booked,
    Call,
    Closing,
    Entry,
    EntryKind,
    FailedCalls,
    Request,
    Reservation,
    SeenParameter,
    Settlement,
    Share,
    Total,
)


class Booking(ABC):
    """A `Store`, but for the five steps."""

    @abstractmethod
    async def admit(self, request: Request) -> Answer: ...

    @abstractmethod
    async def settle_reserved(self, given: Parameters) -> Booked | None:
        """Turn a reservation into an entry. None: nothing is reserved under this id."""

    @abstractmethod
    async def free(self, request_id: str) -> bool:
        """Free a reservation. False: there is none."""

    @abstractmethod
    async def book(self, given: Parameters) -> Booked | None:
        """Make an entry without a reservation. None: it has been made before."""

    @abstractmethod
    async def rows(self, question: str, **given: str | int) -> Sequence[Row]: ...

    @abstractmethod
    async def change(self, statement: str, given: Parameters, *, alone: bool = False) -> int:
        """Carry out one statement; returns how many rows it changed.

        `alone` waits until no entry is being booked, and lets none begin meanwhile.
        """

    @abstractmethod
    async def close(self) -> None: ...

    async def prepare(self) -> None:  # noqa: B027 (a file needs nothing)
        pass

    async def settle(self, settlement: Settlement) -> Booked:
        given = parameters.of_settlement(settlement, EntryKind.SETTLED)
        if booked := await self.settle_reserved(given):
            return booked
        if earlier := await self._booked(settlement.call.id):
            if earlier.kind is EntryKind.RECOVERED:
                return await self._correct(earlier, settlement)
            return await self._nothing_new(earlier.budget, earlier.month)
        given = parameters.of_settlement(settlement, EntryKind.UNADMITTED)
        return await self.book(given) or await self._nothing_new_for(settlement.call)

    async def release(self, request_id: str, at: datetime) -> None:
        if await self.free(request_id):
            return
        earlier = await self._booked(request_id)
        if earlier and earlier.kind is EntryKind.RECOVERED:
            call = _call_of(earlier)
            nothing = Settlement(
                call,
                NanoAud(0),
                Decimal(0),
                at,
                note="it cost nothing after all",
                deployment=earlier.deployment,
                call_type=earlier.call_type,
                reported_usd=Decimal(0),
            )
            await self._correct(earlier, nothing)

    async def recover(self, reservation: Reservation, settlement: Settlement) -> Booked:
        given = parameters.of_settlement(settlement, EntryKind.RECOVERED)
        return await self.settle_reserved(given) or await self._nothing_new_for(reservation.call)

    async def adjust(self, adjustment: Adjustment) -> Booked:
        booked = await self.book(parameters.of_adjustment(adjustment))
        return booked or await self._nothing_new(adjustment.budget, adjustment.month)

    async def close_month(self, month: str, now: datetime) -> Closing:
        return await close_month(self, month, now)

    async def forget_entries(self, month: str) -> int:
        return await forget_entries(self, month)

    async def estimate(self, app: str, alias: str) -> NanoAud | None:
        found = await self.rows(queries.ESTIMATE, app=app, alias=alias)
        return NanoAud(found[0][0]) if found else None

    async def expired(self, now: datetime) -> Sequence[Reservation]:
        found = await self.rows(queries.EXPIRED, now=moment_text(now))
        return [parameters.reservation(row) for row in found]

    async def totals(self, month: str) -> Sequence[Total]:
        return [parameters.total(row) for row in await self.rows(queries.TOTALS, month=month)]

    async def spent_by(self, month: str, by: By) -> Sequence[Share]:
        for closing in await self.closings():
            if closing.month == month:
                return closing.shares[by]
        question = queries.SPENT_BY.replace("{column}", BY[by])
        return [parameters.share(row) for row in await self.rows(question, month=month)]

    async def estimated(self, month: str) -> Sequence[Share]:
        for closing in await self.closings():
            if closing.month == month and ESTIMATED in closing.shares:
                return closing.shares[ESTIMATED]
        found = await self.rows(queries.ESTIMATED, month=month)
        return [parameters.share(row) for row in found]

    async def price_differences(self, month: str, *, permille: int, most: int) -> Sequence[Row]:
        """Return the rows of `queries.PRICE_DIFFERENCES`, the largest difference first."""
        return await self.rows(queries.PRICE_DIFFERENCES, month=month, permille=permille, most=most)

    async def count_failures(self, failed: Sequence[FailedCalls]) -> None:
        if failed:
            await self.change(statements.COUNT_FAILURES, parameters.of_failures(failed))

    async def count_parameters(self, seen: Sequence[SeenParameter]) -> None:
        if seen:
            await self.change(statements.COUNT_PARAMETERS, parameters.of_seen_parameters(seen))

    async def failures(
        self, since_day: str, until_day: str, after: FailedCalls | None = None
    ) -> Sequence[FailedCalls]:
        last = asdict(after or FailedCalls("", "", "", "", ""))
        last.pop("calls")
        found = await self.rows(queries.FAILURES, since=since_day, until=until_day, **last)
        return [parameters.failed_calls(row) for row in found]

    async def seen_parameters(
        self, since_day: str, until_day: str, after: SeenParameter | None = None
    ) -> Sequence[SeenParameter]:
        last = asdict(after or SeenParameter("", "", "", "", "", ""))
        last.pop("calls")
        found = await self.rows(queries.SEEN_PARAMETERS, since=since_day, until=until_day, **last)
        return [parameters.seen_parameter(row) for row in found]

    async def spent_by_key(self, month: str) -> Sequence[Row]:
        """Return the rows of `queries.SPENT_BY_KEY`: key, rate, nano-AUD."""
        return await self.rows(queries.SPENT_BY_KEY, month=month)

    async def daily(self, budget: str, month: str) -> Sequence[Share]:
        found = await self.rows(queries.DAILY, budget=budget, month=month)
        return [parameters.share(row) for row in found]

    async def traffic(self, since: str, until: str, *, most: int) -> Sequence[Row]:
        """Return the rows of `queries.TRAFFIC`, the newest day first, at most so many."""
        months = {"first_month": since[:7], "last_month": until[:7]}
        return await self.rows(queries.TRAFFIC, since=since, until=until, most=most, **months)

    async def first_day(self) -> str | None:
        """Return the day of the first entry that is left; None if there is none."""
        ((found,),) = await self.rows(queries.FIRST_DAY)
        return str(found) if found else None

    async def entries(
        self, *, month: str | None = None, budget: str | None = None, after: int = 0
    ) -> Sequence[Entry]:
        found = await self.rows(
            queries.ENTRIES, month=month or "", budget=budget or "", after=after
        )
        return [parameters.entry(row) for row in found]

    async def closings(self) -> Sequence[Closing]:
        return [parameters.closing(row) for row in await self.rows(queries.CLOSINGS)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _correct(self, earlier: Entry, settlement: Settlement) -> Booked:
        difference = replace(
            settlement,
            call=_call_of(earlier),
            cost=NanoAud(settlement.cost - earlier.cost),
            usd=settlement.usd - earlier.usd,
            counted=settlement.counted - earlier.counted,
            reported_usd=_reported_difference(settlement.reported_usd, earlier.reported_usd),
        )
        given = parameters.of_settlement(difference, EntryKind.CORRECTED)
        return await self.book(given) or await self._nothing_new(earlier.budget, earlier.month)

    async def _booked(self, request_id: str) -> Entry | None:
        found = await self.rows(queries.BOOKED, id=request_id)
        return parameters.entry(found[0]) if found else None

    async def _nothing_new_for(self, call: Call) -> Booked:
        return await self._nothing_new(call.budget, call.month)

    async def _nothing_new(self, budget: str, month: str) -> Booked:
        found = await self.rows(queries.SPENT, budget=budget, month=month)
        spent = NanoAud(found[0][0] if found else 0)
        return Booked(None, budget, month, NanoAud(0), spent)


def _reported_difference(now: Decimal | None, earlier: Decimal | None) -> Decimal | None:
    return None if now is None else now - (earlier or 0)


def _call_of(entry: Entry) -> Call:
    return Call(
        id=entry.request_id,
        budget=entry.budget,
        app=entry.app,
        alias=entry.alias,
        key=entry.key,
        day=entry.day or entry.month,
        at=entry.at,
        usd_per_aud=entry.usd_per_aud,
    )
