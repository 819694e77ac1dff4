"""The most that a request can cost: never less than any answer can, for whatever body."""

from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.bound import MEDIA_TOKENS, PAGES, Asked, ask, dearest, in_nano
from aspire_ledger.card import Card, ImagePrice, Price, Tier, TokenPrices
from aspire_ledger.contract import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    IMAGE_EDITS,
    IMAGES,
    MESSAGES,
    OCR,
    RESPONSES,
    Contract,
)

# A token in costs one nano-dollar, one out a million; so both can be read off the sum.
IN, OUT = Decimal("0.001"), Decimal(1000)
OUT_NANO = 1_000_000
DEFAULT = 32_768  # tokens of an answer of an alias that states no limit
ONE_AUD_A_USD = Decimal(1)
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5000}}


def card(**more: Any) -> Card:
    price = more.pop("price", None) or Price(TokenPrices(IN, OUT))
    return Card("chat", price, **more)


SMALL = card(context_window_tokens=500, max_output_tokens=9)


def cost(body: dict[str, Any], by: Card | None = None, contract: Contract = CHAT) -> int:
    return in_nano(ask(contract, body, by or card()), ONE_AUD_A_USD)


def tokens(
    body: dict[str, Any], by: Card | None = None, contract: Contract = CHAT
) -> tuple[int, int]:
    """Return the tokens in and out that a body is charged for at most."""
    out, into = divmod(cost(body, by, contract), OUT_NANO)
    return into, out


def said(content: object, **rest: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **rest}


# ── the answer ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("contract", "body", "expected"),
    [
        pytest.param(CHAT, said("hi", max_tokens=7), 7, id="max_tokens"),
        pytest.param(CHAT, said("hi", max_completion_tokens=7), 7, id="max_completion_tokens"),
        pytest.param(RESPONSES, {"input": "hi", "max_output_tokens": 7}, 7, id="max_output_tokens"),
        pytest.param(
            CHAT, said("hi", max_tokens=2, max_completion_tokens=7), 7, id="the larger of two"
        ),
        pytest.param(CHAT, said("hi", max_tokens=7, n=3), 21, id="for each of n answers"),
        pytest.param(CHAT, said("hi", max_tokens=7, best_of=4, n=3), 28, id="or of best_of"),
        pytest.param(CHAT, said("hi", max_tokens="7"), 7, id="a number in quotes"),
        pytest.param(CHAT, said("hi"), DEFAULT, id="unstated"),
        pytest.param(CHAT, said("hi", max_tokens=None), DEFAULT, id="null"),
        pytest.param(CHAT, said("hi", max_tokens=-5), DEFAULT, id="negative"),
        pytest.param(CHAT, said("hi", max_tokens="lots"), DEFAULT, id="no number"),
        pytest.param(CHAT, said("hi", max_tokens=True), DEFAULT, id="a truth"),
        pytest.param(CHAT, said("hi", max_tokens=7, n=-1), 7, id="n negative"),
        pytest.param(
            COMPLETIONS, {"prompt": ["hi"] * 200, "max_tokens": 7}, 1400, id="for each of the texts"
        ),
        pytest.param(
            COMPLETIONS, {"prompt": [[1], [2, 3]], "max_tokens": 7}, 14, id="or lists of tokens"
        ),
        pytest.param(
            COMPLETIONS, {"prompt": [1, 2, 3], "max_tokens": 7}, 7, id="one text, as tokens"
        ),
        pytest.param(
            COMPLETIONS,
            {"prompt": ["a", "b"], "max_tokens": 7, "best_of": 5, "n": 2},
            70,
            id="times best_of",
        ),
        pytest.param(CHAT, said("hi", max_tokens=7, min_tokens=99, ignore_eos=True), 7, id="min"),
        pytest.param(
            CHAT,
            said("hi", max_tokens=7, prediction={"type": "content", "content": "x" * 100}),
            7 + 100 + 8,
            id="and what was predicted and is not used",
        ),
    ],
)
def test_tokens_out(contract: Contract, body: dict[str, Any], expected: int) -> None:
    assert tokens(body, None, contract)[1] == expected


def test_an_alias_bounds_its_answers() -> None:
    assert tokens(said("hi"), SMALL)[1] == 9
    assert tokens(said("hi", max_tokens=7), SMALL)[1] == 7


@pytest.mark.parametrize(
    ("own", "body", "expected"),
    [
        pytest.param({"n": 3}, {"max_tokens": 7}, 21, id="the alias's own n"),
        pytest.param({"n": 3}, {"max_tokens": 7, "n": 2}, 14, id="the caller's comes first"),
        pytest.param({"n": 3}, {"max_tokens": 7, "n": None}, 21, id="null hides nothing"),
        pytest.param({"n": 3}, {"max_tokens": 7, "n": ""}, 21, id="nor does an empty text"),
        pytest.param(
            {"max_completion_tokens": 900},
            {"max_tokens": 7},
            900,
            id="its limit under another name",
        ),
        pytest.param({"enable_thinking": True}, {"max_tokens": 7}, 7 + DEFAULT, id="its thinking"),
    ],
)
def test_an_aliass_own_parameters_count_where_the_caller_sends_none(
    own: dict[str, Any], body: dict[str, Any], expected: int
) -> None:
    assert tokens(said("hi", **body), card(parameters=own))[1] == expected


THINKER = card(max_output_tokens=100, target_max_output_tokens=5_000)


@pytest.mark.parametrize(
    ("more", "beside"),
    [
        pytest.param({}, 0, id="no word of it"),
        pytest.param({"enable_thinking": False}, 0, id="switched off"),
        pytest.param({"enable_thinking": True}, 5_000, id="as much as the model can"),
        pytest.param({"thinking_budget": 300}, 300, id="a budget"),
        pytest.param({"thinking_budget": 300, "enable_thinking": True}, 5_000, id="both"),
        pytest.param({"thinking_budget": 9_000}, 9_000, id="a large budget"),
        pytest.param(
            {"chat_template_kwargs": {"thinking_budget": 9_000}}, 9_000, id="a budget inside"
        ),
        pytest.param({"reasoning": {"max_tokens": 9_000}}, 9_000, id="OpenRouter's budget"),
        pytest.param({"thinking_budget": -90}, 5_000, id="a negative budget is none"),
        pytest.param({"chat_template_kwargs": {"enable_thinking": True}}, 5_000, id="vLLM's"),
        pytest.param({"reasoning": {"max_tokens": 1}}, 5_000, id="OpenRouter's"),
        pytest.param({"reasoning_effort": "high"}, 0, id="OpenAI's is within the limit"),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 50}}, 0, id="so is Claude's"
        ),
        pytest.param({"zz": 1}, 5_000, id="what nobody knows may be a switch"),
    ],
)
def test_thinking_beside_the_answer(more: dict[str, Any], beside: int) -> None:
    assert tokens(said("hi", max_tokens=60, **more), THINKER)[1] == 60 + beside


def test_a_target_that_honours_no_limit_is_bound_by_the_model_itself() -> None:
    deaf = card(max_output_tokens=100, target_max_output_tokens=5_000, ignores_output_limit=True)
    assert tokens(said("hi", max_tokens=1), deaf)[1] == 5_000
    assert tokens(said("hi", max_tokens=1, n=2), deaf)[1] == 10_000


@pytest.mark.parametrize(
    ("contract", "management", "beside"),
    [
        (MESSAGES, {"edits": [{"type": "clear_tool_uses_20250919"}]}, 0),
        (MESSAGES, {"edits": [{"type": "compact_20260112"}]}, 5_000),
        (MESSAGES, {"edits": [{}]}, 5_000),
        (MESSAGES, {"compaction": True}, 5_000),
        (RESPONSES, [{"type": "compaction"}], 5_000),
        (RESPONSES, [], 0),
    ],
)
def test_compaction_writes_an_answer_of_its_own(
    contract: Contract, management: object, beside: int
) -> None:
    name = contract.limits[0]
    given = {"input": "hi"} if contract is RESPONSES else said("hi")
    body = {**given, "context_management": management, name: 60}
    assert tokens(body, THINKER, contract)[1] == 60 + beside


# ── what goes in ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("contract", "body", "text"),
    [
        pytest.param(CHAT, said("hello"), "hello", id="a message"),
        pytest.param(CHAT, said([{"type": "text", "text": "hello"}]), "hello", id="a part"),
        pytest.param(CHAT, said("äöü€𝄞"), "äöü€𝄞", id="bytes, not characters"),
        pytest.param(
            MESSAGES, {"messages": [], "system": "be kind"}, "be kind", id="a system prompt"
        ),
        pytest.param(
            RESPONSES, {"input": "hello", "instructions": "be kind"}, "hellobe kind", id="responses"
        ),
        pytest.param(COMPLETIONS, {"prompt": "once upon"}, "once upon", id="a completion"),
        pytest.param(COMPLETIONS, {"prompt": "a", "suffix": "x" * 99}, "x" * 99, id="a suffix"),
        pytest.param(
            CHAT,
            said("hi", response_format={"type": "json_schema", "json_schema": {"a": "b" * 99}}),
            "b" * 99,
            id="a schema for the answer",
        ),
        pytest.param(
            MESSAGES,
            said(
                "hi", output_config={"format": {"type": "json_schema", "schema": {"a": "b" * 99}}}
            ),
            "b" * 99,
            id="Anthropic's schema",
        ),
        pytest.param(
            MESSAGES, said("hi", output_format={"schema": {"a": "b" * 99}}), "b" * 99, id="an older"
        ),
        pytest.param(CHAT, said("hi", guided_json={"a": "b" * 99}), "b" * 99, id="guided_json"),
        pytest.param(CHAT, said("hi", guided_grammar="b" * 99), "b" * 99, id="guided_grammar"),
        pytest.param(
            CHAT,
            said("hi", chat_template_kwargs={"a": "b" * 99}),
            "b" * 99,
            id="a template's words",
        ),
        pytest.param(CHAT, said("hi", zz="b" * 99), "b" * 99, id="what nobody knows"),
    ],
)
def test_tokens_in_are_never_fewer_than_bytes_of_text(
    contract: Contract, body: dict[str, Any], text: str
) -> None:
    least = len(text.encode())
    found = tokens({**body, contract.limits[0]: 1}, None, contract)[0]
    assert least <= found <= least + 120


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"description": "x" * 900}, id="a long text"),
        pytest.param({"enum": [123_456_789_012] * 80}, id="long numbers are not a token each"),
        pytest.param({"enum": [None] * 200}, id="nor are nulls none"),
        pytest.param({"enum": [[]] * 300}, id="nor are empty lists"),
        pytest.param({"properties": {f"k{i}": 1 for i in range(100)}}, id="nor is punctuation"),
        pytest.param({"description": '"\n\\' * 200}, id="what grows where it is written out"),
    ],
)
def test_a_tools_schema_is_written_out_for_the_model(schema: dict[str, Any]) -> None:
    body = said("hi", tools=[{"type": "function", "function": schema}], max_tokens=1)
    assert tokens(body)[0] >= 900 * (0.6 if "enum" in schema else 0.8) + 600


def test_what_a_provider_tells_a_model_about_tools_is_in_the_bound() -> None:
    """Anthropic adds some 350 tokens of its own to the smallest tool."""
    small = said("hi", tools=[{"name": "f", "input_schema": {}}], max_tokens=1)
    assert tokens(small, None, MESSAGES)[0] > 550


def test_each_message_costs_some_tokens_of_its_own() -> None:
    one = tokens({"messages": [{"content": ""}], "max_tokens": 1})[0]
    two = tokens({"messages": [{"content": ""}, {"content": ""}], "max_tokens": 1})[0]
    assert two - one >= 8


@pytest.mark.parametrize(
    ("contract", "body"),
    [
        pytest.param(CHAT, said([{"type": "text", "text": "what is it"}, PNG]), id="a picture"),
        pytest.param(
            MESSAGES, said([{"type": "image", "source": {"data": "AAAA"}}]), id="one for Anthropic"
        ),
        pytest.param(
            RESPONSES,
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
            id="a file",
        ),
        pytest.param(CHAT, said([{"type": "input_audio", "input_audio": {}}]), id="a sound"),
        pytest.param(CHAT, said([{"type": "hologram"}]), id="what nobody knows"),
        pytest.param(
            MESSAGES,
            said([{"type": "tool_result", "content": [PNG]}]),
            id="one in a tool's answer",
        ),
        pytest.param(
            RESPONSES, {"input": "go on", "previous_response_id": "r"}, id="an earlier answer"
        ),
        pytest.param(RESPONSES, {"input": "go on", "conversation": "c"}, id="a conversation"),
        pytest.param(RESPONSES, {"prompt": {"id": "pmpt_1"}}, id="a stored prompt"),
        pytest.param(
            RESPONSES, {"input": [{"type": "item_reference", "id": "m"}]}, id="a stored item"
        ),
        pytest.param(RESPONSES, {"input": [{"id": "msg_1"}]}, id="one without its type"),
        pytest.param(
            RESPONSES, {"input": [{"type": "reasoning", "id": "rs_1"}]}, id="stored reasoning"
        ),
        pytest.param(MESSAGES, said("hi", container="c"), id="a container"),
        pytest.param(MESSAGES, said("hi", mcp_servers=[{"url": "u"}]), id="others' tools"),
        pytest.param(CHAT, said("hi", web_search_options={}), id="a search"),
        pytest.param(CHAT, said("hi", enable_search=True), id="Qwen's search"),
        pytest.param(CHAT, said("hi", tools=[{"type": "web_search"}]), id="a tool that searches"),
        pytest.param(CHAT, said("hi", tools=[{"googleSearch": {}}]), id="Google's"),
    ],
)
def test_what_is_more_than_text_may_fill_the_whole_window(
    contract: Contract, body: dict[str, Any]
) -> None:
    limited = {**body, contract.limits[0]: 1}
    assert tokens(limited, SMALL, contract)[0] == 500
    assert tokens(limited, None, contract)[0] == MEDIA_TOKENS


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": "hi"},
        {"type": "reasoning", "encrypted_content": "x", "summary": []},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
    ],
)
def test_items_that_hold_what_they_say_do_not(item: dict[str, Any]) -> None:
    assert tokens({"input": [item], "max_output_tokens": 1}, None, RESPONSES)[0] < 200


def test_text_cannot_be_more_than_the_window() -> None:
    assert tokens(said("x" * 10_000, max_tokens=1), SMALL)[0] == 500


def test_each_of_several_texts_has_a_window_of_its_own() -> None:
    body = {"prompt": ["x" * 10_000, "y" * 10_000], "max_tokens": 1}
    assert tokens(body, SMALL, COMPLETIONS)[0] == 1000


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("hello", 13, id="a text, and what is put around it"),
        pytest.param(["hello", "you"], 24, id="several texts"),
        pytest.param([5, 6, 7], 3, id="tokens"),
        pytest.param([[5, 6], [7]], 3, id="several lists of tokens"),
        pytest.param(["x" * 400, "y" * 400], 816, id="more than one window"),
    ],
)
def test_embeddings_are_charged_for_what_goes_in(given: object, expected: int) -> None:
    assert tokens({"input": given}, SMALL, EMBEDDINGS) == (expected, 0)


# ── prices ───────────────────────────────────────────────────────────────────

WRITES = Price(
    TokenPrices(IN, OUT, None, Decimal("0.00125"), Decimal("0.002"), None, None, None, None)
)


@pytest.mark.parametrize(
    ("contract", "more", "factor"),
    [
        pytest.param(CHAT, {}, 1, id="nothing is cached"),
        pytest.param(MESSAGES, {"cache_control": {"type": "ephemeral"}}, 2, id="all of it"),
        pytest.param(
            MESSAGES,
            {"system": [{"type": "text", "text": "", "cache_control": {"type": "ephemeral"}}]},
            2,
            id="a part of it",
        ),
        pytest.param(CHAT, {"prompt_cache_key": "k"}, 2, id="OpenAI's way"),
    ],
)
def test_writing_to_a_prompt_cache_costs_what_the_card_says(
    contract: Contract, more: dict[str, Any], factor: int
) -> None:
    body = said("x" * 100, max_tokens=1, **more)
    plain = tokens(body, None, contract)[0]
    assert tokens(body, card(price=WRITES), contract)[0] == factor * plain


def test_a_cached_token_that_is_dearer_is_what_counts() -> None:
    dear = card(price=Price(TokenPrices(IN, Decimal(0), 5 * IN)))
    body = said("x" * 100, max_tokens=1)
    assert cost(body, dear) == 5 * tokens(body)[0]


def test_reasoning_that_is_dearer_is_what_counts() -> None:
    dear = card(price=Price(TokenPrices(IN, OUT, reasoning_usd_per_million_tokens=3 * OUT)))
    assert tokens(said("hi", max_tokens=7), dear)[1] == 21


@pytest.mark.parametrize(("length", "factor"), [(50, 1), (5_000, 6)])
def test_a_tier_counts_for_calls_that_may_reach_it(length: int, factor: int) -> None:
    tiered = card(price=Price(TokenPrices(IN, OUT), tiers=(Tier(1_000, TokenPrices(6 * IN, OUT)),)))
    body = said("x" * length, max_tokens=1)
    assert tokens(body, tiered)[0] == factor * tokens(body)[0]


FEES = card(
    price=Price(
        TokenPrices(Decimal(0), Decimal(0)),
        usd_per_use={"web_search": Decimal(1), "code_interpreter": Decimal(100)},
    )
)


@pytest.mark.parametrize(
    ("contract", "more", "usd"),
    [
        pytest.param(CHAT, {}, 0, id="none"),
        pytest.param(CHAT, {"tools": [{"type": "web_search"}]}, 10, id="ten uses"),
        pytest.param(
            MESSAGES,
            {"tools": [{"type": "web_search_20250305", "max_uses": 3}]},
            3,
            id="as many as Anthropic allows",
        ),
        pytest.param(
            CHAT, {"tools": [{"type": "web_search"}, {"type": "code_interpreter"}]}, 1010, id="two"
        ),
        pytest.param(CHAT, {"web_search_options": {}}, 10, id="a search by another name"),
        pytest.param(CHAT, {"enable_search": True}, 10, id="Qwen's"),
        pytest.param(
            RESPONSES,
            {"tools": [{"type": "web_search"}], "max_tool_calls": 1},
            10,
            id="a number that LiteLLM may drop",
        ),
        pytest.param(
            RESPONSES,
            {"tools": [{"type": "web_search"}], "max_tool_calls": 40},
            40,
            id="one that allows more",
        ),
    ],
)
def test_hosted_tools_have_fees(contract: Contract, more: dict[str, Any], usd: int) -> None:
    assert ask(contract, said("hi", **more), FEES).worst_usd == usd


def test_a_price_of_zero_is_a_price() -> None:
    assert cost(said("hi"), card(price=Price(TokenPrices(Decimal(0), Decimal(0))))) == 0


def test_the_bound_is_in_australian_dollars_and_rounds_up() -> None:
    assert in_nano(Asked(Decimal("3E-9")), Decimal("0.7")) == 5


def test_the_dearest_row_under_an_alias_counts() -> None:
    cheap, dear = card(), card(price=Price(TokenPrices(10 * IN, OUT)))
    found, asked = dearest(CHAT, said("hi", max_tokens=1), [cheap, dear, cheap])
    assert found is dear
    assert asked == ask(CHAT, said("hi", max_tokens=1), dear)


# ── pages and images ─────────────────────────────────────────────────────────

PAGE = card(price=Price(usd_per_page=Decimal(1), usd_per_annotated_page=Decimal(1000)))


@pytest.mark.parametrize(
    ("body", "pages"),
    [
        pytest.param({"document": {"type": "document_url"}, "pages": [0, 1, 2]}, 3, id="stated"),
        pytest.param({"document": {"type": "document_url"}, "pages": "0-2,5"}, 4, id="in words"),
        pytest.param({"document": "x", "pages": "5 - 7"}, 3, id="with blanks"),
        pytest.param({"document": "x", "pages": "7-5"}, 3, id="backwards"),
        pytest.param({"document": "x", "pages": "all"}, PAGES, id="words nobody can read"),
        pytest.param({"document": "x", "pages": "0-2,"}, PAGES, id="a comma too many"),
        pytest.param({"document": "x", "pages": [-1]}, PAGES, id="a page below zero"),
        pytest.param({"document": "x", "pages": []}, PAGES, id="no page stated"),
        pytest.param(
            {"document": {"type": "image_url", "image_url": "https://x.example/a.png"}},
            1,
            id="a picture is one page",
        ),
        pytest.param(
            {"document": {"type": "image_url", "image_url": {"url": "data:image/png;base64,A"}}},
            1,
            id="one as an object",
        ),
        pytest.param(
            {"document": {"type": "image_url", "image_url": "DATA:application/pdf;base64,A"}},
            PAGES,
            id="a document that says it is one",
        ),
        pytest.param(
            {"document": {"type": "image_url", "image_url": "x", "document_url": "y"}},
            PAGES,
            id="one beside a document",
        ),
        pytest.param({"document": {"type": "document_url"}}, PAGES, id="unstated"),
    ],
)
@pytest.mark.parametrize("annotation", [None, "bbox_annotation_format"])
def test_pages(body: dict[str, Any], pages: int, annotation: str | None) -> None:
    asked = ask(OCR, {**body, **({annotation: {"type": "x"}} if annotation else {})}, PAGE)
    assert asked.pages == pages
    assert asked.worst_usd == pages * (1001 if annotation else 1)


PICTURES = card(
    price=Price(
        images=(
            ImagePrice(Decimal(1), "small", "low"),
            ImagePrice(Decimal(2), "small", "high"),
            ImagePrice(Decimal(7), "large"),
        )
    )
)


@pytest.mark.parametrize(
    ("more", "usd"),
    [
        pytest.param({"size": "small", "quality": "low"}, 1, id="both stated"),
        pytest.param({"size": "small"}, 2, id="any quality"),
        pytest.param({"size": "small", "quality": "auto"}, 2, id="auto is any"),
        pytest.param({"size": "small", "quality": ""}, 2, id="so is an empty one"),
        pytest.param({"size": "large", "quality": "low"}, 7, id="a size of every quality"),
        pytest.param({"quality": "low"}, 7, id="any size"),
        pytest.param({}, 7, id="anything"),
        pytest.param({"size": "SMALL", "quality": "low"}, 7, id="what nobody listed"),
        pytest.param({"size": "small", "quality": "low", "n": 3}, 3, id="for each"),
    ],
)
@pytest.mark.parametrize("contract", [IMAGES, IMAGE_EDITS], ids=lambda contract: contract.name)
def test_images_cost_what_their_size_and_quality_do(
    contract: Contract, more: dict[str, Any], usd: int
) -> None:
    assert ask(contract, {"prompt": "a cat", **more}, PICTURES).worst_usd == usd


@pytest.mark.parametrize(
    ("contract", "more", "into", "out"),
    [
        pytest.param(IMAGES, {}, 13, 9, id="tokens"),
        pytest.param(IMAGES, {"n": 2}, 13, 18, id="of each"),
        pytest.param(IMAGES, {"n": 2, "partial_images": 3}, 13, 618, id="and of each preview"),
        pytest.param(IMAGE_EDITS, {"n": "2"}, 500, 18, id="an image to edit fills the window"),
    ],
)
def test_images_that_are_charged_by_tokens(
    contract: Contract, more: dict[str, Any], into: int, out: int
) -> None:
    assert tokens({"prompt": "a cat", **more}, SMALL, contract) == (into, out)


def nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "odd", [None, 5, "text", [None, 1.5, True], {"type": ["object", "null"]}, nested(5000)]
)
def test_whatever_json_says_has_a_bound(odd: object) -> None:
    body = dict.fromkeys(("messages", "input", "n", "max_tokens", "tools", "thinking_budget"), odd)
    for contract in (CHAT, COMPLETIONS, RESPONSES, MESSAGES):
        assert cost({**body, "context_management": odd}, None, contract) > 0
