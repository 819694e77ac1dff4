"""Take one call through the ledger: admitted before it starts, settled when it ended.

Knows the ledger and what LiteLLM says, and not LiteLLM itself: `hook` brings
requests and events, and turns a `Refused` into an answer.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aspire_gitops.ledger.account import Account, DamagedAccount, is_ours, read_account
from aspire_gitops.ledger.amounts import NanoAud, cost_in_nano
from aspire_gitops.ledger.litellm import refusals
from aspire_gitops.ledger.litellm.ended import Ended
from aspire_gitops.ledger.litellm.refusals import Refusal
from aspire_gitops.ledger.litellm.settings import Unmarked
from aspire_gitops.ledger.store import Store, StoreUnavailable
from aspire_gitops.ledger.values import Call, Request, Settlement, Verdict


class Refused(Exception):
    """The call may not start."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class UnderWay:
    call: Call
    account: Account


class Till:
    """One process's way to the ledger."""

    def __init__(
        self,
        store: Store,
        unmarked: Unmarked,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._unmarked, self._clock = store, unmarked, clock
        self._under_way: dict[str, UnderWay] = {}

    def account(self, metadata: Mapping[str, Any]) -> Account | None:
        """Return who pays, or None for a key that is not counted.

        Raises:
            Refused: The metadata is damaged, or the key is not ours and policy says no.
        """
        if not is_ours(metadata):
            if self._unmarked is Unmarked.REFUSE:
                raise Refused(refusals.unmarked())
            return None
        try:
            return read_account(metadata, self._clock())
        except DamagedAccount as problem:
            raise Refused(refusals.damaged(str(problem))) from None

    async def admit(self, account: Account, alias: str, key: str) -> str:
        now = self._clock()
        day = now.astimezone(account.timezone).date().isoformat()
        call = Call(
            secrets.token_hex(16),
            account.budget,
            account.app,
            alias,
            key,
            day,
            now,
            account.usd_per_aud,
        )
        request = Request(
            call, account.cap, NanoAud(1), NanoAud(1000), True, now + timedelta(minutes=10)
        )
        try:
            answer = await self._store.admit(request)
        except StoreUnavailable:
            raise Refused(refusals.unavailable()) from None
        if answer.verdict is not Verdict.ADMITTED:
            raise Refused(refusals.over_cap(account, answer.spent, now, needs=request.need))
        self._under_way[call.id] = UnderWay(call, account)
        return call.id

    async def settle(self, ended: Ended) -> None:
        under_way = self._under_way.pop(ended.id, None)
        if under_way is None:
            return
        usd = ended.usd or Decimal(0)
        await self._store.settle(
            Settlement(
                under_way.call,
                cost_in_nano(usd, under_way.account.usd_per_aud),
                usd,
                self._clock(),
                under_way.account.cap,
                under_way.account.warn_at_percent,
                ended.provider,
                ended.model,
                ended.input_tokens,
                ended.output_tokens,
            )
        )

    async def release(self, call_id: str) -> None:
        if self._under_way.pop(call_id, None):
            await self._store.release(call_id, self._clock())
