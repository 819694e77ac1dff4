"""The stand-in bills what it is asked for, and says so in each API's own words."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.sandbox import UpstreamControl
from aspire_gitops.sandbox.upstream.bill import (
    NOTHING,
    Billed,
    Billing,
    BillingOrder,
    Report,
    total,
)
from aspire_gitops.sandbox.upstream.billing import bill

ASKED = BillingOrder(billing=Billing.ASKED)
HI: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("route", "body", "tokens"),
    [
        pytest.param("chat/completions", {}, 50_000, id="no limit"),
        pytest.param("chat/completions", {"max_tokens": 7}, 7, id="a limit"),
        pytest.param(
            "chat/completions",
            {"max_tokens": 1, "max_completion_tokens": 30},
            30,
            id="the larger of two limits",
        ),
        pytest.param(
            "chat/completions",
            {"max_tokens": 1, "extra_body": {"max_tokens": 30_000, "n": 10}},
            300_000,
            id="a nested extra_body",
        ),
        pytest.param("chat/completions", {"max_tokens": 1, "MaxTokens": 99}, 99, id="another case"),
        pytest.param("chat/completions", {"max_tokens": "9"}, 9, id="a number as text"),
        pytest.param("chat/completions", {"max_tokens": -1}, 50_000, id="a limit below zero"),
        pytest.param("chat/completions", {"max_tokens": None}, 50_000, id="a null limit"),
        pytest.param("chat/completions", {"max_tokens": "many"}, 50_000, id="a limit in words"),
        pytest.param("chat/completions", {"max_tokens": 10**400}, 50_000, id="a limit like none"),
        pytest.param("chat/completions", {"max_tokens": 10**9}, 1_000_000, id="too high a limit"),
        pytest.param("chat/completions", {"max_tokens": 5, "n": 3}, 15, id="several answers"),
        pytest.param("chat/completions", {"max_tokens": 5, "n": 10**9}, 640, id="128 at most"),
        pytest.param(
            "chat/completions", {"max_tokens": 5, "thinking_budget": 100}, 105, id="thinking beside"
        ),
        pytest.param(
            "chat/completions",
            {"max_tokens": 5, "reasoning": {"max_tokens": 7}},
            12,
            id="reasoning with a budget of its own",
        ),
        pytest.param("responses", {"max_output_tokens": 8}, 8, id="responses"),
        pytest.param("responses", {"max_tokens": 8}, 50_000, id="the wrong field for responses"),
        pytest.param(
            "messages",
            {"max_tokens": 9, "thinking": {"type": "enabled", "budget_tokens": 5}},
            9,
            id="messages, thinking is a part",
        ),
        pytest.param("completions", {"prompt": "hi", "max_tokens": 4}, 4, id="completions"),
        pytest.param(
            "completions", {"prompt": ["hi"] * 200, "max_tokens": 4}, 800, id="200 prompts"
        ),
        pytest.param(
            "completions",
            {"prompt": [[1, 2], [3]], "best_of": 3, "max_tokens": 4},
            24,
            id="two prompts of tokens, best of three",
        ),
        pytest.param("completions", {"prompt": [1, 2, 3], "max_tokens": 4}, 4, id="one of tokens"),
        pytest.param("embeddings", {"input": "hi"}, 0, id="embeddings"),
        pytest.param("models", {}, 0, id="what costs nothing"),
    ],
)
def test_output_is_billed_as_asked(route: str, body: dict[str, Any], tokens: int) -> None:
    assert bill(route, body, ASKED).output_tokens == tokens


def test_a_provider_can_ignore_limits() -> None:
    order = ASKED.model_copy(update={"ignores_limits": True})
    assert bill("chat/completions", {"max_tokens": 1}, order).output_tokens == 50_000


@pytest.mark.parametrize(
    ("route", "body", "expected"),
    [
        pytest.param(
            "chat/completions",
            {**HI, "prompt_cache_key": "k" * 9},
            {"input_tokens": 2, "cached_input_tokens": 1},
            id="some of the input is cached",
        ),
        pytest.param(
            "messages",
            {"messages": [{"content": "x" * 40, "cache_control": {"type": "ephemeral"}}]},
            {"input_tokens": 13, "cache_write_tokens": 13},
            id="the input is written to a cache",
        ),
        pytest.param(
            "messages",
            {"system": [{"text": "xxxx", "cache_control": {"ttl": "1h"}}]},
            {"input_tokens": 2, "cache_write_1h_tokens": 2},
            id="for an hour",
        ),
        pytest.param(
            "responses",
            {"input": "hi", "tools": [{"type": "web_search"}, {"type": "function"}]},
            {"tool_uses": {"web_search": 5}},
            id="a tool at the provider, five times",
        ),
        pytest.param(
            "messages",
            {"tools": [{"type": "web_search_20250305", "max_uses": 2}, {"type": "bash_20250124"}]},
            {"tool_uses": {"web_search": 2}},
            id="as often as the request allows",
        ),
        pytest.param(
            "chat/completions",
            {"web_search_options": {}},
            {"tool_uses": {"web_search": 5}},
            id="searches by option",
        ),
        pytest.param(
            "messages",
            {"mcp_servers": [{"url": "https://x.example"}]},
            {"tool_uses": {"mcp": 5}},
            id="servers of tools",
        ),
        pytest.param("ocr", {"document": {"type": "document_url"}}, {"pages": 40}, id="a document"),
        pytest.param("ocr", {"document": {"type": "image_url"}}, {"pages": 1}, id="one picture"),
        pytest.param("ocr", {"pages": [0, 4]}, {"pages": 2}, id="some pages"),
        pytest.param("ocr", {"pages": "0-2,7"}, {"pages": 4}, id="pages in words"),
        pytest.param(
            "ocr",
            {"pages": [1], "bbox_annotation_format": {"type": "json_schema"}},
            {"annotated_pages": 1},
            id="annotated",
        ),
        pytest.param(
            "images/generations",
            {"prompt": "a cat", "n": 2, "size": "1024x1024", "quality": "low"},
            {"images": 2, "size": "1024x1024", "quality": "low", "output_tokens": 544},
            id="pictures",
        ),
        pytest.param(
            "images/edits",
            {"image": {"type": "image"}, "prompt": "a hat!", "n": "3"},
            {"images": 3, "input_image_tokens": 1500, "input_tokens": 1503},
            id="an edited picture, from a form",
        ),
        pytest.param(
            "chat/completions",
            {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]},
            {"input_tokens": 1500, "input_image_tokens": 1500},
            id="a picture to look at",
        ),
        pytest.param(
            "embeddings", {"input": [[1, 2], [3]], "model": "m"}, {"input_tokens": 3}, id="tokens"
        ),
    ],
)
def test_units_are_billed_as_asked(
    route: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = bill(route, body, ASKED).model_dump()
    assert {name: found[name] for name in expected} == expected


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n", "max_tokens", "extra_body", "tools", "type", "prompt", "pages"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(["completions", "chat/completions", "responses", "ocr"]), json_values)
def test_no_body_is_too_odd_to_be_billed(route: str, value: Any) -> None:
    """A provider that fell over would look like one that was never called."""
    body = {"tools": value, "n": value, "prompt": value, "pages": value, "extra_body": value}
    found = bill(route, body, ASKED.model_copy(update={"bytes_per_token": 1}))
    assert 0 <= found.input_tokens <= len(json.dumps(body).encode()) * 4 + 1500 * 20


ROUTES: list[tuple[str, dict[str, Any]]] = [
    ("chat/completions", {**HI, "max_tokens": 6, "n": 2}),
    ("completions", {"prompt": ["a", "b"], "max_tokens": 6}),
    ("responses", {"input": "hi", "max_output_tokens": 6}),
    ("messages", {**HI, "max_tokens": 6}),
]


def usages(reply: httpx.Response) -> list[dict[str, Any]]:
    """Every usage in an answer, streamed or not, in order."""
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n")]
    documents = [json.loads(line) for line in lines if line.startswith("{")]
    holders = [
        holder
        for document in documents
        for holder in (document, document.get("response"), document.get("message"))
    ]
    return [h["usage"] for h in holders if isinstance(h, dict) and h.get("usage")]


@pytest.mark.parametrize(
    "streamed",
    [
        pytest.param({}, id="whole"),
        pytest.param({"stream": True, "stream_options": {"include_usage": True}}, id="streamed"),
    ],
)
@pytest.mark.parametrize(("path", "body"), ROUTES, ids=[path for path, _ in ROUTES])
def test_what_is_billed_is_what_is_reported(
    client: httpx.Client,
    control: UpstreamControl,
    path: str,
    body: dict[str, Any],
    streamed: dict[str, Any],
) -> None:
    control.bill_as_asked()
    reply = client.post(f"/a/v1/{path}", json={"model": "m", **body, **streamed})
    billed = control.calls()[-1].billed
    last = usages(reply)[-1]
    output = last.get("completion_tokens", last.get("output_tokens"))
    assert (output, billed.reported) == (billed.output_tokens, True)
    first = usages(reply)[0]
    assert first.get("prompt_tokens", first.get("input_tokens")) == billed.input_tokens


def test_a_stream_that_was_not_asked_for_its_usage_is_billed_and_not_reported(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.bill_as_asked()
    client.post("/a/v1/chat/completions", json={"model": "m", "stream": True, "max_tokens": 3})
    [call] = control.calls()
    assert (call.billed.output_tokens, call.billed.reported) == (3, False)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        pytest.param(Report.ZERO, 0, id="zero"),
        pytest.param(Report.NEGATIVE, -20, id="negative"),
        pytest.param(Report.ABSURD, 1e30, id="absurd"),
        pytest.param(Report.TEXT, "several", id="words"),
    ],
)
def test_a_provider_can_lie_about_its_usage(
    client: httpx.Client, control: UpstreamControl, report: Report, said: object
) -> None:
    control.report(report, provider="a", times=1)
    reply = client.post("/a/v1/chat/completions", json={"model": "m"}).json()
    assert reply["usage"]["completion_tokens"] == said
    [call] = control.calls()
    assert (call.billed.output_tokens, call.billed.reported) == (20, False)


def test_usage_can_be_no_number_or_missing(client: httpx.Client, control: UpstreamControl) -> None:
    control.report(Report.NAN, times=1)
    assert "NaN" in client.post("/a/v1/messages", json={"model": "m"}).text
    control.report(Report.ABSENT)
    assert "usage" not in client.post("/a/v1/messages", json={"model": "m"}).json()
    assert client.post("/a/v1/responses", json={"model": "m"}).json()["usage"] is None
    assert [call.billed.reported for call in control.calls()] == [False] * 3


def test_a_provider_can_name_the_price_itself(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.name_price(header="0", usage_cost=0.5)
    reply = client.post("/a/v1/chat/completions", json={"model": "m"})
    assert reply.headers["x-litellm-response-cost"] == "0"
    assert reply.json()["usage"]["cost"] == 0.5
    stream = client.post("/a/v1/chat/completions", json={"model": "m", "stream": True})
    assert usages(stream)[-1]["cost"] == 0.5
    assert stream.headers["x-litellm-response-cost"] == "0"


def test_bills_add_up(client: httpx.Client, control: UpstreamControl) -> None:
    control.bill_as_asked(provider="a")
    for provider in ("a", "a", "b"):
        client.post(f"/{provider}/v1/chat/completions", json={"model": "m", "max_tokens": 7})
    assert control.bill(provider="a").output_tokens == 14
    assert control.bill().output_tokens == 34
    assert control.bill().reported
    control.fail(500)
    client.post("/a/v1/chat/completions", json={"model": "m"})
    assert control.bill().output_tokens == 34


def test_a_sum_is_reported_if_every_part_is() -> None:
    said, silent = Billed(pages=1, reported=True), Billed(pages=2, tool_uses={"web_search": 1})
    assert total([said, NOTHING]).reported
    assert total([said, silent]) == Billed(pages=3, tool_uses={"web_search": 1})


def test_the_usual_bill_comes_back_after_a_reset(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.bill_as_asked()
    control.reset()
    client.post("/a/v1/chat/completions", json={"model": "m"})
    assert control.bill() == Billed(input_tokens=10, output_tokens=20, reported=True)
