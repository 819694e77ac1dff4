"""Make the calls of apps and the attacks, and return both accounts of each."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from aspire_gitops.rehearsal.attacks import Attack, Names
from aspire_gitops.rehearsal.attacks.values import CALLERS_SECRET, HttpCall, http_call
from aspire_gitops.rehearsal.environment import AppCall, CallResult, Received
from aspire_gitops.sandbox import UpstreamCall, UpstreamControl
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, LoopbackClient, loopback_client
from aspire_gitops.sandbox.upstream.behaviour import PIXEL
from aspire_gitops.vocabulary import SandboxError

Body: TypeAlias = dict[str, Any]

_PICTURE = f"data:image/png;base64,{PIXEL}"
_TIMEOUT_S = 60.0
LONGEST_MESSAGE = 300


class AppCaller:
    """Calls a gateway as apps do."""

    def __init__(self, base_url: str, control: UpstreamControl) -> None:
        self._base_url, self._control = base_url, control

    def call(self, call: AppCall, key: str) -> CallResult:
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
        return CallResult(
            status=reply.status_code,
            model_id=reply.headers.get("x-litellm-model-id"),
            fallbacks=reply.headers.get("x-litellm-attempted-fallbacks"),
            retries=reply.headers.get("x-litellm-attempted-retries"),
            received=received_from(self._control.calls()[before:]),
            message="" if reply.is_success else reply.text[:LONGEST_MESSAGE],
        )


def received_from(calls: Iterable[UpstreamCall]) -> tuple[Received, ...]:
    """Return what matters of the calls that providers received."""
    return tuple(_received(call) for call in calls if not _lists_models(call))


def _lists_models(call: UpstreamCall) -> bool:
    # LiteLLM asks an OpenAI-like provider for its models' limits, with that provider's own
    # key and whenever its list is older than it likes (`llms/openai_like/model_info.py`).
    return not call.body and call.path.endswith("/v1/models")


def _received(call: UpstreamCall) -> Received:
    return Received(
        call.provider,
        call.model or "",
        call.credential,
        call.billed,
        unread=call.body is None,
        path=call.path,
    )


def _chat(call: AppCall) -> tuple[str, Body]:
    content: str | Sequence[Mapping[str, Any]] = "ping"
    if call.vision:
        picture = {"type": "image_url", "image_url": {"url": _PICTURE}}
        content = [{"type": "text", "text": "ping"}, picture]
    message = {"role": "user", "content": content}
    return "/v1/chat/completions", {"model": call.model, "messages": [message], "max_tokens": 16}


def _embedding(call: AppCall) -> tuple[str, Body]:
    return "/v1/embeddings", {"model": call.model, "input": "ping"}


def _ocr(call: AppCall) -> tuple[str, Body]:
    document = {"type": "image_url", "image_url": _PICTURE}
    return "/v1/ocr", {"model": call.model, "document": document}


def _image(call: AppCall) -> tuple[str, Body]:
    return "/v1/images/generations", {"model": call.model, "prompt": "ping", "n": 1}


_REQUESTS: Mapping[str, Callable[[AppCall], tuple[str, Body]]] = {
    "chat": _chat,
    "embedding": _embedding,
    "ocr": _ocr,
    "image_generation": _image,
}


class Attacker:
    """Plays attacks on one gateway; every provider bills what it is asked for."""

    def __init__(self, base_url: str, control: UpstreamControl) -> None:
        self._base_url, self._control = base_url, control

    def play(self, attack: Attack, names: Names, key: str) -> tuple[int, str]:
        """Send it, and return status and text of the answer; 0 where none came.

        What the providers received stays to be asked for, until the next attack.
        """
        self._control.reset()
        self._control.bill_as_asked()
        if attack.fault is not None:
            self._control.order(attack.fault)
        call = http_call(attack, names, key)
        timeout_s = attack.leaves_after_s or _TIMEOUT_S
        try:
            with loopback_client(self._base_url, timeout_s=timeout_s) as client:
                return _sent(client, self._base_url, call)
        except HTTP_ERRORS as error:
            if attack.fault is not None:  # the provider still works on it
                time.sleep(attack.fault.delay_s)
            return 0, type(error).__name__

    def received(self) -> tuple[UpstreamCall, ...]:
        """Return what providers received since the last attack began."""
        return self._control.calls()

    def behave(self) -> None:
        """Let every provider behave and bill as usual again."""
        self._control.reset()


def leaks(calls: Sequence[UpstreamCall], planted: Mapping[str, str]) -> tuple[str, ...]:
    """Return which secrets arrived anywhere but as the credential of a call. Names only.

    Whether a credential is the right one is judged by the route, not here.
    """
    found: set[str] = set()
    known = {**planted, "the caller's own secret": CALLERS_SECRET}
    for call in calls:
        text = json.dumps([call.path, dict(call.headers), call.body])
        for name, secret in known.items():
            elsewhere = text.replace(json.dumps(secret)[1:-1], "", int(call.credential == secret))
            if secret in elsewhere:
                found.add(name)
    return tuple(sorted(found))


def _sent(client: LoopbackClient, base_url: str, call: HttpCall) -> tuple[int, str]:
    # Joined by hand: a client would tidy up a path that is odd on purpose.
    url = base_url.rstrip("/") + call.path
    if call.files:
        files = {name: (f"{name}.png", data) for name, data in call.files.items()}
        reply = client.post(url, data=dict(call.fields), files=files, headers=dict(call.headers))
    else:
        reply = client.post(url, content=call.content, headers=dict(call.headers))
    return reply.status_code, "" if reply.is_success else reply.text[:LONGEST_MESSAGE]
