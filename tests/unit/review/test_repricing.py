"""Real traffic at old and new prices, to the nano-AUD."""

from decimal import Decimal
from typing import Any

import pytest

from aspire_gitops.resources import AliasSpec
from aspire_gitops.review.markdown import review_markdown
from aspire_gitops.review.repricing import AliasPrices
from aspire_gitops.review.value import AliasImpact, AppCost, Moved
from aspire_gitops.review.wording import repriced_text
from aspire_ledger.amounts import aud, cost_in_nano
from aspire_ledger.money import Aud
from support.catalogs import GATEWAY, alias, app
from support.changes import codes, live, reviewed, side, small, used, without

RATE = Decimal("0.6512")
TEN_TIMES = {"input_usd_per_million_tokens": "12", "output_usd_per_million_tokens": "60"}
CACHED = {**TEN_TIMES, "cached_input_usd_per_million_tokens": "1.2"}
TWENTY_TIMES = {"input_usd_per_million_tokens": "24", "output_usd_per_million_tokens": "120"}
TIERED = {"price": {**TEN_TIMES, "tiers": [{"above_input_tokens": 100, **TWENTY_TIMES}]}}
OCR: dict[str, Any] = {"mode": "ocr", "price": {"usd_per_page": "0.004"}}


def swapped(head: Any, *rows: Any, base: Any = None) -> AliasImpact:
    before = small(base or alias())
    review = reviewed(before, small(head), live(side(before), rows))
    return review.aliases[0]


@pytest.mark.parametrize(
    ("price", "usage", "usd"),
    [
        pytest.param({}, {}, "0.0072", id="input and output"),
        pytest.param(
            {"price": CACHED}, {"cached_input_tokens": 400}, "0.06768", id="from the cache, cheaper"
        ),
        pytest.param(
            {"price": TEN_TIMES}, {"cached_input_tokens": 400}, "0.072", id="no price of its own"
        ),
        pytest.param(
            {"mode": "embedding", "price": CACHED},
            {"cached_input_tokens": 400},
            "0.06768",
            id="an embedding's cache is cheaper too",
        ),
        pytest.param(OCR, {"pages": 3}, "0.012", id="pages, and no token"),
        pytest.param(OCR, {"annotated_pages": 3}, "0.012", id="annotated pages"),
        pytest.param(
            {"price": {**TEN_TIMES, "cache_write_1h_usd_per_million_tokens": "24"}},
            {"cache_write_1h_tokens": 500},
            "0.078",
            id="written to the cache, dearer",
        ),
        pytest.param(
            {"price": {**TEN_TIMES, "reasoning_usd_per_million_tokens": "100"}},
            {"reasoning_tokens": 100},
            "0.076",
            id="reasoning",
        ),
        pytest.param(
            {"price": {**TEN_TIMES, "usd_per_use": {"web_search": "0.01"}}},
            {"tool_uses": 3},
            "0.102",
            id="searches",
        ),
        pytest.param(TIERED, {"input_tokens": 1000, "calls": 10}, "0.072", id="short calls"),
        pytest.param(TIERED, {"input_tokens": 1000, "calls": 9}, "0.144", id="a day of long calls"),
        pytest.param(
            {"mode": "image_generation", "price": {"usd_per_image": "0.04"}},
            {"images": 2},
            "0.08",
            id="images",
        ),
        pytest.param(
            {"price": {"input_usd_per_million_tokens": "123456789.123456789",
                       "output_usd_per_million_tokens": "0"}},
            {"output_tokens": 0},
            "123456.789123456789",
            id="every digit of a price",
        ),
    ],
)  # fmt: skip
def test_a_row_costs_what_the_ledger_books(
    price: dict[str, Any], usage: dict[str, Any], usd: str
) -> None:
    spec = AliasSpec.model_validate(alias(**price))
    assert AliasPrices.of(spec).cost(used(**usage), RATE) == aud(cost_in_nano(Decimal(usd), RATE))


def test_many_calls_of_one_day_cost_at_most_a_nano_each_less_than_call_by_call() -> None:
    prices = AliasPrices.of(AliasSpec.model_validate(alias()))
    one, calls = used(input_tokens=7, output_tokens=3), 1000
    together = prices.cost(used(input_tokens=7 * calls, output_tokens=3 * calls), RATE)
    apart = prices.cost(one, RATE) * calls
    assert 0 <= apart - together < calls * Decimal("1e-9")


def test_each_app_is_told_apart_and_the_total_is_their_sum() -> None:
    before = small(app("other"))
    rows = [used(), used(), used(app="other")]
    review = reviewed(before, small(app("other"), alias(price=TEN_TIMES)), live(side(before), rows))
    (found,) = review.aliases
    before_each, after_each = Decimal("0.011056512"), Decimal("0.110565111")
    assert found.repriced
    assert found.repriced.apps == (
        AppCost("agents", 20, Moved(Aud(2 * before_each), Aud(2 * after_each))),
        AppCost("other", 10, Moved(Aud(before_each), Aud(after_each))),
    )
    assert found.repriced.total == Moved(Aud(3 * before_each), Aud(3 * after_each))
    assert review.repriced == found.repriced


def test_a_new_rate_prices_everything_again() -> None:
    before = small()
    cheaper = {**GATEWAY, "exchange": {**GATEWAY["exchange"], "usd_per_aud": "0.3256"}}
    review = reviewed(before, small(cheaper), live(side(before), [used()]))
    assert [(found.name, found.through) for found in review.apps] == [("agents", ("gateway/test",))]
    assert review.apps[0].aud == Moved(Decimal("0.011056512"), Decimal("0.022113023"))
    assert codes(review) == ["AG532"]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        pytest.param(alias(price=TEN_TIMES), used(app="gone"), id="by an app that is long gone"),
        pytest.param(alias(price=TEN_TIMES), used(alias="other"), id="of another alias"),
        pytest.param(alias(description="The same."), used(), id="at the same price"),
    ],
)
def test_nothing_is_priced_again(head: Any, row: Any) -> None:
    assert swapped(head, row).repriced is None


def test_units_that_lose_their_price_are_named() -> None:
    found = swapped(alias(**OCR), used())
    assert found.repriced
    assert found.repriced.unpriced == ("input_tokens", "output_tokens")


def test_calls_that_an_app_may_no_longer_make_have_no_price_after() -> None:
    before = small(alias("second"), app(aliases=["qwen-chat", "second"]))
    after = without(small(alias("second"), app(aliases=["second"])), "Alias/qwen-chat")
    review = reviewed(before, after, live(side(before), [used()]))
    assert review.repriced
    assert review.repriced.apps == (
        AppCost("agents", 10, Moved(Aud(Decimal("0.011056512")), None)),
    )
    assert "AG530" in codes(review)


def test_uncounted_usage_is_reported_and_not_guessed() -> None:
    before = small(alias(**OCR))
    rows = [used(pages=0)]  # booked before pages were counted
    review = reviewed(
        before, small(alias(mode="ocr", price={"usd_per_page": "1"})), live(side(before), rows)
    )
    assert review.repriced is None
    assert [said for said in review.unknown if "no usage" in said] == [
        (
            '10 calls of alias "qwen-chat" for 0.0111 AUD could not be repriced:'
            " no usage was counted."
        )
    ]


def test_an_alias_without_calls_is_reported() -> None:
    before = small()
    review = reviewed(before, small(alias(price=TEN_TIMES)), live(side(before)))
    assert [said for said in review.unknown if "was not called" in said] == [
        (
            'Alias "qwen-chat" was not called from 2026-10-25 to 2026-11-23,'
            " so the effect of its new prices is unknown."
        )
    ]


def test_one_day_of_calls_is_not_called_thirty() -> None:
    head = alias(price=TEN_TIMES)
    before = small(alias())
    review = reviewed(before, small(head), live(side(before), [used()]))
    assert review.repriced is not None
    assert (review.repriced.called, review.repriced.days) == (1, 30)
    assert "for the calls of 1 of the last 30 days" in repriced_text(review.repriced)
    comment = review_markdown(review)
    assert "1 day with calls" in comment
    assert "of the last 30 days" not in comment.replace("1 of the last 30 days", "")
