"""The one table of price units agrees with what a file may say and with what the ledger books."""

from dataclasses import fields
from decimal import Decimal

import pytest

from aspire_gitops.kinds.prices import price_fields
from aspire_gitops.releases import TESTED
from aspire_gitops.resources import AliasSpec, PriceSpec, TokenPriceSpec
from aspire_gitops.resources.price_units import PRICE_UNITS, TOKEN_UNITS, PriceUnit
from aspire_ledger.card import Price, TokenPrices, read_price
from aspire_ledger.pricing import cost_usd
from aspire_ledger.values import UNITS, Counted

COUNTED = {
    "usd_per_page": "pages",
    "usd_per_annotated_page": "annotated_pages",
    "usd_per_image": "images",
}
LISTS = {"images", "usd_per_use", "tiers", "zero_because"}


def counted_by(unit: PriceUnit) -> str:
    """Return the ledger's column that a price is for."""
    return COUNTED.get(unit.name) or unit.name.replace("usd_per_million_", "")


def test_a_file_may_state_exactly_these() -> None:
    assert [unit.name for unit in TOKEN_UNITS] == [*TokenPriceSpec.model_fields]
    assert {unit.name for unit in PRICE_UNITS} == PriceSpec.model_fields.keys() - LISTS


def test_the_ledgers_card_has_exactly_these() -> None:
    assert [unit.name for unit in TOKEN_UNITS] == [each.name for each in fields(TokenPrices)]
    others = {each.name for each in fields(Price)} - LISTS - {"tokens"}
    assert {unit.name for unit in PRICE_UNITS} - {unit.name for unit in TOKEN_UNITS} == others
    assert {counted_by(unit) for unit in PRICE_UNITS} == {*UNITS} - {"tool_uses"}


@pytest.mark.parametrize("unit", PRICE_UNITS, ids=lambda unit: unit.name)
def test_the_ledger_books_the_price_for_as_many_units(unit: PriceUnit) -> None:
    price = read_price({unit.name: "3"})
    assert price
    whole = (
        "output_tokens" if counted_by(unit).startswith(("output", "reasoning")) else "input_tokens"
    )
    counts = {counted_by(unit): unit.per} | ({whole: unit.per} if unit in TOKEN_UNITS else {})
    assert cost_usd(price, Counted(**counts)) == 3


@pytest.mark.parametrize("unit", PRICE_UNITS, ids=lambda unit: unit.name)
def test_litellm_is_told_the_price_of_one_unit(unit: PriceUnit) -> None:
    alias = AliasSpec.model_validate(
        {
            "kind": "Alias",
            "name": "chat",
            "mode": "chat",
            "target": {"provider": "acme", "model": "m"},
            "price": {unit.name: "3"},
        }
    )
    told = price_fields(alias, TESTED)[unit.litellm]
    assert Decimal(str(told)) == Decimal(3) / unit.per


def test_every_name_is_used_once() -> None:
    for names in zip(
        *((unit.name, unit.litellm, unit.words, unit.brief) for unit in PRICE_UNITS), strict=True
    ):
        assert len(set(names)) == len(PRICE_UNITS)
