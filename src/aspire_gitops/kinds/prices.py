"""An alias's prices, twice: under LiteLLM's names, and as the card that the ledger counts by. Pure.

LiteLLM's own spend is a cross-check and a backstop: where it has no name for a price,
or for the threshold of a tier, the price is left out there. The card has all of them.
It travels on the deployment in `model_info.aspire`, under names of our own: LiteLLM
strips from `model_info` what it takes for a price. `aspire_ledger.card` reads it.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_UP, Decimal

from aspire_gitops.kinds.fields import as_stored
from aspire_gitops.releases import PriceTier, Release
from aspire_gitops.resources import (
    AliasSpec,
    ImagePriceSpec,
    PriceSpec,
    PriceTierSpec,
    TokenPriceSpec,
)
from aspire_gitops.resources.price_units import (
    ANNOTATED_PAGE,
    IMAGE,
    PAGE,
    TOKEN_UNITS,
    PriceUnit,
)
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import json_number, per_unit

FORMAT = 1
CARD_FIELD = "model_info.aspire"

_NO_TIER = PriceTier("", frozenset())


def price_fields(spec: AliasSpec, release: Release) -> dict[str, JsonValue]:
    """Return LiteLLM's fields for an alias's prices: US dollars per unit, None where not stated."""
    # Prices belong in litellm_params: the admin API strips them from model_info in silence.
    price = spec.price or PriceSpec()
    tokens = {
        unit.litellm: _token_price(price, unit)
        for unit in TOKEN_UNITS
        if spec.mode == "chat" or not unit.is_cache
    }
    others = {
        PAGE.litellm: _price(price.usd_per_page),
        ANNOTATED_PAGE.litellm: _price(price.usd_per_annotated_page),
        IMAGE.litellm: _price(_dearest_image(price)),
    }
    tiers = {name: usd for tier in price.tiers for name, usd in _tier_fields(tier, release)}
    return tokens | others | tiers


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


def _token_price(prices: TokenPriceSpec, unit: PriceUnit) -> JsonValue:
    usd: Decimal | None = getattr(prices, unit.name)
    if usd is None and unit.is_cache:
        # LiteLLM's list has prices that nobody reviewed and that change with its release.
        usd = prices.input_usd_per_million_tokens
    return _price(None if usd is None else per_unit(usd))


def _tier_fields(tier: PriceTierSpec, release: Release) -> Iterator[tuple[str, JsonValue]]:
    known = release.price_tiers.get(tier.above_input_tokens, _NO_TIER)
    return (
        (f"{unit.litellm}_above_{known.name}_tokens", _token_price(tier, unit))
        for unit in TOKEN_UNITS
        if unit.litellm in known.prices
    )


def _dearest_image(price: PriceSpec) -> Decimal | None:
    flat = () if price.usd_per_image is None else (price.usd_per_image,)
    return max((*flat, *(image.usd for image in price.images)), default=None)


def _price(usd: Decimal | None) -> JsonValue:
    # Up, so that a call never counts as cheaper than the file says.
    return None if usd is None else json_number(usd, rounding=ROUND_UP)


def card_of(spec: AliasSpec) -> Mapping[str, JsonValue]:
    """Return what the file says, under the file's own names. What it leaves out is absent."""
    stated: dict[str, JsonValue] = {
        "format": FORMAT,
        "mode": spec.mode,
        "price": _priced(spec.price or PriceSpec()),
        "context_window_tokens": spec.context_window_tokens,
        "max_output_tokens": spec.max_output_tokens,
        "target_max_output_tokens": spec.target.max_output_tokens,
        "ignores_output_limit": spec.target.ignores_output_limit,
        "parameters": as_stored(spec.parameters or {}),
        "allow_parameters": tuple(sorted(spec.allow_parameters)),
        "timeout_s": spec.limits.timeout_s if spec.limits else None,
    }
    return {name: value for name, value in stated.items() if _is_stated(value)}


def _priced(price: PriceSpec) -> Mapping[str, JsonValue]:
    return {
        **_amounts(price),
        **({"images": tuple(map(_image, price.images))} if price.images else {}),
        **({"usd_per_use": _uses(price.usd_per_use)} if price.usd_per_use else {}),
        **({"tiers": tuple(map(_tier, price.tiers))} if price.tiers else {}),
    }


def _amounts(prices: TokenPriceSpec | ImagePriceSpec) -> Mapping[str, JsonValue]:
    found = ((name, getattr(prices, name)) for name in type(prices).model_fields)
    return {name: _digits(amount) for name, amount in found if isinstance(amount, Decimal)}


def _image(image: ImagePriceSpec) -> Mapping[str, JsonValue]:
    words = {"size": image.size, "quality": image.quality}
    return {**{name: word for name, word in words.items() if word}, **_amounts(image)}


def _uses(uses: Mapping[str, Decimal]) -> Mapping[str, JsonValue]:
    return {tool: _digits(uses[tool]) for tool in sorted(uses)}


def _tier(tier: PriceTierSpec) -> Mapping[str, JsonValue]:
    return {"above_input_tokens": tier.above_input_tokens, **_amounts(tier)}


def _digits(amount: Decimal) -> str:
    return f"{amount:f}"  # str() would write 0.000000001 as 1E-9


def _is_stated(value: JsonValue) -> bool:
    return value is not None and value is not False and value not in ((), {})
