"""Midnight in Sydney comes while two processes on one PostgreSQL serve many clients.

The clock is injected: it shows a second before midnight until one of the two budgets is
spent, and a second after it from then on, with calls of the other under way all the time.
`tests/behaviour/test_ledger_real_month.py` does the same through a real LiteLLM.
"""

import asyncio
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aspire_ledger.audit import verify
from aspire_ledger.litellm.call_handler import Declined
from aspire_ledger.litellm.events import read_ended
from aspire_ledger.litellm.open_call import Caller
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.store import Store
from aspire_ledger.values import Entry
from ledger_support.calls import SYDNEY
from ledger_support.desk import CHAT_AUD, CHAT_NANO, Desk, account, event, id_of, paying

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
SECOND = timedelta(seconds=1)
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
    """It shows what it is told."""

    shows: datetime

    def __call__(self) -> datetime:
        return self.shows


@dataclass
class Tally:
    """What clients of one budget saw: the moments around each start, and each refusal."""

    started: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    refused: list[tuple[datetime, datetime, str]] = field(default_factory=list)

    def began(self, at: datetime) -> int:
        return sum(before == at for before, _ in self.started.values())

    def turned_away(self, at: datetime) -> int:
        return sum(before == at for before, _, _ in self.refused)


class MovingDesk(Desk):
    """A desk whose clock others move."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store)
        self.gate._clock = self.handler._clock = clock
        self.gate._patience_s = 5


async def client(
    desk: Desk, caller: Caller, tally: Tally, clock: Clock, over: asyncio.Event
) -> None:
    """Call until it is over, and wait a little after each refusal."""
    while not over.is_set():
        before = clock()
        try:
            data = await desk.admitted(by=caller, max_tokens=20)
        except Declined as declined:
            tally.refused.append((before, clock(), declined.refusal.message))
            await asyncio.sleep(0.02)
            continue
        tally.started[id_of(data)] = (before, clock())
        await asyncio.sleep(random.uniform(0.005, 0.06))
        await desk.handler.settle(read_ended(event(data)))


async def turning(clock: Clock, budgets: dict[str, Tally], over: asyncio.Event) -> None:
    """Let midnight come when there was enough to see before it, and end when there was after it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 60
    try:
        for pause in (2 * SECOND, timedelta()):
            while not all(_seen(name, tally, clock()) for name, tally in budgets.items()):
                assert loop.time() < end, f"not within a minute, at {clock()}"
                await asyncio.sleep(0.01)
            clock.shows += pause
    finally:
        over.set()


def _seen(name: str, tally: Tally, at: datetime) -> bool:
    return tally.turned_away(at) > CLIENTS if name == "poor" else tally.began(at) > 2 * CLIENTS


async def lived_through(url: str, clock: Clock, budgets: dict[str, Tally]) -> list[Entry]:
    stores = [PostgresStore(url, timeout_s=20) for _ in range(2)]
    desks = [MovingDesk(store, clock) for store in stores]
    turn = itertools.cycle(desks)
    callers = {
        "poor": paying(account("poor", CHAT_AUD * WORTH, budget_mode="strict")),
        "rich": paying(account("rich", "100")),
    }
    over = asyncio.Event()
    await asyncio.gather(
        turning(clock, budgets, over),
        *(
            client(next(turn), callers[name], tally, clock, over)
            for name, tally in budgets.items()
            for _ in range(CLIENTS)
        ),
    )
    entries = list(await stores[0].entries())
    assert (await verify(stores[0])).differences == ()
    for desk in desks:
        await desk.gate.close()
        await desk.store.close()
    return entries


@pytest.mark.parametrize(("midnight", "old", "new"), TURNS)
def test_the_month_turns_under_load(
    ledger_database_url: str, run: Run, midnight: datetime, old: str, new: str
) -> None:
    clock = Clock(midnight - SECOND)
    poor, rich = Tally(), Tally()
    entries = run(lived_through(ledger_database_url, clock, {"poor": poor, "rich": rich}))

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
    early = [message for _, after, message in poor.refused if after < midnight]
    late = [message for before, _, message in poor.refused if before >= midnight]
    assert min(len(early), len(late)) > CLIENTS / 2
    assert all("has spent 0.0108 of its monthly 0.0108 AUD" in message for message in early)
    assert all(f"The month turns at {new}-01 00:00 AE" in message for message in early)
    assert not any(f"The month turns at {new}-01" in message for message in late)
    assert rich.refused == []


@pytest.mark.parametrize(("change", "day"), CHANGES)
def test_the_hour_that_changes_moves_no_call_to_another_day(
    ledger_database_url: str, run: Run, change: datetime, day: str
) -> None:
    clock = Clock(change - SECOND)
    rich = Tally()
    entries = run(lived_through(ledger_database_url, clock, {"rich": rich}))
    assert sorted(entry.request_id for entry in entries) == sorted(rich.started)
    assert any(entry.at < change for entry in entries)
    assert any(entry.at >= change for entry in entries)
    assert {entry.day for entry in entries} == {day}
    assert rich.refused == []
