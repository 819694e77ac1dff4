"""What each endpoint of a provider answers: pure functions of the request.

Shapes are those of the public APIs of OpenAI, Anthropic and Mistral, reduced to
what clients need. Every text names the provider; token counts never vary, so that
a test can compute the price. `server` sends them.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

INPUT_TOKENS, OUTPUT_TOKENS = 10, 20
CACHED_TOKENS = 4  # of the input, for a request that asks for its prompt to be cached
# The smallest PNG: one transparent pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@dataclass(frozen=True, slots=True)
class Request:
    """What an answer depends on."""

    provider: str
    model: str | None
    body: Json

    @property
    def text(self) -> str:
        return f"pong from {self.provider}" if self.provider else "pong"

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    @property
    def cached_tokens(self) -> int:
        """How many input tokens come from the prompt cache: some if the request asks for it.

        OpenAI's clients name a `prompt_cache_key`, Anthropic's put `cache_control` at a block.
        """
        asks = "prompt_cache_key" in self.body or '"cache_control"' in json.dumps(self.body)
        return CACHED_TOKENS if asks else 0


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; `data` is sent as it is."""

    data: str
    name: str | None = None

    def encode(self) -> bytes:
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {self.data}\n\n".encode()


Reply: TypeAlias = Json | Iterable[Event]  # one document, or a stream


def chat_completions(request: Request) -> Reply:
    common = {**_identity("chatcmpl", request), "created": int(time.time())}
    usage = {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": request.cached_tokens},
    }
    if request.streams:
        return _chat_chunks(request, {**common, "object": "chat.completion.chunk"}, usage)
    message = {"role": "assistant", "content": request.text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {**common, "object": "chat.completion", "choices": [choice], "usage": usage}


def _chat_chunks(request: Request, common: Json, usage: Json) -> Iterator[Event]:
    deltas: list[tuple[Json, str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in _words(request.text)]
    deltas += [({}, "stop")]
    for delta, reason in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        yield Event(json.dumps({**common, "choices": [choice]}))
    yield Event(json.dumps({**common, "choices": [], "usage": usage}))
    yield Event("[DONE]")


def embeddings(request: Request) -> Reply:
    inputs = request.body.get("input")
    count = len(inputs) if isinstance(inputs, list) else 1
    vectors = [
        {"object": "embedding", "index": index, "embedding": [0.0, 1.0]} for index in range(count)
    ]
    usage = {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS}
    return {"object": "list", "model": request.model, "data": vectors, "usage": usage}


def images(request: Request) -> Reply:
    picture = {"b64_json": PIXEL, "revised_prompt": request.text}
    return {"created": int(time.time()), "data": [picture]}


def responses(request: Request) -> Reply:
    usage = {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": request.cached_tokens},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    part = {"type": "output_text", "text": request.text, "annotations": []}
    item = {**_identity("msg", request), "type": "message", "role": "assistant"}
    item |= {"status": "completed", "content": [part]}
    done = {
        **_identity("resp", request),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "error": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "output": [item],
        "usage": usage,
    }
    return _response_events(done, item, part) if request.streams else done


def _response_events(done: Json, item: Json, part: Json) -> Iterator[Event]:
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    empty = {**item, "status": "in_progress", "content": []}
    steps: list[tuple[str, Json]] = [
        ("response.created", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": empty}),
        ("response.content_part.added", {**place, "part": {**part, "text": ""}}),
        *(("response.output_text.delta", {**place, "delta": w}) for w in _words(part["text"])),
        ("response.output_text.done", {**place, "text": part["text"]}),
        ("response.content_part.done", {**place, "part": part}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": done}),
    ]
    for number, (kind, step) in enumerate(steps):
        yield _named_event(kind, {"sequence_number": number, **step})


def messages(request: Request) -> Reply:
    message = {
        **_identity("msg", request),
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": request.text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {**_message_input(request), "output_tokens": OUTPUT_TOKENS},
    }
    return _message_events(request, message) if request.streams else message


def _message_input(request: Request) -> Json:
    # Here cached tokens are no part of the others, as they are for OpenAI.
    cached = request.cached_tokens
    return {
        "input_tokens": INPUT_TOKENS - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
    }


def _message_events(request: Request, message: Json) -> Iterator[Event]:
    usage = {**_message_input(request), "output_tokens": 1}
    begun = {**message, "content": [], "stop_reason": None, "usage": usage}
    yield _named_event("message_start", {"message": begun})
    block = {"type": "text", "text": ""}
    yield _named_event("content_block_start", {"index": 0, "content_block": block})
    for word in _words(request.text):
        delta = {"type": "text_delta", "text": word}
        yield _named_event("content_block_delta", {"index": 0, "delta": delta})
    yield _named_event("content_block_stop", {"index": 0})
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    final = {"output_tokens": OUTPUT_TOKENS}
    yield _named_event("message_delta", {"delta": ending, "usage": final})
    yield _named_event("message_stop", {})


def count_tokens(_request: Request) -> Reply:
    return {"input_tokens": INPUT_TOKENS}


def ocr(request: Request) -> Reply:
    size = {"dpi": 200, "height": 2200, "width": 1700}
    page = {"index": 0, "markdown": request.text, "images": [], "dimensions": size}
    usage = {"pages_processed": 1, "doc_size_bytes": 1000}
    return {
        "model": request.model,
        "pages": [page],
        "document_annotation": None,
        "usage_info": usage,
    }


def models(request: Request) -> Reply:
    owner = request.provider or "upstream"
    entry = {"id": "any", "object": "model", "created": 0, "owned_by": owner}
    return {"object": "list", "data": [entry]}


def failure(route: str, status: int, message: str) -> Json:
    """Return an error in the shape of the provider whose endpoint it is."""
    if route.startswith("messages"):
        return {"type": "error", "error": {"type": "api_error", "message": message}}
    return {"error": {"message": message, "type": "upstream_error", "code": str(status)}}


ROUTES: Mapping[tuple[str, str], Callable[[Request], Reply]] = {
    ("POST", "chat/completions"): chat_completions,
    ("POST", "embeddings"): embeddings,
    ("POST", "images/generations"): images,
    ("POST", "responses"): responses,
    ("POST", "messages"): messages,
    ("POST", "messages/count_tokens"): count_tokens,
    ("POST", "ocr"): ocr,
    ("GET", "models"): models,
}


def _identity(prefix: str, request: Request) -> Json:
    return {"id": f"{prefix}_{time.time_ns():x}", "model": request.model}


def _words(text: str) -> list[str]:
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]


def _named_event(kind: str, fields: Json) -> Event:
    return Event(json.dumps({"type": kind, **fields}), name=kind)
