"""The request contract: each kind of call, its paths, and the parameters that it may carry.

This table is the only source for what a call may say: the guard judges requests by
it, keys get their routes from it, and the documentation prints it. What is not in it
is refused. Facts are from the providers' public API references and from requests that
real clients send; `effect` says what a parameter does to the bill.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aspire_ledger.shapes import Effect, Parameter, Shape


@dataclass(frozen=True, slots=True)
class Contract:
    """One kind of call.

    `calls` are LiteLLM's names for it, `paths` where it is served (each with and without
    `/v1`), `modes` the alias modes that answer it. `limits` are the fields that limit one
    answer, the first of which the guard writes where a request states none. `removed` are
    names that honest clients send and that reach nobody: they are taken out. A body that is
    `read_early` is judged as a whole before LiteLLM reads it, which would answer 500 to some.
    """

    name: str
    calls: frozenset[str]
    paths: tuple[str, ...]
    modes: frozenset[str]
    parameters: Mapping[str, Parameter]
    limits: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    queries: frozenset[str] = frozenset({"api-version"})
    counted: bool = True
    read_early: bool = False


def _p(shape: Shape, effect: Effect = Effect.NONE, *values: str) -> Parameter:
    return Parameter(shape, effect, frozenset(values))


def _x(shape: Shape, effect: Effect = Effect.NONE, *values: str) -> Parameter:
    return Parameter(shape, effect, frozenset(values), extension=True)


_MODEL: Final = {"model": _p(Shape.TEXT)}
_SAMPLING: Final = {
    "temperature": _p(Shape.NUMBER),
    "top_p": _p(Shape.NUMBER),
}
_PENALTIES: Final = {
    "frequency_penalty": _p(Shape.NUMBER),
    "presence_penalty": _p(Shape.NUMBER),
    "logit_bias": _p(Shape.OBJECT),
    "seed": _p(Shape.WHOLE),
}
_ANSWERS: Final = {"n": _p(Shape.WHOLE, Effect.ANSWERS)}
_STREAM: Final = {"stream": _p(Shape.FLAG), "stream_options": _p(Shape.OBJECT)}
# `auto` and `default` are the project's plain price, `flex` a lower one.
_TIER: Final = Parameter(
    Shape.TEXT, Effect.NONE, frozenset({"auto", "default", "flex", "standard_only"})
)
_CACHING: Final = {
    "prompt_cache_key": _p(Shape.TEXT),
    "prompt_cache_retention": _p(Shape.TEXT),
    "prompt_cache_options": _p(Shape.OBJECT),
}
_PERSON: Final = {
    "user": _p(Shape.TEXT),
    "safety_identifier": _p(Shape.TEXT),
    "metadata": _p(Shape.LABELS),
    "store": _p(Shape.FLAG),
    "service_tier": _TIER,
    "moderation": _p(Shape.TEXT_OR_OBJECT),
}
_CACHE_CONTROL: Final = {"cache_control": _p(Shape.OBJECT, Effect.CACHING)}

# What vendors add to the protocols. A client's library spreads them into the body, where
# they cannot be told from a slip of the keyboard: so each alias lists the ones it takes.
EXTENSIONS: Final[Mapping[str, Parameter]] = {
    "audio": _x(Shape.OBJECT, Effect.DEARER),
    "bad_words": _x(Shape.TEXTS),
    "best_of": _x(Shape.WHOLE, Effect.ANSWERS),
    "chat_template_kwargs": _x(Shape.OBJECT, Effect.THINKING_BESIDE),
    "container": _x(Shape.TEXT_OR_OBJECT, Effect.STORED),
    "enable_search": _x(Shape.FLAG, Effect.SEARCH),
    "enable_thinking": _x(Shape.FLAG, Effect.THINKING_BESIDE),
    "guided_choice": _x(Shape.TEXTS, Effect.INPUT),
    "guided_grammar": _x(Shape.TEXT, Effect.INPUT),
    "guided_json": _x(Shape.TEXT_OR_OBJECT, Effect.INPUT),
    "guided_regex": _x(Shape.TEXT, Effect.INPUT),
    "ignore_eos": _x(Shape.FLAG),
    "include_reasoning": _x(Shape.FLAG),
    "inference_geo": _x(Shape.TEXT, Effect.DEARER),
    "length_penalty": _x(Shape.NUMBER),
    "mcp_servers": _x(Shape.OBJECTS, Effect.STORED),
    "min_p": _x(Shape.NUMBER),
    "min_tokens": _x(Shape.WHOLE),
    "prompt_mode": _x(Shape.TEXT, Effect.INPUT),
    "random_seed": _x(Shape.WHOLE),
    "reasoning": _x(Shape.OBJECT, Effect.THINKING_BESIDE),
    "reasoning_format": _x(Shape.TEXT),
    "repetition_penalty": _x(Shape.NUMBER),
    "safe_prompt": _x(Shape.FLAG, Effect.INPUT),
    "safety_settings": _x(Shape.OBJECTS),
    "search_options": _x(Shape.OBJECT, Effect.SEARCH),
    "speed": _x(Shape.TEXT, Effect.DEARER),
    "thinking": _x(Shape.OBJECT, Effect.THINKING),
    "thinking_budget": _x(Shape.WHOLE, Effect.THINKING_BESIDE),
    "top_a": _x(Shape.NUMBER),
    "top_k": _x(Shape.WHOLE),
    "translation_options": _x(Shape.OBJECT, Effect.INPUT),
    "usage": _x(Shape.OBJECT),
    "vl_high_resolution_images": _x(Shape.FLAG),
    "web_search": _x(Shape.FLAG, Effect.SEARCH),
}

CHAT: Final = Contract(
    name="chat/completions",
    calls=frozenset({"acompletion"}),
    paths=("/chat/completions",),
    modes=frozenset({"chat"}),
    limits=("max_tokens", "max_completion_tokens"),
    required=("model", "messages"),
    parameters={
        **_MODEL,
        **_SAMPLING,
        **_PENALTIES,
        **_ANSWERS,
        **_STREAM,
        **_CACHING,
        **_PERSON,
        **_CACHE_CONTROL,
        "messages": _p(Shape.MESSAGES, Effect.INPUT),
        "max_tokens": _p(Shape.WHOLE, Effect.LIMIT),
        "max_completion_tokens": _p(Shape.WHOLE, Effect.LIMIT),
        "tools": _p(Shape.OBJECTS, Effect.TOOLS),
        "tool_choice": _p(Shape.TEXT_OR_OBJECT, Effect.INPUT),
        "parallel_tool_calls": _p(Shape.FLAG),
        "functions": _p(Shape.OBJECTS, Effect.INPUT),
        "function_call": _p(Shape.TEXT_OR_OBJECT, Effect.INPUT),
        "response_format": _p(Shape.OBJECT, Effect.INPUT),
        "stop": _p(Shape.TEXT_OR_TEXTS),
        "logprobs": _p(Shape.FLAG),
        "top_logprobs": _p(Shape.WHOLE),
        "modalities": Parameter(Shape.TEXTS, Effect.DEARER, frozenset({"text"})),
        "prediction": _p(Shape.OBJECT, Effect.PREDICTION),
        "reasoning_effort": _p(Shape.TEXT, Effect.THINKING),
        "verbosity": _p(Shape.TEXT),
        "web_search_options": _p(Shape.OBJECT, Effect.SEARCH),
    },
)
COMPLETIONS: Final = Contract(
    name="completions",
    calls=frozenset({"atext_completion"}),
    paths=("/completions",),
    modes=frozenset({"chat"}),
    read_early=True,
    limits=("max_tokens",),
    required=("model", "prompt"),
    parameters={
        **_MODEL,
        **_SAMPLING,
        **_PENALTIES,
        **_ANSWERS,
        **_STREAM,
        "prompt": _p(Shape.PROMPT, Effect.INPUT),
        "suffix": _p(Shape.TEXT, Effect.INPUT),
        "max_tokens": _p(Shape.WHOLE, Effect.LIMIT),
        "best_of": _p(Shape.WHOLE, Effect.ANSWERS),
        "echo": _p(Shape.FLAG),
        "logprobs": _p(Shape.WHOLE),
        "stop": _p(Shape.TEXT_OR_TEXTS),
        "user": _p(Shape.TEXT),
    },
)
RESPONSES: Final = Contract(
    name="responses",
    calls=frozenset({"aresponses"}),
    paths=("/responses",),
    modes=frozenset({"chat"}),
    limits=("max_output_tokens",),
    required=("model",),
    removed=frozenset({"client_metadata"}),
    parameters={
        **_MODEL,
        **_SAMPLING,
        **_STREAM,
        **_CACHING,
        **_PERSON,
        "input": _p(Shape.TEXT_OR_OBJECTS, Effect.INPUT),
        "instructions": _p(Shape.TEXT, Effect.INPUT),
        "max_output_tokens": _p(Shape.WHOLE, Effect.LIMIT),
        "max_tool_calls": _p(Shape.WHOLE),
        "tools": _p(Shape.OBJECTS, Effect.TOOLS),
        "tool_choice": _p(Shape.TEXT_OR_OBJECT, Effect.INPUT),
        "parallel_tool_calls": _p(Shape.FLAG),
        "text": _p(Shape.OBJECT, Effect.INPUT),
        "reasoning": _p(Shape.OBJECT, Effect.THINKING),
        "include": _p(Shape.TEXTS),
        "truncation": _p(Shape.TEXT),
        "top_logprobs": _p(Shape.WHOLE),
        "background": _p(Shape.FLAG),
        "previous_response_id": _p(Shape.TEXT, Effect.STORED),
        "conversation": _p(Shape.TEXT_OR_OBJECT, Effect.STORED),
        "prompt": _p(Shape.OBJECT, Effect.STORED),
        "context_management": _p(Shape.OBJECTS, Effect.COMPACTION),
    },
)
MESSAGES: Final = Contract(
    name="messages",
    calls=frozenset({"anthropic_messages"}),
    paths=("/messages",),
    modes=frozenset({"chat"}),
    limits=("max_tokens",),
    required=("model", "messages"),
    removed=frozenset({"thread", "diagnostics"}),
    queries=frozenset({"api-version", "beta"}),
    parameters={
        **_MODEL,
        **_SAMPLING,
        **_CACHE_CONTROL,
        "messages": _p(Shape.MESSAGES, Effect.INPUT),
        "system": _p(Shape.TEXT_OR_OBJECTS, Effect.INPUT),
        "max_tokens": _p(Shape.WHOLE, Effect.LIMIT),
        "stream": _p(Shape.FLAG),
        "stop_sequences": _p(Shape.TEXTS),
        "top_k": _p(Shape.WHOLE),
        "tools": _p(Shape.OBJECTS, Effect.TOOLS),
        "tool_choice": _p(Shape.OBJECT, Effect.INPUT),
        "thinking": _p(Shape.OBJECT, Effect.THINKING),
        "output_config": _p(Shape.OBJECT, Effect.INPUT),
        "output_format": _p(Shape.OBJECT, Effect.INPUT),
        "metadata": _p(Shape.LABELS),
        "service_tier": _TIER,
        "context_management": _p(Shape.OBJECT, Effect.COMPACTION),
    },
)
EMBEDDINGS: Final = Contract(
    name="embeddings",
    calls=frozenset({"aembedding"}),
    paths=("/embeddings",),
    modes=frozenset({"embedding"}),
    required=("model", "input"),
    parameters={
        **_MODEL,
        "input": _p(Shape.PROMPT, Effect.INPUT),
        "dimensions": _p(Shape.WHOLE),
        "encoding_format": _p(Shape.TEXT),
        "user": _p(Shape.TEXT),
    },
)
_PICTURE: Final = {
    **_MODEL,
    **_ANSWERS,
    "prompt": _p(Shape.TEXT, Effect.INPUT),
    "size": _p(Shape.TEXT, Effect.PICTURES),
    "quality": _p(Shape.TEXT, Effect.PICTURES),
    "background": _p(Shape.TEXT),
    "moderation": _p(Shape.TEXT),
    "output_compression": _p(Shape.WHOLE),
    "output_format": _p(Shape.TEXT),
    "partial_images": _p(Shape.WHOLE, Effect.PREVIEWS),
    "response_format": _p(Shape.TEXT),
    "stream": _p(Shape.FLAG),
    "user": _p(Shape.TEXT),
}
IMAGES: Final = Contract(
    name="images/generations",
    calls=frozenset({"image_generation", "aimage_generation"}),
    paths=("/images/generations",),
    modes=frozenset({"image_generation"}),
    read_early=True,
    required=("model", "prompt"),
    parameters={**_PICTURE, "style": _p(Shape.TEXT)},
)
IMAGE_EDITS: Final = Contract(
    name="images/edits",
    calls=frozenset({"aimage_edit"}),
    paths=("/images/edits",),
    modes=frozenset({"image_generation"}),
    read_early=True,
    required=("model", "prompt"),
    parameters={
        **_PICTURE,
        "image": _p(Shape.FILE, Effect.PICTURES),
        "image[]": _p(Shape.FILE, Effect.PICTURES),
        "mask": _p(Shape.FILE, Effect.PICTURES),
        "input_fidelity": _p(Shape.TEXT, Effect.PICTURES),
    },
)
OCR: Final = Contract(
    name="ocr",
    calls=frozenset({"aocr"}),
    paths=("/ocr",),
    modes=frozenset({"ocr"}),
    read_early=True,
    required=("model", "document"),
    parameters={
        **_MODEL,
        "document": _p(Shape.OBJECT, Effect.PAGES),
        "pages": _p(Shape.PAGES, Effect.PAGES),
        "bbox_annotation_format": _p(Shape.OBJECT, Effect.ANNOTATION),
        "document_annotation_format": _p(Shape.OBJECT, Effect.ANNOTATION),
        "document_annotation_prompt": _p(Shape.TEXT, Effect.ANNOTATION),
        "image_limit": _p(Shape.WHOLE),
        "image_min_size": _p(Shape.WHOLE),
        "include_blocks": _p(Shape.FLAG),
        "include_image_base64": _p(Shape.FLAG),
        "table_format": _p(Shape.TEXT),
        "extract_header": _p(Shape.FLAG),
        "extract_footer": _p(Shape.FLAG),
        "id": _p(Shape.TEXT),
    },
)
COUNT_TOKENS: Final = Contract(
    name="messages/count_tokens",
    calls=frozenset(),
    paths=("/messages/count_tokens",),
    modes=frozenset({"chat"}),
    required=("model", "messages"),
    removed=frozenset({"thread", "diagnostics", "user_profile_id"}),
    queries=frozenset({"api-version", "beta"}),
    parameters={
        name: parameter
        for name, parameter in MESSAGES.parameters.items()
        if name
        in {
            *("model", "messages", "system", "tools", "tool_choice", "thinking"),
            *("cache_control", "output_config", "context_management"),
        }
    },
    counted=False,
    read_early=True,
)
INPUT_TOKENS: Final = Contract(
    name="responses/input_tokens",
    calls=frozenset(),
    paths=("/responses/input_tokens",),
    modes=frozenset({"chat"}),
    required=("model",),
    parameters={
        name: parameter
        for name, parameter in RESPONSES.parameters.items()
        if name
        in {
            *("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning"),
            *("parallel_tool_calls", "previous_response_id", "conversation", "truncation"),
        }
    },
    counted=False,
    read_early=True,
)
STORED_RESPONSE: Final = Contract(
    name="responses/ID",
    calls=frozenset({"aget_responses", "adelete_responses", "acancel_responses"}),
    paths=("/responses/{id}", "/responses/{id}/cancel"),
    modes=frozenset({"chat"}),
    parameters={},
    queries=frozenset({"include", "include[]", "include_obfuscation", "starting_after", "stream"}),
    counted=False,
    read_early=True,
)
STORED_INPUT: Final = Contract(
    name="responses/ID/input_items",
    calls=frozenset({"alist_input_items"}),
    paths=("/responses/{id}/input_items",),
    modes=frozenset({"chat"}),
    parameters={},
    queries=frozenset({"after", "before", "include", "include[]", "limit", "order"}),
    counted=False,
    read_early=True,
)

CONTRACTS: Final = (
    CHAT,
    COMPLETIONS,
    RESPONSES,
    MESSAGES,
    EMBEDDINGS,
    IMAGES,
    IMAGE_EDITS,
    OCR,
    COUNT_TOKENS,
    INPUT_TOKENS,
    STORED_RESPONSE,
    STORED_INPUT,
)
_BY_CALL: Final = {call: contract for contract in CONTRACTS for call in contract.calls}
# What reads the gateway's own lists and reaches no provider.
_LISTS: Final = ("/v1/models", "/models")


def contract_of(call_type: str) -> Contract | None:
    """Return the contract of what LiteLLM calls a call, None for a call that has none."""
    return _BY_CALL.get(call_type)


def allowed_routes(modes: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that a key of aliases with these modes may call, sorted.

    LiteLLM matches them as prefixes, so what lies below one is judged by the guard.
    """
    wanted = frozenset(modes)
    paths = {
        path
        for contract in CONTRACTS
        if contract.modes & wanted
        for plain in contract.paths
        if "{" not in plain
        for path in (f"/v1{plain}", plain)
    }
    return tuple(sorted({*paths, *_LISTS}))


@dataclass(frozen=True, slots=True)
class Consent:
    """What one request may say beyond its contract.

    `extensions` are the names that the alias's reviewed file allows. `observes` lets names
    through that mean nothing to LiteLLM, and counts them: a new app in its first days.
    `meanings` are LiteLLM's own names for parameters, none of which is ever let through.
    """

    extensions: frozenset[str] = field(default_factory=frozenset)
    observes: bool = False
    meanings: frozenset[str] = field(default_factory=frozenset)
