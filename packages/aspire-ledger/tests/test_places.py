"""Where a request arrives, and every road to a model that is none of ours."""

import pytest

from aspire_ledger.contract import (
    CHAT,
    COMPLETIONS,
    COUNT_TOKENS,
    EMBEDDINGS,
    IMAGE_EDITS,
    IMAGES,
    INPUT_TOKENS,
    MESSAGES,
    OCR,
    RESPONSES,
    STORED_INPUT,
    STORED_RESPONSE,
    Contract,
)
from aspire_ledger.places import place_of


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
    assert (place.contract, place.is_administration) == (None, False)
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
    assert (place.contract, place.is_administration) == (None, False)


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
    assert (place.contract, place.is_administration) == (None, True)


def test_an_escaped_slash_names_no_path_of_the_table() -> None:
    """Servers decode the path before it is looked at, so what still holds a % is none."""
    assert place_of("POST", "/v1/chat%2fcompletions").contract is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("GET", "/health/"),
        ("POST", "/health/test_connection"),
        ("POST", "/health/readiness"),
        ("POST", "/prompts/test"),
        ("POST", "/utils/token_counter"),
        ("POST", "/guardrails/apply_guardrail"),
        ("POST", "/policy/templates/enrich"),
        ("POST", "/auto_router/test_routing"),
        ("POST", "/search_tools/test_connection"),
        ("POST", "/openrouter/v1/chat/completions"),
        ("GET", "/watsonx/anything"),
        ("POST", "/acme/v1/files"),
        ("POST", "/mcp-rest/tools/call"),
        ("POST", "/a_tool_server/mcp"),
        ("POST", "/v1/a_call_of_the_next_release"),
        ("GET", "/v1beta/models"),
        ("POST", "/KEY/generate"),
        ("POST", "//key/generate"),
    ],
)
def test_what_is_on_no_list_is_refused(method: str, path: str) -> None:
    place = place_of(method, path)
    assert (place.contract, place.is_administration) == (None, False)


def test_a_check_that_calls_models_is_refused_for_that_reason() -> None:
    assert "by calling them" in place_of("GET", "/health").hint
