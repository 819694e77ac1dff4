"""A gateway process says what it runs: a row in the ledger, and an answer to the probe key alone."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from aspire_ledger.canonical import CONFIG_DIGEST, config_digest
from aspire_ledger.litellm.presence import Presence
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.store import Store
from aspire_ledger.values import Process
from ledger_support.behind_front import Behind, Gate, Reply
from ledger_support.memory_store import MemoryStore

Run = Callable[..., Any]
NONCE = "n0nce-0123456789abcdef"
SETTINGS = "general_settings:\n  store_model_in_db: true\n\nenvironment_variables:\n"
TEXT = f'{SETTINGS}  {CONFIG_DIGEST}: "{config_digest(SETTINGS)}"\n'
FACTS = Process("gw-1", "1.106.2", "0.1.0", config_digest(SETTINGS), "", 6, "refuse", "on")
PROBE = {"aspire_gitops": {"owner": "main"}, "purpose": "probe"}


def presence(
    store: Store,
    *,
    text: str | None = TEXT,
    metadata: Mapping[str, Any] | None = PROBE,
    **more: Any,
) -> Presence:
    async def authenticate(_: Any, __: Any) -> Mapping[str, Any] | None:
        return metadata

    def read() -> str:
        if text is None:
            raise FileNotFoundError
        return text

    return Presence(store, FACTS, read, authenticate, **more)


# ── the digest ───────────────────────────────────────────────────────────────


def test_a_config_with_its_digest_in_it_has_the_digest_that_it_tells() -> None:
    assert config_digest(TEXT) == config_digest(SETTINGS)
    assert config_digest(SETTINGS) in TEXT


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(TEXT.replace("true", "false"), id="a setting was changed"),
        pytest.param(TEXT + TEXT.splitlines()[-1] + "\n", id="the line stands there twice"),
        pytest.param(TEXT.replace('"sha256', "|\n    sha256"), id="the line swallows what follows"),
        pytest.param(TEXT.replace(f"  {CONFIG_DIGEST}", CONFIG_DIGEST), id="elsewhere"),
        pytest.param(TEXT.rstrip('"\n') + '", # x\n', id="something beside it"),
    ],
)
def test_an_edit_beside_the_digest_line_changes_the_digest(edited: str) -> None:
    assert config_digest(edited) != config_digest(TEXT)


# ── the row ──────────────────────────────────────────────────────────────────


def test_a_process_writes_its_row_and_deletes_it_when_it_stops(store: Store, run: Run) -> None:
    here = presence(store)
    run(here.beat())
    (row,) = run(store.processes())
    assert row.process == replace(FACTS, file_digest=config_digest(SETTINGS))
    assert row.age_s is not None
    assert 0 <= row.age_s < 60
    run(here.leave())
    assert run(store.processes()) == []
    run(here.beat())  # a heartbeat that was under way does not bring it back
    assert run(store.processes()) == []


def test_a_second_heartbeat_keeps_the_start(store: Store, run: Run) -> None:
    run(store.beat(FACTS, 600))
    (first,) = run(store.processes())
    run(store.beat(replace(FACTS, guard="off"), 5))
    (second,) = run(store.processes())
    assert (second.started_at, second.process.guard) == (first.started_at, "off")


def test_a_file_that_was_edited_before_the_start_is_believed_before_its_digest_line() -> None:
    edited = TEXT.replace("true", "false")
    here = presence(MemoryStore(), text=edited)
    assert here.facts.config_digest == config_digest(edited) != FACTS.config_digest


def test_without_a_file_the_variable_tells_what_was_loaded() -> None:
    here = presence(MemoryStore(), text=None)
    assert (here.facts.config_digest, here.facts.file_digest) == (FACTS.config_digest, "")


@pytest.mark.slow
def test_a_row_that_somebody_forged_is_read_as_it_stands(
    postgres_store: PostgresStore, ledger_database_url: str, run: Run
) -> None:
    run(postgres_store.beat(FACTS, 5))
    with psycopg.connect(ledger_database_url, autocommit=True) as server:
        for forged, beat in (("x", "no moment"), ("y", "9999-12-31T00:00:00+00:00"), ("z", "")):
            server.execute(
                "INSERT INTO aspire_ledger.processes (id, started_at, heartbeat_at)"
                " VALUES (%s, 'x', %s)",
                (forged, beat),
            )
    ages = {row.process.id: row.age_s for row in run(postgres_store.processes())}
    assert ages["gw-1"] is not None
    assert ages["gw-1"] < 60
    assert (ages["x"], ages["z"]) == (None, None)
    assert ages["y"] is not None
    assert ages["y"] < 0


@pytest.mark.slow
def test_the_row_of_a_killed_process_is_gone_after_a_day(
    postgres_store: PostgresStore, ledger_database_url: str, run: Run
) -> None:
    run(postgres_store.beat(FACTS, 5))
    with psycopg.connect(ledger_database_url, autocommit=True) as server:
        server.execute(
            "UPDATE aspire_ledger.processes SET heartbeat_at = to_char("
            "(CURRENT_TIMESTAMP - INTERVAL '25 hours') AT TIME ZONE 'UTC',"
            ' \'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"\')'
        )
    run(postgres_store.beat(replace(FACTS, id="gw-2"), 5))
    assert [row.process.id for row in run(postgres_store.processes())] == ["gw-2"]


def test_a_heartbeat_that_fails_goes_on_and_stopping_does_not_wait(run: Run) -> None:
    store = MemoryStore()
    here = presence(store, every_s=0.01)

    async def story() -> None:
        store.away = True
        beating = asyncio.create_task(here.keep())
        await asyncio.sleep(0.05)
        assert not beating.done()
        store.away = False
        await here.beat()
        assert list(store.tables.processes) == ["gw-1"]
        assert not beating.done()
        store.away = True
        await here.leave()
        await beating

    run(story())


# ── the answer ───────────────────────────────────────────────────────────────


def ask(
    here: Presence | None, nonce: str = NONCE, path: str = "/v1/models"
) -> tuple[Reply, Behind]:
    gate = Gate()
    gate.identify = here.answer if here else None
    reply = asyncio.run(gate.ask("GET", path, None, headers=[("X-Aspire-Identity", nonce)]))
    return reply, gate.behind


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/key/info", "/nothing"])
def test_the_probe_key_is_told_what_the_process_runs(path: str) -> None:
    reply, behind = ask(presence(MemoryStore()), path=path)
    told = json.loads(reply.body)
    assert (reply.status, told["nonce"], told["id"]) == (200, NONCE, "gw-1")
    assert told["config_digest"] == told["file_digest"] == config_digest(SETTINGS)
    assert behind.arrived == []


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(None, id="a key that LiteLLM refuses"),
        pytest.param({}, id="the admin key"),
        pytest.param({"purpose": "probe"}, id="a key of somebody else"),
        pytest.param({"aspire_gitops": {}, "app": "wiki"}, id="an app's key"),
        pytest.param({"aspire_gitops": {}, "purpose": ["probe"]}, id="another purpose"),
    ],
)
def test_another_key_is_refused_and_its_request_becomes_no_call(
    metadata: Mapping[str, Any] | None,
) -> None:
    reply, behind = ask(presence(MemoryStore(), metadata=metadata))
    assert (reply.status, reply.error["type"]) == (403, "identity_not_told")
    assert config_digest(SETTINGS) not in reply.body.decode()
    assert behind.arrived == []


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "n0nce 0123456789ab", "n0nce'0123456789"])
def test_a_nonce_of_another_form_is_refused(nonce: str) -> None:
    reply, behind = ask(presence(MemoryStore()), nonce)
    assert (reply.status, reply.error["type"], behind.arrived) == (400, "invalid_nonce", [])


def test_a_request_without_the_header_passes() -> None:
    gate = Gate()
    gate.identify = presence(MemoryStore()).answer
    assert asyncio.run(gate.ask("GET", "/v1/models", None)).status == 200
    assert len(gate.behind.arrived) == 1
