"""May this call start: the store's verdict, patience near the cap, and what holds in an outage.

Knows nothing of LiteLLM; `call_handler` brings it calls. Strict budgets set the worst
case aside and never exceed the cap. Fair ones refuse nobody while money is left:
near the cap calls wait for those under way, and the last one may exceed it.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from aspire_ledger.account import Account, Mode
from aspire_ledger.amounts import NanoAud, cost_in_nano
from aspire_ledger.process import (
    Admitted,
    Backlog,
    Decision,
    Line,
    Outage,
    Reason,
    Refused,
    Starting,
    UnderWay,
    ended,
)
from aspire_ledger.store import Store, StoreUnavailable
from aspire_ledger.values import (
    NOTHING,
    Answer,
    Booked,
    Call,
    Request,
    Reservation,
    Settlement,
    Spent,
    Verdict,
)


class Gatekeeper:
    """One process's way to the ledger. Belongs to one event loop.

    `patience_s` is how long a call waits near the cap, `hold` how long money stays
    set aside for a call that is never heard of again, `allow_for_s` how long calls
    are let through while the store is away.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience_s: float = 30.0,
        poll_s: float = 0.05,
        hold: timedelta = timedelta(minutes=15),
        allow_for_s: float = 0.0,
        remember: int = 10_000,
    ) -> None:
        self._store, self._clock = store, clock
        self._patience_s, self._poll_s, self._hold = patience_s, poll_s, hold
        self._outage = Outage(allow_for_s)
        self._remember = remember
        self.backlog = Backlog(store, size=remember)
        self._lines: dict[str, Line] = {}
        self._under_way = UnderWay()

    def call(self, account: Account, id_: str, alias: str, key: str, at: datetime) -> Call:
        """Describe a call that started at `at`."""
        return Call(
            id=id_,
            budget=account.budget,
            app=account.app,
            alias=alias,
            key=key,
            day=account.day(at),
            at=at,
            usd_per_aud=account.usd_per_aud,
        )

    def under_way(self, call_id: str) -> Admitted | None:
        """Return what this process admitted and has not heard of since."""
        return self._under_way.get(call_id)

    async def admit(self, account: Account, starting: Starting) -> Decision:
        """Say whether a call may start, waiting near the cap. Never raises StoreUnavailable."""
        self._under_way.forget_lost(time.monotonic())
        need = _need(account, starting.worst)
        line = self._lines.get(account.budget)
        if line is None or not line.is_behind(need):
            decision = await self._ask(account, starting, starting.worst)
            if not _is_busy(decision):
                return decision
        return await self._wait(account, starting, starting.worst)

    async def settle(
        self, call_id: str, spent: Spent, otherwise: Call | None = None
    ) -> Booked | None:
        """Book what a call cost, once.

        Args:
            call_id: As it was admitted.
            spent: Without a cost, what was reserved is booked.
            otherwise: Describes the call where this process did not admit it.

        Returns:
            What came of it; None if the store is away (it is told later), or if
            nothing is known of the call.
        """
        admitted = self._under_way.pop(call_id)
        call = admitted.request.call if admitted else otherwise
        if call is None:
            return None
        try:
            settlement = await self._settlement(call, spent, admitted)
        except StoreUnavailable:
            settlement = _settlement(call, spent, self._clock(), None, NOTHING)
        try:
            booked = await self._store.settle(settlement)
        except (StoreUnavailable, asyncio.CancelledError) as error:
            self.backlog.add(call_id, settlement)
            if isinstance(error, asyncio.CancelledError):
                raise
            self._outage.failed(time.monotonic())
            return None
        self._outage.answered()
        self._something_ended(call.budget)
        return booked

    async def abandon(self, call_id: str, spent: Spent) -> Booked | None:
        """Book a call that ended and of which nothing more was heard, until something is.

        Like `settle`, but what comes after all corrects it. None if nothing is known of
        the call, or the store is away: then its reservation expires.
        """
        admitted = self._under_way.get(call_id)
        if admitted is None:
            return None
        request = admitted.request
        held = Reservation(request.call, admitted.expected, admitted.expected, request.expires_at)
        try:
            settlement = await self._settlement(request.call, spent, admitted)
            booked = await self._store.recover(held, settlement)
        except StoreUnavailable:
            self._outage.failed(time.monotonic())
            return None
        self._outage.answered()
        self._something_ended(request.call.budget)
        return booked

    async def release(self, call_id: str) -> None:
        """Free what was set aside for a call that cost nothing. Unknown ids are freed too."""
        admitted = self._under_way.pop(call_id)
        now = self._clock()
        try:
            await self._store.release(call_id, now)
        except StoreUnavailable:
            self.backlog.add(call_id, now)
            self._outage.failed(time.monotonic())
            return
        except asyncio.CancelledError:
            self.backlog.add(call_id, now)
            raise
        if admitted:
            self._something_ended(admitted.account.budget)

    async def close(self) -> None:
        """Tell the store what it has not heard yet, once more. It stays open."""
        await self.backlog.close()

    async def _wait(self, account: Account, starting: Starting, worst: NanoAud) -> Decision:
        until = asyncio.get_running_loop().time() + self._patience_s
        line = self._lines.setdefault(account.budget, Line())
        try:
            with line.joined(_need(account, worst)):
                async with line.first(until):
                    return await self._ask_again(account, starting, worst, line, until)
        except TimeoutError:  # never came to ask; now or never
            return await self._ask(account, starting, worst)
        finally:
            if line.is_empty:
                self._lines.pop(account.budget, None)

    async def _ask_again(
        self, account: Account, starting: Starting, worst: NanoAud, line: Line, until: float
    ) -> Decision:
        loop = asyncio.get_running_loop()
        while True:
            changed = line.changed()
            decision = await self._ask(account, starting, worst)
            if not _is_busy(decision) or loop.time() >= until:
                return decision
            await ended(changed, at_most_s=min(self._poll_s, max(0.0, until - loop.time())))

    async def _ask(self, account: Account, starting: Starting, worst: NanoAud) -> Decision:
        request = self._request(account, starting, worst)
        if not self._outage.asks(time.monotonic()):
            return self._without_store(request, account)
        try:
            answer = await self._store.admit(request)
        except StoreUnavailable:
            self._outage.failed(time.monotonic())
            decision = self._without_store(request, account)
            if isinstance(decision, Refused):  # it may have been admitted, and nobody told us
                self.backlog.add(starting.id, request.call.at)
            return decision
        except asyncio.CancelledError:
            self.backlog.add(starting.id, request.call.at)
            raise
        self._outage.answered()
        return self._decision(answer, request, account)

    def _request(self, account: Account, starting: Starting, worst: NanoAud) -> Request:
        # Made anew each time: a call that waits through midnight is paid from the new month.
        now = self._clock()
        return Request(
            call=self.call(account, starting.id, starting.alias, starting.key, now),
            cap=account.cap,
            need=_need(account, worst),
            worst=worst,
            learned=account.mode is Mode.FAIR,
            expires_at=now + (starting.hold or self._hold),
        )

    def _decision(self, answer: Answer, request: Request, account: Account) -> Decision:
        match answer.verdict:
            case Verdict.ADMITTED:
                return self._admitted(Admitted(request, account, answer.expected))
            case Verdict.WAIT:
                reason = Reason.BUSY
            case Verdict.REPEATED:
                reason = Reason.REPEATED
            case Verdict.REFUSED:
                reason = Reason.CAP
        return _refused(reason, account, answer.spent, request.need, request.call.at)

    def _without_store(self, request: Request, account: Account) -> Decision:
        remembered = len(self.backlog) + len(self._under_way)
        if self._outage.lets_through(time.monotonic()) and remembered < self._remember:
            return self._admitted(Admitted(request, account, NOTHING, unasked=True))
        return _refused(Reason.OUTAGE, account, NOTHING, request.need, request.call.at)

    def _admitted(self, admitted: Admitted) -> Admitted:
        self._under_way.add(admitted, time.monotonic())
        return admitted

    async def _settlement(self, call: Call, spent: Spent, admitted: Admitted | None) -> Settlement:
        expected = admitted.expected if admitted else NOTHING
        if not expected and spent.usd is None:
            expected = await self._store.estimate(call.app, call.alias) or NOTHING
        return _settlement(call, spent, self._clock(), admitted, expected)

    def _something_ended(self, budget: str) -> None:
        if line := self._lines.get(budget):
            line.something_ended()


def _need(account: Account, worst: NanoAud) -> NanoAud:
    return worst if account.mode is Mode.STRICT else NanoAud(min(1, worst))


def _refused(
    reason: Reason, account: Account, spent: NanoAud, need: NanoAud, at: datetime
) -> Refused:
    # The month that was asked about: by the time of the answer it may be over.
    return Refused(reason, account, spent, need, account.month(at).end)


def _is_busy(decision: Decision) -> bool:
    return isinstance(decision, Refused) and decision.reason is Reason.BUSY


def _settlement(
    call: Call, spent: Spent, now: datetime, admitted: Admitted | None, expected: NanoAud
) -> Settlement:
    usd = spent.usd
    if usd is None:
        usd = Decimal(expected).scaleb(-9) * call.usd_per_aud
    return Settlement(
        call=call,
        cost=expected if spent.usd is None else cost_in_nano(usd, call.usd_per_aud),
        usd=usd,
        at=now,
        cap=admitted.account.cap if admitted else NOTHING,
        warn_at_percent=admitted.account.warn_at_percent if admitted else (),
        provider=spent.provider,
        model=spent.model,
        counted=spent.counted,
        note=spent.note,
        deployment=spent.deployment,
        call_type=spent.call_type,
        reported_usd=spent.reported_usd,
        estimated=spent.estimated or spent.usd is None,
    )
