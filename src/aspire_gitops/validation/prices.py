"""Every alias states what it costs, in the units that its mode is charged by.

LiteLLM counts nothing for a call without a price, so a budget over it never
fills; and it skips every budget check when both token prices are exactly zero.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.resources import AliasSpec
from aspire_gitops.resources.alias import PriceSpec, TokenPriceSpec

MISSING_PRICE = Rule("AG305", "missing-price")
ZERO_PRICE = Rule("AG306", "zero-price")
PRICE_DOES_NOT_FIT = Rule("AG307", "price-does-not-fit-mode")
UNCLEAR_PRICE = Rule("AG326", "unclear-price")

_TOKENS = ("input_usd_per_million_tokens", "output_usd_per_million_tokens")
_TOKEN_PARTS = tuple(name for name in TokenPriceSpec.model_fields if name not in _TOKENS)
_BY_TOKENS = (*_TOKENS, *_TOKEN_PARTS, "tiers")
# Each way to price a mode by itself, the usual one first; then what may be stated at all.
_WAYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "chat": (_TOKENS,),
    "embedding": (_TOKENS,),
    "ocr": (("usd_per_page",),),
    "image_generation": (("usd_per_image",), ("images",), _TOKENS),
}
_FITTING: Mapping[str, tuple[str, ...]] = {
    "chat": (*_BY_TOKENS, "usd_per_use"),
    "embedding": _BY_TOKENS,
    "ocr": ("usd_per_page", "usd_per_annotated_page"),
    "image_generation": ("usd_per_image", "images", *_BY_TOKENS),
}


def check_price(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    """Yield AG305, AG306, AG307 and AG326 for one alias."""
    mode, price = alias.spec.mode, alias.spec.price
    if price is None:
        yield MISSING_PRICE.at(
            alias.document.key_span("name"),
            f'alias "{alias.name}" has no price: its calls would cost nothing in every budget',
            help=f"add `price:` with {_ways(mode)}",
        )
        return
    stated = _stated(price)
    yield from _check_units(alias, stated)
    if missing := _missing(mode, stated):
        yield PRICE_DOES_NOT_FIT.at(
            alias.document.key_span("price"),
            f"`mode: {mode}` is also charged by {' and '.join(missing)}, which has no price",
            help='state it; "0" is a price too',
        )
    else:
        yield from _check_zero(alias, price)
    yield from _check_tiers(alias, price)
    yield from _check_images(alias, price)


def _stated(price: PriceSpec) -> tuple[str, ...]:
    units = (name for name in PriceSpec.model_fields if name != "zero_because")
    return tuple(unit for unit in units if getattr(price, unit) not in (None, (), {}))


def _ways(mode: str) -> str:
    return ", or with ".join(" and ".join(way) for way in _WAYS[mode])


def _check_units(alias: Declared[AliasSpec], stated: tuple[str, ...]) -> Iterator[Diagnostic]:
    mode = alias.spec.mode
    for unit in stated:
        if unit not in _FITTING[mode]:
            yield PRICE_DOES_NOT_FIT.at(
                alias.document.key_span("price", unit),
                f"`{unit}` is not what `mode: {mode}` is charged by",
                help=f"it is charged by {_ways(mode)}",
            )


def _missing(mode: str, stated: tuple[str, ...]) -> tuple[str, ...]:
    """Return what completes the price: of tokens if any is stated, else of the usual way."""
    ways = _WAYS[mode]
    by_tokens = _TOKENS in ways and any(unit in stated for unit in _BY_TOKENS)
    if not by_tokens and any(set(way) <= set(stated) for way in ways):
        return ()
    wanted = _TOKENS if by_tokens else ways[0]
    return tuple(unit for unit in wanted if unit not in stated)


def _check_zero(alias: Declared[AliasSpec], price: PriceSpec) -> Iterator[Diagnostic]:
    way = next(way for way in _WAYS[alias.spec.mode] if set(way) <= set(_stated(price)))
    is_free = not any(amount for unit in way for amount in _amounts(price, unit))
    if is_free and price.zero_because is None:
        yield ZERO_PRICE.at(
            alias.document.span("price", way[0]),
            "a price of zero takes the alias out of every budget: a spent key still calls it",
            help="state a notional price, or say in `zero_because` why no budget should count it",
        )
    elif not is_free and price.zero_because is not None:
        yield ZERO_PRICE.at(
            alias.document.key_span("price", "zero_because"),
            "`zero_because` explains a price of zero, and this price is not zero",
            help="remove it",
        )


def _amounts(price: PriceSpec, unit: str) -> tuple[Decimal, ...]:
    if unit == "images":
        return tuple(image.usd for image in price.images)
    return (getattr(price, unit),)


def _check_tiers(alias: Declared[AliasSpec], price: PriceSpec) -> Iterator[Diagnostic]:
    needed = [name for name in TokenPriceSpec.model_fields if getattr(price, name) is not None]
    last = 0
    for index, tier in enumerate(price.tiers):
        limit, window = tier.above_input_tokens, alias.spec.context_window_tokens
        place = alias.span("price", "tiers", index, "above_input_tokens")
        if limit <= last:
            yield UNCLEAR_PRICE.at(
                place,
                f"the tier above {limit:,} tokens comes after the one above {last:,}",
                help="write the tiers in ascending order, each threshold once",
            )
        if window is not None and limit >= window:
            yield UNCLEAR_PRICE.at(
                place,
                f"no call is longer than {limit:,} tokens: the context window has {window:,}",
                help="remove the tier, or correct `context_window_tokens`",
            )
        if missing := [name for name in needed if getattr(tier, name) is None]:
            yield UNCLEAR_PRICE.at(
                place,
                f"the tier above {limit:,} tokens does not say {' and '.join(missing)}",
                help="state every token price in each tier, the same where it does not change",
            )
        last = max(last, limit)


def _check_images(alias: Declared[AliasSpec], price: PriceSpec) -> Iterator[Diagnostic]:
    seen: Counter[tuple[str | None, str | None]] = Counter()
    for index, image in enumerate(price.images):
        kind = (image.size, image.quality)
        seen[kind] += 1
        if seen[kind] > 1:
            yield UNCLEAR_PRICE.at(
                alias.span("price", "images", index, "usd"),
                f"images of {image.size or 'any size'} and {image.quality or 'any quality'} "
                "have two prices",
                help="keep one of them",
            )
