"""What counted units cost at a reviewed price, exactly. Pure, and the one place that prices anything.

Parts are priced within their whole, the dearest first: a provider that reports more
parts than there are tokens is never booked below what any reading of it would cost.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Context, Decimal
from types import MappingProxyType
from typing import Final

from aspire_ledger.card import Part, Price, TokenPrices
from aspire_ledger.values import Counted

_EXACT: Final = Context(prec=80)  # more digits than any product of a count and a price
_NOTHING: Final = Decimal(0)
_NO_USES: Final[Mapping[str, int]] = MappingProxyType({})


def cost_usd(
    price: Price,
    counted: Counted,
    *,
    uses: Mapping[str, int] = _NO_USES,
    image_usd: Decimal | None = None,
    tier_at: int | None = None,
) -> Decimal:
    """Return what the units of one call cost, in US dollars.

    Args:
        price: The reviewed price. What it states no price for costs nothing.
        counted: The units. A count below zero counts as none.
        uses: Uses of hosted tools by name. Uses that `counted` has beyond these, and
            those of a tool without a price, cost as much as the dearest tool that has one.
        image_usd: What one image of the size and quality asked for costs; without it,
            the dearest that one may cost.
        tier_at: Tokens of input that choose the tier, where `counted` is the sum of
            many calls; without it, those of `counted`.
    """
    tokens = price.tokens_at(counted.input_tokens if tier_at is None else tier_at)
    usd = _tokens(tokens, counted)
    if counted.pages > 0 or counted.annotated_pages > 0:
        usd = _EXACT.add(usd, _pages(price, counted))
    if counted.images > 0:
        usd = _EXACT.add(usd, _images(price, counted, image_usd))
    if counted.tool_uses > 0 or uses:
        usd = _EXACT.add(usd, _tools(price, counted, uses))
    return usd


def dearest_input(price: Price, most_input_tokens: int) -> Decimal:
    """Return what a million tokens of input cost at most, in a call of at most so many of them."""
    reachable = _reachable(price, most_input_tokens)
    return max(_dearest(one.input_usd_per_million_tokens, one.input_parts) for one in reachable)


def dearest_output(price: Price, most_input_tokens: int) -> Decimal:
    """Return what a million tokens of output cost at most, after at most so many of input."""
    reachable = _reachable(price, most_input_tokens)
    return max(_dearest(one.output_usd_per_million_tokens, one.output_parts) for one in reachable)


def dearest_use(price: Price) -> Decimal:
    """Return what one use of a hosted tool costs at most, in US dollars."""
    return max(price.usd_per_use.values(), default=_NOTHING)


def _tokens(prices: TokenPrices, counted: Counted) -> Decimal:
    plain_in = prices.input_usd_per_million_tokens or _NOTHING
    plain_out = prices.output_usd_per_million_tokens or _NOTHING
    millionths = _EXACT.add(
        _whole(counted.input_tokens, plain_in, prices.input_parts, counted),
        _whole(counted.output_tokens, plain_out, prices.output_parts, counted),
    )
    return _EXACT.scaleb(millionths, -6)


def _whole(total: int, plain: Decimal, parts: tuple[Part, ...], counted: Counted) -> Decimal:
    """Return what a whole and its parts cost, in millionths: each part at most what is left."""
    left, cost = max(total, 0), _NOTHING
    for unit, usd in parts:
        taken = min(getattr(counted, unit), left)
        if taken > 0 and usd is not None:
            left -= taken
            cost = _EXACT.fma(usd, Decimal(taken), cost)
    return _EXACT.fma(plain, Decimal(left), cost)


def _pages(price: Price, counted: Counted) -> Decimal:
    # Providers count an annotated page as a page read, and then once more.
    page = price.usd_per_page or _NOTHING
    annotated = page if price.usd_per_annotated_page is None else price.usd_per_annotated_page
    return _sum((_times(page, counted.pages), _times(annotated, counted.annotated_pages)))


def _images(price: Price, counted: Counted, image_usd: Decimal | None) -> Decimal:
    usd = price.image_usd() if image_usd is None else image_usd
    return _times(usd or _NOTHING, counted.images)


def _tools(price: Price, counted: Counted, uses: Mapping[str, int]) -> Decimal:
    dearest = dearest_use(price)
    named = sum(max(count, 0) for count in uses.values())
    return _sum(
        (
            *(_times(price.usd_per_use.get(tool, dearest), count) for tool, count in uses.items()),
            _times(dearest, counted.tool_uses - named),
        )
    )


def _reachable(price: Price, most_input_tokens: int) -> Iterator[TokenPrices]:
    yield price.tokens
    for tier in price.tiers:
        if most_input_tokens > tier.above_input_tokens:
            yield tier.tokens


def _dearest(plain: Decimal | None, parts: tuple[Part, ...]) -> Decimal:
    return max([plain or _NOTHING, *(part.usd for part in parts if part.usd is not None)])


def _times(usd: Decimal, count: int) -> Decimal:
    return _EXACT.multiply(usd, Decimal(count)) if count > 0 else _NOTHING


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = _NOTHING
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total
