"""What a provider reports of a call: read with care, because it is a claim. Pure.

A report that is missing, negative, not a number or absurd does not count; the call is then
estimated and says so. A report that can be believed is never booked below its price.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aspire_ledger.body import plain_kind
from aspire_ledger.values import NO_UNITS, Counted

_MOST_TOKENS: Final = 10**10  # more than any call can have
_MOST_USES: Final = 10**6
_ANSWERS: Final = ("choices", "output", "content")
# What an answer says beside its text, in whatever protocol.
_FRAME: Final = frozenset(
    {
        *("role", "type", "id", "object", "status", "finish_reason", "stop_reason", "call_id"),
        *("index", "annotations", "logprobs", "provider_specific_fields"),
    }
)
# Calls of tools that the client runs itself; whatever else is called runs at the provider.
_CLIENTS_CALLS: Final = frozenset(
    {
        *("function_call", "custom_tool_call", "local_shell_call", "shell_call"),
        *("apply_patch_call", "computer_call", "tool_call"),
    }
)
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Usage:
    """Counted units, and the uses of hosted tools by kind."""

    counted: Counted = NO_UNITS
    uses: Mapping[str, int] = field(default_factory=dict)


def read_usage(found: Mapping[str, Any]) -> Counted | None:
    """Return the tokens of a report in OpenAI's words or Anthropic's, None if it is none.

    LiteLLM turns every provider's words into OpenAI's, where the parts of the input are in
    its total; Anthropic's own, which streams carry, count cached tokens beside it.
    """
    if "prompt_tokens" in found or "completion_tokens" in found:
        return _believable(_openai(found, "prompt_tokens", "completion_tokens"))
    if _is_anthropic(found):
        return _believable(_anthropic(found))
    return _believable(_openai(found, "input_tokens", "output_tokens"))


def tool_uses(usage: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the uses of hosted tools that a report or the answer itself shows, by kind."""
    seen: dict[str, int] = {}
    for kind in _shown_uses(answer):
        seen[kind] = seen.get(kind, 0) + 1
    for kind, count in _reported_uses(usage):
        seen[kind] = max(seen.get(kind, 0), count)
    return seen


def answer_bytes(answer: Mapping[str, Any]) -> int:
    """Return how many bytes of text an answer holds: an upper bound of the tokens in it."""
    return sum(_bytes(answer.get(name), 0) for name in _ANSWERS)


def _openai(found: Mapping[str, Any], sent: str, answered: str) -> dict[str, object]:
    details = _mapping(found.get(f"{sent}_details") or found.get("input_tokens_details"))
    output = _mapping(found.get(f"{answered}_details"))
    writes = _mapping(details.get("cache_creation_token_details"))
    written = _first(details, "cache_write_tokens", "cache_creation_tokens") or found.get(
        "cache_creation_input_tokens"
    )
    hour = writes.get("ephemeral_1h_input_tokens") or 0
    return {
        "input_tokens": found.get(sent),
        "output_tokens": found.get(answered, 0),
        "cached_input_tokens": details.get("cached_tokens") or found.get("cache_read_input_tokens"),
        "cache_write_tokens": _less(written, hour),
        "cache_write_1h_tokens": hour,
        "input_audio_tokens": details.get("audio_tokens"),
        "input_image_tokens": details.get("image_tokens"),
        "reasoning_tokens": output.get("reasoning_tokens"),
        "output_audio_tokens": output.get("audio_tokens"),
    }


def _anthropic(found: Mapping[str, Any]) -> dict[str, object]:
    writes = _mapping(found.get("cache_creation"))
    hour = writes.get("ephemeral_1h_input_tokens") or 0
    read, written = found.get("cache_read_input_tokens"), found.get("cache_creation_input_tokens")
    plain = found.get("input_tokens")
    return {
        "input_tokens": _total(plain, read, written),
        "output_tokens": found.get("output_tokens", 0),
        "cached_input_tokens": read,
        "cache_write_tokens": _less(written, hour),
        "cache_write_1h_tokens": hour,
    }


def _is_anthropic(found: Mapping[str, Any]) -> bool:
    return "cache_read_input_tokens" in found or "cache_creation_input_tokens" in found


def _believable(counts: Mapping[str, object]) -> Counted | None:
    numbers = {name: _count(value) for name, value in counts.items()}
    sent, answered = numbers["input_tokens"], numbers["output_tokens"]
    if sent is None or answered is None or sent + answered == 0:
        return None
    # A part that makes no sense is a part nobody reported; its whole is priced all the same.
    return Counted(**{name: number or 0 for name, number in numbers.items()})


def _count(value: object) -> int | None:
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        return None
    return value


def _less(whole: object, part: object) -> object:
    total, inside = _count(whole), _count(part)
    return whole if total is None or inside is None else max(0, total - inside)


def _total(*parts: object) -> object:
    counts = [_count(part) for part in parts]
    return None if None in counts or parts[0] is None else sum(count or 0 for count in counts)


def _first(found: Mapping[str, Any], *names: str) -> object:
    return next((found[name] for name in names if found.get(name)), None)


def _reported_uses(usage: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    details = _mapping(usage.get("prompt_tokens_details"))
    for place in (_mapping(usage.get("server_tool_use")), details):
        for name, value in place.items():
            count = _count(value)
            if str(name).endswith("_requests") and count and count <= _MOST_USES:
                yield str(name).removesuffix("_requests"), count


def _shown_uses(answer: Mapping[str, Any]) -> Iterator[str]:
    for name in ("output", "content"):
        for item in _list(answer.get(name)):
            kind = _mapping(item).get("type")
            if kind == "server_tool_use":
                yield plain_kind(str(_mapping(item).get("name")))
            elif isinstance(kind, str) and kind.endswith("_call") and kind not in _CLIENTS_CALLS:
                yield kind.removesuffix("_call")


def _bytes(value: object, depth: int) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
    if depth > _DEEPEST:
        return 0
    if isinstance(value, Mapping):
        parts = (part for name, part in value.items() if name not in _FRAME)
        return sum(_bytes(part, depth + 1) for part in parts)
    return sum(_bytes(part, depth + 1) for part in _list(value))


def _list(found: object) -> "list[Any] | tuple[Any, ...]":
    return found if isinstance(found, list | tuple) else ()


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
