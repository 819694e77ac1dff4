"""An attack as data: one call that a virtual key could make, and the kinds of calls that attacks are played on. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, TypeAlias

from aspire_gitops.sandbox.upstream.behaviour import PIXEL, Misbehaviour

Body: TypeAlias = Mapping[str, Any]

CALLERS_SECRET: Final = "sk-of-the-caller"  # noqa: S105 (planted, to see where it goes)
PICTURE: Final = f"data:image/png;base64,{PIXEL}"


class AttackKind(StrEnum):
    """What an attack is after."""

    HONEST = "an honest call"  # none: what must be served, or else all is refused
    BOUND = "shrinks its own worst case"
    PRICE = "lets the provider name the price"
    ALIAS = "another alias by another road"
    SECRET = "another secret, or another address"  # noqa: S105 (a title)
    UNBOOKED = "billed and not booked"
    INPUT = "bad input"


@dataclass(frozen=True, slots=True)
class CallType:
    """A kind of call: its path, and the smallest honest body (without the model)."""

    name: str
    mode: str  # of the alias that answers it
    path: str
    body: Body
    api: str = "openai"  # the protocol of the provider that it is played on, if there is one
    as_form: bool = False

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True


@dataclass(frozen=True, slots=True)
class Attack:
    """One call. `change` is merged into the honest body, `drop` taken out of it.

    `path` replaces that of the call type, `query` follows it. `raw` replaces the body
    as a whole. With an `authorization` of its own, the key travels in `x-litellm-api-key`.
    `padding` makes the prompt so many characters longer. `fault` is what the provider
    does; a caller that `leaves_after_s` seconds does not wait for the answer.
    """

    kind: AttackKind
    title: str
    call: CallType
    change: Body = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    path: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None
    padding: int = 0
    fault: Misbehaviour | None = None
    leaves_after_s: float | None = None

    @property
    def name(self) -> str:
        return f"{self.call.name}: {self.title}"


@dataclass(frozen=True, slots=True)
class Names:
    """What the words in braces stand for.

    `alias` may be called with the key, `other` may not and is of another provider, whose
    credential on the gateway is `credential`. `elsewhere` is the base URL of a server
    that no provider of ours has.
    """

    alias: str
    other: str
    credential: str
    elsewhere: str

    def filled(self, text: str) -> str:
        for name, value in asdict(self).items():
            text = text.replace(f"{{{name}}}", value)
        return text


@dataclass(frozen=True, slots=True)
class HttpCall:
    """What is sent: a path with its query, headers, and a body or a form."""

    path: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False, default=b"")
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def http_call(attack: Attack, names: Names, key: str) -> HttpCall:
    """Return the request that plays an attack with a key's value."""
    path = names.filled((attack.path or attack.call.path) + attack.query)
    headers = {name: names.filled(value) for name, value in attack.headers.items()}
    holder = "x-litellm-api-key" if "authorization" in headers else "authorization"
    headers[holder] = f"Bearer {key}"
    body = body_of(attack, names)
    if attack.call.as_form and attack.raw is None:
        fields = {name: _as_text(value) for name, value in body.items()}
        return HttpCall(path, headers, fields=fields, files={"image": b"\x89PNG"})
    content = names.filled(attack.raw) if attack.raw is not None else json.dumps(body)
    return HttpCall(path, {**headers, "content-type": "application/json"}, content.encode())


def body_of(attack: Attack, names: Names) -> dict[str, Any]:
    """Return the body that is sent, as one object."""
    whole = {"model": "{alias}", **attack.call.body, **attack.change}
    for name in attack.drop:
        whole.pop(name, None)
    filled = json.loads(names.filled(json.dumps(whole)))
    body: dict[str, Any] = filled
    if attack.padding:
        longer = "x" * attack.padding
        for name in ("messages", "input", "prompt"):
            if name in body:
                said = [{"role": "user", "content": longer}]
                body[name] = said if name == "messages" else longer
    return body


def digest(attacks: tuple[Attack, ...], *texts: str) -> str:
    """Return what tells one table of attacks, and what it was played against, from another."""
    rows = [json.dumps(_plain(attack), sort_keys=True) for attack in attacks]
    return sha256("\n".join([*rows, *texts]).encode()).hexdigest()[:16]


def _plain(attack: Attack) -> Mapping[str, Any]:
    fault = attack.fault.model_dump(mode="json") if attack.fault else None
    return {**asdict(replace(attack, fault=None)), "fault": fault}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
