"""An alias's prices under LiteLLM's names: what its own spend and its own budgets count by.

A cross-check and a backstop: the ledger prices by the card. Where LiteLLM has no name
for a price, or for the threshold of a tier, the price is left out here.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_UP, Decimal

from aspire_gitops.resources import AliasSpec
from aspire_gitops.resources.alias import PriceSpec, PriceTierSpec, TokenPriceSpec
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import json_number, per_unit

_INPUT, _OUTPUT = "input_cost_per_token", "output_cost_per_token"
_READ, _WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
_WRITE_1H = "cache_creation_input_token_cost_above_1hr"
# The thresholds that LiteLLM 1.106.2 reads from a deployment, and the prices that it
# has at each. A name that it does not know would be sent to the provider.
_TIER_NAMES: Mapping[int, tuple[str, frozenset[str]]] = {
    100_000: ("100k", frozenset({_INPUT, _OUTPUT, _READ, _WRITE, _WRITE_1H})),
    128_000: ("128k", frozenset({_INPUT, _OUTPUT})),
    200_000: ("200k", frozenset({_INPUT, _OUTPUT, _READ, _WRITE})),
    272_000: ("272k", frozenset({_INPUT, _OUTPUT, _READ, _WRITE})),
    512_000: ("512k", frozenset({_INPUT, _OUTPUT, _READ})),
}


def price_fields(spec: AliasSpec) -> dict[str, JsonValue]:
    """Return LiteLLM's fields for an alias's prices: US dollars per unit, None where not stated."""
    # Prices belong in litellm_params: the admin API strips them from model_info in silence.
    price = spec.price or PriceSpec()
    tokens = {
        _INPUT: _per_token(price.input_usd_per_million_tokens),
        _OUTPUT: _per_token(price.output_usd_per_million_tokens),
        "input_cost_per_audio_token": _per_token(price.input_audio_usd_per_million_tokens),
        "input_cost_per_image_token": _per_token(price.input_image_usd_per_million_tokens),
        "output_cost_per_reasoning_token": _per_token(price.reasoning_usd_per_million_tokens),
        "output_cost_per_audio_token": _per_token(price.output_audio_usd_per_million_tokens),
    }
    others = {
        "ocr_cost_per_page": _price(price.usd_per_page),
        "annotation_cost_per_page": _price(price.usd_per_annotated_page),
        "output_cost_per_image": _price(_dearest_image(price)),
    }
    tiers = {name: usd for tier in price.tiers for name, usd in _tier_fields(tier)}
    return tokens | others | (_cache_prices(price) if spec.mode == "chat" else {}) | tiers


def named_amounts(price: PriceSpec) -> Iterator[tuple[str, Decimal]]:
    """Yield every stated price under a dotted name; what is in a list is named by what it is for.

    `input_usd_per_million_tokens`, `images.1024x1024.high`, `usd_per_use.web_search`,
    `tiers.200000.input_usd_per_million_tokens`.
    """
    yield from _plain_amounts(price)
    for image in price.images:
        yield f"images.{image.name}", image.usd
    for tool, usd in (price.usd_per_use or {}).items():
        yield f"usd_per_use.{tool}", usd
    for tier in price.tiers:
        for name, usd in _plain_amounts(tier):
            yield f"tiers.{tier.name}.{name}", usd


def _plain_amounts(prices: TokenPriceSpec) -> Iterator[tuple[str, Decimal]]:
    for name in type(prices).model_fields:
        amount = getattr(prices, name)
        if isinstance(amount, Decimal):
            yield name, amount


def _cache_prices(prices: TokenPriceSpec) -> dict[str, JsonValue]:
    # Left out, LiteLLM takes these from its built-in list for models that it
    # knows: prices that nobody reviewed and that change with its release.
    plain = prices.input_usd_per_million_tokens
    return {
        _READ: _per_token(_or_plain(prices.cached_input_usd_per_million_tokens, plain)),
        _WRITE: _per_token(_or_plain(prices.cache_write_usd_per_million_tokens, plain)),
        _WRITE_1H: _per_token(_or_plain(prices.cache_write_1h_usd_per_million_tokens, plain)),
    }


def _tier_fields(tier: PriceTierSpec) -> Iterator[tuple[str, JsonValue]]:
    threshold, known = _TIER_NAMES.get(tier.above_input_tokens, ("", frozenset()))
    usd = {
        _INPUT: _per_token(tier.input_usd_per_million_tokens),
        _OUTPUT: _per_token(tier.output_usd_per_million_tokens),
        **_cache_prices(tier),
    }
    return ((f"{name}_above_{threshold}_tokens", usd[name]) for name in usd if name in known)


def _dearest_image(price: PriceSpec) -> Decimal | None:
    flat = () if price.usd_per_image is None else (price.usd_per_image,)
    return max((*flat, *(image.usd for image in price.images)), default=None)


def _or_plain(part: Decimal | None, plain: Decimal | None) -> Decimal | None:
    return plain if part is None else part


def _per_token(usd_per_million: Decimal | None) -> JsonValue:
    return _price(None if usd_per_million is None else per_unit(usd_per_million))


def _price(usd: Decimal | None) -> JsonValue:
    # Up, so that a call never counts as cheaper than the file says.
    return None if usd is None else json_number(usd, rounding=ROUND_UP)
