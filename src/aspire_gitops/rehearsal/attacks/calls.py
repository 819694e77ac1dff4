"""The kinds of calls that attacks are played on, each with the smallest honest body."""

from collections.abc import Iterator
from typing import Final

from aspire_gitops.rehearsal.attacks.values import PICTURE, Attack, AttackKind, CallType

_HI: Final = [{"role": "user", "content": "hi"}]
_STREAM: Final = {"stream": True}

CHAT: Final = CallType("chat", "chat", "/v1/chat/completions", {"messages": _HI, "max_tokens": 16})
COMPLETIONS: Final = CallType(
    "completions", "chat", "/v1/completions", {"prompt": "hi", "max_tokens": 16}
)
RESPONSES: Final = CallType(
    "responses", "chat", "/v1/responses", {"input": "hi", "max_output_tokens": 16}
)
MESSAGES: Final = CallType(
    "messages", "chat", "/v1/messages", {"messages": _HI, "max_tokens": 16}, api="anthropic"
)
EMBEDDINGS: Final = CallType("embeddings", "embedding", "/v1/embeddings", {"input": "hi"})
IMAGES: Final = CallType(
    "images", "image_generation", "/v1/images/generations", {"prompt": "a cat"}
)
EDITS: Final = CallType(
    "image edits", "image_generation", "/v1/images/edits", {"prompt": "a hat"}, as_form=True
)
OCR: Final = CallType(
    "ocr",
    "ocr",
    "/v1/ocr",
    {"document": {"type": "image_url", "image_url": PICTURE}},
    api="mistral",
)


def _streamed(call: CallType) -> CallType:
    return CallType(
        f"{call.name}, streamed", call.mode, call.path, {**call.body, **_STREAM}, call.api
    )


TEXTS: Final = (CHAT, COMPLETIONS, RESPONSES, MESSAGES)
TEXT_STREAMS: Final = tuple(map(_streamed, TEXTS))
IMAGE_STREAM: Final = _streamed(IMAGES)
# Other calls at Anthropic, and messages at a provider of OpenAI's protocol: LiteLLM translates.
BRIDGED: Final = (
    CallType("chat, bridged", "chat", CHAT.path, CHAT.body, "anthropic"),
    CallType("responses, bridged", "chat", RESPONSES.path, RESPONSES.body, "anthropic"),
    CallType("messages, bridged", "chat", MESSAGES.path, MESSAGES.body, "openai"),
)
WHOLE: Final = (*TEXTS, EMBEDDINGS, IMAGES, EDITS, OCR)
CALL_TYPES: Final = (*TEXTS, *TEXT_STREAMS, *BRIDGED, EMBEDDINGS, IMAGES, IMAGE_STREAM, EDITS, OCR)
_LIMITS: Final = {
    "chat": "max_tokens",
    "completions": "max_tokens",
    "responses": "max_output_tokens",
    "messages": "max_tokens",
}


def limit_of(call: CallType) -> str:
    """Return the field that limits the answer."""
    return _LIMITS[call.name.partition(",")[0]]


def honest() -> Iterator[Attack]:
    for call in CALL_TYPES:
        if call is not IMAGE_STREAM:  # which LiteLLM cannot pass on
            yield Attack(AttackKind.HONEST, "the smallest body", call)
    for call in (*TEXTS, *TEXT_STREAMS):
        if call.path == MESSAGES.path:  # which has no default
            yield Attack(AttackKind.HONEST, "a high limit", call, {limit_of(call): 64_000})
        else:
            yield Attack(AttackKind.HONEST, "without a limit", call, drop=(limit_of(call),))
    for call in TEXT_STREAMS[:2]:
        silent = {"stream_options": {"include_usage": False}}
        yield Attack(AttackKind.HONEST, "wants no usage in its stream", call, silent)
