"""Calls, requests and settlements of a small ledger: amounts are nano-AUD, one USD is two AUD."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from aspire_ledger.account import Account, Mode
from aspire_ledger.amounts import NanoAud
from aspire_ledger.process import Starting
from aspire_ledger.values import Call, Counted, Request, Settlement

NOON = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # noon in Sydney
SYDNEY = ZoneInfo("Australia/Sydney")
RATE = Decimal("0.5")
COUNTED = Counted(3, 1, 4, 5, 6, 11, 12, 13, 14, 15, 16, 17, 18)

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


def call(
    id_: str = "r1",
    *,
    budget: str = "lab",
    app: str = "wiki",
    alias: str = "chat",
    at: datetime = NOON,
) -> Call:
    day = at.astimezone(SYDNEY).date().isoformat()
    return Call(id_, budget, app, alias, f"{app}.key", day, at, RATE)


def request(
    id_: str = "r1",
    *,
    cap: int = 1000,
    worst: int = 10,
    need: int | None = None,
    learned: bool = False,
    hold_s: float = 600,
    **of_call: Any,
) -> Request:
    described = call(id_, **of_call)
    expires_at = described.at + timedelta(seconds=hold_s)
    needed = worst if need is None else need
    return Request(described, NanoAud(cap), NanoAud(needed), NanoAud(worst), learned, expires_at)


def fair(id_: str = "r1", *, cap: int = 1000, worst: int = 10, **rest: Any) -> Request:
    return request(id_, cap=cap, worst=worst, need=1, learned=True, **rest)


def settlement(
    id_: str = "r1",
    cost: int = 10,
    *,
    cap: int = 1000,
    warn: tuple[int, ...] = (),
    settled_at: datetime | None = None,
    counted: Counted = COUNTED,
    reported_usd: Decimal | None = None,
    estimated: bool = False,
    **of_call: Any,
) -> Settlement:
    described = call(id_, **of_call)
    usd = Decimal(cost).scaleb(-9) * RATE
    return Settlement(
        described,
        NanoAud(cost),
        usd,
        settled_at or described.at,
        NanoAud(cap),
        warn,
        "acme",
        "chat-1",
        counted,
        deployment="chat.eu",
        call_type="acompletion",
        reported_usd=reported_usd,
        estimated=estimated,
    )


def account(
    *,
    cap: int = 1000,
    mode: Mode = Mode.FAIR,
    app: str = "wiki",
    budget: str = "lab",
    warn: tuple[int, ...] = (),
) -> Account:
    return Account(app, budget, NanoAud(cap), RATE, SYDNEY, mode, warn)


def starting(id_: str = "r1", *, worst: int = 10, alias: str = "chat") -> Starting:
    return Starting(id_, alias, "wiki.key", NanoAud(worst))


async def both(*coroutines: Coroutine[Any, Any, T]) -> list[T]:
    return await asyncio.gather(*coroutines)
