"""What each endpoint of a provider answers: pure functions of the request and its bill.

Shapes are those of the public APIs of OpenAI, Anthropic and Mistral, reduced to
what clients need. Every text names the provider. `streams` says the same in events,
`server` sends either.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from aspire_gitops.sandbox.upstream import asked, streams
from aspire_gitops.sandbox.upstream import bill as usage
from aspire_gitops.sandbox.upstream.behaviour import PIXEL, Event, Json, Request
from aspire_gitops.sandbox.upstream.bill import INPUT_TOKENS

Reply: TypeAlias = Json | Iterable[Event]  # one document, or a stream

_MOST_SHOWN = 128  # answers and vectors that are really sent


def chat_completions(request: Request) -> Reply:
    common = {**request.identity("chatcmpl"), "created": int(time.time())}
    if request.streams:
        return streams.chat(request, {**common, "object": "chat.completion.chunk"})
    message = {"role": "assistant", "content": request.text}
    choices = [
        {"index": index, "finish_reason": "stop", "message": message}
        for index in range(_several(request, "chat/completions"))
    ]
    answer = {**common, "object": "chat.completion", "choices": choices}
    return answer | request.usage(usage.of_chat(request.billed))


def completions(request: Request) -> Reply:
    common = {**request.identity("cmpl"), "object": "text_completion", "created": int(time.time())}
    if request.streams:
        return streams.completions(request, common)
    choices = [
        {"index": index, "finish_reason": "stop", "logprobs": None, "text": request.text}
        for index in range(_several(request, "completions"))
    ]
    return {**common, "choices": choices} | request.usage(usage.of_chat(request.billed))


def embeddings(request: Request) -> Reply:
    inputs = request.body.get("input")
    several = isinstance(inputs, list) and not all(type(each) is int for each in inputs)
    count = len(inputs) if isinstance(inputs, list) and several else 1
    vectors = [
        {"object": "embedding", "index": index, "embedding": [0.0, 1.0]} for index in range(count)
    ]
    answer = {"object": "list", "model": request.model, "data": vectors}
    return answer | request.usage(usage.of_embedding(request.billed))


def images(request: Request) -> Reply:
    if request.streams:
        return streams.images(request, "image_generation")
    return _pictures(request)


def image_edits(request: Request) -> Reply:
    if request.streams:
        return streams.images(request, "image_edit")
    return _pictures(request)


def _pictures(request: Request) -> Json:
    picture = {"b64_json": PIXEL, "revised_prompt": request.text}
    data = [picture] * max(request.billed.images, 1)
    answer = {"created": int(time.time()), "data": data}
    used = usage.of_images(request.billed)
    return answer if used is None else answer | request.usage(used)


def responses(request: Request) -> Reply:
    part = {"type": "output_text", "text": request.text, "annotations": []}
    item = {**request.identity("msg"), "type": "message", "role": "assistant"}
    item |= {"status": "completed", "content": [part]}
    uses = [
        {**request.identity("ws"), "type": f"{kind}_call", "status": "completed"}
        for kind, count in request.billed.tool_uses.items()
        for _ in range(count)
    ]
    done = {
        **request.identity("resp"),
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
        "output": [*uses, item],
    }
    done |= request.usage(usage.of_responses(request.billed)) or {"usage": None}
    return streams.response(done, item, part) if request.streams else done


def messages(request: Request) -> Reply:
    message = {
        **request.identity("msg"),
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": request.text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
    }
    if request.streams:
        return streams.message(request, message)
    billed = request.billed
    used = usage.of_message_input(billed) | usage.of_message_output(billed)
    return message | request.usage(used)


def count_tokens(_request: Request) -> Reply:
    return {"input_tokens": INPUT_TOKENS}


def ocr(request: Request) -> Reply:
    size = {"dpi": 200, "height": 2200, "width": 1700}
    pages = [
        {"index": index, "markdown": request.text, "images": [], "dimensions": size}
        for index in range(min(max(request.billed.pages, 1), _MOST_SHOWN))
    ]
    answer = {"model": request.model, "pages": pages, "document_annotation": None}
    return answer | request.usage(usage.of_pages(request.billed), name="usage_info")


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
    ("POST", "completions"): completions,
    ("POST", "embeddings"): embeddings,
    ("POST", "images/generations"): images,
    ("POST", "images/edits"): image_edits,
    ("POST", "responses"): responses,
    ("POST", "messages"): messages,
    ("POST", "messages/count_tokens"): count_tokens,
    ("POST", "ocr"): ocr,
    ("GET", "models"): models,
}


def _several(request: Request, route: str) -> int:
    return min(asked.answers(route, request.body), _MOST_SHOWN)
