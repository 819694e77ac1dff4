"""How many tokens a request's body can hold at most, and whether it holds more than text.

Pure. Bodies come from callers and may be anything that JSON can say.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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
