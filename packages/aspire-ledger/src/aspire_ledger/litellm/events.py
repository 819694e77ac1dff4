"""What is seen of an answer as it passes, and what LiteLLM says about a call that ended.

Shapes of one release (1.106.2), read with care: whatever is missing or of another
type is unknown, never an error, because the money was spent either way.

LiteLLM fills a missing report of usage in without a mark, so what came from the provider
is read from what passes. Nothing is settled here: a stream learns of a lost client only
when somebody collects the garbage.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, Final

from aspire_ledger.card import FIELD, Card, read_card
from aspire_ledger.settling import Ending
from aspire_ledger.usage import answer_bytes, read_usage, tool_uses
from aspire_ledger.values import NO_UNITS, Counted

ID: Final = "aspire_ledger"  # the key of our id in a request's metadata
_FINAL_EVENTS: Final = frozenset(
    {"message_delta", "response.completed", "response.incomplete", "response.failed"}
)
_TEXTS: Final = ("content", "reasoning_content", "text", "thinking", "partial_json", "refusal")
_WRAPPERS: Final = 5
_LONGEST_LINE: Final = 4 * 2**20


# ── what passes ──────────────────────────────────────────────────────────────


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


# ── what LiteLLM tells ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ended:
    """One call that ended.

    `id` is what stood in its metadata: on a route that we do not admit it may be a
    client's invention. `answer_id` is LiteLLM's or the provider's, for a call that nobody
    admitted; `account` is then the key's metadata. `card` is that of the row that answered,
    as it was when the call went out.
    """

    id: str
    answer_id: str
    alias: str
    key: str
    account: Mapping[str, Any]
    card: Card | None
    ending: Ending


def read_ended(event: Mapping[str, Any], answer: object = None) -> Ended:
    """Read the `kwargs` of a success event, and its answer."""
    logged = _mapping(event.get("standard_logging_object"))
    parameters = _mapping(event.get("litellm_params"))
    metadata = _mapping(parameters.get("metadata"))
    key = _mapping(logged.get("metadata"))
    return Ended(
        id=_text(metadata.get(ID)),
        answer_id=_text(logged.get("id")),
        alias=_text(logged.get("model_group")) or _text(metadata.get("model_group")),
        key=_text(key.get("user_api_key_alias")) or _text(metadata.get("user_api_key_alias")),
        account=_mapping(
            key.get("user_api_key_auth_metadata") or metadata.get("user_api_key_auth_metadata")
        ),
        card=card_of(parameters) or card_of(metadata),
        ending=_ending(event, logged, as_mapping(answer)),
    )


def card_of(parameters: Mapping[str, Any]) -> Card | None:
    """Return the card in the `model_info` that LiteLLM put beside a call's parameters."""
    return read_card(_mapping(parameters.get("model_info")).get(FIELD))


def deployment_of(parameters: Mapping[str, Any]) -> str:
    """Return the address of the row that LiteLLM chose for a call."""
    return _text(_mapping(parameters.get("model_info")).get("id"))


def as_mapping(answer: object) -> Mapping[str, Any]:
    """Return an answer as plain JSON, whatever class of LiteLLM's it is; nothing if it is none."""
    if isinstance(answer, Mapping):
        return answer
    dump = getattr(answer, "model_dump", None)
    if dump is None:
        return {}
    try:
        found = dump()
    except Exception:  # noqa: BLE001 (whatever a strange answer raises: its text is unknown then)
        return {}
    return _mapping(found)


def _ending(
    event: Mapping[str, Any], logged: Mapping[str, Any], answer: Mapping[str, Any]
) -> Ending:
    usage = _mapping(_mapping(logged.get("metadata")).get("usage_object"))
    return Ending(
        counted=read_usage(usage),
        uses=tool_uses(usage, answer),
        text_bytes=answer_bytes(answer),
        images=len(_list(answer.get("data"))),
        image_size=_text(answer.get("size")),
        image_quality=_text(answer.get("quality")),
        pages=_pages(answer),
        provider=_text(logged.get("custom_llm_provider")),
        model=_text(logged.get("model")),
        deployment=_text(logged.get("model_id")),
        call_type=_text(logged.get("call_type")) or _text(event.get("call_type")),
        reported_usd=_usd(event.get("response_cost", logged.get("response_cost"))),
        cached_by_gateway=logged.get("cache_hit") is True,
    )


def _pages(answer: Mapping[str, Any]) -> int:
    # The pages of the answer are there to be counted; a report of more is believed too.
    reported = _mapping(answer.get("usage_info")).get("pages_processed")
    return max(len(_list(answer.get("pages"))), _count(reported))


def _usd(found: object) -> Decimal | None:
    # Fifteen digits, all that a float can tell: 8.999999999999999e-05 was a sum of 0.00009.
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return Decimal(f"{found:.15g}")


def _list(found: object) -> "list[Any] | tuple[Any, ...]":
    return found if isinstance(found, list | tuple) else ()


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _count(found: object) -> int:
    is_count = isinstance(found, int) and not isinstance(found, bool) and found < 10**6
    return max(0, found) if is_count and isinstance(found, int) else 0
