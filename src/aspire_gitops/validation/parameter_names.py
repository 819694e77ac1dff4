"""Which parameters an alias may set as defaults, by its mode. Pure data.

They are names of the request contract that cost no more than the bound of a call
counts, and neither route nor authenticate: from OpenAI's, Anthropic's and
Mistral's references, and the extensions that vendors of compatible APIs document.
"""

from collections.abc import Mapping

_LIMITS = "max_completion_tokens max_output_tokens max_tokens max_tool_calls"
_SAMPLING = """
    frequency_penalty length_penalty logit_bias logprobs min_p min_tokens presence_penalty
    random_seed repetition_penalty seed stop stop_sequences stop_token_ids temperature top_a top_k top_logprobs
    top_p
"""
_THINKING = """
    chat_template_kwargs enable_thinking include_reasoning output_config prompt_mode reasoning
    reasoning_effort thinking thinking_budget verbosity
"""
_SHAPE = """
    n parallel_tool_calls prompt_cache_key prompt_cache_retention response_format safe_prompt
    tool_choice truncation vl_high_resolution_images
"""

PARAMETER_NAMES: Mapping[str, frozenset[str]] = {
    "chat": frozenset(f"{_LIMITS} {_SAMPLING} {_THINKING} {_SHAPE}".split()),
    "embedding": frozenset(["dimensions", "encoding_format"]),
    "ocr": frozenset(["image_limit", "image_min_size", "include_image_base64"]),
    "image_generation": frozenset(
        [
            "background",
            "moderation",
            "n",
            "output_compression",
            "output_format",
            "quality",
            "response_format",
            "size",
            "style",
        ]
    ),
}
"""Mode to the names that are sent to the provider with each call that does not set them itself."""

NESTED_NAMES: Mapping[str, frozenset[str]] = {
    "chat_template_kwargs": frozenset(
        ["enable_thinking", "reasoning_effort", "thinking", "thinking_budget"]
    ),
    "output_config": frozenset(["effort"]),
    "reasoning": frozenset(["effort", "enabled", "exclude", "max_tokens", "summary"]),
    "response_format": frozenset(["type"]),
    "thinking": frozenset(["budget_tokens", "type"]),
}
"""What may stand inside a parameter that is a mapping. `logit_bias` is by token number."""

DROP_PARAMS, ALLOWED_OPENAI_PARAMS = "drop_params", "allowed_openai_params"

_CALLERS: Mapping[str, frozenset[str]] = {
    "chat": frozenset(["function_call", "functions", "stream_options", "tools"])
}


def may_be_set(mode: str) -> frozenset[str]:
    """Return every name that `parameters` of an alias of this mode may have."""
    return PARAMETER_NAMES[mode] | {DROP_PARAMS, ALLOWED_OPENAI_PARAMS}


def may_be_let_through(mode: str) -> frozenset[str]:
    """Return what `allowed_openai_params` may list: these names, and some that only apps send."""
    return PARAMETER_NAMES[mode] | _CALLERS.get(mode, frozenset())
