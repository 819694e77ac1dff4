"""The table of calls: its paths, whose keys may use them, and every other road to a model."""

import pytest

from aspire_gitops.ledger.contract import (
    CHAT,
    COMPLETIONS,
    CONTRACTS,
    COUNT_TOKENS,
    EMBEDDINGS,
    EXTENSIONS,
    IMAGE_EDITS,
    IMAGES,
    INPUT_TOKENS,
    MESSAGES,
    OCR,
    RESPONSES,
    STORED_INPUT,
    STORED_RESPONSE,
    Contract,
    allowed_routes,
    contract_of,
    place_of,
)

MODELS = {"/models", "/v1/models"}


@pytest.mark.parametrize(
    ("method", "path", "contract"),
    [
        ("POST", "/chat/completions", CHAT),
        ("POST", "/completions", COMPLETIONS),
        ("POST", "/responses", RESPONSES),
        ("POST", "/messages", MESSAGES),
        ("POST", "/embeddings", EMBEDDINGS),
        ("POST", "/images/generations", IMAGES),
        ("POST", "/images/edits", IMAGE_EDITS),
        ("POST", "/ocr", OCR),
        ("POST", "/messages/count_tokens", COUNT_TOKENS),
        ("POST", "/responses/input_tokens", INPUT_TOKENS),
        ("GET", "/responses/resp_1", STORED_RESPONSE),
        ("DELETE", "/responses/resp_1", STORED_RESPONSE),
        ("POST", "/responses/resp_1/cancel", STORED_RESPONSE),
        ("GET", "/responses/resp_1/input_items", STORED_INPUT),
    ],
)
@pytest.mark.parametrize("version", ["", "/v1"])
def test_each_call_has_its_paths_with_and_without_the_version(
    method: str, path: str, contract: Contract, version: str
) -> None:
    assert place_of(method, version + path).contract is contract


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
    ("path", "named"),
    [
        pytest.param("/engines/OTHER/chat/completions", True, id="engines"),
        pytest.param("/openai/deployments/OTHER/chat/completions", True, id="azure"),
        pytest.param("/openai/deployments/OTHER/embeddings", True, id="azure embeddings"),
        pytest.param("/openai/v1/chat/completions", True, id="azure's v1"),
        pytest.param("/azure/chat/completions", True, id="azure pass-through"),
        pytest.param("/models/OTHER:generateContent", True, id="Google's"),
        pytest.param("/v1beta/models/OTHER:generateContent", False, id="Google's v1beta"),
        pytest.param("/anthropic/v1/messages", False, id="pass-through"),
        pytest.param("/vertex_ai/v1/projects", False, id="vertex"),
        pytest.param("/v1/chat/completions/", False, id="a slash at the end"),
        pytest.param("//v1/chat/completions", False, id="two slashes first"),
        pytest.param("/v1//chat/completions", False, id="two slashes inside"),
        pytest.param("/v1/v1/messages", False, id="the version twice"),
        pytest.param("/v2/chat/completions", False, id="another version"),
        pytest.param("/v1/Chat/Completions", False, id="in another case"),
        pytest.param("/v1/chat/completions\x00", False, id="with a NUL"),
        pytest.param("/v1/responses/compact", False, id="below a path of the table"),
        pytest.param("/v1/responses/resp_1/cancel/x", False, id="further below"),
        pytest.param("/v1/responses//cancel", False, id="no id"),
        pytest.param("/v1/messages/batches", False, id="batches"),
        pytest.param("/v1/audio/speech", False, id="speech"),
        pytest.param("/v1/images/variations", False, id="variations"),
        pytest.param("/v2/rerank", False, id="rerank"),
        pytest.param("/v1/realtime", False, id="realtime"),
    ],
)
def test_every_other_road_is_refused_and_says_what_to_use(path: str, *, named: bool) -> None:
    place = place_of("POST", path)
    assert (place.contract, place.is_call) == (None, True)
    assert ("use the plain path" in place.hint) is named


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/chat/completions"),
        ("GET", "/v1/chat/completions"),
        ("PATCH", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/input_items"),
        ("GET", "/v1/responses/resp_1/cancel"),
    ],
)
def test_another_method_on_a_path_of_the_table_is_refused(method: str, path: str) -> None:
    place = place_of(method, path)
    assert (place.contract, place.is_call) == (None, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/m"),
        ("GET", "/health/readiness"),
        ("POST", "/key/generate"),
    ],
)
def test_what_is_no_call_is_left_to_the_gateway(method: str, path: str) -> None:
    place = place_of(method, path)
    assert (place.contract, place.is_call) == (None, False)


def test_an_escaped_slash_names_no_path_of_the_table() -> None:
    """Servers decode the path before it is looked at, so what still holds a % is none."""
    assert place_of("POST", "/v1/chat%2fcompletions").contract is None


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
