"""The most that a request can cost, from its body and the cards of its alias. Pure.

An upper bound, never a guess, and never from a number that the caller can make smaller
than what the provider may bill: no model makes more tokens of a text than the text has
bytes, and an answer has at most the limit that the guard wrote into the request. Where
nothing says more (a picture, a stored prompt), the alias's declared window counts, or
else a constant that is stated here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from aspire_ledger.amounts import NanoAud, cost_in_nano
from aspire_ledger.body import Weight, hosted_tools, weigh
from aspire_ledger.card import Card, Price, TokenPrices
from aspire_ledger.contract import (
    COMPLETIONS,
    EMBEDDINGS,
    IMAGE_EDITS,
    IMAGES,
    OCR,
    RESPONSES,
    Contract,
)
from aspire_ledger.pricing import cost_usd, dearest_input, dearest_output
from aspire_ledger.request_guard import output_limit, parameter_of, searches
from aspire_ledger.shapes import Effect, is_absent, whole
from aspire_ledger.values import Counted

MEDIA_TOKENS: Final = 200_000  # all that a call with a picture, a file or a sound may hold
PAGES: Final = 1_000  # of a document
_PREVIEW_TOKENS: Final = 100  # what OpenAI bills for each image on the way to the last
_DEEPEST: Final = 16
_SEARCHES: Final = 10  # of one answer, where the request cannot limit them
_TOOLS_FRAME: Final = 600  # what providers tell a model about tools beside their schemas
# Where a list of numbers is tokens.
_TOKENISED: Final = frozenset({"prompt", "input"})
_READ: Final = frozenset(
    {Effect.INPUT, Effect.TOOLS, Effect.PREDICTION, Effect.THINKING_BESIDE, Effect.CACHING}
)
_PAGE_RANGE: Final = re.compile(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, as far as it decides about money.

    `worst_usd` is the upper bound. `input_tokens` bounds what was sent. `image_usd` is what
    one image of the size and quality asked for costs, `pages` how many were asked for;
    `annotated` says that pages are annotated, and `searches` that the model searches
    without being asked by a tool.
    """

    worst_usd: Decimal
    input_tokens: int = 0
    image_usd: Decimal | None = None
    pages: int = 0
    annotated: bool = False
    searches: bool = False


def dearest(
    contract: Contract, body: Mapping[str, Any], cards: Iterable[Card]
) -> tuple[Card, Asked]:
    """Return the dearest of the cards under one alias for a request, and what it then asks for."""
    found = [(card, ask(contract, body, card)) for card in cards]
    return max(found, key=lambda pair: pair[1].worst_usd)


def ask(contract: Contract, body: Mapping[str, Any], card: Card) -> Asked:
    """Return what a request asks for.

    Args:
        contract: Of its kind of call.
        body: As it goes on: after `request_guard.judge`.
        card: Of the row that may answer it.
    """
    effective = {**card.parameters, **{k: v for k, v in body.items() if not is_absent(v)}}
    if "web_search_options" in body and body["web_search_options"] is not None:
        effective["web_search_options"] = body["web_search_options"]  # {} asks for a search too
    if contract is OCR:
        return _pages(effective, card.price)
    if contract in (IMAGES, IMAGE_EDITS):
        return _images(contract, effective, card)
    return _tokens(contract, effective, card)


def in_nano(asked: Asked, usd_per_aud: Decimal) -> NanoAud:
    return cost_in_nano(asked.worst_usd, usd_per_aud)


def _tokens(contract: Contract, body: Mapping[str, Any], card: Card) -> Asked:
    weight = weigh(_sent(contract, body), _TOKENISED)
    if _holds_more(contract, body):  # and nobody knows how that was written
        weight = replace(weight, has_media=True, caches=True)
    price = card.price if _may_cache(body, weight) else _without_cache_writes(card.price)
    sent = _input_tokens(contract, body, weight, card)
    output = 0 if contract is EMBEDDINGS else _output_tokens(contract, body, card)
    usd = _of_tokens(price, sent, output) + _fees(body, price)
    return Asked(worst_usd=usd, input_tokens=sent, searches=any(searches(body)))


def _may_cache(body: Mapping[str, Any], weight: Weight) -> bool:
    asks = any(name.startswith("prompt_cache") for name in body)
    return weight.caches or asks


def _of_tokens(price: Price, input_tokens: int, output_tokens: int) -> Decimal:
    dear_in, dear_out = dearest_input(price, input_tokens), dearest_output(price, input_tokens)
    return (dear_in * input_tokens + dear_out * output_tokens).scaleb(-6)


def _sent(contract: Contract, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a body that reach the model as text, and what asks for caching."""
    return {
        name: value for name, value in body.items() if parameter_of(contract, name).effect in _READ
    }


def _input_tokens(contract: Contract, body: Mapping[str, Any], weight: Weight, card: Card) -> int:
    window = card.context_window_tokens
    told = 0 if is_absent(body.get("tools") or body.get("functions")) else _TOOLS_FRAME
    tokens = weight.tokens + told
    if weight.has_media:
        return window or max(MEDIA_TOKENS, tokens)
    if window is None or contract is EMBEDDINGS:  # there each item has a window of its own
        return tokens
    return min(tokens, window * _prompts(contract, body))


def _holds_more(contract: Contract, body: Mapping[str, Any]) -> bool:
    """Say whether a call holds more than its text: what the provider stored, found or ran."""
    stored = any(
        parameter_of(contract, name).effect is Effect.STORED and not is_absent(value)
        for name, value in body.items()
    )
    if stored or any(hosted_tools(body.get("tools"))) or any(searches(body)):
        return True
    return contract is RESPONSES and any(map(_is_stored, _items(body.get("input"))))


def _is_stored(item: object) -> bool:
    """Say whether an item of an input stands for one that the provider keeps."""
    if not isinstance(item, Mapping):
        return False
    if item.get("type") == "reasoning":
        return not item.get("encrypted_content")
    # A reference needs no type: `{id: …}` is one.
    return not item.get("type") and "role" not in item


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _output_tokens(contract: Contract, body: Mapping[str, Any], card: Card) -> int:
    one = _one_answer(contract, body, card)
    return one * _answers(body) * _prompts(contract, body) + _predicted(body)


def _one_answer(contract: Contract, body: Mapping[str, Any], card: Card) -> int:
    most = output_limit(card)
    model_most = card.target_max_output_tokens or most
    if card.ignores_output_limit:
        return max(model_most, most)
    stated = [whole(body.get(name)) for name in contract.limits]
    limit = max((each for each in stated if each and each > 0), default=most)
    beside = _thinking_beside(contract, body, max(model_most, most))
    return limit + beside + (max(model_most, most) if _compacts(body) else 0)


def _thinking_beside(contract: Contract, body: Mapping[str, Any], most: int) -> int:
    """Return how much a model may think beside the limit of its answer."""
    names = [
        name
        for name, value in body.items()
        if parameter_of(contract, name).effect is Effect.THINKING_BESIDE
        and value not in (None, False)
        and not is_absent(value)
    ]
    if not names:
        return 0
    budget = max((_budget(body[name]) for name in names), default=0)
    is_bound = names == ["thinking_budget"] and budget > 0
    return budget if is_bound else max(most, budget)


def _budget(value: object, depth: int = 0) -> int:
    """Return the largest number in what a request says of thinking, wherever it stands."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return max((_budget(part, depth + 1) for part in value.values()), default=0)
    return max(0, whole(value) or 0)


def _compacts(body: Mapping[str, Any]) -> bool:
    management = body.get("context_management")
    if isinstance(management, Mapping) and not management.keys() <= {"edits"}:
        return True  # what nobody knows here may be one
    edits = management.get("edits") if isinstance(management, Mapping) else management
    return any(
        isinstance(edit, Mapping) and not str(edit.get("type", "")).startswith("clear_")
        for edit in (edits if isinstance(edits, list | tuple) else ())
    )


def _predicted(body: Mapping[str, Any]) -> int:
    # What is predicted and not used is billed as output.
    prediction = body.get("prediction")
    return 0 if is_absent(prediction) else weigh({"prediction": prediction}).tokens


def _answers(body: Mapping[str, Any]) -> int:
    return max(whole(body.get("n")) or 1, whole(body.get("best_of")) or 1)


def _prompts(contract: Contract, body: Mapping[str, Any]) -> int:
    prompt = body.get("prompt")
    if contract is not COMPLETIONS or not isinstance(prompt, list | tuple):
        return 1
    if all(type(each) is int for each in prompt):
        return 1  # one prompt, as tokens
    return max(1, len(prompt))


def _fees(body: Mapping[str, Any], price: Price) -> Decimal:
    limit = whole(body.get("max_tool_calls"))
    uses: dict[str, int] = {}
    for tool in hosted_tools(body.get("tools"), limit):
        uses[tool.kind] = uses.get(tool.kind, 0) + tool.uses
    for _ in searches(body):
        uses["web_search"] = uses.get("web_search", 0) + _SEARCHES
    return cost_usd(price, Counted(tool_uses=sum(uses.values())), uses=uses)


def _without_cache_writes(price: Price) -> Price:
    return replace(
        price,
        tokens=_reading(price.tokens),
        tiers=tuple(replace(tier, tokens=_reading(tier.tokens)) for tier in price.tiers),
    )


def _reading(tokens: TokenPrices) -> TokenPrices:
    return replace(
        tokens,
        cache_write_usd_per_million_tokens=None,
        cache_write_1h_usd_per_million_tokens=None,
    )


def _images(contract: Contract, body: Mapping[str, Any], card: Card) -> Asked:
    price, count = card.price, _answers(body)
    image_usd = price.image_usd(_choice(body.get("size")), _choice(body.get("quality")))
    usd = (image_usd or Decimal(0)) * count
    sent = 0
    if price.has_token_prices:
        weight = weigh(_sent(contract, body))
        has_media = contract is IMAGE_EDITS or weight.has_media
        window = card.context_window_tokens
        sent = (window or max(MEDIA_TOKENS, weight.tokens)) if has_media else weight.tokens
        one = output_limit(card) + _PREVIEW_TOKENS * (whole(body.get("partial_images")) or 0)
        usd += _of_tokens(price, sent, one * count)
    return Asked(worst_usd=usd, input_tokens=sent, image_usd=image_usd)


def _choice(value: object) -> str | None:
    return value if isinstance(value, str) and value not in ("", "auto") else None


def _pages(body: Mapping[str, Any], price: Price) -> Asked:
    pages = _wanted_pages(body)
    annotated = any(
        not is_absent(body.get(name))
        for name in ("bbox_annotation_format", "document_annotation_format")
    )
    counted = Counted(pages=pages, annotated_pages=pages if annotated else 0)
    return Asked(worst_usd=cost_usd(price, counted), pages=pages, annotated=annotated)


def _wanted_pages(body: Mapping[str, Any]) -> int:
    pages = body.get("pages")
    if isinstance(pages, list | tuple) and pages:
        return len(pages) if all(page >= 0 for page in pages) else PAGES
    if isinstance(pages, str) and pages:
        return _pages_in_words(pages)
    document = body.get("document")
    return 1 if isinstance(document, Mapping) and _is_picture(document) else PAGES


def _is_picture(document: Mapping[str, Any]) -> bool:
    """Say whether a document can only be one picture, and no file of pages under its name."""
    found = document.get("image_url")
    url = found.get("url") if isinstance(found, Mapping) else found
    is_file = (
        isinstance(url, str) and url[:5].lower() == "data:" and url[:11].lower() != "data:image/"
    )
    return (
        document.get("type") == "image_url"
        and document.keys() <= {"type", "image_url"}
        and not is_file
    )


def _pages_in_words(text: str) -> int:
    """Read `0-2,5`; what cannot be read may be the whole document."""
    total = 0
    for part in text.split(","):
        found = _PAGE_RANGE.fullmatch(part)
        if not found:
            return PAGES
        total += abs(int(found[2]) - int(found[1])) + 1 if found[2] else 1
    return total
