"""How a review tells an alias before and after: all that differs, and the short of it."""

from collections.abc import Iterator, Mapping

from aspire_gitops.impact.review import AliasImpact, Edit, Moved, PriceMove
from aspire_gitops.rendering.review.amounts import number, percent
from aspire_gitops.rendering.review.words import Code, Words, listed, value_words

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


def goes_to_another_company(alias: AliasImpact) -> bool:
    """Say whether another vendor sees an app's data after the change than before."""
    return alias.vendor.changed and None not in (alias.vendor.before, alias.vendor.after)


def alias_brief(alias: AliasImpact) -> Iterator[Words]:
    """Yield what a reviewer weighs first: the target, what is lost and gained, prices."""
    if alias.provider.changed or alias.model.changed:
        before = _target(alias.provider.before, alias.model.before)
        yield (before, " → ", _target(alias.provider.after, alias.model.after))
    for label, old, new, meaning in alias_rows(alias):
        if meaning in ("lost", "gained"):
            yield (f"{meaning}: ", *(old if meaning == "lost" else new))
        elif not ("USD" in label or label in ("provider", "vendor", "model")):
            name, _, unit = label.partition(", ")
            yield (f"{name} ", *old, " → ", *new, f" {unit}".rstrip())
    prices = [price for price in alias.prices if price.usd.changed]
    if prices:
        yield ("price: " + ", ".join(map(_price_brief, prices)),)


def alias_rows(alias: AliasImpact) -> Iterator[tuple[str, Words, Words, str]]:
    """Yield what differs about an alias: a label, before, after, and what that means."""
    yield from _moved_texts(alias)
    if alias.capabilities_lost:
        yield "capabilities", listed(alias.capabilities_lost), ("none of these",), "lost"
    if alias.capabilities_gained:
        yield "capabilities", ("none of these",), listed(alias.capabilities_gained), "gained"
    for label, moved in (
        ("context window, tokens", alias.context_window_tokens),
        ("longest answer, tokens", alias.max_output_tokens),
        ("embedding dimensions", alias.embedding_dimensions),
    ):
        if moved.changed:
            yield label, (number(moved.before),), (number(moved.after),), _meaning(label, moved)
    for price in alias.prices:
        if price.usd.changed:
            before, after = price.usd.before, price.usd.after
            said = (number(before, "none"),), (number(after, "none"),)
            yield price_label(price), *said, percent(before, after)


def _moved_texts(alias: AliasImpact) -> Iterator[tuple[str, Words, Words, str]]:
    company = "data goes to another company" if goes_to_another_company(alias) else ""
    for label, moved, meaning in (
        ("provider", alias.provider, ""),
        ("vendor", alias.vendor, company),
        ("model", alias.model, ""),
        ("mode", alias.mode, "apps must call it another way" if alias.edit is Edit.CHANGED else ""),
        ("billing", alias.billing, ""),
    ):
        if moved.changed:
            yield label, value_words(moved.before), value_words(moved.after), meaning


def _meaning(label: str, moved: Moved[int]) -> str:
    if None in (moved.before, moved.after):
        return ""
    if label.startswith("embedding"):
        return "stored vectors no longer fit"
    return "smaller" if (moved.after or 0) < (moved.before or 0) else "larger"


def _target(provider: str | None, model: str | None) -> str | Code:
    return Code(f"{provider} / {model}") if provider and model else "none"


def price_label(price: PriceMove) -> str:
    return _named(price.unit, _PRICES, "USD per ")


def _price_brief(price: PriceMove) -> str:
    before, after = price.usd.before, price.usd.after
    name = _named(price.unit, _PRICES_BRIEF, "")
    moved = percent(before, after) or f"{number(before, 'none')} → {number(after, 'none')}"
    return f"{name} {moved}"


def _named(unit: str, names: Mapping[str, str], per: str) -> str:
    """Return a price's name in words; `unit` is dotted where the price is in a list."""
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
