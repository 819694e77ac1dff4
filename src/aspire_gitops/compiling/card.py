"""`kind: Alias` → its card: the reviewed facts that the ledger counts by, as one JSON mapping.

It travels on the deployment in `model_info.aspire`, under names of our own: LiteLLM
strips from `model_info` what it takes for a price. `ledger.card` reads it.
"""

from collections.abc import Mapping
from decimal import Decimal

from aspire_gitops.compiling.fields import as_stored
from aspire_gitops.resources import AliasSpec
from aspire_gitops.resources.alias import ImagePriceSpec, PriceSpec, PriceTierSpec, TokenPriceSpec
from aspire_ledger.canonical import JsonValue

FORMAT = 1
CARD_FIELD = "model_info.aspire"


def card_of(spec: AliasSpec) -> Mapping[str, JsonValue]:
    """Return what the file says, under the file's own names. What it leaves out is absent."""
    stated: dict[str, JsonValue] = {
        "format": FORMAT,
        "mode": spec.mode,
        "price": _price(spec.price or PriceSpec()),
        "context_window_tokens": spec.context_window_tokens,
        "max_output_tokens": spec.max_output_tokens,
        "target_max_output_tokens": spec.target.max_output_tokens,
        "ignores_output_limit": spec.target.ignores_output_limit,
        "parameters": as_stored(spec.parameters or {}),
        "allow_parameters": tuple(sorted(spec.allow_parameters)),
        "timeout_s": spec.limits.timeout_s if spec.limits else None,
    }
    return {name: value for name, value in stated.items() if _is_stated(value)}


def _price(price: PriceSpec) -> Mapping[str, JsonValue]:
    return {
        **_amounts(price),
        **({"images": tuple(map(_image, price.images))} if price.images else {}),
        **({"usd_per_use": _uses(price.usd_per_use)} if price.usd_per_use else {}),
        **({"tiers": tuple(map(_tier, price.tiers))} if price.tiers else {}),
    }


def _amounts(prices: TokenPriceSpec | ImagePriceSpec) -> Mapping[str, JsonValue]:
    found = ((name, getattr(prices, name)) for name in type(prices).model_fields)
    return {name: _text(amount) for name, amount in found if isinstance(amount, Decimal)}


def _image(image: ImagePriceSpec) -> Mapping[str, JsonValue]:
    words = {"size": image.size, "quality": image.quality}
    return {**{name: word for name, word in words.items() if word}, **_amounts(image)}


def _uses(uses: Mapping[str, Decimal]) -> Mapping[str, JsonValue]:
    return {tool: _text(uses[tool]) for tool in sorted(uses)}


def _tier(tier: PriceTierSpec) -> Mapping[str, JsonValue]:
    return {"above_input_tokens": tier.above_input_tokens, **_amounts(tier)}


def _text(amount: Decimal) -> str:
    return f"{amount:f}"  # str() would write 0.000000001 as 1E-9


def _is_stated(value: JsonValue) -> bool:
    return value is not None and value is not False and value not in ((), {})
