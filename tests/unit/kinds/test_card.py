"""An alias's card says what its file says, under the file's names and with its texts."""

from typing import Any

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.kinds.prices import CARD_FIELD, card_of
from aspire_gitops.resources import AliasSpec, PriceSpec, PriceTierSpec
from aspire_gitops.state import Kind, ObjectKey
from aspire_ledger.canonical import canonical_json
from aspire_ledger.card import FIELD, read_card
from support.catalogs import GATEWAY, TODAY, alias, catalog_of, provider

TOKENS = {"input_usd_per_million_tokens": "2.00", "output_usd_per_million_tokens": "10.00"}
EVERYTHING: dict[str, Any] = {
    "target": {
        "provider": "cloud-first",
        "model": "qwen3-max",
        "max_output_tokens": 128_000,
        "ignores_output_limit": True,
    },
    "price": {
        **{
            name: "0.000000001"
            for name in PriceTierSpec.model_fields
            if name.endswith("tokens") and "usd" in name
        },
        "usd_per_page": "1.10",
        "usd_per_annotated_page": "3.00",
        "usd_per_image": "0.04",
        "images": [{"size": "1024x1024", "quality": "high", "usd": "0.17"}, {"usd": "0.10"}],
        "usd_per_use": {"web_search": "0.01", "code_execution": "0.05"},
        "tiers": [{"above_input_tokens": 200_000, **TOKENS}],
    },
    "context_window_tokens": 1_000_000,
    "max_output_tokens": 16_384,
    "parameters": {"temperature": 0.01, "top_p": 1.0},
    "allow_parameters": ["top_k", "enable_thinking"],
    "limits": {"timeout_s": 300},
}


def card(**changes: Any) -> dict[str, Any]:
    return dict(card_of(AliasSpec.model_validate(alias(**changes))))


def test_a_small_alias_has_a_small_card() -> None:
    assert card(price=TOKENS) == {"format": 1, "mode": "chat", "price": TOKENS}


def test_a_card_holds_everything_that_the_file_says() -> None:
    found = card(**EVERYTHING)
    assert found == {
        "format": 1,
        "mode": "chat",
        "price": {
            **EVERYTHING["price"],
            "images": tuple(EVERYTHING["price"]["images"]),
            "tiers": tuple(EVERYTHING["price"]["tiers"]),
        },
        "context_window_tokens": 1_000_000,
        "max_output_tokens": 16_384,
        "target_max_output_tokens": 128_000,
        "ignores_output_limit": True,
        "parameters": {"temperature": 0.01, "top_p": 1},
        "allow_parameters": ("enable_thinking", "top_k"),
        "timeout_s": 300,
    }


def test_no_price_that_a_file_can_state_is_left_out() -> None:
    stated = set(card(**EVERYTHING)["price"])
    assert stated == set(PriceSpec.model_fields) - {"zero_because"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="chat"),
        pytest.param(EVERYTHING, id="chat with everything"),
        pytest.param({"mode": "embedding"}, id="embedding"),
        pytest.param({"mode": "ocr", "price": {"usd_per_page": "0.004"}}, id="OCR"),
        pytest.param({"mode": "image_generation", "price": {"usd_per_image": "1"}}, id="images"),
    ],
)
def test_the_ledger_reads_every_card_that_we_write(changes: dict[str, Any]) -> None:
    found = read_card(card(**changes))
    assert found is not None
    assert found.mode == changes.get("mode", "chat")


def test_the_card_goes_with_the_deployment_under_the_name_that_the_ledger_looks_for() -> None:
    compiled = compile_catalog(catalog_of([GATEWAY, provider(), alias()]), today=TODAY)
    fields = compiled.objects[ObjectKey(Kind.DEPLOYMENT, "qwen-chat")].fields
    assert f"model_info.{FIELD}" == CARD_FIELD
    assert fields[CARD_FIELD] == card()


def test_the_order_in_the_file_does_not_matter() -> None:
    shuffled = {**EVERYTHING, "allow_parameters": ["enable_thinking", "top_k"]}
    assert canonical_json(card(**shuffled)) == canonical_json(card(**EVERYTHING))
