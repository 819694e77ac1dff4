"""The month turns at midnight in Sydney while sixteen clients call a real LiteLLM.

Only the ledger's clock is set by the test (`support.gateway_clock`). Eight clients share
a budget that is spent before midnight, eight one that never is; their calls take a
third of a second, so that some are under way at midnight.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aspire_ledger.amounts import nano
from aspire_ledger.audit import Verified, verify
from aspire_ledger.litellm.settings import LATE
from aspire_ledger.money import Aud
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.values import Entry
from ledger_support.desk import CHAT_AUD
from support.gateway_clock import GatewayClock, config_with_clock
from support.ledger_real import SAY_HI, App, LedgerGateway, ledger_gateway
from support.ledger_real_load import Caller, Made

pytestmark = [pytest.mark.real, pytest.mark.slow]

WORTH = 16  # calls of the budget that is spent before midnight
CALL_S = 0.3
CALL_NANO = nano(Aud(CHAT_AUD))
BODY = {"model": "chat", "max_tokens": 20, **SAY_HI}

# April 2027 begins in summer time and ends without it, October the other way round.
TURNS = [
    pytest.param(datetime(2027, 3, 31, 13, tzinfo=UTC), "2027-03", "2027-04", id="into April"),
    pytest.param(datetime(2027, 4, 30, 14, tzinfo=UTC), "2027-04", "2027-05", id="out of April"),
    pytest.param(datetime(2027, 9, 30, 14, tzinfo=UTC), "2027-09", "2027-10", id="into October"),
    pytest.param(datetime(2027, 10, 31, 13, tzinfo=UTC), "2027-10", "2027-11", id="out of October"),
]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> GatewayClock:
    return GatewayClock(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def gateway(clock: GatewayClock) -> Iterator[LedgerGateway]:
    config = config_with_clock(clock, datetime(2027, 3, 1, tzinfo=UTC))
    # As in production. On a starved machine LiteLLM tells of a call after more than the five
    # seconds that other tests use, and the ledger books it twice: as estimated, and corrected.
    with ledger_gateway(clock.folder, config=config, env={LATE: "30"}) as gateway:
        gateway.upstream.delay(CALL_S)
        yield gateway


@dataclass
class Client:
    """One client: it calls, and goes on when it is refused, until it is told to stop."""

    app: App
    made: list[Made] = field(default_factory=list)

    @property
    def answered(self) -> list[Made]:
        return [call for call in self.made if call.ok]

    def refused_since(self, moment: float) -> bool:
        return any(call.status == 429 and call.sent >= moment for call in self.made)

    async def call_until(self, over: asyncio.Event, base_url: str) -> None:
        async with Caller(base_url, self.app.key) as caller:
            while not over.is_set():
                call, _ = await caller.post(BODY)
                self.made.append(call)
                if not call.ok:
                    await asyncio.sleep(0.05)


@dataclass
class Turn:
    """Two budgets of eight clients each, and the moment (monotonic) of midnight."""

    poor: Sequence[Client]
    rich: Sequence[Client]
    midnight: float = 0.0

    @property
    def clients(self) -> list[Client]:
        return [*self.poor, *self.rich]


def turn_of(gateway: LedgerGateway, old: str) -> Turn:
    def clients(budget: str, worth: int, mode: str) -> list[Client]:
        shared: dict[str, Any] = {"budget": f"{budget}-{old}", "budget_mode": mode}
        return [Client(gateway.app(CHAT_AUD * worth, **shared)) for _ in range(8)]

    return Turn(clients("poor", WORTH, "strict"), clients("rich", 10_000, "fair"))


async def live_through(
    turn: Turn, gateway: LedgerGateway, clock: GatewayClock, midnight: datetime
) -> None:
    """Call until one budget is spent, let midnight come, and call until it is spent again."""
    over = asyncio.Event()
    clock.set_before(midnight, 40)
    address = gateway.sandbox.base_url
    calling = [asyncio.create_task(each.call_until(over, address)) for each in turn.clients]
    try:
        await until(lambda: all(client.refused_since(0) for client in turn.poor))
        turn.midnight = clock.set_before(midnight, 0.8)
        await until(lambda: all(client.refused_since(turn.midnight) for client in turn.poor))
        await until(lambda: len(answered_after(turn)) >= len(turn.rich))
    finally:
        over.set()
        await asyncio.gather(*calling)


def answered_after(turn: Turn) -> list[Made]:
    return [call for each in turn.rich for call in each.answered if call.sent >= turn.midnight]


async def until(look: Callable[[], bool], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < end, f"not within {within_s:g} s"
        await asyncio.sleep(0.02)


def books(gateway: LedgerGateway) -> tuple[list[Entry], Verified]:
    async def read() -> tuple[list[Entry], Verified]:
        async with PostgresStore(gateway.url) as store:
            return list(await store.entries()), await verify(store)

    return asyncio.run(read())


def check_months(turn: Turn, entries: Sequence[Entry], old: str, new: str) -> None:
    """Each call is booked once, in the month of its start, as far as its client can tell that."""
    for client in turn.clients:
        months = [entry.month for entry in entries if entry.app == client.app.name]
        assert [call for call in client.made if call.status not in (200, 429)] == []
        assert len(months) == len(client.answered)
        assert months.count(old) + months.count(new) == len(months)
        before = [call for call in client.answered if call.answered < turn.midnight]
        after = [call for call in client.answered if call.sent >= turn.midnight]
        assert len(before) <= months.count(old)
        assert len(after) <= months.count(new)


def check_cap(turn: Turn, entries: Sequence[Entry], old: str, new: str) -> None:
    """The spent budget let its calls through, then none until midnight, then its calls again."""
    calls = [call for client in turn.poor for call in client.made]
    before = [call for call in calls if call.ok and call.answered < turn.midnight]
    assert len(before) == WORTH
    full = max(call.answered for call in before)
    late = [call for call in calls if full < call.sent and call.answered < turn.midnight]
    assert late
    assert {call.status for call in late} == {429}
    assert all(f"The month turns at {new}-01 00:00 AE" in call.why for call in late)
    poor = [entry.month for entry in entries if entry.budget.startswith("poor")]
    assert (poor.count(old), poor.count(new)) == (WORTH, WORTH)


@pytest.mark.parametrize(("midnight", "old", "new"), TURNS)
def test_the_month_turns_under_load(
    gateway: LedgerGateway, clock: GatewayClock, midnight: datetime, old: str, new: str
) -> None:
    turn = turn_of(gateway, old)
    asyncio.run(live_through(turn, gateway, clock, midnight))
    for budget in (turn.poor, turn.rich):
        gateway.settled(budget[0].app, sum(len(client.answered) for client in budget))
    entries, verified = books(gateway)
    ours = [entry for entry in entries if entry.budget.endswith(old)]

    check_months(turn, ours, old, new)
    check_cap(turn, ours, old, new)
    across = [entry for entry in ours if entry.month == old and entry.at >= midnight]
    assert across, "no call was under way at midnight"
    assert {entry.day for entry in across} == {f"{midnight - timedelta(hours=12):%Y-%m-%d}"}
    assert {entry.cost for entry in ours} == {CALL_NANO}
    assert verified.differences == ()
