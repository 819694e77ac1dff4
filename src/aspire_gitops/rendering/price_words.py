"""Prices of an alias in words, by the dotted names that `compiling.prices.named_amounts` gives them."""

from collections.abc import Mapping

_PRICES: Mapping[str, str] = {
    "input_usd_per_million_tokens": "USD per million tokens in",
    "output_usd_per_million_tokens": "USD per million tokens out",
    "cached_input_usd_per_million_tokens": "USD per million cached tokens in",
    "cache_write_usd_per_million_tokens": "USD per million tokens written to the cache",
    "cache_write_1h_usd_per_million_tokens": "USD per million tokens written to the cache for an hour",
    "input_audio_usd_per_million_tokens": "USD per million audio tokens in",
    "input_image_usd_per_million_tokens": "USD per million image tokens in",
    "reasoning_usd_per_million_tokens": "USD per million reasoning tokens",
    "output_audio_usd_per_million_tokens": "USD per million audio tokens out",
    "usd_per_page": "USD per page",
    "usd_per_annotated_page": "USD per annotated page",
    "usd_per_image": "USD per image",
}
_PRICES_BRIEF: Mapping[str, str] = {
    "input_usd_per_million_tokens": "tokens in",
    "output_usd_per_million_tokens": "out",
    "cached_input_usd_per_million_tokens": "cached in",
    "cache_write_usd_per_million_tokens": "cache writes",
    "cache_write_1h_usd_per_million_tokens": "cache writes for an hour",
    "input_audio_usd_per_million_tokens": "audio in",
    "input_image_usd_per_million_tokens": "images in",
    "reasoning_usd_per_million_tokens": "reasoning",
    "output_audio_usd_per_million_tokens": "audio out",
    "usd_per_page": "page",
    "usd_per_annotated_page": "annotated page",
    "usd_per_image": "image",
}


def price_words(unit: str) -> str:
    """Return what a price is for: `USD per million tokens in`."""
    return _named(unit, _PRICES, "USD per ")


def brief_price_words(unit: str) -> str:
    """Return the same in a word or two: `tokens in`."""
    return _named(unit, _PRICES_BRIEF, "")


def _named(unit: str, names: Mapping[str, str], per: str) -> str:
    match unit.split(".", 1):
        case ["images", kind]:
            return f"{per}image of {kind.replace('.', ', ')}"
        case ["usd_per_use", tool]:
            return f"{per}use of {tool}"
        case ["tiers", tier]:
            above, _, name = tier.partition(".")
            return f"{names.get(name, name)} above {int(above):,} tokens in"
        case _:
            return names.get(unit, unit.replace("_", " "))
