"""Compute a provider's bill for one request. Pure: `asked` reads, this adds up."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from aspire_gitops.sandbox.upstream import asked
from aspire_gitops.sandbox.upstream.bill import (
    CACHED_TOKENS,
    INPUT_TOKENS,
    NOTHING,
    OUTPUT_TOKENS,
    Billed,
    Billing,
    BillingOrder,
)

Json: TypeAlias = Mapping[str, Any]

_TEXT_ROUTES: Final = frozenset({"chat/completions", "completions", "responses", "messages"})
_PICTURE_TOKENS: Final[Mapping[str, int]] = {"low": 272, "medium": 1056, "high": 4160}
_PARTIAL_TOKENS: Final = 100  # of each early version of a streamed picture
_AN_HOUR: Final = "1h"


def bill(route: str, body: Json, order: BillingOrder) -> Billed:
    """Return what a call to one endpoint costs, as if its answer reported it."""
    compute = _COMPUTED.get(route, _free)
    return compute(route, body, order).model_copy(update={"reported": True})


def so_far(route: str, whole: Billed, words: int) -> Billed:
    """Return the bill of an answer that broke off after so many words: a token for each."""
    if route not in _TEXT_ROUTES:
        return whole
    output = min(whole.output_tokens, words)
    return whole.model_copy(
        update={"output_tokens": output, "reasoning_tokens": min(whole.reasoning_tokens, output)}
    )


def caches(body: Json) -> bool:
    """Say whether the request asks for its prompt to be cached.

    OpenAI's clients name a `prompt_cache_key`, Anthropic's put `cache_control` at a block.
    """
    return "prompt_cache_key" in body or _mentions(body, "cache_control") is not None


def _text(route: str, body: Json, order: BillingOrder) -> Billed:
    if order.billing is Billing.USUAL:
        cached = CACHED_TOKENS if caches(body) else 0
        return Billed(
            input_tokens=INPUT_TOKENS, cached_input_tokens=cached, output_tokens=OUTPUT_TOKENS
        )
    limit, thought = asked.UNLIMITED_TOKENS, 0
    if not order.ignores_limits:
        limit, thought = asked.output_limit(route, body), asked.thinking_tokens(route, body)
    several = asked.answers(route, body)
    return Billed(
        **_input(body, order),
        output_tokens=several * (limit + thought),
        reasoning_tokens=several * thought,
        tool_uses=asked.tool_uses(body),
    )


def _input(body: Json, order: BillingOrder) -> dict[str, Any]:
    tokens = asked.input_tokens(body, order.bytes_per_token)
    found: dict[str, Any] = {"input_tokens": tokens, "input_image_tokens": asked.media_tokens(body)}
    block = _mentions(body, "cache_control")
    if block is not None:
        for_an_hour = isinstance(block, Mapping) and block.get("ttl") == _AN_HOUR
        found["cache_write_1h_tokens" if for_an_hour else "cache_write_tokens"] = tokens
    elif "prompt_cache_key" in body:
        found["cached_input_tokens"] = tokens // 2
    return found


def _embeddings(_route: str, body: Json, order: BillingOrder) -> Billed:
    if order.billing is Billing.USUAL:
        return Billed(input_tokens=INPUT_TOKENS)
    return Billed(input_tokens=asked.input_tokens(body, order.bytes_per_token))


def _images(route: str, body: Json, order: BillingOrder) -> Billed:
    if order.billing is Billing.USUAL:
        return Billed(images=1)
    several = asked.answers(route, body)
    size, quality = _word(body, "size"), _word(body, "quality")
    each = _PICTURE_TOKENS.get(quality, _PICTURE_TOKENS["high"])
    each += _PARTIAL_TOKENS * asked.number(body.get("partial_images"))
    return Billed(
        input_tokens=asked.input_tokens(body, order.bytes_per_token),
        input_image_tokens=asked.media_tokens(body),
        output_tokens=several * each,
        images=several,
        size=size,
        quality=quality,
    )


def _ocr(_route: str, body: Json, order: BillingOrder) -> Billed:
    if order.billing is Billing.USUAL:
        return Billed(pages=1)
    pages = asked.pages(body)
    return Billed(pages=pages, annotated_pages=pages if asked.annotates(body) else 0)


def _free(_route: str, _body: Json, _order: BillingOrder) -> Billed:
    return NOTHING


_COMPUTED: Mapping[str, Callable[[str, Json, BillingOrder], Billed]] = {
    **dict.fromkeys(_TEXT_ROUTES, _text),
    "embeddings": _embeddings,
    "images/generations": _images,
    "images/edits": _images,
    "ocr": _ocr,
}


def _word(body: Json, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _mentions(value: Any, name: str, depth: int = 0) -> Any:
    """Return what stands first under a name, at any depth."""
    if depth > 64:
        return None
    if isinstance(value, Mapping):
        if value.get(name) is not None:
            return value[name]
        parts: Any = value.values()
    else:
        parts = value if isinstance(value, list) else ()
    found = (_mentions(part, name, depth + 1) for part in parts)
    return next((each for each in found if each is not None), None)
