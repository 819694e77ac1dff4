"""A ledger with a month of calls in it, written as the gateway would write it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from aspire_ledger.amounts import nano
from aspire_ledger.money import Aud
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.values import Adjustment, Call, FailedCalls, Settlement

SYDNEY = ZoneInfo("Australia/Sydney")
RATE = Decimal("0.6512")


@dataclass(frozen=True, slots=True)
class Spent:
    """One call and what it cost (AUD). `provider` is LiteLLM's word: `openai`, `anthropic`."""

    budget: str
    app: str
    alias: str
    provider: str
    aud: str
    day: date
    rate: Decimal = RATE
    estimated: bool = False
    deployment: str = ""
    hour: int = 10


def write_calls(url: str, calls: Iterable[Spent]) -> None:
    """Book each call, as one that nobody admitted."""
    asyncio.run(_written(url, list(calls)))


def write_failures(url: str, *failed: FailedCalls) -> None:
    """Count failed calls."""

    async def written() -> None:
        async with PostgresStore(url) as store:
            await store.count_failures(failed)

    asyncio.run(written())


def write_adjustment(url: str, adjustment: Adjustment) -> None:
    """Book an amount by hand."""

    async def written() -> None:
        async with PostgresStore(url) as store:
            await store.adjust(adjustment)

    asyncio.run(written())


async def _written(url: str, calls: list[Spent]) -> None:
    async with PostgresStore(url, timeout_s=20) as store:
        for number, one in enumerate(calls):
            at = datetime(one.day.year, one.day.month, one.day.day, one.hour, tzinfo=SYDNEY)
            id_ = f"{one.day}-{one.app}-{one.alias}-{number}"
            call = Call(id_, one.budget, one.app, one.alias, "k", one.day.isoformat(), at, one.rate)
            cost = nano(Aud(Decimal(one.aud)))
            usd = Decimal(one.aud) * one.rate
            await store.settle(
                Settlement(
                    call,
                    cost,
                    usd,
                    at,
                    provider=one.provider,
                    estimated=one.estimated,
                    deployment=one.deployment,
                )
            )
