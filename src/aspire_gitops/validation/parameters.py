"""An alias's `parameters`: only names on its mode's list, at every depth.

Values that LiteLLM would drop are refused too. What is forbidden outright is in `forbidden_words`.
"""

from collections.abc import Iterator, Mapping, Sequence

from aspire_gitops.catalog import Declared
from aspire_gitops.resources import AliasSpec
from aspire_gitops.validation.fallback_roads import Path
from aspire_gitops.validation.forbidden_words import forbidden_parameter
from aspire_gitops.validation.wording import Speller, shown
from aspire_gitops.vocabulary import Diagnostic, Rule

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
"""By mode, the names that are sent to the provider with each call that does not set them itself."""

NESTED_NAMES: Mapping[str, frozenset[str]] = {
    "chat_template_kwargs": frozenset(
        ["enable_thinking", "reasoning_effort", "thinking", "thinking_budget"]
    ),
    "output_config": frozenset(["effort"]),
    "reasoning": frozenset(["effort", "enabled", "exclude", "max_tokens", "summary"]),
    "response_format": frozenset(["type"]),
    "thinking": frozenset(["budget_tokens", "type"]),
}
"""The names inside each parameter that is a mapping. `logit_bias` is by token number."""

DROP_PARAMS, ALLOWED_OPENAI_PARAMS = "drop_params", "allowed_openai_params"

_CALLERS: Mapping[str, frozenset[str]] = {
    "chat": frozenset(["function_call", "functions", "stream_options", "tools"])
}

PARAMETER_UNSET = Rule("AG323", "parameter-unset")
UNKNOWN_PARAMETER = Rule("AG331", "unknown-parameter")

_LISTS: Mapping[str, tuple[type, str]] = {
    "stop": (str, "texts"),
    "stop_sequences": (str, "texts"),
    "stop_token_ids": (int, "numbers"),
}
_NUMBERED = "logit_bias"  # its names are numbers of tokens
_LEFT_TO_APPS = "remove it: apps send what only some of their calls need"


def may_be_set(mode: str) -> frozenset[str]:
    """Return every name that `parameters` of an alias of this mode may have."""
    return PARAMETER_NAMES[mode] | {DROP_PARAMS, ALLOWED_OPENAI_PARAMS}


def may_be_let_through(mode: str) -> frozenset[str]:
    """Return the names that `allowed_openai_params` may list: these, and some that only apps send."""
    return PARAMETER_NAMES[mode] | _CALLERS.get(mode, frozenset())


def check_stated(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    """Yield AG323 for each parameter that the gateway cannot tell from an absent one."""
    for name, value in (alias.spec.parameters or {}).items():
        if value is False or value in ("", [], {}):
            word = "false" if value is False else "an empty value"
            yield PARAMETER_UNSET.at(
                alias.span("parameters", name),
                f"the gateway cannot tell {name} set to {word} from {name} unset",
                help=f"remove {name}, or let the app send it with each call",
            )


def check_parameters(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    """Yield AG331 for unlisted names, and AG301, AG303 or AG322 where there is a more specific reason."""
    speller = Speller(may_be_set(alias.spec.mode))
    for name, value in (alias.spec.parameters or {}).items():
        path: Path = ("parameters", name)
        if name not in speller.known:
            yield _unknown(alias, path, name, speller)
        elif name == ALLOWED_OPENAI_PARAMS:
            yield from _check_let_through(alias, path, value)
        elif isinstance(value, Mapping):
            yield from _check_inside(alias, path, name, value)
        elif name == DROP_PARAMS and not isinstance(value, bool):
            yield _wrong(alias, path, f"`{name}` must be true or left out")
        elif isinstance(value, list):
            yield from _check_list(alias, path, name, value)


def _unknown(alias: Declared[AliasSpec], path: Path, name: str, speller: Speller) -> Diagnostic:
    place, mode = alias.document.key_span(*path), alias.spec.mode
    if forbidden := forbidden_parameter(name):
        return forbidden.at(place)
    others = [other for other, names in PARAMETER_NAMES.items() if name in names]
    meant = speller.closest(name)
    help_ = f'did you mean "{meant}"?' if meant and not others else _LEFT_TO_APPS
    of = f"; it belongs to mode {others[0]}" if others else ""
    return UNKNOWN_PARAMETER.at(
        place,
        f"{shown(name)} is not a parameter that an alias of mode {mode} may set{of}",
        help=help_,
    )


def _check_inside(
    alias: Declared[AliasSpec], path: Path, name: str, value: Mapping[str, object]
) -> Iterator[Diagnostic]:
    known = NESTED_NAMES.get(name)
    if known is None and name != _NUMBERED:
        yield _wrong(alias, path, f"`{name}` must be a single value, not a mapping")
        return
    speller = Speller(known or ())
    for inner in value:
        place: Path = (*path, inner)
        is_known = inner in known if known is not None else inner.isdecimal()
        if not is_known and (forbidden := forbidden_parameter(inner)):
            yield forbidden.at(alias.document.key_span(*place))
        elif not is_known:
            meant = speller.closest(inner)
            yield UNKNOWN_PARAMETER.at(
                alias.document.key_span(*place),
                f"`{name}` has no field {shown(inner)}",
                help=f'did you mean "{meant}"?'
                if meant
                else f"its fields are {', '.join(sorted(known))}"
                if known
                else "use the number of a token",
            )


def _check_list(
    alias: Declared[AliasSpec], path: Path, name: str, value: Sequence[object]
) -> Iterator[Diagnostic]:
    kind, what = _LISTS.get(name, (None, ""))
    if kind is None:
        yield _wrong(alias, path, f"`{name}` must be a single value, not a list")
    elif not all(type(item) is kind for item in value):
        yield _wrong(alias, path, f"`{name}` must be a list of {what}")


def _check_let_through(
    alias: Declared[AliasSpec], path: Path, value: object
) -> Iterator[Diagnostic]:
    if not isinstance(value, list):
        yield _wrong(alias, path, f"`{ALLOWED_OPENAI_PARAMS}` must be a list of names")
        return
    known = may_be_let_through(alias.spec.mode)
    speller = Speller(known)
    for index, name in enumerate(value):
        if not isinstance(name, str) or name not in known:
            meant = speller.closest(name) if isinstance(name, str) else None
            yield UNKNOWN_PARAMETER.at(
                alias.span(*path, index),
                f"{shown(name)} is not a parameter that an app may send to mode {alias.spec.mode}",
                help=f'did you mean "{meant}"?' if meant else "remove it",
            )


def _wrong(alias: Declared[AliasSpec], path: Path, message: str) -> Diagnostic:
    return UNKNOWN_PARAMETER.at(
        alias.span(*path), message, help="see docs/reference/alias.md for what each parameter takes"
    )
