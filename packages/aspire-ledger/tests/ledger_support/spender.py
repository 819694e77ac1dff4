"""A process of its own that makes calls on a ledger, as one gateway of several.

python spender.py URL MODE CAP COST WORST TASKS MOST   waits for a line of input, then
    makes calls until each task was refused or made its most; says `admitted early refused`
"""

import asyncio
import os
import random
import secrets
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from aspire_ledger.account import Mode
from aspire_ledger.admission import Gatekeeper
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.process import Admitted, Reason, Refused
from aspire_ledger.values import Spent
from ledger_support.calls import RATE, account, starting

TESTS = Path(__file__).parents[1]


@dataclass
class Tally:
    admitted: int = 0
    early: int = 0  # refused while money was left
    refused: int = 0


def started(*arguments: object) -> subprocess.Popen[str]:
    """Start this file as a process."""
    return subprocess.Popen(
        [sys.executable, "-u", __file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def spend(
    gatekeeper: Gatekeeper, tally: Tally, *, mode: Mode, cap: int, cost: int, worst: int, most: int
) -> None:
    """Make calls, one after the other, until one is refused."""
    for _ in range(most):
        call_id = secrets.token_hex(8)
        decision = await gatekeeper.admit(
            account(cap=cap, mode=mode), starting(call_id, worst=worst)
        )
        if isinstance(decision, Refused):
            tally.refused += 1
            tally.early += decision.reason is not Reason.CAP or decision.spent < cap
            return
        assert isinstance(decision, Admitted)
        await asyncio.sleep(random.uniform(0.001, 0.02))
        await gatekeeper.settle(call_id, Spent(Decimal(cost).scaleb(-9) * RATE))
        tally.admitted += 1


async def _spender(url: str, mode: str, *numbers: str) -> None:
    cap, cost, worst, tasks, most = map(int, numbers)
    store = PostgresStore(url, timeout_s=20)
    gatekeeper, tally = Gatekeeper(store), Tally()
    _say("ready")
    sys.stdin.readline()
    one = {"cap": cap, "cost": cost, "worst": worst, "most": most}
    await asyncio.gather(*(spend(gatekeeper, tally, mode=Mode(mode), **one) for _ in range(tasks)))
    await gatekeeper.close()
    await store.close()
    _say(f"{tally.admitted} {tally.early} {tally.refused}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_spender(*sys.argv[1:]))
