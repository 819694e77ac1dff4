"""Tools of a request: which are the client's own, and which run at the provider for a fee. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

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
