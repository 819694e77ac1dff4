"""Counted units cost what the reviewed price says, to the last digit."""

from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.card import Price
from aspire_ledger.pricing import cost_usd, dearest_input, dearest_output
from aspire_ledger.values import Counted
from ledger_support.cards import CHAT_PRICE, price_of

PARTS = price_of(
    {
        **CHAT_PRICE,
        "cached_input_usd_per_million_tokens": "0.20",
        "cache_write_usd_per_million_tokens": "2.50",
        "cache_write_1h_usd_per_million_tokens": "4",
        "input_audio_usd_per_million_tokens": "30",
        "input_image_usd_per_million_tokens": "3",
        "reasoning_usd_per_million_tokens": "12",
        "output_audio_usd_per_million_tokens": "60",
    }
)
PLAIN = price_of(CHAT_PRICE)
TIERED = price_of(
    {
        **CHAT_PRICE,
        "cached_input_usd_per_million_tokens": "0.20",
        "tiers": [
            {
                "above_input_tokens": 200,
                "input_usd_per_million_tokens": "4",
                "output_usd_per_million_tokens": "15",
                "cached_input_usd_per_million_tokens": "0.40",
            },
            {
                "above_input_tokens": 500,
                "input_usd_per_million_tokens": "8",
                "output_usd_per_million_tokens": "20",
            },
        ],
    }
)


@pytest.mark.parametrize(
    ("price", "counted", "usd"),
    [
        pytest.param(PLAIN, {}, "0", id="nothing"),
        pytest.param(PLAIN, {"input_tokens": 1, "output_tokens": 3}, "0.000032", id="tokens"),
        pytest.param(PLAIN, {"input_tokens": 10, "cached_input_tokens": 9}, "0.00002", id="a part without a price costs what its whole costs"),
        pytest.param(PARTS, {"input_tokens": 10, "cached_input_tokens": 9}, "0.0000038", id="cached"),
        pytest.param(PARTS, {"input_tokens": 10, "cache_write_tokens": 4}, "0.000022", id="written for minutes"),
        pytest.param(PARTS, {"input_tokens": 10, "cache_write_1h_tokens": 4}, "0.000028", id="written for an hour"),
        pytest.param(PARTS, {"input_tokens": 10, "input_audio_tokens": 2}, "0.000076", id="audio in"),
        pytest.param(PARTS, {"input_tokens": 10, "input_image_tokens": 10}, "0.00003", id="images in"),
        pytest.param(PARTS, {"output_tokens": 10, "reasoning_tokens": 5}, "0.00011", id="reasoning"),
        pytest.param(PARTS, {"output_tokens": 10, "output_audio_tokens": 1}, "0.00015", id="audio out"),
        pytest.param(PARTS, {"input_tokens": 10, "cached_input_tokens": 99}, "0.000002", id="a part above its whole"),
        pytest.param(PARTS, {"input_tokens": 10, "cached_input_tokens": 8, "input_audio_tokens": 5}, "0.000151", id="parts that overlap: the dearest first"),
        pytest.param(PARTS, {"input_tokens": 10, "cached_input_tokens": -5, "output_tokens": -7}, "0.00002", id="less than nothing"),
        pytest.param(TIERED, {"input_tokens": 200, "output_tokens": 10}, "0.0005", id="at a threshold"),
        pytest.param(TIERED, {"input_tokens": 201, "output_tokens": 10}, "0.000954", id="above a threshold all tokens are dearer"),
        pytest.param(TIERED, {"input_tokens": 300, "cached_input_tokens": 200}, "0.00048", id="a part in a tier"),
        pytest.param(TIERED, {"input_tokens": 501, "cached_input_tokens": 200}, "0.004008", id="a part that the tier does not price"),
        pytest.param(price_of({"usd_per_page": "0.001"}, "ocr"), {"pages": 3, "annotated_pages": 2}, "0.005", id="annotated pages without a price"),
        pytest.param(price_of({"usd_per_page": "0.001", "usd_per_annotated_page": "0.003"}, "ocr"), {"pages": 3, "annotated_pages": 2}, "0.009", id="pages"),
        pytest.param(price_of({"usd_per_image": "0.04"}, "image_generation"), {"images": 3, "input_tokens": 50}, "0.12", id="images by the piece"),
        pytest.param(price_of(CHAT_PRICE, "image_generation"), {"images": 3, "input_tokens": 1, "output_tokens": 3}, "0.000032", id="images by the token"),
    ],
)  # fmt: skip
def test_units_cost_what_the_price_says(price: Price, counted: dict[str, Any], usd: str) -> None:
    assert cost_usd(price, Counted(**counted)) == Decimal(usd)


SEARCH = price_of({**CHAT_PRICE, "usd_per_use": {"web_search": "0.01", "code_execution": "0.05"}})


@pytest.mark.parametrize(
    ("tool_uses", "uses", "usd"),
    [
        pytest.param(3, {"web_search": 2, "code_execution": 1}, "0.07", id="by name"),
        pytest.param(0, {"web_search": 2}, "0.02", id="named and not counted"),
        pytest.param(3, {"web_search": 2}, "0.07", id="one more than is named"),
        pytest.param(3, {}, "0.15", id="none is named"),
        pytest.param(1, {"file_search": 1}, "0.05", id="a tool without a price"),
        pytest.param(0, {"web_search": -4}, "0", id="less than nothing"),
    ],
)
def test_uses_of_hosted_tools_cost_their_fee_or_the_dearest(
    tool_uses: int, uses: dict[str, int], usd: str
) -> None:
    assert cost_usd(SEARCH, Counted(tool_uses=tool_uses), uses=uses) == Decimal(usd)


def test_a_tool_costs_nothing_where_none_has_a_price() -> None:
    assert cost_usd(PLAIN, Counted(tool_uses=5), uses={"web_search": 5}) == 0


def test_an_image_costs_what_was_asked_for() -> None:
    price = price_of({"usd_per_image": "0.04"}, "image_generation")
    assert cost_usd(price, Counted(images=2), image_usd=Decimal("0.17")) == Decimal("0.34")


def test_a_sum_of_calls_is_priced_in_the_tier_of_one_of_them() -> None:
    counted = Counted(input_tokens=1000)
    assert cost_usd(TIERED, counted, tier_at=100) == Decimal("0.002")
    assert cost_usd(TIERED, counted, tier_at=300) == Decimal("0.004")


def test_huge_counts_lose_no_digit() -> None:
    price = price_of(
        {
            "input_usd_per_million_tokens": "999999999.999999999",
            "output_usd_per_million_tokens": "0.000000003",
        }
    )
    counted = Counted(input_tokens=10**18 + 1, output_tokens=1)
    assert cost_usd(price, counted) == Decimal("1000000000000000000000.000000000000002")


@pytest.mark.parametrize(
    ("most", "input_usd", "output_usd"),
    [
        pytest.param(200, "2.00", "10.00", id="below every threshold"),
        pytest.param(201, "4", "15", id="in the first tier"),
        pytest.param(9999, "8", "20", id="in the last tier"),
    ],
)
def test_the_dearest_price_is_that_of_the_tiers_within_reach(
    most: int, input_usd: str, output_usd: str
) -> None:
    assert dearest_input(TIERED, most) == Decimal(input_usd)
    assert dearest_output(TIERED, most) == Decimal(output_usd)


def test_the_dearest_price_looks_at_every_part() -> None:
    assert (dearest_input(PARTS, 1), dearest_output(PARTS, 1)) == (Decimal(30), Decimal(60))
