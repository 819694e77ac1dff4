"""For every price and all counts: more never costs less, and no reading of the parts costs more."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aspire_ledger.card import Price, Tier, TokenPrices, read_card
from aspire_ledger.pricing import cost_usd, dearest_input, dearest_output
from aspire_ledger.values import UNITS, Counted

usd = st.decimals(0, 100, places=9)
stated = st.none() | usd
counts = st.integers(0, 1000)
calls = st.builds(Counted, **dict.fromkeys(UNITS, counts))
WHOLES = ("input_tokens", "output_tokens", "pages", "images", "annotated_pages", "tool_uses")


@st.composite
def token_prices(draw: st.DrawFn, floor: TokenPrices | None = None) -> TokenPrices:
    """Return prices for all tokens, none below `floor`: longer calls are never cheaper."""
    found = {}
    for name in TokenPrices.__dataclass_fields__:
        whole = name.startswith(("input_usd", "output_usd"))
        if floor is None:
            found[name] = draw(usd if whole else stated)
        else:
            below = getattr(floor, name)
            found[name] = None if below is None else below + draw(usd)
    return TokenPrices(**found)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    tokens = draw(token_prices())
    tiers, last = [], tokens
    for limit in sorted(draw(st.sets(st.integers(1, 1000), max_size=2))):
        last = draw(token_prices(last))
        tiers.append(Tier(limit, last))
    return Price(
        tokens=tokens,
        usd_per_page=draw(stated),
        usd_per_annotated_page=draw(stated),
        usd_per_image=draw(stated),
        usd_per_use=draw(st.dictionaries(st.sampled_from(["web_search", "shell"]), usd)),
        tiers=tuple(tiers),
    )


@given(prices(), calls, st.sampled_from(WHOLES), counts)
def test_more_of_a_whole_never_costs_less(
    price: Price, call: Counted, unit: str, more: int
) -> None:
    larger = replace(call, **{unit: getattr(call, unit) + more})
    assert cost_usd(price, larger) >= cost_usd(price, call)


@given(prices(), calls, st.sampled_from(UNITS), counts)
def test_more_of_a_part_moves_the_cost_towards_its_price(
    price: Price, call: Counted, unit: str, more: int
) -> None:
    part = _price_of_part(price, call, unit)
    if part is None:
        return
    own, whole = part
    larger = replace(call, **{unit: getattr(call, unit) + more})
    before, after = cost_usd(price, call), cost_usd(price, larger)
    if own is None:
        assert after == before
    elif own >= whole:
        assert after >= before
    elif _fits(larger):  # else a cheap part may take the place of a cheaper one
        assert after <= before


def _fits(call: Counted) -> bool:
    """Say whether the parts of both wholes are parts indeed, and do not overlap."""
    parts = [getattr(call, unit) for unit in UNITS if unit.endswith("_tokens")]
    outputs = call.output_tokens + call.reasoning_tokens + call.output_audio_tokens
    inputs = sum(parts) - outputs
    return inputs <= 2 * call.input_tokens and outputs <= 2 * call.output_tokens


def _price_of_part(price: Price, call: Counted, unit: str) -> tuple[Decimal | None, Decimal] | None:
    """Return a part's own price and its whole's; None for what is a whole itself."""
    tokens = price.tokens_at(call.input_tokens)
    names = {
        "cached_input_tokens": "cached_input",
        "cache_write_tokens": "cache_write",
        "cache_write_1h_tokens": "cache_write_1h",
        "input_audio_tokens": "input_audio",
        "input_image_tokens": "input_image",
        "reasoning_tokens": "reasoning",
        "output_audio_tokens": "output_audio",
    }
    if unit not in names:
        return None
    whole = "output" if unit in {"reasoning_tokens", "output_audio_tokens"} else "input"
    read = {
        name: getattr(tokens, f"{name}_usd_per_million_tokens") for name in (names[unit], whole)
    }
    return read[names[unit]], read[whole]


@given(prices(), calls)
def test_tokens_never_cost_more_than_the_dearest_price_of_each(price: Price, call: Counted) -> None:
    only = Counted(**{unit: getattr(call, unit) for unit in UNITS if unit.endswith("_tokens")})
    most = (
        dearest_input(price, call.input_tokens) * call.input_tokens
        + dearest_output(price, call.input_tokens) * call.output_tokens
    )
    assert 0 <= cost_usd(price, only) * 1_000_000 <= most


@given(prices(), calls, st.integers(0, 50), st.integers(0, 50))
def test_naming_the_tools_never_costs_more_than_not_naming_them(
    price: Price, call: Counted, searches: int, others: int
) -> None:
    counted = replace(call, tool_uses=max(call.tool_uses, searches + others))
    named = cost_usd(price, counted, uses={"web_search": searches, "other": others})
    assert named <= cost_usd(price, counted)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["format", "mode", "price", "max_output_tokens", "parameters", "allow_parameters", "timeout_s"]
)


@given(st.dictionaries(NAMES, json), json)
def test_reading_never_raises(more: dict[str, Any], other: object) -> None:
    price = {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "1"}
    card = {"format": 1, "mode": "chat", "price": price, **more}
    for found in (card, other, {**card, "price": {**price, "tiers": other}}):
        read = read_card(found)
        assert read is None or read.price.has_token_prices
