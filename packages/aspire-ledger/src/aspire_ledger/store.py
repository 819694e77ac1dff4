"""The ledger's store: what it promises, and all that does not depend on where rows lie.

A store makes the decision (admitted, wait or refused) and the reservation in one step,
so that several gateway processes share one truth. Everything that was ever spent is an
entry; entries are never changed, and totals are their sum. `postgres` is the one store
that runs; tests of other things run on one in memory, held to the same contract.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, Self, TypeAlias

from aspire_ledger import rows, sql
from aspire_ledger.amounts import NanoAud
from aspire_ledger.rows import Parameters, Row, moment_text
from aspire_ledger.values import (
    Adjustment,
    Answer,
    Booked,
    Call,
    Closing,
    Entry,
    EntryKind,
    FailedCalls,
    Process,
    ProcessRow,
    Request,
    Reservation,
    SeenParameter,
    Settlement,
    Share,
    Total,
    Verdict,
)

By: TypeAlias = Literal["app", "alias", "provider", "budget"]
ESTIMATED: Final = "estimated"  # among the shares of a closing: what each budget's estimates are


class LedgerError(Exception):
    """The base of the errors that people who run the ledger read. No caller of a model sees them.

    `message` says what is wrong, `help` what to do about it, None where nobody knows.
    They are joined only where there is one line for both; neither is ever cut apart.
    """

    def __init__(self, message: str, *, help: str | None = None) -> None:  # noqa: A002 (the word people read)
        self.message = message
        self.help = help
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}; {self.help}" if self.help else self.message


class StoreUnavailable(LedgerError):
    """The store cannot answer now: down, locked, full, too slow. Try again."""


class TablesInUse(StoreUnavailable):
    """A table that must get new columns is locked by others. Try again."""


class StoreRefused(LedgerError):
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


class Store(ABC):
    """One ledger. Every method may raise StoreUnavailable; all may then be tried again.

    A subclass brings the steps, each of them atomic: `admit`, `settle_reserved`, `free`,
    `book`, and `ask` and `change` for the statements of `sql`.
    """

    @abstractmethod
    async def prepare(self) -> None:
        """Do ahead what the first calls would wait for."""

    @abstractmethod
    async def admit(self, request: Request) -> Answer:
        """Reserve for a call, atomically, or say why not."""

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
    async def ask(self, question: str, **given: str | int) -> Sequence[Row]:
        """Return the rows that answer a question of `sql`."""

    @abstractmethod
    async def change(self, statement: str, given: Parameters, *, alone: bool = False) -> int:
        """Carry out one statement of `sql`; returns how many rows it changed.

        `alone` waits until no entry is being booked, and lets none begin meanwhile.
        """

    @abstractmethod
    async def close(self) -> None: ...

    # ── what becomes of a call ──────────────────────────────────────────────

    async def settle(self, settlement: Settlement) -> Booked:
        """Book a call's cost and free what was reserved; an unadmitted call is booked as that."""
        given = rows.of_settlement(settlement, EntryKind.SETTLED)
        if booked := await self.settle_reserved(given):
            return booked
        if earlier := await self._entry(settlement.call.id):
            if earlier.kind is EntryKind.RECOVERED:
                return await self._correct(earlier, settlement)
            return await self._nothing_new(earlier.budget, earlier.month)
        given = rows.of_settlement(settlement, EntryKind.UNADMITTED)
        return await self.book(given) or await self._nothing_new_for(settlement.call)

    async def release(self, request_id: str, at: datetime) -> None:
        """Free what was reserved for a call that cost nothing. Twice does no harm."""
        if await self.free(request_id):
            return
        earlier = await self._entry(request_id)
        if earlier and earlier.kind is EntryKind.RECOVERED:
            nothing = Settlement(
                _call_of(earlier),
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
        """Book a call that nobody settled in time, unless somebody did meanwhile."""
        given = rows.of_settlement(settlement, EntryKind.RECOVERED)
        return await self.settle_reserved(given) or await self._nothing_new_for(reservation.call)

    async def adjust(self, adjustment: Adjustment) -> Booked:
        """Book what a person says; for a closed month, in the first one that is open."""
        booked = await self.book(rows.of_adjustment(adjustment))
        return booked or await self._nothing_new(adjustment.budget, adjustment.month)

    async def estimate(self, app: str, alias: str) -> NanoAud | None:
        """Return what a call of this app to this alias lately cost at most; None if unknown."""
        found = await self.ask(sql.ESTIMATE, app=app, alias=alias)
        return NanoAud(found[0][0]) if found else None

    async def expired(self, now: datetime) -> Sequence[Reservation]:
        """Return reservations whose time is over, at most a thousand, the oldest first."""
        return [rows.reservation(row) for row in await self.ask(sql.EXPIRED, now=moment_text(now))]

    # ── what was spent ──────────────────────────────────────────────────────

    async def totals(self, month: str) -> Sequence[Total]:
        """Return how each budget stands in a month, sorted."""
        return [rows.total(row) for row in await self.ask(sql.TOTALS, month=month)]

    async def spent_by(self, month: str, by: By) -> Sequence[Share]:
        """Return who has what of a month, the dearest first, forgotten months included."""
        for closing in await self.closings():
            if closing.month == month:
                return closing.shares[by]
        return [rows.share(row) for row in await self.ask(sql.SPENT_BY[by], month=month)]

    async def estimated(self, month: str) -> Sequence[Share]:
        """Return how much of each budget's month was estimated and not corrected since."""
        for closing in await self.closings():
            if closing.month == month and ESTIMATED in closing.shares:
                return closing.shares[ESTIMATED]
        return [rows.share(row) for row in await self.ask(sql.ESTIMATED, month=month)]

    async def price_differences(self, month: str, *, permille: int, most: int) -> Sequence[Row]:
        """Return the rows of `sql.PRICE_DIFFERENCES`, the largest difference first."""
        return await self.ask(sql.PRICE_DIFFERENCES, month=month, permille=permille, most=most)

    async def spent_by_key(self, month: str) -> Sequence[Row]:
        """Return the rows of `sql.SPENT_BY_KEY`: key, rate, nano-AUD."""
        return await self.ask(sql.SPENT_BY_KEY, month=month)

    async def daily(self, budget: str, month: str) -> Sequence[Share]:
        """Return what calls cost on each day that had some, in order."""
        return [rows.share(row) for row in await self.ask(sql.DAILY, budget=budget, month=month)]

    async def traffic(self, since: str, until: str, *, most: int) -> Sequence[Row]:
        """Return the rows of `sql.TRAFFIC`, the newest day first, at most so many."""
        months = {"first_month": since[:7], "last_month": until[:7]}
        return await self.ask(sql.TRAFFIC, since=since, until=until, most=most, **months)

    async def first_day(self) -> str | None:
        """Return the day of the first entry that is left; None if there is none."""
        ((found,),) = await self.ask(sql.FIRST_DAY)
        return str(found) if found else None

    async def entries(
        self, *, month: str | None = None, budget: str | None = None, after: int = 0
    ) -> Sequence[Entry]:
        """Return entries numbered above `after`, in order, at most a thousand."""
        found = await self.ask(sql.ENTRIES, month=month or "", budget=budget or "", after=after)
        return [rows.entry(row) for row in found]

    async def closings(self) -> Sequence[Closing]:
        """Return the months whose entries do not change any more, in order."""
        return [rows.closing(row) for row in await self.ask(sql.CLOSINGS)]

    # ── what is counted beside money ────────────────────────────────────────

    async def count_failures(self, failed: Sequence[FailedCalls]) -> None:
        """Add to the numbers of failed calls, all in one step. Sent twice, they may count twice."""
        if failed:
            await self.change(sql.COUNT_FAILURES, rows.of_failures(failed))

    async def count_parameters(self, seen: Sequence[SeenParameter]) -> None:
        """Add to the numbers of calls with an unlisted parameter, all in one step.

        An app has 500 rows a day; names beyond them are counted together, as `(others)`.
        Sent twice, they may count twice.
        """
        if seen:
            await self.change(sql.COUNT_PARAMETERS, rows.of_seen_parameters(seen))

    async def forget_counts(self, before_day: str) -> int:
        """Delete the counts of days before this one. Returns how many rows."""
        failures = await self.change(sql.FORGET_FAILURES, {"day": before_day})
        return failures + await self.change(sql.FORGET_PARAMETERS, {"day": before_day})

    async def failures(
        self, since_day: str, until_day: str, after: FailedCalls | None = None
    ) -> Sequence[FailedCalls]:
        """Return failed calls of these days, both included, in order, at most a thousand rows.

        `after` is the last row of the page before.
        """
        last = asdict(after or FailedCalls("", "", "", "", ""))
        last.pop("calls")
        found = await self.ask(sql.FAILURES, since=since_day, until=until_day, **last)
        return [FailedCalls(*row) for row in found]

    async def seen_parameters(
        self, since_day: str, until_day: str, after: SeenParameter | None = None
    ) -> Sequence[SeenParameter]:
        """Return unlisted parameters of these days, like `failures`."""
        last = asdict(after or SeenParameter("", "", "", "", "", ""))
        last.pop("calls")
        found = await self.ask(sql.SEEN_PARAMETERS, since=since_day, until=until_day, **last)
        return [SeenParameter(*row) for row in found]

    # ── gateway processes ───────────────────────────────────────────────────

    async def beat(self, process: Process, up_s: int) -> None:
        """Write that a gateway process is alive, and what it runs; it started `up_s` seconds ago.

        Rows without a heartbeat for a day are deleted.
        """
        await self.change(sql.BEAT, {**asdict(process), "up_s": up_s})

    async def leave(self, process_id: str) -> None:
        """Delete the row of a process that stops."""
        await self.change(sql.LEAVE, {"id": process_id})

    async def processes(self) -> Sequence[ProcessRow]:
        """Return the newest rows of gateway processes, at most 200, the latest heartbeat first."""
        return [rows.process(row) for row in await self.ask(sql.PROCESSES)]

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
        given = rows.of_settlement(difference, EntryKind.CORRECTED)
        return await self.book(given) or await self._nothing_new(earlier.budget, earlier.month)

    async def _entry(self, request_id: str) -> Entry | None:
        found = await self.ask(sql.ENTRY, id=request_id)
        return rows.entry(found[0]) if found else None

    async def _nothing_new_for(self, call: Call) -> Booked:
        return await self._nothing_new(call.budget, call.month)

    async def _nothing_new(self, budget: str, month: str) -> Booked:
        found = await self.ask(sql.SPENT, budget=budget, month=month)
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
