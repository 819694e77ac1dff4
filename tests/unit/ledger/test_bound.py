"""The most that a request can cost: never less than any answer can, for whatever body."""

from decimal import Decimal
from typing import Any

import pytest

from aspire_gitops.ledger.amounts import NanoAud
from aspire_gitops.ledger.worst_case import (
    MEDIA_TOKENS,
    OUTPUT_TOKENS,
    PAGES,
    Charged,
    Prices,
    Unpriced,
    worst_case,
)

# A token in costs one nano-AUD, one out a million; so both can be read off the sum.
IN, OUT = 1, 1_000_000
TOKENS = Prices(input=Decimal("1E-9"), output=Decimal("1E-3"))
SMALL = Prices(
    input=TOKENS.input, output=TOKENS.output, context_window_tokens=500, max_output_tokens=9
)
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5000}}


def cost(body: dict[str, Any], prices: Prices = TOKENS, kind: Charged = Charged.TOKENS) -> int:
    found = worst_case(kind, body, prices, Decimal(1))
    assert isinstance(found, int), found
    return found


def tokens(body: dict[str, Any], prices: Prices = TOKENS) -> tuple[int, int]:
    """Return the tokens in and out that a body is charged for at most."""
    out, into = divmod(cost(body, prices), OUT)
    return into, out


def said(content: object, **rest: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **rest}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(said("hi", max_tokens=7), 7, id="max_tokens"),
        pytest.param(said("hi", max_completion_tokens=7), 7, id="max_completion_tokens"),
        pytest.param({"input": "hi", "max_output_tokens": 7}, 7, id="max_output_tokens"),
        pytest.param(said("hi", max_tokens=2, max_completion_tokens=7), 7, id="the larger of two"),
        pytest.param(said("hi", max_tokens=7, n=3), 21, id="for each of n answers"),
        pytest.param(said("hi", max_tokens="7"), 7, id="a number in quotes"),
        pytest.param(said("hi"), OUTPUT_TOKENS, id="unstated"),
        pytest.param(said("hi", max_tokens=None), OUTPUT_TOKENS, id="null"),
        pytest.param(said("hi", max_tokens=-5), OUTPUT_TOKENS, id="negative"),
        pytest.param(said("hi", max_tokens="lots"), OUTPUT_TOKENS, id="no number"),
        pytest.param(said("hi", max_tokens=True), OUTPUT_TOKENS, id="a truth"),
        pytest.param(said("hi", max_tokens=7, n=-1), 7, id="n negative"),
        pytest.param(said("hi", max_tokens=7, n=10**9), 7 * 128, id="n beyond any provider"),
    ],
)
def test_tokens_out(body: dict[str, Any], expected: int) -> None:
    assert tokens(body)[1] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(said("hi"), 9, id="unstated: what the alias says"),
        pytest.param(said("hi", max_tokens=7), 7, id="less than the alias says"),
        pytest.param(said("hi", max_tokens=10**30), 9, id="more than the alias says"),
    ],
)
def test_an_alias_bounds_its_answers(body: dict[str, Any], expected: int) -> None:
    assert tokens(body, SMALL)[1] == expected


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(said("hello"), "hello", id="a message"),
        pytest.param(said([{"type": "text", "text": "hello"}]), "hello", id="a part"),
        pytest.param(said("äöü€𝄞"), "äöü€𝄞", id="bytes, not characters"),
        pytest.param({"messages": [], "system": "be kind"}, "be kind", id="a system prompt"),
        pytest.param({"input": "hello", "instructions": "be kind"}, "hellobe kind", id="responses"),
        pytest.param({"prompt": "once upon"}, "once upon", id="a completion"),
        pytest.param(
            said("hi", tools=[{"type": "function", "function": {"description": "x" * 900}}]),
            "x" * 900,
            id="a tool's schema",
        ),
        pytest.param(
            said("hi", response_format={"type": "json_schema", "json_schema": {"a": "b" * 99}}),
            "b" * 99,
            id="a schema for the answer",
        ),
    ],
)
def test_tokens_in_are_never_fewer_than_bytes_of_text(body: dict[str, Any], text: str) -> None:
    least = len(text.encode())
    assert least <= tokens({**body, "max_tokens": 1})[0] <= least + 120


def test_each_message_costs_some_tokens_of_its_own() -> None:
    one = tokens({"messages": [{"content": ""}], "max_tokens": 1})[0]
    two = tokens({"messages": [{"content": ""}, {"content": ""}], "max_tokens": 1})[0]
    assert two - one >= 8


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(said([{"type": "text", "text": "what is this"}, PNG]), id="a picture"),
        pytest.param(said([{"type": "image", "source": {"data": "AAAA"}}]), id="one for Anthropic"),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, id="a file"
        ),
        pytest.param(said([{"type": "input_audio", "input_audio": {}}]), id="a sound"),
        pytest.param(said([{"type": "hologram"}]), id="what nobody knows"),
        pytest.param(
            said([{"type": "tool_result", "content": [PNG]}]), id="one in a tool's answer"
        ),
        pytest.param({"input": "go on", "previous_response_id": "resp_1"}, id="an earlier answer"),
    ],
)
def test_what_is_more_than_text_may_fill_the_whole_window(body: dict[str, Any]) -> None:
    assert tokens({**body, "max_tokens": 1}, SMALL)[0] == 500
    assert tokens({**body, "max_tokens": 1})[0] == MEDIA_TOKENS


def test_text_cannot_be_more_than_the_window() -> None:
    assert tokens(said("x" * 10_000, max_tokens=1), SMALL)[0] == 500


def test_writing_to_a_prompt_cache_may_cost_double() -> None:
    part = {"type": "text", "text": "x" * 100}
    plain = tokens(said([part], max_tokens=1))[0]
    cached = tokens(said([{**part, "cache_control": {"type": "ephemeral"}}], max_tokens=1))[0]
    assert cached > 2 * plain


def test_a_cached_token_that_is_dearer_is_what_counts() -> None:
    dear = Prices(input=Decimal("1E-9"), cached=Decimal("5E-9"), output=Decimal(0))
    assert cost(said("x" * 100, max_tokens=1), dear) == 5 * tokens(said("x" * 100, max_tokens=1))[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("hello", 5, id="a text"),
        pytest.param(["hello", "you"], 8, id="several texts"),
        pytest.param([5, 6, 7], 3, id="tokens"),
        pytest.param([[5, 6], [7]], 3, id="several lists of tokens"),
    ],
)
def test_embeddings_are_charged_for_what_goes_in(given: object, expected: int) -> None:
    prices = Prices(input=Decimal("1E-9"))
    assert cost({"input": given}, prices, Charged.EMBEDDING) == expected


@pytest.mark.parametrize(
    ("body", "pages"),
    [
        pytest.param({"document": {"type": "document_url"}, "pages": [0, 1, 2]}, 3, id="stated"),
        pytest.param({"document": {"type": "image_url"}}, 1, id="a picture is one page"),
        pytest.param({"document": {"type": "document_url"}}, PAGES, id="unstated"),
        pytest.param({"document": "x", "pages": "0-5"}, PAGES, id="not a list"),
    ],
)
def test_pages(body: dict[str, Any], pages: int) -> None:
    assert cost(body, Prices(page=Decimal("1E-9")), Charged.OCR) == pages


def test_images_are_charged_each_whatever_their_size() -> None:
    body = {"prompt": "a cat", "n": 3, "size": "4096x4096"}
    assert cost(body, Prices(image=Decimal("1E-9")), Charged.IMAGE) == 3


@pytest.mark.parametrize(
    ("kind", "prices", "missing"),
    [
        pytest.param(Charged.TOKENS, Prices(), "input tokens", id="nothing"),
        pytest.param(Charged.TOKENS, Prices(input=Decimal(1)), "output tokens", id="no output"),
        pytest.param(Charged.EMBEDDING, Prices(output=Decimal(1)), "input tokens", id="no input"),
        pytest.param(Charged.OCR, TOKENS, "pages", id="pages of a chat alias"),
        pytest.param(Charged.IMAGE, TOKENS, "images", id="images of a chat alias"),
    ],
)
def test_what_has_no_price_has_no_bound(kind: Charged, prices: Prices, missing: str) -> None:
    assert worst_case(kind, {}, prices, Decimal(1)) == Unpriced(missing)


def test_a_price_of_zero_is_a_price() -> None:
    assert cost(said("hi"), Prices(input=Decimal(0), output=Decimal(0))) == 0


def test_the_bound_is_in_australian_dollars_and_rounds_up() -> None:
    assert worst_case(
        Charged.EMBEDDING, {"input": "abc"}, Prices(input=Decimal("1E-9")), Decimal("0.7")
    ) == NanoAud(5)


@pytest.mark.parametrize(
    ("call_type", "kind"),
    [
        ("acompletion", Charged.TOKENS),
        ("anthropic_messages", Charged.TOKENS),
        ("aresponses", Charged.TOKENS),
        ("something_new", Charged.TOKENS),
        ("aembedding", Charged.EMBEDDING),
        ("aocr", Charged.OCR),
        ("aimage_generation", Charged.IMAGE),
    ],
)
def test_routes(call_type: str, kind: Charged) -> None:
    assert Charged.by(call_type) is kind


def nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "odd", [None, 5, "text", [None, 1.5, True], {"type": ["object", "null"]}, nested(5000)]
)
def test_whatever_json_says_has_a_bound(odd: object) -> None:
    assert cost({"messages": odd, "input": odd, "n": odd, "max_tokens": odd, "tools": odd}) > 0
