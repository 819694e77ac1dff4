"""Random requests of every contract: mostly of the right shapes, sometimes anything that JSON can say."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from aspire_ledger.card import Card, ImagePrice, Price, Tier, TokenPrices
from aspire_ledger.contract import CONTRACTS, EXTENSIONS, Contract
from aspire_ledger.shapes import Parameter, Shape

COUNTED: Final = [contract for contract in CONTRACTS if contract.counted]
HOSTED: Final = ("web_search", "code_interpreter", "google_search", "mcp", "url_context")
UNKNOWN: Final = (
    "zz",
    "plugins",
    "models",
    "N",
    "max_token",
    "extra_body",
    "nul\x00",
    "\uff4e",
    "_",
)
MEANINGS: Final = frozenset({"extra_body", "timeout", "api_base", "models"})
SIZES: Final = ("1024x1024", "4096x4096", "auto", "1x1")
QUALITIES: Final = ("low", "high", "auto", "hd")

texts = st.text(max_size=12) | st.sampled_from(["auto", "low", '"\\\n', "𝄞é", "x" * 500])
wholes = st.integers(-5, 60_000) | st.integers() | st.sampled_from([0, 1, 2, 128])
anything = st.recursive(
    st.none() | st.booleans() | wholes | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
objects = st.dictionaries(texts, anything, max_size=3)

parts = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": texts}),
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": texts, "cache_control": st.just({"type": "ephemeral"})}
    ),
    st.just({"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}),
    st.just({"type": "input_image", "image_url": "https://x.example/a.png"}),
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.just("user"), "content": texts | st.lists(parts, max_size=3)}
    ),
    min_size=1,
    max_size=3,
)
items = st.one_of(
    st.fixed_dictionaries({"role": st.just("user"), "content": texts}),
    st.just({"id": "msg_1"}),
    st.just({"type": "item_reference", "id": "msg_1"}),
    st.just({"type": "reasoning", "id": "rs_1", "summary": []}),
    st.fixed_dictionaries(
        {"type": st.just("function_call"), "name": texts, "arguments": texts, "call_id": texts}
    ),
)
schemas = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": objects, "enum": st.lists(st.none() | wholes)}
)
tools = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": texts, "parameters": schemas}),
        }
    ),
    st.fixed_dictionaries({"name": texts, "description": texts, "input_schema": schemas}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["web_search", "code_interpreter", "mcp"])},
        optional={"max_uses": wholes},
    ),
    st.fixed_dictionaries(
        {"type": st.just("web_search_20250305"), "name": st.just("web_search")},
        optional={"max_uses": st.integers(1, 20)},
    ),
    st.sampled_from(
        [
            {"googleSearch": {}},
            {"type": "function", "googleSearch": {}},
            {"type": "function", "urlContext": {}},
            {"type": "namespace", "tools": [{"type": "web_search"}]},
        ]
    ),
)
prompts = (
    texts
    | st.lists(texts, min_size=1, max_size=4)
    | st.lists(st.integers(0, 9), min_size=1, max_size=5)
    | st.lists(st.lists(st.integers(0, 10**6), max_size=4), min_size=1, max_size=4)
)
pages = st.lists(st.integers(-1, 20), max_size=8) | st.sampled_from(
    ["0-2", "3", "0-4,9", "all", "5-1"]
)

_OF_NAME: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "n": st.integers(-1, 130),
    "best_of": st.integers(-1, 130),
    "max_tokens": wholes,
    "thinking_budget": wholes | st.integers(-60_000, 0),
    "thinking": st.fixed_dictionaries(
        {"type": st.just("enabled"), "budget_tokens": wholes | texts}
    ),
    "tools": st.lists(tools, max_size=3),
    "input": prompts | st.lists(items, min_size=1, max_size=4),
    "size": st.sampled_from(SIZES),
    "quality": st.sampled_from(QUALITIES),
    "partial_images": st.integers(-1, 12),
    "modalities": st.lists(st.sampled_from(["text", "audio"]), max_size=2),
    "service_tier": st.sampled_from(["auto", "default", "flex", "priority", "Priority"]),
    "prediction": st.fixed_dictionaries({"type": st.just("content"), "content": texts}),
    "context_management": st.sampled_from(
        [
            {"edits": [{"type": "compact_20260112"}]},
            {"edits": [{"type": "clear_thinking_20251015"}]},
            [{"type": "compaction"}],
            {"compaction": True},
        ]
    ),
    "document": st.sampled_from(
        [
            {"type": "document_url", "document_url": "https://x.example/a.pdf"},
            {"type": "image_url", "image_url": "https://x.example/a.png"},
            {"type": "image_url", "image_url": "data:application/pdf;base64,AA"},
            {"type": "image_url", "image_url": "x", "document_url": "https://x.example/a.pdf"},
        ]
    ),
    "chat_template_kwargs": st.sampled_from([{"enable_thinking": True}, {}]),
    "background": st.booleans() | st.sampled_from(["auto", "transparent"]),
}
_OF_SHAPE: Final[Mapping[Shape, st.SearchStrategy[Any]]] = {
    Shape.FLAG: st.booleans(),
    Shape.NUMBER: st.floats() | wholes,
    Shape.WHOLE: wholes,
    Shape.TEXT: texts,
    Shape.TEXTS: st.lists(texts, max_size=3),
    Shape.TEXT_OR_TEXTS: texts | st.lists(texts, max_size=3),
    Shape.OBJECT: objects,
    Shape.OBJECTS: st.lists(objects, max_size=2),
    Shape.TEXT_OR_OBJECT: texts | objects,
    Shape.TEXT_OR_OBJECTS: texts | st.lists(objects, max_size=2),
    Shape.MESSAGES: messages,
    Shape.PROMPT: prompts,
    Shape.PAGES: pages,
    Shape.LABELS: st.dictionaries(texts, texts, max_size=2),
    Shape.FILE: st.just("file"),
}


def _fitting(name: str, parameter: Parameter) -> st.SearchStrategy[Any]:
    return _OF_NAME[name] if name in _OF_NAME else _OF_SHAPE[parameter.shape]


def values(name: str, parameter: Parameter) -> st.SearchStrategy[Any]:
    """Draw a value for a parameter: seldom none, seldom an empty one."""
    fitting = _fitting(name, parameter)
    return st.one_of(fitting, fitting, fitting, fitting, st.sampled_from([None, "", [], {}]))


@st.composite
def bodies(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    """Draw a request of a contract. One in ten parameters is of any shape or of no list."""
    known = {**EXTENSIONS, **contract.parameters}
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=6, unique=True))
    body = {name: draw(values(name, known[name])) for name in names}
    for name in contract.required:
        body[name] = draw(_fitting(name, known[name]))
    body["model"] = "m"
    if draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from([*UNKNOWN, *known]) | texts)
        body[name] = draw(anything)
    return body


amounts = st.integers(0, 2_000).map(lambda cents: Decimal(cents).scaleb(-2))
maybe = st.none() | amounts


@st.composite
def token_prices(draw: st.DrawFn) -> TokenPrices:
    parts_ = [draw(maybe) for _ in range(7)]
    return TokenPrices(draw(amounts), draw(amounts), *parts_)


@st.composite
def cards(draw: st.DrawFn, contract: Contract) -> Card:
    """Draw the card of an alias that answers calls of a contract, with a fee for each tool."""
    most = draw(st.none() | st.integers(1, 40_000))
    ignores = draw(st.booleans())
    own = draw(st.sampled_from([{}, {"n": 3}, {"max_tokens": 700}, {"max_completion_tokens": 900}]))
    tiers = draw(
        st.sampled_from([(), (200,), (50, 4_000)]).flatmap(
            lambda limits: st.tuples(
                *(st.builds(Tier, st.just(limit), token_prices()) for limit in limits)
            )
        )
    )
    rows = [
        ImagePrice(draw(amounts), size, quality)
        for size in ("1024x1024", "4096x4096", None)
        for quality in ("low", None)
    ]
    return Card(
        mode=min(contract.modes),
        price=Price(
            tokens=draw(token_prices()),
            usd_per_page=draw(amounts),
            usd_per_annotated_page=draw(maybe),
            usd_per_image=draw(maybe),
            images=tuple(rows[: draw(st.integers(0, len(rows)))]),
            usd_per_use={tool: draw(amounts) for tool in HOSTED},
            tiers=tiers,
        ),
        context_window_tokens=draw(st.none() | st.integers(100, 300_000)),
        max_output_tokens=most,
        target_max_output_tokens=64_000 if ignores else draw(st.none() | st.just(64_000)),
        ignores_output_limit=ignores,
        parameters=own if "chat" in contract.modes else {},
        allow_parameters=frozenset(draw(st.lists(st.sampled_from(sorted(EXTENSIONS)), max_size=9)))
        | frozenset(draw(st.sampled_from([(), ("zz",), ("service_tier", "modalities")]))),
    )
