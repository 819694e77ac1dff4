"""What an alias may cost, read from LiteLLM's router: its prices, its limits, its timeout.

A price list inherits what a deployment does not state from LiteLLM's built-in list,
for instance a dearer tier above 200,000 tokens. Bills follow that, so bounds do.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from aspire_gitops.ledger.texts import weigh
from aspire_gitops.ledger.worst_case import Prices

DEFAULT_TIMEOUT: Final = timedelta(minutes=10)  # of an alias that states none
_KEPT_S: Final = 5.0
_LONG_TOKENS: Final = 100_000  # below the lowest limit that a tier of prices begins at

_INPUT, _OUTPUT = "input_cost_per_token", "output_cost_per_token"
_CACHE_READ, _CACHE_WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
_PAGE, _ANNOTATED = "ocr_cost_per_page", "annotation_cost_per_page"
_OTHER_ROUTES = ("_batches", "_flex")  # cheaper, and what a call cannot be charged by
# What moves a call into another tier of prices, or adds to it.
_ASKS_FOR_MORE = ("service_tier", "bbox_annotation_format", "document_annotation_format")
NO_PRICES: Final = Prices()


@dataclass(frozen=True, slots=True)
class Tariff:
    """An alias's prices: plain, and the dearest that any tier of them knows."""

    plain: Prices = NO_PRICES
    dearest: Prices = NO_PRICES
    timeout: timedelta = DEFAULT_TIMEOUT

    def prices(self, body: Mapping[str, Any]) -> Prices:
        """Return the prices that bound what a request costs."""
        if self.plain == self.dearest:
            return self.plain
        weight = weigh(body)
        more = any(body.get(name) for name in _ASKS_FOR_MORE)
        in_a_tier = more or weight.has_media or weight.tokens > _LONG_TOKENS
        return self.dearest if in_a_tier else self.plain


@dataclass(frozen=True, slots=True)
class PriceList:
    """What the router says of one alias: LiteLLM's price keys, and the deployment's parameters."""

    keys: Mapping[str, Any]
    parameters: Mapping[str, Any]


def read_tariff(found: PriceList) -> Tariff:
    """Read one alias's prices; what is missing or is no price is None."""
    keys = {**found.keys, **{k: v for k, v in found.parameters.items() if v is not None}}
    dearest = _prices(keys, _is_a_tier_of)
    if annotated := price(keys.get(_ANNOTATED)):
        dearest = replace(dearest, page=(dearest.page or 0) + annotated)
    return Tariff(
        plain=_prices(keys, str.__eq__),
        dearest=dearest,
        timeout=_timeout(found.parameters.get("timeout")),
    )


def _is_a_tier_of(key: str, stem: str) -> bool:
    return key.startswith(stem) and not key.endswith(_OTHER_ROUTES)


def _prices(keys: Mapping[str, Any], fits: Callable[[str, str], bool]) -> Prices:
    def dearest(*stems: str) -> Decimal | None:
        found = (price(keys[key]) for key in keys for stem in stems if fits(key, stem))
        return max((each for each in found if each is not None), default=None)

    return Prices(
        input=dearest(_INPUT),
        output=dearest(_OUTPUT, "output_cost_per_reasoning_token"),
        cached=dearest(_CACHE_READ, _CACHE_WRITE),
        page=dearest(_PAGE),
        image=dearest("output_cost_per_image", "input_cost_per_image"),
        context_window_tokens=_count(keys.get("max_input_tokens")),
        max_output_tokens=_count(keys.get("max_output_tokens")),
    )


def price(found: object) -> Decimal | None:
    """Return a price of LiteLLM's, a float, to the digits that a float can tell."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    amount = Decimal(f"{found:.15g}")
    return amount if amount.is_finite() and amount >= 0 else None


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _timeout(found: object) -> timedelta:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < 86_400:
        return DEFAULT_TIMEOUT
    return timedelta(seconds=found)


class Tariffs:
    """Tariffs by alias, each kept for a few seconds: a reviewed price is in force soon."""

    def __init__(
        self,
        look: Callable[[str], Awaitable[PriceList | None]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look, self._monotonic = look, monotonic
        self._known: dict[str, tuple[float, Tariff]] = {}

    async def of(self, alias: str) -> Tariff:
        """Return an alias's tariff; one without prices if the router does not know it."""
        now = self._monotonic()
        kept = self._known.get(alias)
        if kept and now < kept[0]:
            return kept[1]
        found = await self._look(alias)
        if found is None:  # not kept: names come from clients
            return Tariff()
        tariff = read_tariff(found)
        self._known[alias] = (now + _KEPT_S, tariff)
        return tariff
