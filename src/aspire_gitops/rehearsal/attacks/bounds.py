"""The request shrinks its own worst case: limits, answers, prompts, tools, sizes, pages."""

from collections.abc import Iterator, Mapping
from typing import Final

from aspire_gitops.rehearsal.attacks.values import (
    BRIDGED,
    COMPLETIONS,
    EDITS,
    EMBEDDINGS,
    IMAGES,
    OCR,
    RESPONSES,
    TEXTS,
    Attack,
    AttackKind,
    Body,
    CallType,
    limit_of,
)

MANY: Final = 30_000


def bounds() -> Iterator[Attack]:
    for call in (*TEXTS, *BRIDGED):
        for title, change in _of_limits(limit_of(call)).items():
            yield Attack(AttackKind.BOUND, title, call, change)
        for title, change in _OF_COSTS.items():
            yield Attack(AttackKind.BOUND, title, call, change)
    for call, rows in _OF_ONE_CALL:
        for title, change in rows.items():
            yield Attack(AttackKind.BOUND, title, call, change)


def _of_limits(limit: str) -> Mapping[str, Body]:
    others = {"max_tokens", "max_completion_tokens", "max_output_tokens"} - {limit}
    return {
        "extra_body raises the limit and n": {
            limit: 1,
            "extra_body": {limit: MANY, "n": 10, "max_tokens": MANY},
        },
        "extra_body in extra_body": {limit: 1, "extra_body": {"extra_body": {limit: MANY}}},
        **{f"a second limit, {name}": {limit: 1, name: MANY} for name in sorted(others)},
        **{f"only {name}": {limit: None, name: 1} for name in sorted(others)},
        "another case of the limit": {limit: 1, limit.upper(): MANY},
        "another spelling of the limit": {limit: 1, "maxTokens": MANY, "max_new_tokens": MANY},
        "a limit below zero": {limit: -1},
        "a limit of zero": {limit: 0},
        "a limit in words": {limit: "many"},
        "a number as text": {limit: "30000"},
        "a huge limit": {limit: 10**30},
        "a limit like 1e30": {limit: 1e30},
        "a limit with a fraction": {limit: 0.5},
        "a limit that is a list": {limit: [1]},
        "a limit that is an object": {limit: {"value": 1}},
        "a limit that is true": {limit: True},
    }


_OF_COSTS: Final[Mapping[str, Body]] = {
    "ten answers": {"n": 10},
    "ten answers, as text": {"n": "10"},
    "a billion answers": {"n": 10**9},
    "minus one answer": {"n": -1},
    "two and a half answers": {"n": 2.5},
    "ten answers in another case": {"N": 10},
    "ten candidates": {"candidate_count": 10, "num_return_sequences": 10},
    "the best of ten": {"best_of": 10},
    "options of another API": {"options": {"num_predict": MANY}},
    "a configuration of another API": {"generation_config": {"max_output_tokens": MANY}},
    "a thinking budget": {"thinking_budget": MANY, "enable_thinking": True},
    "a thinking budget of Anthropic": {"thinking": {"type": "enabled", "budget_tokens": MANY}},
    "a thinking budget in a template": {"chat_template_kwargs": {"thinking_budget": MANY}},
    "reasoning with a budget": {"reasoning": {"max_tokens": MANY}},
    "a hosted tool without a price": {"tools": [{"type": "web_search"}]},
    "a hosted tool of Anthropic": {
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 50}]
    },
    "code that runs at the provider": {
        "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]
    },
    "a tool of no known kind": {"tools": [{"type": "oracle"}]},
    "web search options": {"web_search_options": {"search_context_size": "high"}},
    "another vendor's search": {"enable_search": True, "plugins": [{"id": "web"}]},
    "servers of tools": {
        "mcp_servers": [{"type": "url", "url": "https://mcp.example.com", "name": "m"}]
    },
    "a dearer tier": {"service_tier": "priority"},
    "a dearer speed": {"speed": "fast"},
    "a dearer place": {"inference_geo": "us"},
    "sound": {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
    "a stored container": {"container": {"skills": [{"skill_id": "x"}]}},
}

_OF_PICTURES: Final[Mapping[str, Body]] = {
    "ten pictures": {"n": 10},
    "ten pictures, as text": {"n": "10"},
    "minus one picture": {"n": -1},
    "ten pictures in extra_body": {"extra_body": {"n": 10}},
    "a large picture": {"size": "4096x4096"},
    "a fine picture": {"quality": "high"},
    "a size that is a number": {"size": 4096},
    "early versions": {"partial_images": 3},
    "more of the original": {"input_fidelity": "high"},
}
_OF_ONE_CALL: Final[tuple[tuple[CallType, Mapping[str, Body]], ...]] = (
    (
        COMPLETIONS,
        {
            "200 prompts": {"prompt": ["hi"] * 200},
            "200 prompts of tokens": {"prompt": [[1, 2]] * 200},
            "200 prompts in extra_body": {"extra_body": {"prompt": ["hi"] * 200}},
            "prompts in an object": {"prompt": {"a": ["hi"] * 200}},
        },
    ),
    (
        RESPONSES,
        {
            "a stored prompt": {"prompt": {"id": "pmpt_1", "variables": {}}},
            "an earlier response": {"previous_response_id": "resp_1"},
            "a conversation": {"conversation": "conv_1"},
            "an item that is held elsewhere": {"input": [{"type": "item_reference", "id": "m1"}]},
            "many uses of a tool": {"max_tool_calls": 500, "tools": [{"type": "web_search"}]},
        },
    ),
    (
        EMBEDDINGS,
        {
            "a hundred inputs": {"input": ["hi"] * 100},
            "a hundred inputs of tokens": {"input": [[1, 2, 3]] * 100},
            "inputs in extra_body": {"extra_body": {"input": ["hi"] * 100}},
            "a limit": {"max_tokens": -1},
        },
    ),
    (IMAGES, _OF_PICTURES),
    (EDITS, _OF_PICTURES),
    (
        OCR,
        {
            "some pages": {"pages": [0, 1, 2]},
            "pages in words": {"pages": "0-9"},
            "pages in odd words": {"pages": "0-"},
            "minus one page": {"pages": [-1]},
            "pages that are a number": {"pages": 1},
            "a document of unknown length": {
                "document": {"type": "document_url", "document_url": "https://x.example/a.pdf"}
            },
            "annotated": {"document_annotation_format": {"type": "json_schema", "json_schema": {}}},
            "pages in extra_body": {"pages": [0], "extra_body": {"pages": list(range(40))}},
        },
    ),
)
