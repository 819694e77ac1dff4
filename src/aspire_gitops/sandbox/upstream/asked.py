"""How much a request allows its provider to use, read as the worst provider reads it. Pure.

Whatever name, case or nesting some vendor honours counts, and of two numbers the
larger one: a bound that holds against this holds against every real provider.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Json: TypeAlias = Mapping[str, Any]

UNLIMITED_TOKENS: Final = 50_000  # of an answer whose length nobody limits
MEDIA_TOKENS: Final = 1_500  # of a picture or a file
TOOL_USES: Final = 5  # of a tool whose uses nobody limits
DOCUMENT_PAGES: Final = 40
_MOST_ANSWERS: Final = 128
_MOST_TOKENS: Final = 1_000_000  # no model writes a longer answer

# The field that a provider's own endpoint reads as its limit, and what others call it.
_OWN_LIMIT: Final[Mapping[str, Sequence[str]]] = {
    "chat/completions": ("max_tokens", "max_completion_tokens"),
    "completions": ("max_tokens",),
    "responses": ("max_output_tokens",),
    "messages": ("max_tokens",),
}
_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
_LIMITS_ELSEWHERE: Final = (*_LIMITS, "max_tokens_to_sample", "max_length", "num_predict")
_ANSWERS: Final = ("n", "best_of", "candidate_count", "num_return_sequences", "num_generations")
_THINKING: Final = ("thinking_budget", "reasoning_tokens", "max_thinking_tokens")
_INSIDE: Final = (
    "extra_body",
    "options",
    "generation_config",
    "parameters",
    "chat_template_kwargs",
)
_SEARCHES: Final = (
    "web_search_options",
    "enable_search",
    "web_search",
    "plugins",
    "search_options",
)
# Tools that the client runs itself, by the beginning of their type.
_OF_THE_CLIENT: Final = (
    *("function", "custom", "namespace", "local_shell", "apply_patch"),
    *("bash", "text_editor", "memory", "computer"),
)
# No provider shows these to its model; every other name is taken for text.
_NOT_READ: Final = frozenset(
    {
        *("model", "user", "safety_identifier", "metadata", "service_tier", "stream_options"),
        *("prompt_cache_key", "prompt_cache_retention", "cache_control", "encoding_format"),
        *("thinking", "reasoning", "reasoning_effort", "verbosity", "truncation", "include"),
        *("stop", "stop_sequences", "size", "quality", "style", "output_format", "background"),
    }
)
_MEDIA: Final = frozenset(
    {
        "image",
        "image_url",
        "input_image",
        "file",
        "input_file",
        "document",
        "input_audio",
        "video_url",
    }
)


def input_tokens(body: Json, bytes_per_token: int) -> int:
    """Return the tokens of every text that a model may read, and of media."""
    parts = _parts({name: part for name, part in body.items() if name not in _NOT_READ})
    texts = sum(-(-len(text.encode(errors="replace")) // bytes_per_token) for text in parts.texts)
    return texts + parts.tokens + parts.media * MEDIA_TOKENS


def media_tokens(body: Json) -> int:
    """Return how many of the input tokens are pictures and files."""
    return _parts(body).media * MEDIA_TOKENS


@dataclass(slots=True)
class _Parts:
    texts: list[str] = field(default_factory=list)
    tokens: int = 0  # that came as numbers
    media: int = 0


def _parts(body: Json) -> _Parts:
    found, left = _Parts(), list(body.values())
    while left:
        match left.pop():
            case str() as text:
                found.texts.append(text)
            case dict() as part if str(part.get("type")) in _MEDIA:
                found.media += 1
            case dict() as part:
                left += part.values()
            case list() as parts:
                found.tokens += sum(type(part) is int for part in parts)
                left += parts
    return found


def output_limit(route: str, body: Json) -> int:
    """Return how long one answer may become: the largest limit, none being 50,000 tokens.

    A limit under a name that this endpoint does not read limits nothing, but may raise.
    """
    own = max(_numbers(body, _OWN_LIMIT.get(route, _LIMITS)), default=UNLIMITED_TOKENS)
    return min(max([own, *_numbers(body, _LIMITS_ELSEWHERE)]), _MOST_TOKENS)


def thinking_tokens(route: str, body: Json) -> int:
    """Return the tokens of thought that come beside the answer.

    Those of `thinking: {budget_tokens}` are a part of it, as Anthropic has it.
    """
    if route == "messages":
        return 0
    found = _numbers(body, _THINKING)
    reasoning = body.get("reasoning")
    if route != "responses" and isinstance(reasoning, Mapping):
        found += _numbers(reasoning, _LIMITS)
    return min(max(found, default=0), _MOST_TOKENS)


def answers(route: str, body: Json) -> int:
    """Return how many answers are to be written: for each prompt, `n` or `best_of` of them."""
    wanted = min(max(_numbers(body, _ANSWERS), default=1), _MOST_ANSWERS)
    return wanted * (prompts(body) if route == "completions" else 1)


def prompts(body: Json) -> int:
    """Return how many prompts a completions request has; a list of tokens is one."""
    prompt = body.get("prompt")
    if not isinstance(prompt, list) or all(type(each) is int for each in prompt):
        return 1
    return max(len(prompt), 1)


def pages(body: Json) -> int:
    """Return how many pages are to be read: of a list, of a text such as `0-2,5`, or all."""
    wanted = body.get("pages")
    if isinstance(wanted, list) and wanted:
        return len(wanted)
    if isinstance(wanted, str) and wanted.strip():
        return sum(_pages_of(part) for part in wanted.split(","))
    document = body.get("document")
    is_image = isinstance(document, Mapping) and document.get("type") == "image_url"
    return 1 if is_image else DOCUMENT_PAGES


def _pages_of(part: str) -> int:
    first, _, last = part.strip().partition("-")
    if not (first.isdigit() and (last.isdigit() or not last)):
        return 1
    return max(int(last or first) - int(first) + 1, 1)


def annotates(body: Json) -> bool:
    """Say whether pages are annotated, which costs more."""
    return any(body.get(f"{kind}_annotation_format") for kind in ("bbox", "document"))


def tool_uses(body: Json) -> Mapping[str, int]:
    """Return how often each tool that runs at the provider is used, by its kind."""
    found: dict[str, int] = {}
    for view in _views(body):
        for tool in _list(view.get("tools")):
            if isinstance(tool, Mapping) and (kind := _hosted(tool)):
                uses = number(tool.get("max_uses")) or number(view.get("max_tool_calls"))
                found[kind] = found.get(kind, 0) + (uses or TOOL_USES)
        if any(view.get(name) not in (None, False, []) for name in _SEARCHES):
            found["web_search"] = found.get("web_search", 0) + TOOL_USES
        if servers := _list(view.get("mcp_servers")):
            found["mcp"] = found.get("mcp", 0) + TOOL_USES * len(servers)
    return found


def _hosted(tool: Json) -> str:
    kind = tool.get("type")
    if not isinstance(kind, str) or kind.startswith(_OF_THE_CLIENT):
        return ""
    return re.sub(r"(_preview)?(_\d{4,8}|_\d{4}_\d{2}_\d{2})?$", "", kind)


def _views(body: Json, depth: int = 0) -> Iterator[Json]:
    """Yield the body and every object in it that some vendor reads as if it were spread."""
    yield body
    for name, part in body.items():
        if isinstance(part, Mapping) and _plain(name) in map(_plain, _INSIDE) and depth < 8:
            yield from _views(part, depth + 1)


def _numbers(body: Json, names: Sequence[str]) -> list[int]:
    wanted = set(map(_plain, names))
    return [
        found
        for view in _views(body)
        for name, value in view.items()
        if _plain(name) in wanted and (found := number(value))
    ]


def _plain(name: str) -> str:
    """Return a name as a vendor that minds neither case nor underscores reads it."""
    return name.lower().replace("_", "").replace("-", "")


def number(value: object) -> int:
    """Read a number as a lenient provider would; 0 for what limits nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        return max(int(float(value)), 0)
    except (ValueError, OverflowError):
        return 0


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
