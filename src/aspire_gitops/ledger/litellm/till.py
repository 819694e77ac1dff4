"""Take one call through the ledger: admitted before it starts, settled when it ended.

Knows the ledger and what LiteLLM says, and not LiteLLM itself: `callback` brings
requests and events, and turns a `Declined` into an answer.
"""

import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aspire_gitops.ledger.account import Account, DamagedAccount, is_ours, read_account
from aspire_gitops.ledger.admission import Gatekeeper
from aspire_gitops.ledger.decisions import Reason, Refused, Spent, Starting
from aspire_gitops.ledger.litellm import asked, refusals
from aspire_gitops.ledger.litellm.ended import Ended
from aspire_gitops.ledger.litellm.ids import Ids
from aspire_gitops.ledger.litellm.prices import Tariffs
from aspire_gitops.ledger.litellm.refusals import Refusal
from aspire_gitops.ledger.litellm.routes import COUNTED, FREE
from aspire_gitops.ledger.litellm.settings import Unmarked
from aspire_gitops.ledger.values import Booked
from aspire_gitops.ledger.worst_case import Charged, worst_case

LOG = logging.getLogger("aspire_gitops.ledger")


class Declined(Exception):
    """The call may not start."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is: its name or its hash, never its value; and what the controller wrote on it."""

    key: str
    metadata: Mapping[str, Any]
    route: str


class Till:
    """One process's way to the ledger."""

    def __init__(
        self,
        gate: Gatekeeper,
        tariffs: Tariffs,
        unmarked: Unmarked,
        *,
        grace: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._gate, self._tariffs, self._unmarked = gate, tariffs, unmarked
        self._grace, self._clock = grace, clock
        self._ids = Ids()
        self._failed_attempts: dict[str, Decimal] = {}  # what they cost, by call

    async def admit(self, caller: Caller, call_type: str, data: MutableMapping[str, Any]) -> None:
        """Admit a request and leave our id on it.

        Raises:
            Declined: With the answer to it.
        """
        account = self._account(caller.metadata)
        if account is None or call_type in FREE:
            return
        if call_type not in COUNTED:
            raise Declined(refusals.uncounted(caller.route))
        if objection := asked.objection(data, caller.route):
            raise Declined(objection)
        starting = await self._starting(account, caller, call_type, data)
        decision = await self._gate.admit(account, starting)
        if isinstance(decision, Refused):
            raise Declined(_refusal(decision, starting, self._clock()))
        asked.mark(data, starting.id)

    async def settle(self, ended: Ended) -> None:
        """Book what a call cost, whether or not we admitted it."""
        if ended.id and self._ids.made(ended.id):
            earlier = self._failed_attempts.pop(ended.id, None)
            usd = ended.usd if earlier is None else (ended.usd or 0) + earlier
            _tell(await self._gate.settle(ended.id, _spent(ended, usd)))
        elif ended.usd and ended.call_type in COUNTED and is_ours(ended.account):
            await self._book_unasked(ended, f"unasked-{ended.answer_id}")

    async def attempt_failed(self, ended: Ended) -> None:
        """Remember what a failed attempt cost, if it did: the request may succeed with another."""
        if not ended.usd or not self._ids.made(ended.id):
            return
        if self._gate.under_way(ended.id):
            self._failed_attempts[ended.id] = (
                self._failed_attempts.get(ended.id, Decimal(0)) + ended.usd
            )
        else:
            await self._book_unasked(ended, ended.id)

    async def release(self, call_id: str) -> None:
        """Free what was set aside for a request that failed, or book what its attempts cost."""
        if not call_id or not self._ids.made(call_id):
            return
        if usd := self._failed_attempts.pop(call_id, None):
            _tell(await self._gate.settle(call_id, Spent(usd)))
        else:
            await self._gate.release(call_id)

    def _account(self, metadata: Mapping[str, Any]) -> Account | None:
        if not is_ours(metadata):
            if self._unmarked is Unmarked.REFUSE:
                raise Declined(refusals.unmarked())
            return None
        try:
            return read_account(metadata, self._clock())
        except DamagedAccount as problem:
            raise Declined(refusals.damaged(str(problem))) from None

    async def _starting(
        self, account: Account, caller: Caller, call_type: str, data: Mapping[str, Any]
    ) -> Starting:
        alias = str(data["model"])
        tariff = await self._tariffs.of(alias)
        most = worst_case(Charged.by(call_type), data, tariff.prices(data), account.usd_per_aud)
        return Starting(self._ids.new(), alias, caller.key, most, hold=tariff.timeout + self._grace)

    async def _book_unasked(self, ended: Ended, call_id: str) -> None:
        # No common road leads here. If LiteLLM builds one, its calls are booked at least.
        try:
            account = read_account(ended.account, self._clock())
        except DamagedAccount:
            return
        call = self._gate.call(account, call_id, ended.alias, ended.key, self._clock())
        LOG.warning("%s cost money without being admitted (%s)", ended.alias, ended.call_type)
        _tell(await self._gate.settle(call_id, _spent(ended, ended.usd), call))


def _spent(ended: Ended, usd: Decimal | None) -> Spent:
    return Spent(usd, ended.provider, ended.model, ended.counted)


def _refusal(decision: Refused, starting: Starting, now: datetime) -> Refusal:
    match decision.reason:
        case Reason.CAP:
            return refusals.over_cap(decision, now)
        case Reason.BUSY:
            return refusals.busy(decision.account)
        case Reason.UNPRICED:
            return refusals.unpriced(starting.alias, decision.missing_price)
        case Reason.OUTAGE | Reason.REPEATED:
            return refusals.unavailable()


def _tell(booked: Booked | None) -> None:
    if booked is None:
        return
    for percent in booked.crossed:
        LOG.warning("budget %s reached %d %% in %s", booked.budget, percent, booked.month)
