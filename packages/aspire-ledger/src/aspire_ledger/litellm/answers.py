"""Watch an answer pass: how much text of it was seen, and whether its provider reported usage.

LiteLLM fills a missing report in without a mark, so what came from the provider is
read from what passes. Nothing is settled here: a stream learns of a lost client only
when somebody collects the garbage.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any, Final

from aspire_ledger.litellm.events import as_mapping
from aspire_ledger.usage import answer_bytes, read_usage
from aspire_ledger.values import NO_UNITS, Counted

_FINAL_EVENTS: Final = frozenset(
    {"message_delta", "response.completed", "response.incomplete", "response.failed"}
)
_TEXTS: Final = ("content", "reasoning_content", "text", "thinking", "partial_json", "refusal")
_WRAPPERS: Final = 5
_LONGEST_LINE: Final = 4 * 2**20


@dataclass(slots=True)
class Answer:
    """What was seen of one streamed answer. `counted` is what its provider said so far."""

    streamed: bool = False
    reported: bool = False
    text_bytes: int = 0
    images: int = 0
    counted: Counted = NO_UNITS
    _rest: str = ""

    def saw(self, chunk: object) -> None:
        """Take one chunk of a stream, as LiteLLM hands it on."""
        self.streamed = True
        if isinstance(chunk, bytes):
            self._saw_lines(chunk.decode("utf-8", errors="replace"))
        elif isinstance(chunk, str):
            self._saw_lines(chunk)
        else:
            self._saw_event(chunk)

    def ended(self, chunks: object) -> None:
        """Take LiteLLM's own list of what a chat's provider sent, which has no usage of LiteLLM's."""
        self._saw_lines("\n")  # the last line may have no end
        for chunk in chunks if isinstance(chunks, list) else ():
            usage = (
                chunk.get("usage") if isinstance(chunk, Mapping) else getattr(chunk, "usage", None)
            )
            if usage and (counted := read_usage(as_mapping(usage))):
                self.counted, self.reported = counted, True

    def _saw_lines(self, text: str) -> None:
        *lines, rest = (self._rest + text).split("\n")
        self._rest = rest if len(rest) <= _LONGEST_LINE else ""
        for line in lines:
            if line.startswith("data:"):
                self._saw_event(_parsed(line[5:]))

    def _saw_event(self, event: object) -> None:
        if choices := _of(event, "choices"):
            self.text_bytes += sum(map(_choice_bytes, choices))
            return
        kind = _of(event, "type")
        kind = str(getattr(kind, "value", kind))
        if kind == "message_start":
            self._take(_of(_of(event, "message"), "usage"), final=False)
        elif kind in _FINAL_EVENTS:
            self._take(_of(event, "usage") or _of(_of(event, "response"), "usage"), final=True)
        elif kind.startswith(("image_generation.", "image_edit.")) and kind.endswith(".completed"):
            self.images += 1
            self._take(_of(event, "usage"), final=True)
        elif kind.endswith("delta"):
            self.text_bytes += _delta_bytes(_of(event, "delta"))

    def _take(self, usage: object, *, final: bool) -> None:
        found = read_usage(as_mapping(usage))
        if found is None:
            return
        # Anthropic tells the input when a stream begins, and the output when it ends.
        pairs = zip(astuple(self.counted), astuple(found), strict=True)
        self.counted = Counted(*(max(pair) for pair in pairs))
        self.reported = self.reported or final


def _chunks(response: object) -> "list[Any] | None":
    """Return LiteLLM's own list of what a stream's provider sent, None where it keeps none.

    It wraps a stream in others, and the inner ones may be locals of generators.
    """
    for _ in range(_WRAPPERS):
        if isinstance(chunks := getattr(response, "chunks", None), list):
            return chunks
        inner = (getattr(response, "inner", None), getattr(response, "completion_stream", None))
        frame = getattr(response, "ag_frame", None)
        within = [*inner, *(frame.f_locals.values() if frame else ())]
        response = next((each for each in within if _may_hold(each)), None)
    return None


def _may_hold(each: object) -> bool:
    return isinstance(getattr(each, "chunks", None), list) or any(
        hasattr(each, name) for name in ("inner", "completion_stream", "ag_frame")
    )


async def watched(response: AsyncIterator[Any], answer: Answer) -> AsyncIterator[Any]:
    """Hand a stream on, and look at what passes."""
    chunks = None
    try:
        async for chunk in response:
            chunks = _chunks(response) if chunks is None else chunks
            answer.saw(chunk)
            yield chunk
    finally:
        answer.ended(chunks)


def _choice_bytes(choice: object) -> int:
    # Beside the text a chunk has an id, a role and a reason; none of it is an answer.
    return _delta_bytes(_of(choice, "delta")) + answer_bytes({"content": _of(choice, "text")})


def _delta_bytes(delta: object) -> int:
    if delta is None or isinstance(delta, str):
        return answer_bytes({"content": delta})
    calls = _of(delta, "tool_calls")
    functions = [_of(call, "function") for call in (calls if isinstance(calls, list) else ())]
    texts = [_of(delta, name) for name in _TEXTS]
    texts += [_of(function, name) for function in functions for name in ("name", "arguments")]
    return answer_bytes({"content": [text for text in texts if isinstance(text, str)]})


def _of(value: object, name: str) -> Any:
    """Return a field of what LiteLLM hands on: an object of its own, or plain JSON."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
