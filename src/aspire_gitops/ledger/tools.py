"""Tools of a request: which are the client's own, and which run at the provider for a fee. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

# What the client runs itself. Codex's `namespace` holds tools of its own.
_CLIENTS: Final = frozenset({"function", "custom", "namespace"})
_ANTHROPIC_CLIENTS: Final = re.compile(r"(bash|text_editor|memory|computer)_[0-9]{8}")
_DATE: Final = re.compile(r"_([0-9]{8}|[0-9]{4}_[0-9]{2}_[0-9]{2})$")
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
        kind = tool.get("type")
        if kind == "namespace":
            yield from hosted_tools(tool.get("tools"), most_calls)
        elif isinstance(kind, str) and not _is_clients(kind):
            yield HostedTool(plain_kind(kind), _uses(tool, most_calls))


def plain_kind(kind: str) -> str:
    """Return a tool's name without the date and the stage of its release."""
    return _DATE.sub("", kind).removesuffix("_preview")


def _is_clients(kind: str) -> bool:
    return kind in _CLIENTS or bool(_ANTHROPIC_CLIENTS.fullmatch(kind))


def _uses(tool: Mapping[str, Any], most_calls: int | None) -> int:
    stated = tool.get("max_uses")
    limits = [
        limit
        for limit in (stated, most_calls)
        if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0
    ]
    return min(limits, default=_USES)
