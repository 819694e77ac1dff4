"""What an Alias must state: prices in the units of its mode, and limits.

Also for how long an App may send parameters that no list has.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.resources import AliasSpec, AppSpec, PriceSpec, ProbeSpec, TokenPriceSpec
from aspire_gitops.resources.price_units import (
    ANNOTATED_PAGE,
    IMAGE,
    INPUT,
    OUTPUT,
    PAGE,
    TOKEN_UNITS,
)
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity

UNBOUNDED_ANSWERS = Rule("AG327", "unbounded-answers")
ANSWER_TOO_LONG = Rule("AG328", "answer-too-long")
DEFAULT_BOUND = Rule("AG329", "default-bound", Severity.WARNING)

_DEFAULTS = {
    "max_output_tokens": "an answer counts as 32,768 tokens",
    "context_window_tokens": "a request counts as one token for each byte",
}
_BOUNDED = {
    "chat": tuple(_DEFAULTS),
    "embedding": ("context_window_tokens",),
    "ocr": (),
    "image_generation": (),
}

FACTS_DISAGREE = Rule("AG342", "facts-disagree", Severity.WARNING)

MISSING_PRICE = Rule("AG305", "missing-price")
ZERO_PRICE = Rule("AG306", "zero-price")
PRICE_DOES_NOT_FIT = Rule("AG307", "price-does-not-fit-mode")
UNCLEAR_PRICE = Rule("AG326", "unclear-price")

_TOKENS = (INPUT.name, OUTPUT.name)
_TOKEN_PARTS = tuple(unit.name for unit in TOKEN_UNITS if unit.name not in _TOKENS)
_BY_TOKENS = (*_TOKENS, *_TOKEN_PARTS, "tiers")
# Each complete way to price a mode, the usual one first; below, every unit that it may state.
_WAYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "chat": (_TOKENS,),
    "embedding": (_TOKENS,),
    "ocr": ((PAGE.name,),),
    "image_generation": ((IMAGE.name,), ("images",), _TOKENS),
}
_FITTING: Mapping[str, tuple[str, ...]] = {
    "chat": (*_BY_TOKENS, "usd_per_use"),
    "embedding": _BY_TOKENS,
    "ocr": (PAGE.name, ANNOTATED_PAGE.name),
    "image_generation": (IMAGE.name, "images", *_BY_TOKENS),
}

PROBE_NOT_CLAIMED = Rule("AG221", "probe-not-claimed")
REPORT_NOT_ALLOWED = Rule("AG339", "report-not-allowed")
EXPIRED_REPORT = Rule("AG340", "expired-report", Severity.WARNING)

MOST_DAYS = 31


def check_limits(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG327, AG328 and AG329."""
    has_ledger = catalog.gateway is not None and catalog.gateway.spec.ledger is not None
    for alias in catalog.aliases.values():
        yield from _check_target(alias)
        if has_ledger:
            yield from _check_stated(alias)


def check_same_targets(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG342 for each alias that says otherwise of its target than the first one does."""
    first: dict[tuple[str, str, str], Declared[AliasSpec]] = {}
    for alias in catalog.aliases.values():
        target = alias.spec.target
        known = first.setdefault((target.provider, target.model, alias.spec.mode), alias)
        if unlike := [name for name, path in _OF_THE_MODEL if _stated_both(known, alias, path)]:
            path = next(path for name, path in _OF_THE_MODEL if name == unlike[0])
            yield FACTS_DISAGREE.at(
                alias.span(*path),
                f'aliases "{known.name}" and "{alias.name}" call the same model'
                f" ({target.provider}/{target.model}) and state another {' and '.join(unlike)} for it",
                help=f"state the same in both files; {known.span(*path)} has the other",
            )


_OF_THE_MODEL = (
    ("price", ("price",)),
    ("context window", ("context_window_tokens",)),
    ("longest answer of the model", ("target", "max_output_tokens")),
)


def _stated_both(
    one: Declared[AliasSpec], other: Declared[AliasSpec], path: tuple[str, ...]
) -> bool:
    """Return whether both state a value, and not the same."""
    values: list[object] = [one.spec, other.spec]
    for name in path:
        values = [getattr(value, name) for value in values]
    return None not in values and values[0] != values[1]


def _check_target(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    target, most = alias.spec.target, alias.spec.max_output_tokens
    if target.ignores_output_limit and target.max_output_tokens is None:
        yield UNBOUNDED_ANSWERS.at(
            alias.document.key_span("target", "ignores_output_limit"),
            "answers are unbounded: the target ignores output limits, and its own maximum is not stated",
            help="state the most that the model can write in `target: {max_output_tokens: …}`",
        )
    if (
        most is not None
        and target.max_output_tokens is not None
        and most > target.max_output_tokens
    ):
        yield ANSWER_TOO_LONG.at(
            alias.span("max_output_tokens"),
            f"the alias promises answers of {most:,} tokens, "
            f"but its target writes at most {target.max_output_tokens:,}",
            help="lower `max_output_tokens`, or correct the target's",
        )


def _check_stated(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    for field in _BOUNDED[alias.spec.mode]:
        if getattr(alias.spec, field) is None:
            yield DEFAULT_BOUND.at(
                alias.document.key_span("name"),
                f'alias "{alias.name}" does not state `{field}`: {_DEFAULTS[field]} before it is sent',
                help=f"state `{field}`",
            )


def check_probe(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    """Yield AG221 for each call that the alias is to be probed with and does not claim to answer."""
    probe, claimed = alias.spec.probe, alias.spec.claimed_probes
    for index, variant in enumerate(probe.variants if isinstance(probe, ProbeSpec) else ()):
        if variant not in claimed:
            yield PROBE_NOT_CLAIMED.at(
                alias.span("probe", "variants", index),
                f'alias "{alias.name}" is probed with a call that it does not claim to answer: {variant}',
                help=f"add the capability, or choose among {', '.join(claimed)}",
            )


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
            f"`mode: {mode}` also needs a price for {' and '.join(missing)}",
            help='state it; "0" is a valid price',
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
                f"`mode: {mode}` is not charged by `{unit}`",
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
            "a price of zero takes the alias out of every budget: a key without money left can still call it",
            help="state a notional price, or say in `zero_because` why no budget should count it",
        )
    elif not is_free and price.zero_because is not None:
        yield ZERO_PRICE.at(
            alias.document.key_span("price", "zero_because"),
            "`zero_because` explains a price of zero, but this price is not zero",
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
                f"no call exceeds {limit:,} tokens: the context window is {window:,} tokens",
                help="remove the tier, or correct `context_window_tokens`",
            )
        if missing := [name for name in needed if getattr(tier, name) is None]:
            yield UNCLEAR_PRICE.at(
                place,
                f"the tier above {limit:,} tokens does not state {' and '.join(missing)}",
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


def check_unknown_parameters(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    """Yield AG339 and AG340 for apps with `unknown_parameters`."""
    for app in catalog.apps.values():
        if app.spec.unknown_parameters:
            yield from _check_allowed(app, catalog)
            yield from _check_until(app, app.spec.unknown_parameters.until, today)


def _check_allowed(app: Declared[AppSpec], catalog: Catalog) -> Iterator[Diagnostic]:
    place = app.document.key_span("unknown_parameters")
    gateway, budget = catalog.gateway, catalog.budgets.get(app.spec.budget)
    if gateway and gateway.spec.policy.unknown_parameters == "refuse":
        yield REPORT_NOT_ALLOWED.at(
            place,
            f'app "{app.name}" lets unlisted parameters pass, but the gateway refuses them',
            help="remove it, or write `policy: {unknown_parameters: apps_may_report}` in "
            f"{gateway.document.path}",
        )
    if budget and budget.spec.admission == "strict":
        yield REPORT_NOT_ALLOWED.at(
            place,
            f'budget "{budget.name}" is strict, but the cost of an unknown parameter has no bound',
            help="remove it, or give the app a budget with `admission: fair`",
        )


def _check_until(app: Declared[AppSpec], until: date, today: date) -> Iterator[Diagnostic]:
    place = app.span("unknown_parameters", "until")
    if until < today:
        yield EXPIRED_REPORT.at(
            place,
            f"this ended on {until}: unknown parameters are refused again",
            help="remove `unknown_parameters`",
        )
    elif until - today > timedelta(days=MOST_DAYS):
        yield REPORT_NOT_ALLOWED.at(
            place,
            f"{until} is {(until - today).days} days ahead; the limit is {MOST_DAYS} days",
            help=f"choose a day up to {today + timedelta(days=MOST_DAYS)}",
        )
