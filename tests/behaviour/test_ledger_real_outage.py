"""The ledger's own database goes away under a real LiteLLM: what policy says, and no call lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aspire_gitops.sandbox import restart
from support.ledger_real import LedgerGateway, ledger_config, ledger_gateway
from support.postgres_server import PostgresServer
from support.sandbox_admin import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def gateway(tmp_path: Path, own_postgres: PostgresServer) -> Iterator[LedgerGateway]:
    with ledger_gateway(
        tmp_path,
        env={"ASPIRE_LEDGER_URL": own_postgres.make_database()},
        on_outage={"allow_for_minutes": 1},
        keys_without_mark="allow",
    ) as gateway:
        yield gateway


def test_policy_decides_what_an_outage_means_and_what_it_let_through_is_booked(
    gateway: LedgerGateway, own_postgres: PostgresServer, tmp_path: Path
) -> None:
    app = gateway.app("1")
    assert app.chat().status_code == 200
    assert gateway.master().chat().status_code == 200  # the policy of this gateway
    gateway.settled(app, 1)

    own_postgres.stop()
    assert [app.chat().status_code for _ in range(3)] == [200, 200, 200]
    own_postgres.start()
    eventually(lambda: len(gateway.entries(app)) == 4)
    assert [entry.kind for entry in gateway.entries(app)] == ["settled", *["unadmitted"] * 3]

    gateway.upstream.delay(2, times=1)
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(app.chat)
        eventually(lambda: gateway.reserved(app) > 0)
        own_postgres.stop()
        assert answer.result().status_code == 200
    own_postgres.start()
    eventually(lambda: len(gateway.entries(app)) == 5)
    assert gateway.entries(app)[-1].kind == "settled", (
        "it was admitted, and ended during the outage"
    )
    assert gateway.reserved(app) == 0

    own_postgres.stop()
    restart(gateway.sandbox, config=ledger_config(tmp_path))  # it starts without its store
    refused = app.chat()
    assert (refused.status_code, refused.json()["error"]["type"]) == (503, "ledger_unavailable")
    assert refused.headers["retry-after"] == "5"
    assert app.client.get("/v1/models").status_code == 200
    own_postgres.start()
    eventually(lambda: app.chat().status_code == 200)
