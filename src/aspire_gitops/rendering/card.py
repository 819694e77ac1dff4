"""One alias's card in words: its target, what it costs, what bounds a call, what apps may send."""

from collections.abc import Iterator, Mapping

from aspire_gitops.codec.values import document
from aspire_gitops.kinds.prices import card_of, named_amounts
from aspire_gitops.resources import AliasSpec, ProviderSpec
from aspire_gitops.resources.price_units import PRICE_UNITS
from aspire_gitops.vocabulary import one_line
from aspire_ledger.canonical import canonical_json, pretty_json

_PRICES: Mapping[str, str] = {unit.name: f"USD per {unit.words}" for unit in PRICE_UNITS}
_PRICES_BRIEF: Mapping[str, str] = {unit.name: unit.brief for unit in PRICE_UNITS}

_DEFAULT_ANSWER = 32_768  # tokens; what the ledger assumes if no file states it
_DEFAULT_TIMEOUT_S = 600


def price_words(unit: str) -> str:
    """Return what a price is for: `USD per million tokens in`."""
    return _named(unit, _PRICES, "USD per ")


def brief_price_words(unit: str) -> str:
    """Return the same in a word or two: `tokens in`."""
    return _named(unit, _PRICES_BRIEF, "")


def _named(unit: str, names: Mapping[str, str], per: str) -> str:
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


def card_json(alias: AliasSpec, provider: ProviderSpec) -> str:
    """Return the card as its deployment carries it, with the alias's name and target beside it."""
    target = {"provider": provider.name, "vendor": provider.vendor, "model": alias.target.model}
    return pretty_json(
        document("alias-card", {"alias": alias.name, "target": target, "card": card_of(alias)})
    )


def card_text(alias: AliasSpec, provider: ProviderSpec) -> str:
    """Return the card for people, in four parts."""
    parts = (
        ("", _target(alias, provider)),
        ("price", _price(alias)),
        ("limits", _limits(alias)),
        ("parameters", _parameters(alias)),
    )
    return "\n".join(line for title, lines in parts for line in _part(title, lines)) + "\n"


def _part(title: str, lines: Iterator[str]) -> Iterator[str]:
    if title:
        yield from ("", title)
    yield from (f"  {line}" if title else line for line in lines)


def _target(alias: AliasSpec, provider: ProviderSpec) -> Iterator[str]:
    yield (
        f"{alias.name}, {alias.mode}: {alias.target.model} at {provider.name} "
        f"({one_line(provider.vendor)})"
    )
    if alias.description:
        yield one_line(alias.description)


def _price(alias: AliasSpec) -> Iterator[str]:
    price = alias.price
    for unit, usd in named_amounts(price) if price else ():
        yield f"{usd:f} {price_words(unit)}"
    if price and price.zero_because:
        yield f"zero, because: {one_line(price.zero_because)}"


def _limits(alias: AliasSpec) -> Iterator[str]:
    if alias.mode in ("chat", "embedding"):
        yield _request_limit(alias)
    if alias.mode == "chat":
        yield from _answer_limits(alias)
    timeout = alias.limits.timeout_s if alias.limits else None
    yield f"a call times out after {timeout or _DEFAULT_TIMEOUT_S} s{'' if timeout else ', by default'}"


def _request_limit(alias: AliasSpec) -> str:
    if alias.context_window_tokens is None:
        return "a request counts as one token for each byte: `context_window_tokens` is not stated"
    return f"a request counts as {alias.context_window_tokens:,} tokens at most"


def _answer_limits(alias: AliasSpec) -> Iterator[str]:
    target, most = alias.target, alias.max_output_tokens
    if target.ignores_output_limit:
        yield (
            f"an answer counts as {target.max_output_tokens:,} tokens, what the model can write at "
            "most: the target ignores output limits"
        )
        return
    if most is None:
        bound = target.max_output_tokens or _DEFAULT_ANSWER
        yield f"an answer counts as {bound:,} tokens: `max_output_tokens` is not stated"
        return
    yield f"an answer has {most:,} tokens at most"
    yield f"a call that asks for more is lowered to {most:,}, and one that does not say gets {most:,}"
    if target.max_output_tokens is not None:
        yield f"the model itself can write {target.max_output_tokens:,}"


def _parameters(alias: AliasSpec) -> Iterator[str]:
    for name, value in (alias.parameters or {}).items():
        yield f"sent unless the app sends its own: {name} {one_line(canonical_json(value))}"
    if alias.allow_parameters:
        yield f"apps may also send: {', '.join(sorted(alias.allow_parameters))}"
    yield "what is neither the API's nor listed here is refused by name"
