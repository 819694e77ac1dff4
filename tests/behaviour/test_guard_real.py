"""The two books agree on a real gateway: what providers bill is what the ledger books, call by call."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from aspire_gitops.sandbox import Billed
from aspire_ledger.amounts import cost_in_nano
from aspire_ledger.card import read_card
from aspire_ledger.pricing import cost_usd
from aspire_ledger.values import Counted
from support.ledger_real import PRICES, SAY_HI, App, LedgerGateway, card, ledger_gateway
from support.sandbox_admin import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

CLIENTS, ROUNDS = 12, 3
RATE = Decimal("0.5")
PIXEL = "data:image/png;base64,aa"
MESSAGES = SAY_HI["messages"]
# Every counted kind of call that one chat alias answers, streamed and not.
KINDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": MESSAGES}),
    "chat, streamed": ("/v1/chat/completions", {"messages": MESSAGES, "stream": True}),
    "completions": ("/v1/completions", {"prompt": ["hi", "there"]}),
    "completions, streamed": ("/v1/completions", {"prompt": "hi", "stream": True}),
    "responses": ("/v1/responses", {"input": "hi"}),
    "responses, streamed": ("/v1/responses", {"input": "hi", "stream": True}),
    "messages": ("/v1/messages", {"messages": MESSAGES, "max_tokens": 50}),
    "messages, streamed": (
        "/v1/messages",
        {"messages": MESSAGES, "max_tokens": 50, "stream": True},
    ),
}
OTHERS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "embeddings": ("embed", "/v1/embeddings", {"input": ["hi", "there"]}),
    "images": ("image", "/v1/images/generations", {"prompt": "hi", "n": 2}),
    "ocr": ("ocr", "/v1/ocr", {"document": {"type": "image_url", "image_url": PIXEL}}),
}
LIMITS = {
    "/v1/chat/completions": "max_tokens",
    "/v1/completions": "max_tokens",
    "/v1/responses": "max_output_tokens",
    "/v1/messages": "max_tokens",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerGateway]:
    folder: Path = tmp_path_factory.mktemp("guard")
    with ledger_gateway(folder) as running:
        yield running


def priced(alias: str, billed: Billed) -> int:
    """Return what one bill costs by the alias's card, in nano-AUD."""
    found = read_card(card(alias))
    assert found
    counted = Counted(
        input_tokens=billed.input_tokens,
        cached_input_tokens=billed.cached_input_tokens,
        output_tokens=billed.output_tokens,
        pages=billed.pages,
        images=billed.images,
        reasoning_tokens=billed.reasoning_tokens,
    )
    return cost_in_nano(cost_usd(found.price, counted), RATE)


def bills(gateway: LedgerGateway, alias: str) -> Counter[int]:
    return Counter(priced(alias, call.billed) for call in gateway.upstream.calls(provider=alias))


def booked(gateway: LedgerGateway, apps: Sequence[App], alias: str) -> Counter[int]:
    """Return what each call was booked at in the end.

    On a busy machine LiteLLM tells of some calls later than five seconds after their answer:
    they are estimated first, and a second line corrects that.
    """
    sums = "SELECT alias, SUM(nano_aud) FROM {schema}entries WHERE budget = {budget}"
    rows = [
        row
        for app in apps
        for row in gateway._rows(f"{sums} GROUP BY alias, request_id", app.budget)
    ]
    return Counter(int(nano) for found, nano in rows if found == alias)


def test_all_kinds_of_call_at_once_on_one_alias_are_each_booked_as_billed(
    gateway: LedgerGateway,
) -> None:
    """LiteLLM's own cost was 0 for some of them: completions beside chat on one alias."""
    gateway.upstream.reset()
    gateway.upstream.bill_as_asked()
    apps = [gateway.app("100000") for _ in range(3)]
    numbers = iter(range(1, 10**6))
    calls = [
        (app, path, {"model": "chat", **body, LIMITS[path]: next(numbers)})
        for _ in range(ROUNDS)
        for app in apps
        for path, body in KINDS.values()
        for _ in range(CLIENTS // len(apps))
    ]
    answers = at_once(calls, CLIENTS * len(KINDS))
    assert {answer.status_code for answer in answers} == {200}
    billed = bills(gateway, "chat")
    assert billed.total() == len(calls)
    eventually(lambda: booked(gateway, apps, "chat") == billed, within_s=60)


def test_calls_of_other_modes_at_once_are_each_booked_as_billed(gateway: LedgerGateway) -> None:
    gateway.upstream.reset()
    gateway.upstream.bill_as_asked()
    app = gateway.app("100000")
    calls = [
        (app, path, {"model": alias, **body})
        for alias, path, body in OTHERS.values()
        for _ in range(CLIENTS)
    ]
    assert {answer.status_code for answer in at_once(calls, len(calls))} == {200}
    for alias in {alias for alias, _, _ in OTHERS.values()}:
        billed = bills(gateway, alias)
        assert billed.total() > 0
        eventually(lambda: booked(gateway, [app], alias) == billed, within_s=60)  # noqa: B023


def at_once(
    calls: Sequence[tuple[App, str, Mapping[str, Any]]], clients: int
) -> list[httpx.Response]:
    with ThreadPoolExecutor(min(clients, 48)) as pool:
        return list(pool.map(lambda call: call[0].client.post(call[1], json=call[2]), calls))


@pytest.mark.parametrize(
    "greed",
    [
        pytest.param({"max_tokens": 4096, "n": 10}, id="all that it may ask for"),
        pytest.param({}, id="nothing stated"),
        pytest.param({"max_tokens": 1_000_000}, id="more than the alias allows"),
    ],
)
def test_a_burst_on_a_strict_budget_is_never_billed_above_its_cap(
    gateway: LedgerGateway, greed: Mapping[str, Any]
) -> None:
    """Thirty calls at once had made a budget of 20 AUD pay 1,350."""
    gateway.upstream.reset()
    gateway.upstream.bill_as_asked()
    app = gateway.app("20", budget_mode="strict")
    dear = {"messages": [{"role": "user", "content": "x" * 1000}], **greed}
    calls = [(app, "/v1/chat/completions", {"model": "chat", **dear})] * 30
    for _ in range(12):  # until the cap is near, and then beyond
        at_once(calls, 30)
        eventually(lambda: gateway.reserved(app) == 0, within_s=60)
    billed = sum(priced("chat", call.billed) for call in gateway.upstream.calls(provider="chat"))
    assert 0 < billed <= 20 * 10**9
    assert gateway.spent(app) * 10**9 == billed


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param({"max_tokens": 1, "extra_body": {"max_tokens": 30000, "n": 10}}, id="beside"),
        pytest.param({"max_tokens": 1, "num_retries": 8}, id="again and again"),
        pytest.param({"max_tokens": 1, "timeout": 0.01}, id="given up at once"),
    ],
)
def test_what_made_a_strict_budget_pay_reaches_nobody(
    gateway: LedgerGateway, attack: Mapping[str, Any]
) -> None:
    gateway.upstream.reset()
    app = gateway.app("20", budget_mode="strict")
    assert app.chat(**attack).status_code == 400
    assert gateway.upstream.calls() == ()


def test_errors_of_a_provider_cost_nothing(
    gateway: LedgerGateway, request: pytest.FixtureRequest
) -> None:
    """A thousand of them with `--matrix all`, else a sample."""
    count = 1000 if request.config.getoption("--matrix") == "all" else 100
    gateway.upstream.reset()
    gateway.upstream.fail(500)
    app = gateway.app("20", budget_mode="strict")
    kinds = list(KINDS.values())
    calls = [(app, *kinds[number % len(kinds)]) for number in range(count)]
    sent = [(app, path, {"model": "chat", **body}) for app, path, body in calls]
    answers = at_once(sent, 24)
    assert {answer.status_code for answer in answers} == {500}
    eventually(lambda: gateway.reserved(app) == 0, within_s=60)
    assert (gateway.entries(app), gateway.spent(app)) == ([], Decimal(0))
    eventually(lambda: sum(_failures(gateway, app).values()) == count, within_s=30)
    assert _failures(gateway, app) == {"5xx": count}


def _failures(gateway: LedgerGateway, app: App) -> dict[str, int]:
    rows = gateway._rows(
        "SELECT outcome, SUM(calls) FROM {schema}failures WHERE app = {budget} GROUP BY outcome",
        app.name,
    )
    return {outcome: int(calls) for outcome, calls in rows}


def test_a_swap_to_a_target_ten_times_dearer_prices_each_call_by_the_row_that_answered(
    gateway: LedgerGateway,
) -> None:
    """Under load: a call in flight keeps its price, and a strict budget is never exceeded."""
    gateway.upstream.reset()
    params = {"model": "openai/gpt-x", "api_key": "sk-provider-0", "timeout": 60, **PRICES}
    cheap, dear = card("swapped"), card("swapped", price=TEN_TIMES)
    base = gateway.sandbox.upstream_url
    info = {"id": "gw.swapped.1", "mode": "chat"}
    row = {
        "model_name": "swapped",
        "litellm_params": {**params, "api_base": f"{base}/cheap/v1"},
        "model_info": {**info, "aspire": cheap},
    }
    gateway.admin.post("/model/new", row)
    app = gateway.app("1", budget_mode="strict")
    gateway.admin.post("/key/update", {"key": app.key, "models": ["swapped"]})
    eventually(lambda: app.chat("swapped").status_code == 200)
    gateway.upstream.delay(0.05)
    statuses = asyncio.run(_swap_under_load(gateway, app, info["id"], f"{base}/dear/v1", dear))
    eventually(lambda: gateway.reserved(app) == 0, within_s=60)
    booked = Counter(int(entry.aud * 10**9) for entry in gateway.entries(app))
    billed = Counter(
        {180_000: len(gateway.upstream.calls(provider="cheap"))}
        | {1_800_000: len(gateway.upstream.calls(provider="dear"))}
    )
    assert booked == billed
    assert all(billed.values())
    assert set(statuses) <= {200, 429, 503}


TEN_TIMES = {"input_usd_per_million_tokens": "10", "output_usd_per_million_tokens": "40"}


async def _swap_under_load(
    gateway: LedgerGateway, app: App, row_id: str, api_base: str, dear: Mapping[str, Any]
) -> list[int]:
    statuses: list[int] = []
    until = time.monotonic() + 8
    headers = {"authorization": f"Bearer {app.key}"}

    async def client() -> None:
        async with httpx.AsyncClient(
            base_url=gateway.sandbox.base_url, headers=headers, timeout=60, trust_env=False
        ) as caller:
            while time.monotonic() < until:
                body = {"model": "swapped", "max_tokens": 20, **SAY_HI}
                statuses.append((await caller.post("/v1/chat/completions", json=body)).status_code)

    async def swap() -> None:
        await asyncio.sleep(3)
        change = {
            "litellm_params": {"api_base": api_base},
            "model_info": {"id": row_id, "mode": "chat", "aspire": dear},
        }
        await asyncio.to_thread(gateway.admin.send, "PATCH", f"/model/{row_id}/update", change)

    await asyncio.gather(*(client() for _ in range(8)), swap())
    return statuses
