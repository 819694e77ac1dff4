"""Whoever looks at the status of a gateway with thousands of objects does not hold up the controller."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from aspire_gitops.server.application import application
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.status.value import AliasRow, Status
from support.big_ledger import beating
from support.statuses import StandIn, ready, swap_plan

MANY = 8_000
MOST_S = 0.05  # of processor time at a stretch; each of these pages takes five times as much


def large() -> Status:
    """Return a status with thousands of aliases and of changes to come."""
    plan = swap_plan()
    aliases = (AliasRow(f"a{n}", "chat", "acme", "acme.ai", "m", live=True) for n in range(MANY))
    changes = plan.changes * (MANY // len(plan.changes))
    return replace(ready(), aliases=tuple(aliases), pending=replace(plan, changes=changes))


@pytest.mark.parametrize("path", ["/", "/api/status"])
def test_the_loop_goes_on_while_a_page_is_made(path: str) -> None:
    controller = StandIn(large())
    app = application(controller, controller, ServerOptions(Path("/nowhere")))

    async def asked() -> tuple[httpx.Response, float]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.get("/healthz")
            async with beating() as beats:
                answer = await client.get(path)
            return answer, beats.longest_s

    answer, longest_s = asyncio.run(asked())
    assert (answer.status_code, f"a{MANY - 1}" in answer.text) == (200, True)
    assert longest_s < MOST_S
