"""Read spend from the ledger, announce each declared percentage once, and never stop a turn.

Each turn asks for the totals, which is cheap; what each day cost is asked for
every few minutes together with what calls did (`calls`), and the traffic of a month
twice an hour. A ledger that does not answer leaves spend unknown: the plan warns, the
page says so, and everything else goes on. The ledger turns its rows over in a thread of its
own, and what is computed from them here is computed in a thread too: the loop serves others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Protocol, TypeVar

import structlog

from aspire_gitops.controller.memory import Journal, Memory
from aspire_gitops.journal.entry import Draft, EntryKind
from aspire_gitops.probing.prober import Books
from aspire_gitops.spend import (
    BudgetSpend,
    Cap,
    Crossing,
    Failures,
    MonthRecord,
    OwnSpend,
    Part,
    PriceDifferences,
    Spend,
    UnlistedParameter,
    Verdict,
    caps_of,
    known_spent,
    month_of,
    own_spends,
    plain,
    spend_of,
    timezone_of,
)
from aspire_gitops.spend.calls import (
    WORST,
    AliasFailures,
    CallReport,
    by_alias,
    by_app,
    days_until,
)
from aspire_gitops.spend.wording import cents, month_end_text, month_text, reach_text
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import Notice, SpendReport, Topic
from aspire_gitops.usage import Traffic, window
from aspire_gitops.vocabulary import AspireGitopsError, LedgerRefused, LedgerUnavailable, one_line
from aspire_ledger.money import Aud, Month, Usd

_log = structlog.get_logger("aspire_gitops.spend")

Answer = TypeVar("Answer")


class CallLedger(Protocol):
    """What the ledger counts of calls; `ledger_reading` implements it."""

    async def failures(self, since: date, until: date) -> Sequence[Failures]: ...

    async def unlisted_parameters(
        self, since: date, until: date
    ) -> Sequence[UnlistedParameter]: ...

    async def price_differences(self, month: str, *, most: int) -> PriceDifferences: ...


async def ask_about_calls(ledger: CallLedger, month: Month, now: datetime) -> CallReport:
    """Return what the ledger tells. What it does not tell is None, and the report says why.

    Comparing the prices of a month may take the database a second, so ask seldom.
    """
    since, until = days_until(now, timezone_of(month))
    problems: list[str] = []
    failures = await _told(_failures(ledger, since, until), "failed calls", problems)
    found = await _told(ledger.unlisted_parameters(since, until), "unlisted parameters", problems)
    compared = ledger.price_differences(str(month), most=WORST)
    prices = await _told(compared, "price differences", problems)
    return CallReport(
        at=now,
        month=str(month),
        since=since,
        until=until,
        failures=failures,
        parameters=None if found is None else await asyncio.to_thread(by_app, found),
        prices=prices,
        problem="\n".join(problems),
    )


async def _failures(ledger: CallLedger, since: date, until: date) -> tuple[AliasFailures, ...]:
    lately = await ledger.failures(since, until)
    return await asyncio.to_thread(by_alias, lately, await ledger.failures(until, until))


async def _told(asked: Awaitable[Answer], what: str, problems: list[str]) -> Answer | None:
    # One of them may be missing alone: a role that may not read a table, a month too long.
    try:
        return await asked
    except (LedgerUnavailable, LedgerRefused) as error:
        _log.warning("the ledger does not tell something of calls", what=what, why=str(error))
        problems.append(f"{what} are not known: {error.message}")
        return None


_DAYS_EVERY = timedelta(minutes=5)
_TRAFFIC_EVERY = timedelta(minutes=30)
FLUSH = timedelta(seconds=20)
"""LiteLLM writes spend every `proxy_batch_write_at` seconds (2 as we compile it, 10 by default)
and 0 to 5 more. Two looks that are so far apart do not see the same delay twice."""
_RECALLED = timedelta(days=40)  # a month, and what a clock may be wrong


class Ledger(CallLedger, Protocol):
    """The spend ledger; `ledger_reading` implements it."""

    async def totals(self, month: str) -> Sequence[Part]: ...

    async def record(self, month: Month, *, days: bool = False) -> MonthRecord: ...

    async def spent_by_key(self, month: str) -> Mapping[str, tuple[Usd, Aud]]: ...

    async def traffic(self, since: date, until: date) -> Traffic: ...


@dataclass(slots=True)
class Spending:
    """Reads the ledger for one controller. `report` and `calls` are what may be shown now."""

    ledger: Ledger
    journal: Journal
    clock: Callable[[], datetime]
    announce: Callable[[Notice], None]
    owner: str
    books: Books | None = None  # of our own calls
    report: SpendReport = field(default_factory=SpendReport)
    calls: CallReport | None = None  # None until the ledger answered
    _record: MonthRecord | None = None
    _recorded_at: datetime | None = None
    _traffic: Traffic | None = None
    _traffic_asked_at: datetime | None = None
    _since: dict[tuple[str, Verdict], datetime] = field(default_factory=dict)

    @property
    def to_reset(self) -> tuple[OwnSpend, ...]:
        """Return the keys whose own spend at LiteLLM is too high, and not for a moment only."""
        return tuple(one for one in self.report.unlike if one.verdict is Verdict.HIGH)

    async def looked(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with what is spent in it, as far as the ledger tells."""
        now = self.clock()
        caps = await asyncio.to_thread(self._caps, snapshot, now)
        month = month_of(caps, now)
        if month is None:
            self.report, self.calls = SpendReport(), None
            return snapshot
        before = self._recorded_at
        try:
            record = await self._read(month, now)
        except (LedgerUnavailable, LedgerRefused) as error:
            if not self.report.problem:
                _log.warning("the ledger does not answer", why=str(error))
            self.report = replace(self.report, problem=str(error), unlike=())
            return replace(snapshot, traffic=self._traffic)
        is_anew = before != self._recorded_at
        lately = None if is_anew else self.report.spend
        spend = await asyncio.to_thread(spend_of, record, caps, month=month, now=now, lately=lately)
        await self._count_traffic(month, now)
        spent = known_spent(record.budgets, caps)
        booked = await self._booked(month)
        snapshot = replace(snapshot, spent=spent, booked=booked, traffic=self._traffic)
        unlike = await asyncio.to_thread(own_spends, snapshot, self.owner)
        self.report = SpendReport(spend, unlike=self._lasting(unlike, now))
        if is_anew:
            self.calls = await ask_about_calls(self.ledger, month, now)
        return snapshot

    async def tell(self, memory: Memory, gateway: str) -> None:
        """Tell of every percentage that was reached and not told, and write that down.

        Raises:
            JournalUnavailable, JournalDamaged: What was told before is not known, or
                cannot be written yet.
        """
        spend = self.report.spend
        if spend is None or self.report.problem:
            return
        if memory.told_spend is None:
            memory.told_spend = await asyncio.to_thread(self._recalled, spend.at)
        fresh = [one for one in spend.crossings if str(one) not in memory.told_spend]
        for notice in _notices(spend, fresh, gateway):
            self.announce(notice)  # announce first, then record: better twice than never
        memory.told_spend |= {str(one) for one in fresh}
        if fresh:
            await self._write([_draft(spend, one) for one in fresh], memory)

    def _caps(self, snapshot: Snapshot, now: datetime) -> Mapping[str, Cap]:
        return caps_of((o for o in snapshot.objects if o.mark and o.mark.owner == self.owner), now)

    async def _booked(self, month: Month) -> Mapping[str, Decimal] | None:
        # Asked after the gateway was read: what LiteLLM has counted, the ledger has booked.
        try:
            found = await self.ledger.spent_by_key(str(month))
        except (LedgerUnavailable, LedgerRefused) as error:
            _log.warning("the ledger does not tell what keys spent", why=str(error))
            return None
        return {key: usd for key, (usd, _) in found.items()}

    def _lasting(self, found: Sequence[OwnSpend], now: datetime) -> tuple[OwnSpend, ...]:
        """Return the keys that were told apart long enough for LiteLLM to have written its spend."""
        before, self._since = self._since, {}
        for one in found:
            seen = before.get((one.address, one.verdict), now)
            self._since[one.address, one.verdict] = min(seen, now)  # clocks are set back
        return tuple(one for one in found if now - self._since[one.address, one.verdict] >= FLUSH)

    async def _count_traffic(self, month: Month, now: datetime) -> None:
        """Ask for the traffic of a month, seldom. What was known stays: it says until when."""
        asked_at = self._traffic_asked_at
        if asked_at and timedelta(0) <= now - asked_at < _TRAFFIC_EVERY:
            return
        self._traffic_asked_at = now
        try:
            self._traffic = await self.ledger.traffic(*window(now, timezone_of(month)))
        except (LedgerUnavailable, LedgerRefused) as error:
            _log.warning("the ledger does not tell the traffic", why=str(error))

    async def _write(self, drafts: Sequence[Draft], memory: Memory) -> None:
        try:
            await asyncio.to_thread(self.journal.append, *drafts)
        except AspireGitopsError:
            memory.unwritten += drafts
            raise

    async def _read(self, month: Month, now: datetime) -> MonthRecord:
        known, at = self._record, self._recorded_at
        is_fresh = at is not None and timedelta(0) <= now - at < _DAYS_EVERY
        if known is None or known.month != str(month) or not is_fresh:
            self._record, self._recorded_at = await self.ledger.record(month, days=True), now
            return self._record
        return replace(known, budgets=tuple(await self.ledger.totals(known.month)))

    def _recalled(self, now: datetime) -> frozenset[str]:
        bodies = [
            entry.draft.body
            for entry in self.journal.read(kinds=(EntryKind.BUDGET,), since=now - _RECALLED)
        ]
        return frozenset(
            str(Crossing(str(body.get("budget")), str(body.get("month")), percent))
            for body in bodies
            if isinstance(percent := body.get("percent"), int)
        )


def _notices(spend: Spend, fresh: Sequence[Crossing], gateway: str) -> Iterator[Notice]:
    """Yield one notice for each budget: at 80 % nobody needs to hear of 50 %."""
    rows = {row.budget: row for row in spend.budgets}
    for budget, crossings in groupby(fresh, key=lambda one: one.budget):
        percent, row = max(one.percent for one in crossings), rows[budget]
        yield Notice(
            id=f"spend-{spend.month}-{one_line(budget)}-{percent}",
            topic=Topic.SPEND,
            at=spend.at,
            title=_title(row, percent, spend.month),
            lines=tuple(_lines(row)),
            gateway=gateway,
        )


def _title(row: BudgetSpend, percent: int, month: str) -> str:
    amounts = f"{cents(row.spent)} of {cents(row.cap or row.spent)} AUD"
    name = one_line(row.budget)
    return f"Budget {name} reached {percent} % of its cap for {month_text(month)}: {amounts}"


def _lines(row: BudgetSpend) -> Iterator[str]:
    yield f"cap reached: {reach_text(row.forecast)}"
    if month_end := month_end_text(row.forecast):
        yield f"at this pace the month ends at {month_end}"
    if row.apps:
        yield f"apps: {', '.join(map(one_line, row.apps))}"


def _draft(spend: Spend, one: Crossing) -> Draft:
    row = next(row for row in spend.budgets if row.budget == one.budget)
    return Draft(
        EntryKind.BUDGET,
        spend.at,
        body={
            "budget": one.budget,
            "month": one.month,
            "percent": one.percent,
            "spent_aud": plain(row.spent),
            "cap_aud": plain(row.cap) if row.cap is not None else None,
        },
    )
