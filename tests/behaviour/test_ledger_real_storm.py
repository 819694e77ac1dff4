"""Two real proxies on one PostgreSQL: a cap that holds to the call, and a crash that loses none.

`bench/ledger.py` does the same at full length, beside LiteLLM's own budgets.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from aspire_ledger.amounts import NanoAud
from aspire_ledger.audit import Verified, verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.values import Call, Request
from ledger_support.desk import CHAT_AUD
from support.ledger_real import SAY_HI, LedgerGateway, ledger_gateway
from support.ledger_real_kill import Got, kill_under_load, recovered
from support.ledger_real_load import Made, premature, storm

pytestmark = [pytest.mark.real, pytest.mark.slow]

WORTH = 100  # calls
GRACE_S = 3


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerGateway]:
    with ledger_gateway(
        tmp_path_factory.mktemp("storm"),
        extra_proxies=1,
        env={"ASPIRE_LEDGER_GRACE_SECONDS": str(GRACE_S)},
        timeout_s=5,
    ) as gateway:
        yield gateway


def calls_of_64_clients(gateway: LedgerGateway, mode: str, **more: Any) -> list[Made]:
    cap = CHAT_AUD * WORTH
    app = gateway.app(cap, backstop_factor=Decimal("1.25"), budget_mode=mode)
    addresses = [gateway.sandbox.base_url, *gateway.sandbox.extra_base_urls]
    body = {"model": "chat", **SAY_HI, **more}
    made = asyncio.run(storm(addresses, app.key, body, go_on=False, at_most_s=30))
    assert [call for call in made if call.status not in (200, 429)] == []
    gateway.settled(app, sum(call.ok for call in made))
    assert gateway.spent(app) == CHAT_AUD * sum(call.ok for call in made)
    return made


def verified(gateway: LedgerGateway) -> Verified:
    async def proved() -> Verified:
        async with PostgresStore(gateway.url) as store:
            return await verify(store)

    return asyncio.run(proved())


def test_a_strict_budget_of_a_hundred_calls_admits_a_hundred(gateway: LedgerGateway) -> None:
    made = calls_of_64_clients(gateway, "strict", max_tokens=20)
    assert sum(call.ok for call in made) == WORTH


def test_a_strict_budget_is_never_exceeded_by_calls_of_unknown_length(
    gateway: LedgerGateway,
) -> None:
    made = calls_of_64_clients(gateway, "strict")
    assert sum(call.ok for call in made) <= WORTH


@pytest.mark.parametrize("more", [{}, {"max_tokens": 20}], ids=["no max_tokens", "max_tokens"])
def test_a_fair_budget_refuses_nobody_while_money_is_left(
    gateway: LedgerGateway, more: dict[str, Any]
) -> None:
    made = calls_of_64_clients(gateway, "fair", **more)
    assert WORTH - 1 <= sum(call.ok for call in made) <= WORTH + 1
    assert premature(made, WORTH) <= 1


def test_what_a_killed_proxy_had_answered_is_in_the_ledger(gateway: LedgerGateway) -> None:
    clients = [Got(gateway.app("1")) for _ in range(8)]
    kill_under_load(gateway.sandbox, clients, after_s=3)
    recovered(gateway, clients, within_s=30)
    booked = [len(gateway.entries(got.app)) for got in clients]
    assert sum(got.answered for got in clients) > len(clients)
    # A call that was cut off may have been answered by the provider: it counts as one.
    assert [
        got.answered <= count <= got.answered + got.cut_off
        for got, count in zip(clients, booked, strict=True)
    ] == [True] * len(clients)
    assert verified(gateway).differences == ()


def test_a_lost_call_that_litellm_logged_is_booked_at_its_logged_cost(
    gateway: LedgerGateway,
) -> None:
    app = gateway.app("1")
    now = datetime.now(UTC)
    call = Call("lost", app.budget, app.name, "chat", "k", f"{now:%Y-%m-%d}", now, Decimal("0.5"))
    worst = NanoAud(10**9)
    lost = Request(call, worst, worst, worst, learned=False, expires_at=now)

    async def reserve() -> None:
        async with PostgresStore(gateway.url) as store:
            await store.admit(lost)

    with psycopg.connect(gateway.sandbox.database_url, autocommit=True) as server:
        server.execute(
            'INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, spend, "startTime", "endTime",'
            " metadata, status, updated_at) VALUES ('r1', 'acompletion', 0.00009, %(now)s, %(now)s,"
            " %(metadata)s, 'success', %(now)s)",
            {
                "now": now.replace(tzinfo=None),
                "metadata": '{"spend_logs_metadata": {"aspire_ledger": "lost"}}',
            },
        )
    asyncio.run(reserve())
    (entry,) = gateway.settled(app, 1)
    assert (entry.kind, entry.aud) == ("recovered", CHAT_AUD)
