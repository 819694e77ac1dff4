"""Whatever a caller sends: refused, or bound no lower than what a provider bills for what is sent.

The stand-in reads a request as the worst provider does: every name of a limit, the larger
of two, a token for each byte.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aspire_gitops.rehearsal.environment import Tariff
from aspire_gitops.sandbox.upstream.bill import Billing, BillingOrder
from aspire_gitops.sandbox.upstream.billing import bill
from aspire_ledger import contract as contracts
from aspire_ledger.bound import ask
from aspire_ledger.card import Card, read_card
from aspire_ledger.contract import EXTENSIONS, Consent, Contract
from aspire_ledger.request_guard import Objection, judge

USD_PER_AUD = Decimal("0.6512")
MESSAGES = [{"role": "user", "content": "hi"}]
ROUTES: Mapping[str, tuple[Contract, dict[str, Any]]] = {
    "chat/completions": (contracts.CHAT, {"messages": MESSAGES}),
    "completions": (contracts.COMPLETIONS, {"prompt": "hi"}),
    "responses": (contracts.RESPONSES, {"input": "hi"}),
    "messages": (contracts.MESSAGES, {"messages": MESSAGES, "max_tokens": 16}),
    "embeddings": (contracts.EMBEDDINGS, {"input": "hi"}),
    "images/generations": (contracts.IMAGES, {"prompt": "a cat"}),
    "ocr": (contracts.OCR, {"document": {"type": "document_url", "document_url": "https://x"}}),
}
MODES = {"embeddings": "embedding", "images/generations": "image_generation", "ocr": "ocr"}
TOKEN_PRICE = {"input_usd_per_million_tokens": "1.1", "output_usd_per_million_tokens": "4.4"}
PRICES = {
    "embeddings": TOKEN_PRICE,
    "images/generations": {
        "usd_per_image": "0.04",
        "images": [{"size": "4096x4096", "usd": "0.32"}, {"quality": "high", "usd": "0.08"}],
    },
    "ocr": {"usd_per_page": "0.001", "usd_per_annotated_page": "0.003"},
}
TEXT_PRICE = {
    **TOKEN_PRICE,
    "cached_input_usd_per_million_tokens": "0.2",
    "cache_write_usd_per_million_tokens": "1.4",
    "cache_write_1h_usd_per_million_tokens": "2.2",
    "usd_per_use": {"web_search": "0.01", "code_interpreter": "0.03"},
}

numbers = st.sampled_from([1, 2, 10, 128, 129, 0, -1, 16, 4096, 30_000, 10**9, 2.5, "10", "x"])
texts = st.text(max_size=40)
tools = st.lists(
    st.sampled_from(
        [
            {"type": "web_search"},
            {"type": "web_search", "max_uses": 3},
            {"type": "code_interpreter", "container": {"type": "auto"}},
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        ]
    ),
    max_size=3,
)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "max_output_tokens"), numbers),
    **dict.fromkeys(("n", "best_of", "max_tool_calls", "partial_images", "Max_Tokens"), numbers),
    **dict.fromkeys(("thinking_budget", "max_new_tokens", "candidate_count"), numbers),
    "thinking": st.fixed_dictionaries({"type": st.just("enabled"), "budget_tokens": numbers}),
    "reasoning": st.fixed_dictionaries({"max_tokens": numbers}),
    "chat_template_kwargs": st.fixed_dictionaries({"thinking_budget": numbers}),
    "extra_body": st.fixed_dictionaries({"max_tokens": numbers, "n": numbers}),
    "prompt": st.lists(texts, max_size=20) | st.lists(st.lists(st.integers(1, 9)), max_size=5),
    "input": texts | st.lists(texts, max_size=5),
    "messages": st.lists(
        st.fixed_dictionaries({"role": st.just("user"), "content": texts}), max_size=3
    ),
    "system": texts,
    "instructions": texts,
    "suffix": texts,
    "tools": tools,
    "web_search_options": st.just({}),
    "response_format": st.just({"type": "json_schema", "json_schema": {"name": "x" * 50}}),
    "output_config": st.just({"format": {"type": "json_schema", "schema": {"title": "y" * 50}}}),
    "cache_control": st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}]),
    "prompt_cache_key": texts,
    "size": st.sampled_from(["1024x1024", "4096x4096", "auto"]),
    "quality": st.sampled_from(["low", "high", "auto"]),
    "pages": st.lists(st.integers(0, 50), max_size=60) | st.sampled_from(["0-2", "0-9,4", "x"]),
    "document_annotation_format": st.just({"type": "json_schema", "json_schema": {}}),
    "user": texts,
}
changes = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=5).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
)


def card_for(route: str, *, ignores: bool) -> Card:
    limits: dict[str, Any] = {"context_window_tokens": 200_000, "max_output_tokens": 8192}
    if ignores:
        limits |= {"ignores_output_limit": True, "target_max_output_tokens": 50_000}
    price = PRICES.get(route, TEXT_PRICE)
    card = read_card({"format": 1, "mode": MODES.get(route, "chat"), "price": price, **limits})
    assert card
    return card


def sent_on(route: str, change: Mapping[str, Any], card: Card) -> dict[str, Any] | None:
    """Return the body that the guard lets go on, or None if it refuses the request."""
    contract, honest = ROUTES[route]
    body = {"model": "m", **honest, **change}
    try:
        judged = judge(contract, body, card, Consent(frozenset(EXTENSIONS)))
    except Objection:
        return None
    kept = {name: value for name, value in body.items() if name not in judged.removed}
    return {**kept, **judged.written}


@pytest.mark.parametrize("ignores", [False, True], ids=["a limit binds", "no limit binds"])
@pytest.mark.parametrize("route", ROUTES)
@given(change=changes)
@example(change={})
@example(change={"chat_template_kwargs": {"thinking_budget": 30_000}})
@example(change={"reasoning": {"max_tokens": 30_000}})
@example(change={"max_tokens": 1, "extra_body": {"max_tokens": 30_000, "n": 10}})
@example(change={"prompt": ["hi"] * 200})
@example(change={"max_tokens": 30_000, "n": 128, "best_of": 10})
def test_no_bill_is_above_the_bound(
    route: str,
    ignores: bool,  # noqa: FBT001
    change: dict[str, Any],
) -> None:
    card = card_for(route, ignores=ignores)
    sent = sent_on(route, change, card)
    if sent is None:
        return
    how = BillingOrder(billing=Billing.ASKED, ignores_limits=ignores, bytes_per_token=1)
    billed = bill(route, sent, how)
    tariff = Tariff(card, USD_PER_AUD)
    assert ask(ROUTES[route][0], sent, card).worst_usd >= tariff.usd(billed), (sent, billed)


@pytest.mark.parametrize("route", ROUTES)
def test_an_honest_request_goes_on(route: str) -> None:
    """Else the property above would hold for a guard that refuses everything."""
    assert sent_on(route, {}, card_for(route, ignores=False)) is not None
