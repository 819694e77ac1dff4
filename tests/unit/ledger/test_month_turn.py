"""Midnight in Sydney comes while two tills on one PostgreSQL serve many clients.

The clock is injected and runs: it is half a second before midnight when the calls begin.
`tests/behaviour/test_ledger_real_month.py` does the same through a real LiteLLM.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aspire_gitops.ledger.admission import Gatekeeper
from aspire_gitops.ledger.booking import Booking
from aspire_gitops.ledger.litellm.ended import ID, read_ended
from aspire_gitops.ledger.litellm.prices import Tariffs
from aspire_gitops.ledger.litellm.settings import Unmarked
from aspire_gitops.ledger.litellm.till import Caller, Declined, Till
from aspire_gitops.ledger.opening import open_store
from aspire_gitops.ledger.values import Entry
from aspire_gitops.ledger.verifying import verify
from support.ledger_calls import SYDNEY
from support.ledger_desk import CHAT_NANO, event, price_list
from support.ledger_real import CHAT_AUD, account

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
HALF_S = 0.5  # before midnight, and after it
WORTH = 60  # calls of the budget that is spent in each month
CLIENTS = 24  # of each budget

# Summer time ends on the 4th of April 2027 and begins on the 3rd of October.
TURNS = [
    pytest.param(datetime(2027, 3, 31, 13, tzinfo=UTC), "2027-03", "2027-04", id="into April"),
    pytest.param(datetime(2027, 4, 30, 14, tzinfo=UTC), "2027-04", "2027-05", id="out of April"),
    pytest.param(datetime(2027, 9, 30, 14, tzinfo=UTC), "2027-09", "2027-10", id="into October"),
    pytest.param(datetime(2027, 10, 31, 13, tzinfo=UTC), "2027-10", "2027-11", id="out of October"),
]
CHANGES = [
    pytest.param(datetime(2027, 4, 3, 16, tzinfo=UTC), "2027-04-04", id="an hour comes twice"),
    pytest.param(datetime(2027, 10, 2, 16, tzinfo=UTC), "2027-10-03", id="an hour is missing"),
]


@dataclass
class Clock:
    """It shows a moment when it is made, and runs from there."""

    shows: datetime
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.shows + timedelta(seconds=time.monotonic() - self.began)


@dataclass
class Tally:
    """What clients of one budget saw: the moments around each start, and each refusal."""

    started: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    refused: list[tuple[datetime, str]] = field(default_factory=list)


def till_on(store: Booking, clock: Clock) -> tuple[Till, Gatekeeper]:
    gate = Gatekeeper(store, clock=clock, patience_s=5)
    grace = timedelta(seconds=30)
    return Till(gate, Tariffs(price_list), Unmarked.REFUSE, grace=grace, clock=clock), gate


async def client(till: Till, caller: Caller, tally: Tally, clock: Clock, end: datetime) -> None:
    """Call until the end, and wait a little after each refusal."""
    while (before := clock()) < end:
        data: dict[str, Any] = {
            "model": "chat",
            "max_tokens": 20,
            "messages": [{"role": "user", "content": "hi"}],
            "metadata": {},
        }
        try:
            await till.admit(caller, "acompletion", data)
        except Declined as declined:
            tally.refused.append((before, declined.refusal.message))
            await asyncio.sleep(0.02)
            continue
        tally.started[data["metadata"][ID]] = (before, clock())
        await asyncio.sleep(random.uniform(0.005, 0.06))
        await till.settle(read_ended(event(data)))


async def lived_through(
    url: str, clock: Clock, end: datetime, budgets: dict[str, Tally]
) -> list[Entry]:
    stores = [open_store(url, timeout_s=20) for _ in range(2)]
    tills = [till_on(store, clock) for store in stores]
    turn = itertools.cycle(till for till, _ in tills)
    callers = {
        "poor": Caller("poor.main", account("poor", CHAT_AUD * WORTH, budget_mode="strict"), "/"),
        "rich": Caller("rich.main", account("rich", "100"), "/"),
    }
    await asyncio.gather(
        *(
            client(next(turn), callers[name], tally, clock, end)
            for name, tally in budgets.items()
            for _ in range(CLIENTS)
        )
    )
    entries = list(await stores[0].entries())
    assert (await verify(stores[0])).differences == ()
    for store, (_, gate) in zip(stores, tills, strict=True):
        await gate.close()
        await store.close()
    return entries


@pytest.mark.parametrize(("midnight", "old", "new"), TURNS)
def test_the_month_turns_under_load(
    ledger_database_url: str, run: Run, midnight: datetime, old: str, new: str
) -> None:
    clock = Clock(midnight - timedelta(seconds=HALF_S))
    poor, rich = Tally(), Tally()
    end = midnight + timedelta(seconds=HALF_S)
    budgets = {"poor": poor, "rich": rich}
    entries = run(lived_through(ledger_database_url, clock, end, budgets))

    started = poor.started | rich.started
    assert sorted(entry.request_id for entry in entries) == sorted(started)
    for entry in entries:
        months = {f"{at.astimezone(SYDNEY):%Y-%m}" for at in started[entry.request_id]}
        assert entry.month in months
        assert entry.cost == CHAT_NANO
    across = [entry for entry in entries if entry.month == old and entry.at >= midnight]
    assert across, "no call was under way at midnight"

    spent = [entry.month for entry in entries if entry.budget == "poor-budget"]
    assert (spent.count(old), spent.count(new)) == (WORTH, WORTH)
    early = [message for at, message in poor.refused if at < midnight - timedelta(seconds=0.1)]
    assert early
    assert all("has spent 0.0108 of its monthly 0.0108 AUD" in message for message in early)
    assert all(f"The month turns at {new}-01 00:00 AE" in message for message in early)
    assert rich.refused == []


@pytest.mark.parametrize(("change", "day"), CHANGES)
def test_the_hour_that_changes_moves_no_call_to_another_day(
    ledger_database_url: str, run: Run, change: datetime, day: str
) -> None:
    clock = Clock(change - timedelta(seconds=HALF_S))
    rich = Tally()
    end = change + timedelta(seconds=HALF_S)
    entries = run(lived_through(ledger_database_url, clock, end, {"rich": rich}))
    assert sorted(entry.request_id for entry in entries) == sorted(rich.started)
    assert any(entry.at < change for entry in entries)
    assert any(entry.at >= change for entry in entries)
    assert {entry.day for entry in entries} == {day}
    assert rich.refused == []
