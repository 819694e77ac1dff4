"""What a provider reports is a claim: read in its words, and believed where it makes sense."""

import math
from typing import Any

import pytest

from aspire_ledger.usage import answer_bytes, read_usage, tool_uses
from aspire_ledger.values import Counted

OPENAI = {"prompt_tokens": 10, "completion_tokens": 20}


@pytest.mark.parametrize(
    ("found", "counted"),
    [
        pytest.param(OPENAI, Counted(10, 0, 20), id="chat"),
        pytest.param(
            {**OPENAI, "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 2}},
            Counted(10, 4, 20, input_audio_tokens=2),
            id="parts of the input",
        ),
        pytest.param(
            {**OPENAI, "completion_tokens_details": {"reasoning_tokens": 9, "audio_tokens": 1}},
            Counted(10, 0, 20, reasoning_tokens=9, output_audio_tokens=1),
            id="parts of the output",
        ),
        pytest.param(
            {
                **OPENAI,
                "prompt_tokens_details": {
                    "cache_creation_tokens": 5,
                    "cache_creation_token_details": {"ephemeral_1h_input_tokens": 2},
                },
            },
            Counted(10, 0, 20, cache_write_tokens=3, cache_write_1h_tokens=2),
            id="cache writes in LiteLLM's words",
        ),
        pytest.param(
            {"input_tokens": 10, "output_tokens": 20, "input_tokens_details": {"cached_tokens": 4}},
            Counted(10, 4, 20),
            id="responses",
        ),
        pytest.param(
            {
                "input_tokens": 10,
                "output_tokens": 20,
                "output_tokens_details": {"reasoning_tokens": 9},
            },
            Counted(10, 0, 20, reasoning_tokens=9),
            id="responses that reasoned",
        ),
        pytest.param(
            {
                "input_tokens": 10,
                "output_tokens": 20,
                "cache_read_input_tokens": 4,
                "cache_creation_input_tokens": 5,
                "cache_creation": {"ephemeral_1h_input_tokens": 2},
            },
            Counted(19, 4, 20, cache_write_tokens=3, cache_write_1h_tokens=2),
            id="Anthropic counts cached tokens beside the input",
        ),
        pytest.param(
            {"input_tokens": 30, "output_tokens": 40, "input_tokens_details": {"image_tokens": 8}},
            Counted(30, 0, 40, input_image_tokens=8),
            id="images by tokens",
        ),
        pytest.param({"prompt_tokens": 10}, Counted(10), id="embeddings have no output"),
        pytest.param({"prompt_tokens": 10.0, "completion_tokens": 20.0}, Counted(10, 0, 20),
                     id="whole numbers with a point"),
        pytest.param(
            {**OPENAI, "prompt_tokens_details": {"cached_tokens": -4}},
            Counted(10, 0, 20),
            id="a part that makes no sense is a part of its whole",
        ),
        pytest.param({**OPENAI, "prompt_tokens_details": None}, Counted(10, 0, 20), id="no details"),
        pytest.param({**OPENAI, "prompt_tokens_details": "x"}, Counted(10, 0, 20), id="odd details"),
    ],
)  # fmt: skip
def test_a_report_is_read_in_its_providers_words(found: dict[str, Any], counted: Counted) -> None:
    assert read_usage(found) == counted


@pytest.mark.parametrize(
    "wrong",
    [-1, 1.5, math.nan, math.inf, True, "10", 10**11, 1e30, [10], {}],
    ids=repr,
)
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_a_whole_that_cannot_be_true_is_no_report(name: str, wrong: object) -> None:
    assert read_usage({**OPENAI, name: wrong}) is None


@pytest.mark.parametrize("found", [{}, {"prompt_tokens": 0, "completion_tokens": 0}, {"x": 1}])
def test_nothing_is_no_report(found: dict[str, Any]) -> None:
    assert read_usage(found) is None


@pytest.mark.parametrize(
    ("usage", "answer", "uses"),
    [
        pytest.param({}, {}, {}, id="none"),
        pytest.param(
            {"server_tool_use": {"web_search_requests": 3}}, {}, {"web_search": 3}, id="Anthropic's"
        ),
        pytest.param(
            {"prompt_tokens_details": {"web_search_requests": 2}},
            {},
            {"web_search": 2},
            id="LiteLLM's",
        ),
        pytest.param(
            {},
            {"output": [{"type": "web_search_call"}, {"type": "file_search_call"}]},
            {"web_search": 1, "file_search": 1},
            id="calls in a responses answer",
        ),
        pytest.param(
            {},
            {
                "output": [
                    {"type": "function_call"},
                    {"type": "custom_tool_call"},
                    {"type": "local_shell_call"},
                    {"type": "message"},
                ]
            },
            {},
            id="calls of the client's own tools cost nothing",
        ),
        pytest.param(
            {"server_tool_use": {"web_search_requests": 1}},
            {"content": [{"type": "server_tool_use", "name": "web_search"}] * 2},
            {"web_search": 2},
            id="the larger of what is told and what is seen",
        ),
        pytest.param(
            {"server_tool_use": {"web_search_requests": -3, "x_requests": 10**9}}, {}, {}, id="odd"
        ),
        pytest.param({"server_tool_use": 5}, {"output": "x"}, {}, id="odder"),
    ],
)
def test_uses_of_hosted_tools_are_counted(
    usage: dict[str, Any], answer: dict[str, Any], uses: dict[str, int]
) -> None:
    assert tool_uses(usage, answer) == uses


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": "héllo"}}]}, 6),
        ({"content": [{"type": "text", "text": "hi"}]}, 2),
        ({"output": [{"type": "message", "id": "msg_1", "content": [{"text": "hi"}]}]}, 2),
        ({"choices": [{"index": 0, "finish_reason": "stop", "text": "abc"}]}, 3),
        ({"content": "\ud800"}, 3),
        ({"id": "x" * 99, "object": "chat.completion"}, 0),
        ({}, 0),
    ],
)
def test_an_answers_text_is_counted_in_bytes(answer: dict[str, Any], count: int) -> None:
    assert answer_bytes(answer) == count


def test_an_answer_that_goes_on_downwards_is_counted_as_far_as_anybody_would() -> None:
    value: Any = "deep"
    for _ in range(5_000):
        value = [value]
    assert answer_bytes({"content": value}) == 0
