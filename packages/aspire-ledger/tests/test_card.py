"""A card that can be read in full is read as it was written; any other is no card."""

from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.card import ImagePrice, Price, Tier, TokenPrices, read_card
from ledger_support.cards import CHAT_PRICE, chat_card, price_of

FULL_PRICE = {
    **CHAT_PRICE,
    "cached_input_usd_per_million_tokens": "0.20",
    "cache_write_usd_per_million_tokens": "2.50",
    "cache_write_1h_usd_per_million_tokens": "4",
    "input_audio_usd_per_million_tokens": "30",
    "input_image_usd_per_million_tokens": "3",
    "reasoning_usd_per_million_tokens": "12",
    "output_audio_usd_per_million_tokens": "60",
    "usd_per_page": "0.001",
    "usd_per_annotated_page": "0.003",
    "usd_per_image": "0.04",
    "images": [{"size": "1024x1024", "quality": "high", "usd": "0.17"}, {"usd": "0.05"}],
    "usd_per_use": {"web_search": "0.01"},
    "tiers": [
        {
            "above_input_tokens": 200000,
            "input_usd_per_million_tokens": "4.00",
            "output_usd_per_million_tokens": "15.00",
        }
    ],
}


def test_everything_that_a_card_says_is_read() -> None:
    card = read_card(
        chat_card(
            price=FULL_PRICE,
            context_window_tokens=1_000_000,
            max_output_tokens=16_384,
            target_max_output_tokens=128_000,
            ignores_output_limit=True,
            parameters={"temperature": 0.01, "stop": ["a"]},
            allow_parameters=["enable_thinking", "top_k"],
            timeout_s=300,
        )
    )
    assert card is not None
    assert card.price == Price(
        tokens=TokenPrices(
            *map(Decimal, ("2.00", "10.00", "0.20", "2.50", "4", "30", "3", "12", "60"))
        ),
        usd_per_page=Decimal("0.001"),
        usd_per_annotated_page=Decimal("0.003"),
        usd_per_image=Decimal("0.04"),
        images=(ImagePrice(Decimal("0.17"), "1024x1024", "high"), ImagePrice(Decimal("0.05"))),
        usd_per_use={"web_search": Decimal("0.01")},
        tiers=(Tier(200_000, TokenPrices(Decimal("4.00"), Decimal("15.00"))),),
    )
    assert (card.context_window_tokens, card.max_output_tokens) == (1_000_000, 16_384)
    assert (card.target_max_output_tokens, card.ignores_output_limit) == (128_000, True)
    assert card.parameters == {"temperature": 0.01, "stop": ["a"]}
    assert card.allow_parameters == {"enable_thinking", "top_k"}
    assert card.timeout_s == 300


def test_what_a_card_leaves_out_is_none() -> None:
    card = read_card(chat_card())
    assert card is not None
    assert (card.mode, card.parameters, card.allow_parameters) == ("chat", {}, frozenset())
    assert card.ignores_output_limit is False
    assert {card.context_window_tokens, card.max_output_tokens, card.timeout_s} == {None}


@pytest.mark.parametrize(
    ("mode", "price"),
    [
        pytest.param(
            "embedding", {**CHAT_PRICE, "output_usd_per_million_tokens": "0"}, id="embedding"
        ),
        pytest.param("ocr", {"usd_per_page": "0.001"}, id="ocr"),
        pytest.param("image_generation", {"usd_per_image": "0.04"}, id="a flat price for images"),
        pytest.param("image_generation", {"images": [{"usd": "0.04"}]}, id="prices by size"),
        pytest.param("image_generation", CHAT_PRICE, id="images by the token"),
    ],
)
def test_a_card_of_each_mode_is_read(mode: str, price: dict[str, Any]) -> None:
    card = read_card({"format": 1, "mode": mode, "price": price})
    assert card is not None
    assert card.mode == mode


def test_a_name_of_a_later_release_does_not_matter() -> None:
    assert read_card(chat_card(colour="blue")) == read_card(chat_card())


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="nothing"),
        pytest.param("{}", id="a text"),
        pytest.param([], id="a list"),
        pytest.param({}, id="an empty mapping"),
        pytest.param(chat_card(format=2), id="another format"),
        pytest.param(chat_card(format=True), id="a format of true"),
        pytest.param(chat_card(format="1"), id="a format in quotes"),
        pytest.param(chat_card(mode="video"), id="another mode"),
        pytest.param(chat_card(mode=["chat"]), id="a list of modes"),
        pytest.param(chat_card(price={}), id="no price"),
        pytest.param(chat_card(price=None), id="a price of null"),
        pytest.param(chat_card(price={"usd_per_image": "1"}), id="a price of another mode"),
        pytest.param(
            chat_card(price={"input_usd_per_million_tokens": "1"}), id="no price for the output"
        ),
        pytest.param(chat_card(price={**CHAT_PRICE, "usd_per_video": "1"}), id="a price not known"),
        *(
            pytest.param(
                chat_card(price={**CHAT_PRICE, "input_usd_per_million_tokens": amount}),
                id=f"a price of {amount!r}",
            )
            for amount in (
                2,
                2.0,
                None,
                True,
                "",
                "-1",
                "NaN",
                "Infinity",
                "1e9",
                " 1",
                "1\n",
                "٣",
                "1" * 10,
            )
        ),
        pytest.param(chat_card(price={**CHAT_PRICE, "tiers": {}}), id="tiers that are no list"),
        pytest.param(
            chat_card(price={**CHAT_PRICE, "tiers": [CHAT_PRICE]}), id="a tier without a threshold"
        ),
        pytest.param(
            chat_card(price={**CHAT_PRICE, "tiers": [{"above_input_tokens": 5}]}),
            id="a tier without prices",
        ),
        pytest.param(
            chat_card(
                price={
                    **CHAT_PRICE,
                    "tiers": [
                        {"above_input_tokens": 9, **CHAT_PRICE},
                        {"above_input_tokens": 5, **CHAT_PRICE},
                    ],
                }
            ),
            id="tiers out of order",
        ),
        pytest.param(
            chat_card(price={**CHAT_PRICE, "images": [{"size": "1x1"}]}),
            id="an image without a price",
        ),
        pytest.param(
            chat_card(price={**CHAT_PRICE, "usd_per_use": ["web_search"]}),
            id="uses that are a list",
        ),
        pytest.param(
            chat_card(price={**CHAT_PRICE, "usd_per_use": {"Web": "1"}}),
            id="a tool's name in capitals",
        ),
        *(
            pytest.param(chat_card(max_output_tokens=limit), id=f"a limit of {limit!r}")
            for limit in (0, -1, None, "5", 1.5, True, float("nan"), 10**12)
        ),
        pytest.param(chat_card(ignores_output_limit=1), id="a flag of 1"),
        pytest.param(chat_card(ignores_output_limit=True), id="no limit honoured and none known"),
        pytest.param(chat_card(parameters=[]), id="parameters that are a list"),
        pytest.param(chat_card(allow_parameters="top_k"), id="allowed parameters that are a text"),
        pytest.param(chat_card(allow_parameters=["Top K"]), id="a parameter's name with a blank"),
        pytest.param(chat_card(timeout_s=0), id="no time at all"),
    ],
)
def test_what_cannot_be_read_in_full_is_no_card(found: object) -> None:
    assert read_card(found) is None


IMAGES = price_of(
    {
        "usd_per_image": "0.04",
        "images": [
            {"size": "1024x1024", "quality": "high", "usd": "0.17"},
            {"size": "1024x1024", "usd": "0.06"},
            {"quality": "high", "usd": "0.30"},
        ],
    },
    "image_generation",
)


@pytest.mark.parametrize(
    ("size", "quality", "usd"),
    [
        pytest.param("1024x1024", "high", "0.17", id="both match"),
        pytest.param("1024x1024", "low", "0.06", id="the size matches"),
        pytest.param("512x512", "high", "0.30", id="the quality matches"),
        pytest.param("512x512", "low", "0.04", id="neither matches"),
        pytest.param(None, None, "0.30", id="the provider chooses both"),
        pytest.param("1024x1024", None, "0.30", id="the provider chooses the quality"),
        pytest.param(None, "low", "0.06", id="the provider chooses the size"),
    ],
)
def test_an_image_costs_what_fits_best_or_the_dearest_it_may_be(
    size: str | None, quality: str | None, usd: str
) -> None:
    assert IMAGES.image_usd(size, quality) == Decimal(usd)


def test_an_image_of_a_size_without_a_price_costs_the_dearest_of_the_list() -> None:
    listed = price_of(
        {"images": [{"size": "a", "usd": "1"}, {"size": "b", "usd": "3"}]}, "image_generation"
    )
    assert listed.image_usd("c", "high") == Decimal(3)
