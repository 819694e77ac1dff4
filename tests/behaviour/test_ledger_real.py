"""The spend ledger inside a real LiteLLM: every route, every way a call can end, live caps."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from aspire_ledger.litellm.running import LOGGED, logged_call
from aspire_ledger.values import Counted
from ledger_support.desk import CHAT_AUD, account
from support.ledger_real import PRICES, SAY_HI, App, LedgerGateway, card
from support.sandbox_admin import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

ONE_CALL = "0.00001"  # less than any call costs: the first one is admitted, and uses it up
EXCEEDED = "monthly_budget_aud_exceeded"


@pytest.fixture
def gateway(shared_ledger: LedgerGateway) -> LedgerGateway:
    return shared_ledger


@pytest.fixture(autouse=True)
def well_behaved(gateway: LedgerGateway) -> Iterator[None]:
    yield
    gateway.upstream.reset()


def post(app: App, path: str, body: dict[str, Any]) -> httpx.Response:
    return app.client.post(path, json=body)


CHAT: dict[str, Any] = {"model": "chat", **SAY_HI}
MESSAGE: dict[str, Any] = {"model": "claude", "max_tokens": 20, **SAY_HI}
DOCUMENT = {"type": "document_url", "document_url": "https://files.example.com/a.pdf"}


@pytest.mark.parametrize(
    ("path", "body", "aud"),
    [
        pytest.param("/v1/chat/completions", CHAT, CHAT_AUD, id="chat"),
        pytest.param("/v1/chat/completions", {**CHAT, "stream": True}, CHAT_AUD, id="chat, stream"),
        pytest.param("/v1/messages", MESSAGE, CHAT_AUD, id="messages"),
        pytest.param("/v1/messages", {**MESSAGE, "stream": True}, CHAT_AUD, id="messages, stream"),
        pytest.param("/v1/messages", {**MESSAGE, "model": "chat"}, CHAT_AUD, id="messages, bridged"),
        pytest.param("/v1/responses", {"model": "respond", "input": "hi"}, CHAT_AUD, id="responses"),
        pytest.param(
            "/v1/responses",
            {"model": "respond", "input": "hi", "stream": True},
            CHAT_AUD,
            id="responses, stream",
        ),
        pytest.param(
            "/v1/responses", {"model": "claude", "input": "hi"}, CHAT_AUD, id="responses, bridged"
        ),
        pytest.param(
            "/v1/embeddings", {"model": "embed", "input": "hi"}, Decimal("0.00002"), id="embeddings"
        ),
        pytest.param("/v1/ocr", {"model": "ocr", "document": DOCUMENT}, Decimal("0.002"), id="OCR"),
        pytest.param(
            "/v1/images/generations", {"model": "image", "prompt": "a cat"}, Decimal("0.08"),
            id="images",
        ),
    ],
)  # fmt: skip
def test_each_route_is_admitted_then_settled_then_refused(
    gateway: LedgerGateway, path: str, body: dict[str, Any], aud: Decimal
) -> None:
    app = gateway.app(ONE_CALL)
    first = post(app, path, body)
    assert first.status_code == 200, first.text
    (entry,) = gateway.settled(app, 1)
    assert (entry.kind, entry.alias, entry.aud) == ("settled", body["model"], aud)
    second = post(app, path, body)
    error = second.json()["error"]
    told = error.get("provider_specific_fields", {}).get("type", error["type"])
    assert (second.status_code, told) == (429, EXCEEDED)
    assert len(gateway.entries(app)) == 1


CACHED_CHAT = {**CHAT, "prompt_cache_key": "wiki"}
CACHED_MESSAGE = {
    **MESSAGE,
    "messages": [
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}],
        }
    ],
}
CACHED_ANSWER = {"model": "respond", "input": "hi", "prompt_cache_key": "wiki"}


@pytest.mark.parametrize(
    ("path", "body", "tokens", "others"),
    [
        pytest.param("/v1/chat/completions", CACHED_CHAT, (10, 20), (4, 0, 0), id="chat"),
        pytest.param(
            "/v1/chat/completions",
            {**CACHED_CHAT, "stream": True},
            (10, 20),
            (4, 0, 0),
            id="chat, stream",
        ),
        pytest.param("/v1/messages", CACHED_MESSAGE, (10, 20), (4, 0, 0), id="messages"),
        pytest.param(
            "/v1/messages",
            {**CACHED_MESSAGE, "stream": True},
            (10, 20),
            (4, 0, 0),
            id="messages, stream",
        ),
        pytest.param("/v1/responses", CACHED_ANSWER, (10, 20), (4, 0, 0), id="responses"),
        pytest.param(
            "/v1/responses",
            {**CACHED_ANSWER, "stream": True},
            (10, 20),
            (4, 0, 0),
            id="responses, stream",
        ),
        pytest.param(
            "/v1/ocr", {"model": "ocr", "document": DOCUMENT}, (0, 0), (0, 1, 0), id="OCR"
        ),
        pytest.param(
            "/v1/images/generations",
            {"model": "image", "prompt": "a cat"},
            (0, 0),
            (0, 0, 1),
            id="images",
        ),
    ],
)
def test_each_unit_that_a_call_is_charged_by_is_counted(
    gateway: LedgerGateway,
    path: str,
    body: dict[str, Any],
    tokens: tuple[int, int],
    others: tuple[int, int, int],
) -> None:
    """Cached tokens are some of the input tokens, whichever way a provider says so."""
    app = gateway.app("1")
    reply = post(app, path, body)
    assert reply.status_code == 200, reply.text
    (entry,) = gateway.settled(app, 1)
    assert (entry.tokens, (entry.cached, entry.pages, entry.images)) == (tokens, others)


@pytest.mark.parametrize(
    ("path", "body", "counted"),
    [
        pytest.param("/v1/chat/completions", CACHED_CHAT, Counted(10, 4, 20), id="chat"),
        pytest.param("/v1/messages", CACHED_MESSAGE, Counted(10, 4, 20), id="messages"),
        pytest.param(
            "/v1/images/generations",
            {"model": "image", "prompt": "a cat"},
            Counted(images=1),
            id="images",
        ),
    ],
)
def test_litellms_own_log_tells_the_units_too(
    gateway: LedgerGateway, path: str, body: dict[str, Any], counted: Counted
) -> None:
    """What a lost call used is read there. For OCR, LiteLLM keeps no id of ours."""
    app = gateway.app("1")
    since = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=1)
    assert post(app, path, body).status_code == 200
    gateway.settled(app, 1)
    window = (since, since + timedelta(minutes=1))
    question = LOGGED.replace("$1", "%s").replace("$2", "%s")

    def told() -> list[Counted]:
        with psycopg.connect(gateway.sandbox.database_url, row_factory=dict_row) as log:
            rows = log.execute(question.encode(), window).fetchall()
        return [call.counted for row in rows if (call := logged_call(row))]

    eventually(lambda: counted in told(), within_s=30)


def test_a_refusal_says_who_spent_what_and_when_the_month_turns(gateway: LedgerGateway) -> None:
    app = gateway.app("0")
    reply = app.chat()
    error = reply.json()["error"]
    assert error["message"].startswith(f'app "{app.name}" (budget "{app.budget}") has spent 0.00')
    assert "The month turns at 20" in error["message"]
    assert "(Australia/Sydney)" in error["message"]
    assert error["param"] == "MONTHLY_BUDGET_AUD"
    assert 1 <= int(reply.headers["retry-after"]) <= 3600


def test_a_new_cap_is_in_force_with_the_next_call(gateway: LedgerGateway) -> None:
    app = gateway.app("0")
    assert app.chat().status_code == 429
    gateway.change(app, monthly_aud="1")
    assert app.chat().status_code == 200
    gateway.change(app, monthly_aud="0")
    assert app.chat().status_code == 429


def test_apps_that_share_a_budget_spend_from_one_pot(gateway: LedgerGateway) -> None:
    one = gateway.app(ONE_CALL, budget="pot")
    other = gateway.app(ONE_CALL, budget="pot")
    assert one.chat().status_code == 200
    gateway.settled(one, 1)
    assert other.chat().status_code == 429


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"headers": {"x-litellm-call-id": "same"}}, id="LiteLLM's id in a header"),
        pytest.param({"litellm_metadata": {"aspire_ledger": "mine"}}, id="our id in its notes"),
        pytest.param({"no-log": True}, id="a call that is not logged"),
    ],
)
def test_a_caller_that_would_choose_what_its_calls_are_known_by_is_refused(
    gateway: LedgerGateway, forged: dict[str, Any]
) -> None:
    app = gateway.app("1")
    gateway.upstream.reset()
    assert app.chat(**forged).status_code == 400
    assert gateway.upstream.calls() == ()


def test_calls_with_one_label_are_each_booked(gateway: LedgerGateway) -> None:
    """A client that could choose what its calls are known by would pay for one of them."""
    app = gateway.app("1")
    for _ in range(3):
        assert app.chat(metadata={"aspire_ledger": "mine"}).status_code == 200
    assert len(gateway.settled(app, 3)) == 3


def test_a_failed_call_costs_nothing_and_holds_nothing(gateway: LedgerGateway) -> None:
    app = gateway.app("1")
    gateway.upstream.fail(500)
    assert app.chat().status_code == 500
    assert app.chat(stream=True).status_code == 500
    assert post(app, "/v1/messages", MESSAGE).status_code == 500
    eventually(lambda: gateway.reserved(app) == 0)
    assert gateway.entries(app) == []


def test_a_call_that_its_client_gave_up_on_is_booked_when_it_ends(gateway: LedgerGateway) -> None:
    app = gateway.app("1")
    gateway.upstream.delay(2, times=1)
    with pytest.raises(httpx.TimeoutException):
        app.client.post("/v1/chat/completions", json=CHAT, timeout=0.5)
    assert [entry.aud for entry in gateway.settled(app, 1)] == [CHAT_AUD]


def test_a_stream_that_its_client_left_is_booked_as_far_as_it_came(gateway: LedgerGateway) -> None:
    app = gateway.app("1")
    with slow_stream() as api_base:
        params = {"model": "openai/gpt-x", "api_base": api_base, "api_key": "none", **PRICES}
        info = {"id": "gw.slow.1", "mode": "chat", "aspire": card("slow")}
        row = {"model_name": "slow", "litellm_params": params, "model_info": info}
        gateway.admin.post("/model/new", row)
        gateway.admin.post("/key/update", {"key": app.key, "models": ["slow"]})
        body = {"model": "slow", "stream": True, **SAY_HI}
        with app.client.stream("POST", "/v1/chat/completions", json=body) as reply:
            lines = reply.iter_lines()
            for _ in range(6):
                next(lines)
        (entry,) = gateway.settled(app, 1)
    assert entry.kind == "settled"
    assert entry.estimated
    assert 0 < entry.tokens[1] < 6 * len(" word0")  # what was seen, by its bytes


def test_an_alias_that_costs_nothing_is_served_when_all_is_spent(gateway: LedgerGateway) -> None:
    """As its file says, with a reason: `price.zero_because`."""
    app = gateway.app("0")
    gateway.admin.post(
        "/model/new",
        {
            "model_name": "own",
            "litellm_params": {
                "model": "openai/gpt-x",
                "api_base": f"{gateway.sandbox.upstream_url}/own/v1",
                "api_key": "none",
                **dict.fromkeys(PRICES, 0),  # what is left out, LiteLLM takes from `chat`'s model
            },
            "model_info": {"id": "gw.own.1", "mode": "chat", "aspire": card("own", price=FREE)},
        },
    )
    gateway.admin.post("/key/update", {"key": app.key, "models": ["own", "chat"]})
    assert app.chat().status_code == 429

    def served() -> bool:
        reply = app.chat("own")
        assert "monthly_budget_aud_exceeded" not in reply.text, reply.text
        return reply.status_code == 200  # LiteLLM's router may not have the new row for a moment

    eventually(served)
    (entry,) = gateway.settled(app, 1)
    assert (entry.kind, entry.alias, entry.aud) == ("settled", "own", Decimal(0))


FREE = {"input_usd_per_million_tokens": "0", "output_usd_per_million_tokens": "0"}


@contextmanager
def slow_stream() -> Iterator[str]:
    """A provider that says twenty words, five a second, and yields where it is."""
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x"}

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for word in range(20):
                choice = {"index": 0, "delta": {"content": f" word{word}"}, "finish_reason": None}
                event = json.dumps({**chunk, "choices": [choice]})
                try:
                    self.wfile.write(f"data: {event}\n\n".encode())
                except OSError:
                    return
                time.sleep(0.2)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        serving.join()


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        pytest.param(
            "/v1/batches",
            {"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h"},
            403,
            "route_not_counted",
            id="a batch, whose cost comes a day later",
        ),
        pytest.param(
            "/v1/responses",
            {"model": "respond", "input": "hi", "background": True},
            403,
            "route_not_counted",
            id="an answer in the background",
        ),
        pytest.param(
            "/v1/chat/completions",
            {**CHAT, "model": "ocr"},
            400,
            "alias_of_another_mode",
            id="tokens of an alias that is priced by the page",
        ),
        pytest.param(
            "/v1/chat/completions",
            {**CHAT, "model": "chat,claude"},
            400,
            "one_alias_per_call",
            id="one request, two calls",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(
    gateway: LedgerGateway, path: str, body: dict[str, Any], status: int, kind: str
) -> None:
    reply = post(gateway.app("1"), path, body)
    assert (reply.status_code, reply.json()["error"]["type"]) == (status, kind)


def test_a_key_without_our_mark_is_refused_and_so_is_the_master_key(gateway: LedgerGateway) -> None:
    for app in (gateway.anonymous(team="x"), gateway.master()):
        reply = app.chat()
        assert (reply.status_code, reply.json()["error"]["type"]) == (403, "key_without_budget")


def test_lists_of_models_need_no_budget(gateway: LedgerGateway) -> None:
    assert gateway.app("0").client.get("/v1/models").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health?model=chat"),  # LiteLLM lets any key that is none of ours run it
        ("POST", "/health/test_connection"),
        ("POST", "/prompts/test"),
    ],
)
def test_checks_that_call_models_are_refused_also_for_the_master_key(
    gateway: LedgerGateway, method: str, path: str
) -> None:
    gateway.upstream.reset()
    for app in (gateway.app("1"), gateway.anonymous(team="x"), gateway.master()):
        reply = app.client.request(method, path, json={})
        assert (reply.status_code, reply.json()["error"]["type"]) == (403, "route_not_counted")
    assert gateway.upstream.calls() == ()


def test_damaged_metadata_is_refused_with_what_is_wrong(gateway: LedgerGateway) -> None:
    damaged = account("broken", "1", timezone="Australia/Sidney")
    error = gateway.anonymous(**damaged).chat().json()["error"]
    assert error["type"] == "damaged_account"
    assert "timezone is 'Australia/Sidney'" in error["message"]


def test_neither_prompts_nor_keys_are_kept(gateway: LedgerGateway) -> None:
    app = gateway.app("1")
    secret = "planted-prompt-4711"
    assert app.chat(messages=[{"role": "user", "content": secret}], user=secret).status_code == 200
    gateway.settled(app, 1)
    kept = gateway.everything()
    assert app.name in kept
    assert secret not in kept
    assert app.key not in kept
    assert app.key not in gateway.sandbox.log.read_text()
