"""The most that a request can cost, from its body and its alias's prices. Pure.

An upper bound, never a guess: no model makes more tokens of a text than the text
has bytes. Where the body does not say (a picture, an unstated length), what the
alias declares counts, or else a constant that is stated here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from aspire_gitops.ledger.amounts import NanoAud, cost_in_nano
from aspire_gitops.ledger.texts import Weight, weigh

# Where neither the request nor the alias says.
MEDIA_TOKENS: Final = 200_000  # all that a call with a picture, a file or a sound may hold
OUTPUT_TOKENS: Final = 32_768  # one answer
PAGES: Final = 1_000  # of a document

_ANSWERS: Final = 128  # no provider makes more of one request
_CACHE_WRITE: Final = 2  # writing to a prompt cache costs up to twice the price of reading
_OUTPUT_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# What LiteLLM calls its routes that do not answer with tokens.
_KINDS: Final = {
    "embedding": "embedding",
    "aembedding": "embedding",
    "embeddings": "embedding",
    "ocr": "ocr",
    "aocr": "ocr",
    "image_generation": "image",
    "aimage_generation": "image",
    "image_edit": "image",
    "aimage_edit": "image",
}


class Charged(StrEnum):
    """What a route is charged by."""

    TOKENS = "tokens"  # chat, completions, messages, responses, and whatever is not known
    EMBEDDING = "embedding"  # tokens in, none out
    OCR = "ocr"
    IMAGE = "image"

    @classmethod
    def by(cls, call_type: str) -> "Charged":
        """Return what LiteLLM's `call_type` is charged by."""
        return cls(_KINDS.get(call_type, "tokens"))


@dataclass(frozen=True, slots=True)
class Prices:
    """What an alias costs, in US dollars for one unit, and how much fits into one call."""

    input: Decimal | None = None
    output: Decimal | None = None
    cached: Decimal | None = None
    page: Decimal | None = None
    image: Decimal | None = None
    context_window_tokens: int | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """No bound can be given: the alias has no price for what the call is charged by."""

    missing: str


def worst_case(
    charged: Charged, body: Mapping[str, Any], prices: Prices, usd_per_aud: Decimal
) -> NanoAud | Unpriced:
    """Return an upper bound of what a request costs, or which price is missing."""
    parts = tuple(_parts(charged, body, prices))
    missing = [name for _, price, name in parts if price is None]
    if missing:
        return Unpriced(missing[0])
    usd = sum((units * price for units, price, _ in parts if price is not None), Decimal(0))
    return cost_in_nano(usd, usd_per_aud)


def _parts(
    charged: Charged, body: Mapping[str, Any], prices: Prices
) -> Iterator[tuple[int, Decimal | None, str]]:
    """Yield units, the price of one, and the price's name."""
    match charged:
        case Charged.TOKENS:
            weight = weigh(body)
            factor = _CACHE_WRITE if weight.caches else 1
            dearest = max(filter(None, (prices.input, prices.cached)), default=prices.input)
            yield _input_tokens(weight, prices) * factor, dearest, "input tokens"
            yield _output_tokens(body, prices) * _answers(body), prices.output, "output tokens"
        case Charged.EMBEDDING:
            yield _input_tokens(weigh(body), prices), prices.input, "input tokens"
        case Charged.OCR:
            yield _pages(body), prices.page, "pages"
        case Charged.IMAGE:
            yield _answers(body), prices.image, "images"


def _input_tokens(weight: Weight, prices: Prices) -> int:
    window = prices.context_window_tokens
    if weight.has_media:
        return window or max(MEDIA_TOKENS, weight.tokens)
    return min(weight.tokens, window or weight.tokens)


def _output_tokens(body: Mapping[str, Any], prices: Prices) -> int:
    stated = [_whole(body.get(name)) for name in _OUTPUT_LIMITS]
    wanted = max((limit for limit in stated if limit), default=None)
    most = prices.max_output_tokens
    if wanted is None:
        return most or OUTPUT_TOKENS
    return min(wanted, most or wanted)


def _answers(body: Mapping[str, Any]) -> int:
    wanted = max(_whole(body.get("n")) or 1, _whole(body.get("best_of")) or 1)
    return min(wanted, _ANSWERS)


def _pages(body: Mapping[str, Any]) -> int:
    pages = body.get("pages")
    if isinstance(pages, list) and pages:
        return len(pages)
    document = body.get("document")
    is_image = isinstance(document, Mapping) and document.get("type") == "image_url"
    return 1 if is_image else PAGES


def _whole(value: object) -> int | None:
    """Read a number as a lenient provider would; None for what is none, or none above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if number > 0 else None
