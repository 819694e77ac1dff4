"""An alias's card: what its reviewed file says about cost and limits, as its deployment carries it.

`aspire_gitops.kinds.prices` writes it, the ledger reads it. A card that cannot be read in full is
no card: a price that is guessed would book less than the provider bills.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

FORMAT: Final = 1
FIELD: Final = "aspire"  # of the deployment's `model_info`

_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST: Final = 1_000_000_000  # above every count that a file may state


class Part(NamedTuple):
    """A unit of `Counted` that is a part of a whole, and its price for a million."""

    unit: str
    usd: Decimal | None


def _dearest_first(*parts: Part) -> tuple[Part, ...]:
    stated = (part for part in parts if part.usd is not None)
    return tuple(sorted(stated, key=lambda part: part.usd or 0, reverse=True))


@dataclass(frozen=True)
class TokenPrices:
    """US dollars for a million tokens. A part without a price of its own costs what its whole costs.

    Cached, cache writes (for minutes, or for an hour), audio and images are parts of the
    input; reasoning and audio are parts of the output.
    """

    input_usd_per_million_tokens: Decimal | None = None
    output_usd_per_million_tokens: Decimal | None = None
    cached_input_usd_per_million_tokens: Decimal | None = None
    cache_write_usd_per_million_tokens: Decimal | None = None
    cache_write_1h_usd_per_million_tokens: Decimal | None = None
    input_audio_usd_per_million_tokens: Decimal | None = None
    input_image_usd_per_million_tokens: Decimal | None = None
    reasoning_usd_per_million_tokens: Decimal | None = None
    output_audio_usd_per_million_tokens: Decimal | None = None

    @cached_property
    def input_parts(self) -> tuple[Part, ...]:
        """The parts of the input that have a price of their own, the dearest first."""
        return _dearest_first(
            Part("cached_input_tokens", self.cached_input_usd_per_million_tokens),
            Part("cache_write_tokens", self.cache_write_usd_per_million_tokens),
            Part("cache_write_1h_tokens", self.cache_write_1h_usd_per_million_tokens),
            Part("input_audio_tokens", self.input_audio_usd_per_million_tokens),
            Part("input_image_tokens", self.input_image_usd_per_million_tokens),
        )

    @cached_property
    def output_parts(self) -> tuple[Part, ...]:
        """The same of the output."""
        return _dearest_first(
            Part("reasoning_tokens", self.reasoning_usd_per_million_tokens),
            Part("output_audio_tokens", self.output_audio_usd_per_million_tokens),
        )


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices of every token of a call whose input is longer than a threshold."""

    above_input_tokens: int
    tokens: TokenPrices


@dataclass(frozen=True, slots=True)
class ImagePrice:
    """US dollars for one image of a size and quality; None stands for every one."""

    usd: Decimal
    size: str | None = None
    quality: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """All that the provider charges for, in US dollars. `tiers` are in ascending order."""

    tokens: TokenPrices = TokenPrices()
    usd_per_page: Decimal | None = None
    usd_per_annotated_page: Decimal | None = None
    usd_per_image: Decimal | None = None
    images: tuple[ImagePrice, ...] = ()
    usd_per_use: Mapping[str, Decimal] = field(default_factory=dict)
    tiers: tuple[Tier, ...] = ()

    @property
    def has_token_prices(self) -> bool:
        """Whether both whole token prices are stated: what is not counted in tokens may have none."""
        found = self.tokens
        stated = (found.input_usd_per_million_tokens, found.output_usd_per_million_tokens)
        return None not in stated

    def tokens_at(self, input_tokens: int) -> TokenPrices:
        """Return the token prices of a call with so many tokens of input."""
        if not self.tiers:
            return self.tokens
        reached = [tier.tokens for tier in self.tiers if input_tokens > tier.above_input_tokens]
        return reached[-1] if reached else self.tokens

    def image_usd(self, size: str | None = None, quality: str | None = None) -> Decimal | None:
        """Return what one image costs; the dearest that it may be where the caller left it open.

        Args:
            size: What the caller asked for, None for what the provider chooses (`auto` too).
            quality: Likewise.

        Returns:
            US dollars, None where images have no price of their own.
        """
        rows = [row for row in self.images if _fits(row, size, quality)]
        if size is not None and quality is not None and rows:
            closest = max(_closeness(row) for row in rows)
            return max(row.usd for row in rows if _closeness(row) == closest)
        if self.usd_per_image is not None:
            return max([self.usd_per_image, *(row.usd for row in rows)])
        return max((row.usd for row in rows or self.images), default=None)


@dataclass(frozen=True, slots=True)
class Card:
    """What the reviewed file of one alias says. What it leaves open is None.

    `max_output_tokens` is what one answer of the alias may have,
    `target_max_output_tokens` what the model can write at most. `ignores_output_limit`
    says that the target honours no limit that a request states. `parameters` are sent
    with each call that does not send its own; `allow_parameters` are names that apps
    may send beyond those of the API.
    """

    mode: str
    price: Price
    context_window_tokens: int | None = None
    max_output_tokens: int | None = None
    target_max_output_tokens: int | None = None
    ignores_output_limit: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    allow_parameters: frozenset[str] = frozenset()
    timeout_s: int | None = None


def read_card(found: object) -> Card | None:
    """Read what stands in a row's `model_info.aspire`; None if the card is incomplete.

    A price name that is not known here is a fault: it costs something that we would
    not book. Other names that are not known say nothing about this release; what
    changes the meaning of a card changes its format.
    """
    try:
        return _card(found)
    except _Malformed:
        return None


def read_price(found: object) -> Price | None:
    """Read the prices of a card, whether or not they are all that a mode needs; None if malformed."""
    try:
        return _price(_mapping(found))
    except _Malformed:
        return None


class _Malformed(Exception):
    """This is not a card."""


ValueT = TypeVar("ValueT")


def _card(found: object) -> Card:
    given = _mapping(found)
    if _whole(given.get("format")) != FORMAT:
        raise _Malformed
    card = Card(
        mode=_text(given.get("mode")),
        price=_price(_mapping(given.get("price"))),
        context_window_tokens=_optional(given, "context_window_tokens", _count),
        max_output_tokens=_optional(given, "max_output_tokens", _count),
        target_max_output_tokens=_optional(given, "target_max_output_tokens", _count),
        ignores_output_limit=_optional(given, "ignores_output_limit", _flag) or False,
        parameters=_optional(given, "parameters", _mapping) or {},
        allow_parameters=frozenset(map(_name, _optional(given, "allow_parameters", _list) or ())),
        timeout_s=_optional(given, "timeout_s", _count),
    )
    if not _is_priced(card):
        raise _Malformed
    if card.ignores_output_limit and card.target_max_output_tokens is None:
        raise _Malformed
    return card


def _is_priced(card: Card) -> bool:
    """Say whether the card prices all that its mode is charged by."""
    price = card.price
    match card.mode:
        case "chat" | "embedding":
            return price.has_token_prices
        case "ocr":
            return price.usd_per_page is not None
        case "image_generation":
            return price.has_token_prices or price.image_usd() is not None
        case _:
            return False


def _price(given: Mapping[str, Any]) -> Price:
    known = {*_TOKEN_PRICES, *_OTHER_PRICES}
    if not given.keys() <= known:
        raise _Malformed
    return Price(
        tokens=_token_prices(given),
        usd_per_page=_optional(given, "usd_per_page", _amount),
        usd_per_annotated_page=_optional(given, "usd_per_annotated_page", _amount),
        usd_per_image=_optional(given, "usd_per_image", _amount),
        images=tuple(map(_image, _optional(given, "images", _list) or ())),
        usd_per_use=_uses(given),
        tiers=_tiers(given),
    )


_TOKEN_PRICES: Final = tuple(each.name for each in fields(TokenPrices))
_OTHER_PRICES: Final = tuple(each.name for each in fields(Price) if each.name != "tokens")


def _token_prices(given: Mapping[str, Any]) -> TokenPrices:
    return TokenPrices(**{name: _optional(given, name, _amount) for name in _TOKEN_PRICES})


def _tiers(given: Mapping[str, Any]) -> tuple[Tier, ...]:
    tiers = tuple(map(_tier, _optional(given, "tiers", _list) or ()))
    limits = [tier.above_input_tokens for tier in tiers]
    if sorted(set(limits)) != limits:
        raise _Malformed
    return tiers


def _tier(found: object) -> Tier:
    given = _mapping(found)
    if not given.keys() <= {"above_input_tokens", *_TOKEN_PRICES}:
        raise _Malformed
    tokens = _token_prices(given)
    if None in (tokens.input_usd_per_million_tokens, tokens.output_usd_per_million_tokens):
        raise _Malformed
    return Tier(_count(given.get("above_input_tokens")), tokens)


def _image(found: object) -> ImagePrice:
    given = _mapping(found)
    if not given.keys() <= {"size", "quality", "usd"}:
        raise _Malformed
    return ImagePrice(
        usd=_amount(given.get("usd")),
        size=_optional(given, "size", _text),
        quality=_optional(given, "quality", _text),
    )


def _uses(given: Mapping[str, Any]) -> Mapping[str, Decimal]:
    stated = _optional(given, "usd_per_use", _mapping) or {}
    return {_name(tool): _amount(usd) for tool, usd in stated.items()}


def _fits(row: ImagePrice, size: str | None, quality: str | None) -> bool:
    return (row.size is None or size is None or row.size == size) and (
        row.quality is None or quality is None or row.quality == quality
    )


def _closeness(row: ImagePrice) -> int:
    return (row.size is not None) + (row.quality is not None)


def _optional(
    given: Mapping[str, Any], name: str, read: Callable[[object], ValueT]
) -> ValueT | None:
    return read(given[name]) if name in given else None


def _mapping(found: object) -> Mapping[str, Any]:
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise _Malformed
    return found


def _list(found: object) -> tuple[object, ...]:
    if not isinstance(found, list | tuple):
        raise _Malformed
    return tuple(found)


def _text(found: object) -> str:
    if not isinstance(found, str) or not found:
        raise _Malformed
    return found


def _name(found: object) -> str:
    if not isinstance(found, str) or not _NAME.fullmatch(found):
        raise _Malformed
    return found


def _amount(found: object) -> Decimal:
    if not isinstance(found, str) or not _AMOUNT.fullmatch(found):
        raise _Malformed
    return Decimal(found)


def _count(found: object) -> int:
    number = _whole(found)
    if not 0 < number <= _MOST:
        raise _Malformed
    return number


def _whole(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool):
        raise _Malformed
    return found


def _flag(found: object) -> bool:
    if not isinstance(found, bool):
        raise _Malformed
    return found
