"""Make the calls that apps make, and put both accounts of each side by side.

LiteLLM says in its response headers who answered; the stand-in provider says
what it received. Loopback only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from aspire_gitops.errors import SandboxError
from aspire_gitops.rehearsal.stage import Call, Exchange, Received
from aspire_gitops.sandbox import UpstreamCall, UpstreamControl
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, loopback_client
from aspire_gitops.sandbox.upstream.request import PIXEL

Body: TypeAlias = dict[str, Any]

_PICTURE = f"data:image/png;base64,{PIXEL}"
_TIMEOUT_S = 60.0
LONGEST_MESSAGE = 300


class AppCaller:
    """Calls a gateway as apps do."""

    def __init__(self, base_url: str, control: UpstreamControl) -> None:
        self._base_url, self._control = base_url, control

    def call(self, call: Call, key: str) -> Exchange:
        """Make one call with a key's value.

        Raises:
            SandboxError: The gateway did not answer at all.
        """
        path, body = _REQUESTS[call.mode](call)
        before = len(self._control.calls())
        try:
            with loopback_client(self._base_url, timeout_s=_TIMEOUT_S) as client:
                authorization = {"authorization": f"Bearer {key}"}
                reply = client.post(path, json={**body, **call.extra}, headers=authorization)
        except HTTP_ERRORS as error:
            raise SandboxError(
                f"the gateway did not answer a call to {call.model} ({type(error).__name__})"
            ) from error
        return Exchange(
            status=reply.status_code,
            model_id=reply.headers.get("x-litellm-model-id"),
            fallbacks=reply.headers.get("x-litellm-attempted-fallbacks"),
            retries=reply.headers.get("x-litellm-attempted-retries"),
            received=tuple(map(received_by, self._control.calls()[before:])),
            message="" if reply.is_success else reply.text[:LONGEST_MESSAGE],
        )


def received_by(call: UpstreamCall) -> Received:
    """Return what matters of a request that a provider received."""
    return Received(
        call.provider,
        call.model or "",
        call.credential,
        call.billed,
        unread=call.body is None,
        path=call.path,
    )


def _chat(call: Call) -> tuple[str, Body]:
    content: str | Sequence[Mapping[str, Any]] = "ping"
    if call.vision:
        picture = {"type": "image_url", "image_url": {"url": _PICTURE}}
        content = [{"type": "text", "text": "ping"}, picture]
    message = {"role": "user", "content": content}
    return "/v1/chat/completions", {"model": call.model, "messages": [message], "max_tokens": 16}


def _embedding(call: Call) -> tuple[str, Body]:
    return "/v1/embeddings", {"model": call.model, "input": "ping"}


def _ocr(call: Call) -> tuple[str, Body]:
    document = {"type": "image_url", "image_url": _PICTURE}
    return "/v1/ocr", {"model": call.model, "document": document}


def _image(call: Call) -> tuple[str, Body]:
    return "/v1/images/generations", {"model": call.model, "prompt": "ping", "n": 1}


_REQUESTS: Mapping[str, Callable[[Call], tuple[str, Body]]] = {
    "chat": _chat,
    "embedding": _embedding,
    "ocr": _ocr,
    "image_generation": _image,
}
