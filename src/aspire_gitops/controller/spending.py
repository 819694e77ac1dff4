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
from datetime import date, datetime, timedelta, tzinfo
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
    Unsettled,
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
from aspire_gitops.status.value import Notice, SpendReport, Topic, Uncounted
from aspire_gitops.usage import Traffic, window
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    LedgerRefused,
    LedgerUnavailable,
    moment_text,
    one_line,
    plural,
    span,
)
from aspire_ledger.money import Aud, Month, Usd

_log = structlog.get_logger("aspire_gitops.spend")

Answer = TypeVar("Answer")

_SETTLED_BY = timedelta(minutes=10)  # after what was set aside for a call has expired


class CallLedger(Protocol):
    """What the ledger counts of calls; `ledger_reading` implements it."""

    async def failures(self, since: date, until: date) -> Sequence[Failures]: ...

    async def unlisted_parameters(
        self, since: date, until: date
    ) -> Sequence[UnlistedParameter]: ...

    async def price_differences(self, month: str, *, most: int) -> PriceDifferences: ...

    async def answers(self, alias: str, since: date) -> Mapping[str, int]: ...

    async def unsettled(self, before: datetime) -> Sequence[Unsettled]: ...


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
    left = await _told(ledger.unsettled(now - _SETTLED_BY), "unsettled calls", problems)
    return CallReport(
        at=now,
        month=str(month),
        since=since,
        until=until,
        failures=failures,
        parameters=None if found is None else await asyncio.to_thread(by_app, found),
        prices=prices,
        unsettled=tuple(left or ()),
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
_COUNTED = "metadata.budget_mode"  # a key that carries it is counted by the ledger
_NOTHING = Decimal(0)
_BOOKED_BY = timedelta(minutes=2)  # an answer whose end LiteLLM never tells is booked in one
_LATELY = timedelta(days=2)  # of the last calls that are counted
_RECALLED = timedelta(days=40)  # a month, and what a clock may be wrong


class Ledger(CallLedger, Protocol):
    """The spend ledger; `ledger_reading` implements it."""

    async def totals(self, month: str) -> Sequence[Part]: ...

    async def record(self, month: Month, *, days: bool = False) -> MonthRecord: ...

    async def spent_by_key(self, month: str) -> Mapping[str, tuple[Usd, Aud]]: ...

    async def traffic(self, since: date, until: date) -> Traffic: ...


@dataclass(frozen=True, slots=True)
class _Move:
    """What both had when the ledger moved last, and since when only LiteLLM's figure moved."""

    spend: Decimal
    booked: Decimal
    since: datetime | None = None


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
    _moves: dict[str, _Move] = field(default_factory=dict)  # by address of a key
    _silent_since: datetime | None = None
    _tries: int = 0
    _is_told: bool = False  # that it has been silent for long

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
            self._silent_since, self._tries = self._silent_since or now, self._tries + 1
            self.report = replace(self.report, problem=str(error), unlike=(), uncounted=())
            self._moves.clear()  # what is booked afterwards is not missing
            return replace(snapshot, traffic=self._traffic)
        self._silent_since, self._tries = None, 0
        is_anew = before != self._recorded_at
        lately = None if is_anew else self.report.spend
        spend = await asyncio.to_thread(spend_of, record, caps, month=month, now=now, lately=lately)
        await self._count_traffic(month, now)
        spent = known_spent(record.budgets, caps)
        booked = await self._booked(month)
        snapshot = replace(snapshot, spent=spent, booked=booked, traffic=self._traffic)
        unlike = await asyncio.to_thread(own_spends, snapshot, self.owner)
        uncounted = await asyncio.to_thread(self._uncounted, snapshot, now)
        self.report = SpendReport(spend, unlike=self._lasting(unlike, now), uncounted=uncounted)
        if is_anew:
            self.calls = await ask_about_calls(self.ledger, month, now)
        return snapshot

    def lose_patience(self, after_s: float, gateway: str, there: tzinfo | None = None) -> None:
        """Tell once that the ledger has not answered for so long, and once that it does again."""
        now, since = self.clock(), self._silent_since
        if since and not self._is_told and (now - since).total_seconds() >= after_s:
            self._is_told = True
            lasted = span((now - since).total_seconds())
            title = f"The ledger has not answered since {moment_text(since, there)} ({lasted})"
            asked = f"asked {plural(self._tries, 'time')}; it is still asked in each turn"
            self.announce(
                _about_ledger("silent", since, now, title, gateway, self.report.problem, asked)
            )
        elif since is None and self._is_told:
            self._is_told = False
            self.announce(_about_ledger("answers", now, now, "The ledger answers again", gateway))

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

    async def answers(self, aliases: Sequence[str], now: datetime) -> dict[str, Mapping[str, int]]:
        """Return how many of the last calls to each alias each deployment answered, where known."""
        found = {}
        for alias in aliases:
            try:
                found[alias] = await self.ledger.answers(alias, (now - _LATELY).date())
            except (LedgerUnavailable, LedgerRefused) as error:
                _log.warning("the ledger does not tell who answered", why=str(error), alias=alias)
        return found

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

    def _uncounted(self, snapshot: Snapshot, now: datetime) -> tuple[Uncounted, ...]:
        """Return the keys whose calls LiteLLM has counted for a while, and the ledger has not.

        The ledger books a call before LiteLLM writes its spend, so it is never behind for long.
        """
        if snapshot.booked is None:
            return ()
        before, self._moves, found = self._moves, {}, []
        for item in snapshot.objects:
            facts, address = snapshot.facts_of(item), item.address or ""
            is_counted = item.mark and item.mark.owner == self.owner and _COUNTED in item.fields
            if not is_counted or facts is None or facts.spend is None:
                continue
            spend, booked = Decimal(str(facts.spend)), snapshot.booked.get(item.handle, _NOTHING)
            last = before.get(address)
            if last is None or booked != last.booked or spend < last.spend:
                self._moves[address] = _Move(spend, booked)
                continue
            since = min(last.since or now, now) if spend > last.spend else None
            self._moves[address] = replace(last, since=since)
            if since and now - since >= _BOOKED_BY:
                found.append(Uncounted(str(item.key), spend - last.spend, since))
        return tuple(found)

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


def _about_ledger(
    what: str, since: datetime, now: datetime, title: str, gateway: str, *lines: str
) -> Notice:
    topic = Topic.STALLED if lines else Topic.RECOVERED
    name = f"ledger-{what}-{since:%Y%m%dT%H%M%S}"
    return Notice(name, topic, now, title, tuple(map(one_line, lines)), gateway=gateway)


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
