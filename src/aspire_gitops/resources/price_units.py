"""What a provider charges by: how a file, LiteLLM and people call each price. Said once.

Images by size, tools and tiers are lists of such prices, and no rows here.
"""

from dataclasses import dataclass
from typing import Final

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PriceUnit:
    """One price that a file may state, in US dollars.

    `name` is its field in the file, and `per` how many units it is for. `litellm` is
    the field of `litellm_params` with the price of one unit. `words` follow `USD per`;
    `brief` is for tables. `is_cache` says that LiteLLM replaces a price left out by
    one from its own list.
    """

    name: str
    per: int
    litellm: str
    words: str
    brief: str
    is_cache: bool = False


INPUT: Final = PriceUnit(
    "input_usd_per_million_tokens",
    _MILLION,
    "input_cost_per_token",
    "million tokens in",
    "tokens in",
)
OUTPUT: Final = PriceUnit(
    "output_usd_per_million_tokens",
    _MILLION,
    "output_cost_per_token",
    "million tokens out",
    "out",
)
TOKEN_UNITS: Final = (
    INPUT,
    OUTPUT,
    PriceUnit(
        "cached_input_usd_per_million_tokens",
        _MILLION,
        "cache_read_input_token_cost",
        "million cached tokens in",
        "cached in",
        is_cache=True,
    ),
    PriceUnit(
        "cache_write_usd_per_million_tokens",
        _MILLION,
        "cache_creation_input_token_cost",
        "million tokens written to the cache",
        "cache writes",
        is_cache=True,
    ),
    PriceUnit(
        "cache_write_1h_usd_per_million_tokens",
        _MILLION,
        "cache_creation_input_token_cost_above_1hr",
        "million tokens written to the cache for an hour",
        "cache writes for an hour",
        is_cache=True,
    ),
    PriceUnit(
        "input_audio_usd_per_million_tokens",
        _MILLION,
        "input_cost_per_audio_token",
        "million audio tokens in",
        "audio in",
    ),
    PriceUnit(
        "input_image_usd_per_million_tokens",
        _MILLION,
        "input_cost_per_image_token",
        "million image tokens in",
        "images in",
    ),
    PriceUnit(
        "reasoning_usd_per_million_tokens",
        _MILLION,
        "output_cost_per_reasoning_token",
        "million reasoning tokens",
        "reasoning",
    ),
    PriceUnit(
        "output_audio_usd_per_million_tokens",
        _MILLION,
        "output_cost_per_audio_token",
        "million audio tokens out",
        "audio out",
    ),
)
PAGE: Final = PriceUnit("usd_per_page", 1, "ocr_cost_per_page", "page", "page")
ANNOTATED_PAGE: Final = PriceUnit(
    "usd_per_annotated_page", 1, "annotation_cost_per_page", "annotated page", "annotated page"
)
IMAGE: Final = PriceUnit("usd_per_image", 1, "output_cost_per_image", "image", "image")
PRICE_UNITS: Final = (*TOKEN_UNITS, PAGE, ANNOTATED_PAGE, IMAGE)
"""In the order in which cards and reviews show them."""
