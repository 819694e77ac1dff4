"""What a request's body holds: at most how many tokens, whether more than text, which tools.

Pure. Bodies come from callers and may be anything that JSON can say.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

# ── text ─────────────────────────────────────────────────────────────────────

_PER_ITEM: Final = 8  # what a message, a tool or a part costs beside its text
_PER_NAME: Final = 4  # quotes, colon and comma, where a schema is written out for the model
_PER_TEXT: Final = 2  # its quotes there
_NULL: Final = 4
_BRACKETS: Final = 2
_COMMA: Final = 3  # and quotes
# Of an item these reach the model as a mark or two, and `_PER_ITEM` is for that.
_NAMED_BY_ITEM: Final = frozenset({"role", "type"})
_FRAME: Final = frozenset({"role", "type", "content", "text"})
_written: Final = json.JSONEncoder(ensure_ascii=False).encode
_DEEPEST: Final = 64  # a body that goes deeper counts as if it held media

_TEXT_PARTS: Final = frozenset(
    {
        *("text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal"),
        *("thinking", "redacted_thinking", "reasoning", "message", "function", "custom"),
        *("tool_use", "tool_result", "function_call", "function_call_output"),
        *("json_schema", "json_object", "object", "array", "string", "number", "integer"),
        *("boolean", "null", "ephemeral", "auto", "none", "any", "tool", "required"),
        *("namespace", "content", "grammar"),
    }
)


@dataclass(frozen=True, slots=True)
class Weight:
    """`tokens`: an upper bound for the text. `caches`: it asks for a prompt cache to be written."""

    tokens: int
    has_media: bool
    caches: bool


def weigh(parts: Mapping[str, Any], tokenised: frozenset[str] = frozenset()) -> Weight:
    """Weigh the parts of a body that reach the model.

    In those that may be `tokenised` a list of whole numbers is so many tokens; anywhere
    else it is written out, digit by digit.
    """
    scale = _Scale()
    for name, value in parts.items():
        scale.caches = scale.caches or name == "cache_control"
        if name in tokenised and isinstance(value, list | tuple):
            scale.add_prompts(value)
        elif isinstance(value, str):  # what a protocol takes as a text becomes a message
            scale.add({"text": value}, 0)
        else:
            scale.add(value, 0)
    return Weight(scale.tokens, scale.has_media, scale.caches)


class _Scale:
    def __init__(self) -> None:
        self.tokens = 0
        self.has_media = False
        self.caches = False

    def add_prompts(self, value: "list[Any] | tuple[Any, ...]") -> None:
        """Take several prompts, or one that is given as tokens."""
        if _are_tokens(value):
            self.tokens += len(value)
            return
        for each in value:
            if isinstance(each, list | tuple) and _are_tokens(each):
                self.tokens += len(each)
            else:
                self.add({"text": each} if isinstance(each, str) else each, 1)

    def add(self, value: Any, depth: int) -> None:
        if depth > _DEEPEST:
            self.has_media = True
        elif isinstance(value, str):
            self.tokens += _bytes(value)
        elif isinstance(value, Mapping):
            self._add_mapping(value, depth)
        elif isinstance(value, list | tuple):
            self.tokens += _BRACKETS if depth else 0
            for each in value:
                self.tokens += 0 if isinstance(each, Mapping) else _COMMA
                self.add(each, depth + 1)
        else:
            self.tokens += _NULL if value is None else len(str(value))

    def _add_mapping(self, value: Mapping[Any, Any], depth: int) -> None:
        self.tokens += _PER_ITEM
        kind = value.get("type")
        # A kind that nobody knows here may be a picture. In a schema `type` may be a list.
        if isinstance(kind, str) and kind not in _TEXT_PARTS:
            self.has_media = True
        for name, part in value.items():
            if name == "cache_control":
                self.caches = True
            if name in _NAMED_BY_ITEM and isinstance(part, str):
                self.tokens += max(0, _bytes(part) - _PER_ITEM)
                continue
            if name not in _FRAME:
                self._add_name(str(name), part)
            self.add(part, depth + 1)

    def _add_name(self, name: str, part: Any) -> None:
        self.tokens += _bytes(name) + _PER_NAME
        if isinstance(part, str):
            self.tokens += _PER_TEXT + _escapes(part)


def _are_tokens(value: "list[Any] | tuple[Any, ...]") -> bool:
    return all(type(each) is int for each in value)


def _escapes(text: str) -> int:
    """Return how many bytes a text grows by where it is written as JSON, beside its quotes."""
    return len(_written(text)) - 2 - len(text)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


# ── tools ────────────────────────────────────────────────────────────────────

# What the client runs itself. Codex's `namespace` holds tools of its own.
_CLIENTS: Final = frozenset({"function", "custom", "namespace"})
_ANTHROPIC_CLIENTS: Final = re.compile(r"(bash|text_editor|memory|computer)_[0-9]{8}")
# All that a tool of the client's own may say. Some providers' tools are known by a key of
# their own (`googleSearch: {}`), whatever `type` stands beside it.
_CLIENTS_WORDS: Final = frozenset(
    {
        *("type", "name", "description", "function", "custom", "tools", "parameters", "strict"),
        *("format", "input_schema", "input_examples", "cache_control", "defer_loading"),
        *("allowed_callers", "eager_input_streaming", "output_schema", "max_characters"),
        *("display_width_px", "display_height_px", "display_number", "enable_zoom"),
    }
)
_DATE: Final = re.compile(r"_([0-9]{8}|[0-9]{4}_[0-9]{2}_[0-9]{2})$")
_ANTHROPIC_DATE: Final = re.compile(r"_[0-9]{8}$")
_USES: Final = 10  # of a tool at the provider, where the request states no limit


@dataclass(frozen=True, slots=True)
class HostedTool:
    """A tool that runs at the provider. `kind` is its name in `usd_per_use`."""

    kind: str
    uses: int


def hosted_tools(tools: object, most_calls: int | None = None) -> Iterator[HostedTool]:
    """Yield what runs at the provider, each with the most uses that one answer can have.

    Args:
        tools: As the request states them.
        most_calls: The request's own limit for all of them together, None for none.
    """
    for tool in tools if isinstance(tools, list | tuple) else ():
        if not isinstance(tool, Mapping):
            continue
        kind = _kind(tool)
        if kind is not None:
            yield HostedTool(plain_kind(kind), _uses(tool, most_calls))
        elif tool.get("type") == "namespace":
            yield from hosted_tools(tool.get("tools"), most_calls)


def plain_kind(kind: str) -> str:
    """Return a tool's name without the date and the stage of its release."""
    return _DATE.sub("", kind).removesuffix("_preview")


def _kind(tool: Mapping[str, Any]) -> str | None:
    """Return what runs at the provider, None for a tool of the client's own."""
    kind = tool.get("type")
    if kind is not None and not isinstance(kind, str):
        return "unknown"
    if kind and kind not in _CLIENTS and not _ANTHROPIC_CLIENTS.fullmatch(kind):
        return kind
    if tool.keys() <= _CLIENTS_WORDS:
        return None
    return _snake(str(next(word for word in tool if word not in _CLIENTS_WORDS)))


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", word[:80]).lower()


def _uses(tool: Mapping[str, Any], most_calls: int | None) -> int:
    # Anthropic's dated tools keep to `max_uses`. Elsewhere a limit may be dropped on the way,
    # so that it can only say that there will be more.
    limit = _positive(tool.get("max_uses"))
    if limit and _ANTHROPIC_DATE.search(str(tool.get("type"))):
        return limit
    return max(limit or 0, most_calls or 0, _USES)


def _positive(found: object) -> int | None:
    is_count = isinstance(found, int) and not isinstance(found, bool)
    return found if is_count and isinstance(found, int) and found > 0 else None
