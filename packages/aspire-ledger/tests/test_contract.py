"""The table of calls: its paths, whose keys may use them, and every other road to a model."""

import pytest

from aspire_ledger.contract import CONTRACTS, EXTENSIONS, Contract, allowed_routes, contract_of

MODELS = {"/models", "/v1/models"}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_each_row_can_be_found_by_litellms_name_for_the_call(contract: Contract) -> None:
    assert all(contract_of(call) is contract for call in contract.calls)
    assert contract.calls or not contract.counted


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_each_row_lists_what_it_speaks_of(contract: Contract) -> None:
    assert {*contract.limits, *contract.required} <= contract.parameters.keys()
    assert not contract.removed & contract.parameters.keys()
    assert not any(parameter.extension for parameter in contract.parameters.values())


def test_an_extension_needs_consent_wherever_no_row_has_it() -> None:
    assert all(parameter.extension for parameter in EXTENSIONS.values())


@pytest.mark.parametrize("call_type", ["acreate_batch", "agenerate_content", "atomorrow", ""])
def test_a_call_type_that_nobody_knows_has_no_contract(call_type: str) -> None:
    assert contract_of(call_type) is None


@pytest.mark.parametrize(
    ("modes", "plain"),
    [
        pytest.param(
            {"chat"},
            {
                *("/chat/completions", "/completions", "/responses", "/messages"),
                *("/messages/count_tokens", "/responses/input_tokens"),
            },
            id="chat",
        ),
        pytest.param({"embedding"}, {"/embeddings"}, id="embedding"),
        pytest.param({"ocr"}, {"/ocr"}, id="ocr"),
        pytest.param(
            {"image_generation"}, {"/images/generations", "/images/edits"}, id="image_generation"
        ),
        pytest.param({"ocr", "embedding"}, {"/ocr", "/embeddings"}, id="of two modes"),
        pytest.param({"hologram"}, set(), id="a mode that nobody knows"),
        pytest.param(set(), set(), id="none"),
    ],
)
def test_a_key_may_use_the_paths_of_its_aliases_modes_alone(
    modes: set[str], plain: set[str]
) -> None:
    found = allowed_routes(modes)
    assert set(found) == {*plain, *(f"/v1{path}" for path in plain), *MODELS}
    assert list(found) == sorted(found)


def test_no_key_is_told_a_path_that_holds_a_models_name() -> None:
    everything = allowed_routes({"chat", "embedding", "ocr", "image_generation"})
    assert not any("{" in path or path.startswith(("/engines", "/openai")) for path in everything)
