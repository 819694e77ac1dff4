"""Every alias states what it costs, in the units that its mode is charged by.

LiteLLM counts nothing for a call without a price, so a budget over it never
fills; and it skips every budget check when both token prices are exactly zero.
"""

from collections.abc import Iterator

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.resources import AliasSpec
from aspire_gitops.resources.alias import PriceSpec

MISSING_PRICE = Rule("AG305", "missing-price")
ZERO_PRICE = Rule("AG306", "zero-price")
PRICE_DOES_NOT_FIT = Rule("AG307", "price-does-not-fit-mode")

_TOKENS = ("input_usd_per_million_tokens", "output_usd_per_million_tokens")
_CACHED = "cached_input_usd_per_million_tokens"
_NEEDED = {
    "chat": _TOKENS,
    "embedding": _TOKENS,
    "ocr": ("usd_per_page",),
    "image_generation": ("usd_per_image",),
}
_OPTIONAL = {"chat": (_CACHED,), "embedding": (_CACHED,), "ocr": (), "image_generation": ()}
_UNITS = (*_TOKENS, _CACHED, "usd_per_page", "usd_per_image")


def check_price(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    """Yield AG305, AG306 and AG307 for one alias."""
    mode, price = alias.spec.mode, alias.spec.price
    if price is None:
        yield MISSING_PRICE.at(
            alias.document.key_span("name"),
            f'alias "{alias.name}" has no price: its calls would cost nothing in every budget',
            help=f"add `price:` with {' and '.join(_NEEDED[mode])}",
        )
        return
    stated = [unit for unit in _UNITS if getattr(price, unit) is not None]
    allowed = (*_NEEDED[mode], *_OPTIONAL[mode])
    for unit in stated:
        if unit not in allowed:
            yield PRICE_DOES_NOT_FIT.at(
                alias.document.key_span("price", unit),
                f"`{unit}` is not what `mode: {mode}` is charged by",
                help=f"it is charged by {' and '.join(_NEEDED[mode])}",
            )
    if missing := [unit for unit in _NEEDED[mode] if unit not in stated]:
        yield PRICE_DOES_NOT_FIT.at(
            alias.document.key_span("price"),
            f"`mode: {mode}` is also charged by {' and '.join(missing)}, which has no price",
            help='state it; "0" is a price too',
        )
    else:
        yield from _check_zero(alias, price, _NEEDED[mode])


def _check_zero(
    alias: Declared[AliasSpec], price: PriceSpec, needed: tuple[str, ...]
) -> Iterator[Diagnostic]:
    is_free = not any(getattr(price, unit) for unit in needed)
    if is_free and price.zero_because is None:
        yield ZERO_PRICE.at(
            alias.document.span("price", needed[0]),
            "a price of zero takes the alias out of every budget: a spent key still calls it",
            help="state a notional price, or say in `zero_because` why no budget should count it",
        )
    elif not is_free and price.zero_because is not None:
        yield ZERO_PRICE.at(
            alias.document.key_span("price", "zero_because"),
            "`zero_because` explains a price of zero, and this price is not zero",
            help="remove it",
        )
