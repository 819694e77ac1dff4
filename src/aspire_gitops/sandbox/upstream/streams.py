"""The answers of `replies` as providers stream them, event by event. Pure."""

import json
from collections.abc import Iterator

from aspire_gitops.sandbox.upstream import asked
from aspire_gitops.sandbox.upstream import bill as usage
from aspire_gitops.sandbox.upstream.behaviour import PIXEL, Event, Json, Request


def chat(request: Request, common: Json) -> Iterator[Event]:
    """Stream a chat. Its usage comes only if the request asks for it, as OpenAI has it."""
    answers = range(asked.answers("chat/completions", request.body))
    deltas: list[tuple[Json, str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in request.words]
    deltas += [({}, "stop")]
    for delta, reason in deltas:
        for index in answers:
            choice = {"index": index, "delta": delta, "finish_reason": reason}
            yield _chunk(request, common, choice, says=bool(delta.get("content")))
    yield from _closing(request, common)


def completions(request: Request, common: Json) -> Iterator[Event]:
    """Stream completions: a text for each prompt, and for each of `n`."""
    answers = range(asked.answers("completions", request.body))
    for number, word in enumerate(request.words, 1):
        reason = "stop" if number == len(request.words) else None
        for index in answers:
            choice = {"index": index, "text": word, "logprobs": None, "finish_reason": reason}
            yield _chunk(request, common, choice, says=True)
    yield from _closing(request, common)


def _chunk(request: Request, common: Json, choice: Json, *, says: bool) -> Event:
    unused = {"usage": None} if request.wants_usage else {}
    return Event(json.dumps({**common, "choices": [choice], **unused}), says=says)


def _closing(request: Request, common: Json) -> Iterator[Event]:
    if request.wants_usage or request.cost is not None:
        used = request.usage(usage.of_chat(request.billed))
        yield Event(json.dumps({**common, "choices": [], **used}), reports=bool(used))
    yield Event("[DONE]")


def response(done: Json, item: Json, part: Json) -> Iterator[Event]:
    """Stream a response: from `created` to `completed`, which carries all of it."""
    words = part["text"].split(" ")
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    index = done["output"].index(item)
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = {**item, "status": "in_progress", "content": []}
    steps: list[tuple[str, Json]] = [
        ("response.created", {"response": begun}),
        *(
            ("response.output_item.done", {"output_index": number, "item": use})
            for number, use in enumerate(done["output"][:index])
        ),
        ("response.output_item.added", {"output_index": index, "item": empty}),
        ("response.content_part.added", {**place, "part": {**part, "text": ""}}),
        *(("response.output_text.delta", {**place, "delta": piece}) for piece in pieces),
        ("response.output_text.done", {**place, "text": part["text"]}),
        ("response.content_part.done", {**place, "part": part}),
        ("response.output_item.done", {"output_index": index, "item": item}),
        ("response.completed", {"response": done}),
    ]
    for number, (kind, step) in enumerate(steps):
        yield _named(
            kind,
            {"sequence_number": number, **step},
            says=kind == "response.output_text.delta",
            reports=kind == "response.completed" and done["usage"] is not None,
        )


def message(request: Request, whole: Json) -> Iterator[Event]:
    """Stream a message: what came in is reported first, what went out last."""
    billed = request.billed
    begun = {**whole, "content": [], "stop_reason": None}
    begun |= request.usage({**usage.of_message_input(billed), "output_tokens": 1})
    yield _named("message_start", {"message": begun})
    block = {"type": "text", "text": ""}
    yield _named("content_block_start", {"index": 0, "content_block": block})
    for word in request.words:
        delta = {"type": "text_delta", "text": word}
        yield _named("content_block_delta", {"index": 0, "delta": delta}, says=True)
    yield _named("content_block_stop", {"index": 0})
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    final = request.usage(usage.of_message_output(billed))
    yield _named("message_delta", {"delta": ending, **final}, reports=bool(final))
    yield _named("message_stop", {})


def images(request: Request, kind: str) -> Iterator[Event]:
    """Stream pictures: early versions, then each as it is."""
    common = {"created_at": 1, "b64_json": PIXEL, "output_format": "png", "background": "auto"}
    common |= {"size": request.billed.size, "quality": request.billed.quality}
    for number in range(asked.number(request.body.get("partial_images"))):
        yield _named(f"{kind}.partial_image", {**common, "partial_image_index": number}, says=True)
    used = usage.of_images(request.billed)
    final = {} if used is None else request.usage(used)
    for left in reversed(range(max(request.billed.images, 1))):
        last = {} if left else final
        yield _named(f"{kind}.completed", {**common, **last}, says=True, reports=not left)


def _named(kind: str, fields: Json, *, says: bool = False, reports: bool = False) -> Event:
    return Event(json.dumps({"type": kind, **fields}), name=kind, says=says, reports=reports)
