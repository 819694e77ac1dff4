"""Kill a gateway in the middle of calls, and count what its clients got against what is booked."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from aspire_gitops.sandbox import Sandbox, kill_proxy, restart
from support.ledger_real import SAY_HI, App, LedgerGateway
from support.ledger_real_load import Caller
from support.sandbox_admin import eventually


@dataclass
class Got:
    """What one client got: answers with 200, and calls that were cut off."""

    app: App
    answered: int = 0
    cut_off: int = 0


async def call_until(got: Got, base_url: str, end: float) -> None:
    """Call one after the other until a moment (monotonic), or until cut off."""
    body = {"model": "chat", "max_tokens": 20, **SAY_HI}
    async with Caller(base_url, got.app.key) as caller:
        while time.monotonic() < end:
            call, _ = await caller.post(body)
            got.answered += call.ok
            got.cut_off += call.status == 0
            if call.status == 0:
                return


def kill_under_load(sandbox: Sandbox, clients: Sequence[Got], *, after_s: float) -> Sandbox:
    """Let clients call, kill the proxy with SIGKILL after a while, and start it again."""

    async def under_load() -> None:
        end = time.monotonic() + after_s + 10
        calls = [asyncio.create_task(call_until(got, sandbox.base_url, end)) for got in clients]
        await asyncio.sleep(after_s)
        await asyncio.to_thread(kill_proxy, sandbox)
        await asyncio.gather(*calls)

    asyncio.run(under_load())
    return restart(sandbox)


def recovered(gateway: LedgerGateway, clients: Sequence[Got], *, within_s: float) -> None:
    """Wait until nothing is set aside any more."""
    for got in clients:
        eventually(lambda got=got: gateway.reserved(got.app) == Decimal(0), within_s=within_s)  # type: ignore[misc]
