"""Several gateway processes on one PostgreSQL: together they keep one cap."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.values import Total
from ledger_support.calls import SYDNEY
from ledger_support.spender import started

CALLS, COST = 100, 1000
MONTH = f"{datetime.now(SYDNEY):%Y-%m}"
Run = Callable[..., Any]


@dataclass(frozen=True)
class Together:
    admitted: int
    early: int
    refused: int
    total: Total
    verified: bool


def spent_together(url: str, mode: str, worst: int, *, most: int) -> Together:
    """Let four processes with sixteen tasks each spend a cap that is worth a hundred calls."""
    arguments = (url, mode, CALLS * COST, COST, worst, 16, most)
    with ExitStack() as stack:
        spenders = [stack.enter_context(started(*arguments)) for _ in range(4)]
        for spender in spenders:
            assert spender.stdout
            assert spender.stdout.readline() == "ready\n"
        for spender in spenders:
            assert spender.stdin
            spender.stdin.write("\n")
            spender.stdin.flush()
        said = [[int(word) for word in spender.communicate()[0].split()] for spender in spenders]
    admitted, early, refused = (sum(each) for each in zip(*said, strict=True))

    async def look() -> tuple[Total, bool]:
        store = PostgresStore(url)
        (total,) = await store.totals(MONTH)
        verified = await verify(store)
        await store.close()
        return total, verified.ok

    return Together(admitted, early, refused, *asyncio.run(look()))


@pytest.mark.slow
def test_strict_processes_admit_exactly_what_the_cap_is_worth(ledger_database_url: str) -> None:
    found = spent_together(ledger_database_url, "strict", COST, most=100)
    assert (found.admitted, found.early, found.refused) == (CALLS, 0, 64)
    assert (found.total.spent, found.total.reserved) == (CALLS * COST, 0)
    assert found.verified


@pytest.mark.slow
@pytest.mark.parametrize("worst", [COST, 7 * COST, 500 * COST])
def test_fair_processes_refuse_nobody_while_money_is_left(
    ledger_database_url: str, worst: int
) -> None:
    found = spent_together(ledger_database_url, "fair", worst, most=100)
    assert CALLS - 1 <= found.admitted <= CALLS + 1
    assert found.early <= 1
    assert found.total.spent <= (CALLS + 1) * COST
    assert found.verified
