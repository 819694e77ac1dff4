"""What a real gateway's processes say of themselves, and to whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from aspire_gitops.sandbox.lifecycle import restart
from aspire_ledger.canonical import config_digest
from support.ledger_real import LedgerGateway, ledger_config, ledger_gateway
from support.sandbox_admin import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

NONCE = "n0nce-0123456789abcdef"
PROBE = {"aspire_gitops": {"owner": "main", "name": "probe"}, "purpose": "probe"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerGateway]:
    with ledger_gateway(tmp_path_factory.mktemp("identity"), extra_proxies=1) as running:
        yield running


def rows(gateway: LedgerGateway) -> list[tuple[Any, ...]]:
    with psycopg.connect(gateway.url) as server:
        return server.execute(
            "SELECT id, config_digest, file_digest, litellm_release, guard, keys_without_mark"
            " FROM aspire_ledger.processes ORDER BY id"
        ).fetchall()


def asked(url: str, key: str, **headers: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}", **headers}
    return httpx.get(f"{url}/v1/models", headers=headers, trust_env=False, timeout=30)


def test_each_process_says_in_the_ledger_and_to_the_probe_key_what_it_runs(
    gateway: LedgerGateway,
) -> None:
    assert gateway.sandbox.options.config
    digest = config_digest(gateway.sandbox.options.config.read_text())
    probe = gateway.anonymous(**PROBE)
    eventually(lambda: len(rows(gateway)) == 2)
    before = gateway.everything().count("nano"), len(gateway.upstream.calls())
    told = [
        asked(url, probe.key, **{"x-aspire-identity": NONCE}).json()
        for url in (gateway.sandbox.base_url, *gateway.sandbox.extra_base_urls)
    ]
    assert [(one["config_digest"], one["file_digest"], one["nonce"]) for one in told] == [
        (digest, digest, NONCE)
    ] * 2
    assert sorted(one["id"] for one in told) == [row[0] for row in rows(gateway)]
    assert {row[1:] for row in rows(gateway)} == {(digest, digest, "1.106.2", "on", "refuse")}
    assert before == (gateway.everything().count("nano"), len(gateway.upstream.calls()))


def test_nobody_but_the_probe_key_is_told_and_nothing_becomes_a_call(
    gateway: LedgerGateway,
) -> None:
    app = gateway.app("5.00")
    header = {"x-aspire-identity": NONCE}
    for key in (app.key, gateway.sandbox.master_key, "sk-nobody", gateway.anonymous().key):
        reply = asked(gateway.sandbox.base_url, key, **header)
        assert (reply.status_code, reply.json()["error"]["type"]) == (403, "identity_not_told")
    calls = len(gateway.upstream.calls())
    assert app.chat(headers=header).status_code == 403
    assert len(gateway.upstream.calls()) == calls
    assert gateway.spent(app) == gateway.reserved(app) == 0
    assert app.chat().status_code == 200


def test_a_deleted_probe_key_is_told_nothing(gateway: LedgerGateway) -> None:
    probe = gateway.anonymous(**PROBE)
    header = {"x-aspire-identity": NONCE}
    assert asked(gateway.sandbox.base_url, probe.key, **header).status_code == 200
    gateway.admin.post("/key/delete", {"keys": [probe.key]})
    eventually(lambda: asked(gateway.sandbox.base_url, probe.key, **header).status_code == 403)


def test_litellm_refuses_a_probe_key_that_is_over_its_budget(gateway: LedgerGateway) -> None:
    """Its settings are not verified then, and the page says what to look at."""
    key = gateway.admin.new_key(key_alias="spent", models=["chat"], metadata=PROBE, max_budget=1e-6)
    gateway.admin.post("/key/update", {"key": key, "spend": 5})
    reply = asked(gateway.sandbox.base_url, key, **{"x-aspire-identity": NONCE})
    assert (reply.status_code, reply.json()["error"]["type"]) == (403, "identity_not_told")


def test_a_process_that_stops_normally_deletes_its_row_and_a_new_one_says_the_new_settings(
    tmp_path: Path,
) -> None:
    with ledger_gateway(tmp_path) as gateway:
        eventually(lambda: len(rows(gateway)) == 1)
        (before,) = rows(gateway)
        (tmp_path / "second").mkdir()
        config = ledger_config(tmp_path / "second", on_outage={"allow_for_minutes": 5})
        restart(gateway.sandbox, config=config)
        eventually(lambda: len(rows(gateway)) == 1)
        (after,) = rows(gateway)
        assert before[0] != after[0]
        assert after[1] == config_digest(config.read_text()) != before[1]
