"""How a review tells an alias before and after: all that differs, and the short of it."""

from collections.abc import Iterator

from aspire_gitops.impact.review import AliasImpact, Edit, Moved, PriceMove
from aspire_gitops.rendering.price_words import brief_price_words, price_words
from aspire_gitops.rendering.review.amounts import number, percent
from aspire_gitops.rendering.review.words import Code, Words, listed, value_words


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
    return price_words(price.unit)


def _price_brief(price: PriceMove) -> str:
    before, after = price.usd.before, price.usd.after
    name = brief_price_words(price.unit)
    moved = percent(before, after) or f"{number(before, 'none')} → {number(after, 'none')}"
    return f"{name} {moved}"
