"""What is sent to see that an alias works: the smallest call of each kind that it claims. Pure."""

import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from aspire_gitops.resources import AliasSpec, ProbeSpec, ProbesSpec, ProbeVariant
from aspire_ledger.canonical import JsonValue

Body: TypeAlias = dict[str, JsonValue]

_ASKED = "Reply with the word ok."
_MOST_TOKENS = 16
_SIDE = 64  # pixels; vendors refuse pictures below 28


@dataclass(frozen=True, slots=True)
class Probe:
    """One call: `model` is the name that is called, the alias's own or a hidden one of it."""

    alias: str
    model: str
    variant: ProbeVariant
    path: str
    body: Mapping[str, JsonValue]
    timeout_s: float


def variants(spec: AliasSpec) -> tuple[ProbeVariant, ...]:
    """Return the calls that an alias is probed with, in turns; none if it is never probed."""
    if spec.probe == "off" or (spec.probe is None and spec.mode == "image_generation"):
        return ()
    claimed = spec.claimed_probes
    chosen = spec.probe.variants if spec.probe else ()
    return tuple(one for one in claimed if not chosen or one in chosen)


def interval_s(spec: AliasSpec, policy: ProbesSpec) -> float:
    """Return the seconds between two probes of an alias."""
    own = spec.probe.every_minutes if isinstance(spec.probe, ProbeSpec) else None
    return 60.0 * (own or policy.every_minutes)


def probe_of(spec: AliasSpec, variant: ProbeVariant, model: str | None = None) -> Probe:
    """Return one call of an alias, by its own name or by `model`."""
    path, body = _REQUESTS[spec.mode](spec, variant)
    name = model or spec.name
    timeout_s = spec.probe.timeout_s if isinstance(spec.probe, ProbeSpec) else 60
    return Probe(spec.name, name, variant, path, {"model": name, **body}, float(timeout_s))


def _chat(spec: AliasSpec, variant: ProbeVariant) -> tuple[str, Body]:
    content: JsonValue = _ASKED
    if variant == "image":
        content = ({"type": "text", "text": _ASKED}, {"type": "image_url", "image_url": _picture()})
    body: Body = {
        "messages": ({"role": "user", "content": content},),
        "max_tokens": _most_tokens(spec),
    }
    if variant == "streamed":
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if variant == "tools":
        body["tools"] = (_TOOL,)
    return "/v1/chat/completions", body


def _most_tokens(spec: AliasSpec) -> int:
    # An alias that always thinks refuses an answer that is no longer than its thoughts.
    thinking = (spec.parameters or {}).get("thinking")
    thoughts = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return _MOST_TOKENS + (thoughts if isinstance(thoughts, int) else 0)


def _embedding(_spec: AliasSpec, _variant: ProbeVariant) -> tuple[str, Body]:
    return "/v1/embeddings", {"input": "ok"}


def _ocr(_spec: AliasSpec, _variant: ProbeVariant) -> tuple[str, Body]:
    return "/v1/ocr", {"document": {"type": "image_url", "image_url": _picture()["url"]}}


def _image(spec: AliasSpec, _variant: ProbeVariant) -> tuple[str, Body]:
    images = spec.price.images if spec.price else ()
    least = min(images, key=lambda one: one.usd, default=None)
    asked = {"size": least.size, "quality": least.quality} if least else {}
    stated: Body = {name: word for name, word in asked.items() if word}
    return "/v1/images/generations", {"prompt": "A grey square.", "n": 1, **stated}


_REQUESTS: Mapping[str, Callable[[AliasSpec, ProbeVariant], tuple[str, Body]]] = {
    "chat": _chat,
    "embedding": _embedding,
    "ocr": _ocr,
    "image_generation": _image,
}

_TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "note",
        "description": "Note a word.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}},
    },
}


@cache
def _picture() -> Mapping[str, str]:
    """Return a grey square as a PNG."""
    rows = (b"\x00" + b"\x80" * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    return {"url": f"data:image/png;base64,{b64encode(png).decode()}"}


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
