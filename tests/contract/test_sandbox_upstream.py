"""LiteLLM understands the stand-in provider, in every protocol that it speaks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from aspire_gitops.sandbox import Sandbox, UpstreamControl
from support.sandbox_admin import Admin, admin_of, eventually, good

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def admin(real_gateway: Sandbox) -> Iterator[Admin]:
    with admin_of(real_gateway) as admin:
        yield admin


@pytest.fixture
def control(real_gateway: Sandbox) -> Iterator[UpstreamControl]:
    assert real_gateway.upstream_url is not None
    control = UpstreamControl(real_gateway.upstream_url)
    control.reset()
    yield control
    control.reset()


@pytest.fixture
def provider() -> str:
    return f"provider-{uuid4().hex[:8]}"


def provider_url(sandbox: Sandbox, provider: str) -> str:
    return f"{sandbox.upstream_url}/{provider}"


MESSAGES = [{"role": "user", "content": "ping"}]
DOCUMENT = {"type": "document_url", "document_url": "https://example.com/a.pdf"}
GPT, CLAUDE = "openai/gpt-4o", "anthropic/claude-sonnet-4-5"


@dataclass(frozen=True)
class Road:
    """A way through the gateway: the path that an app calls, and the one the provider sees."""

    model: str
    path: str
    body: Mapping[str, Any]
    arrives_at: str

    @property
    def base(self) -> str:
        """LiteLLM adds `/v1` itself for Anthropic, and for nobody else."""
        return "" if self.model == CLAUDE else "/v1"


CHAT_AT_OPENAI = Road(GPT, "/v1/chat/completions", {"messages": MESSAGES}, "/v1/chat/completions")
CHAT_AT_ANTHROPIC = Road(CLAUDE, "/v1/chat/completions", {"messages": MESSAGES}, "/v1/messages")
MESSAGES_AT_ANTHROPIC = Road(
    CLAUDE, "/v1/messages", {"messages": MESSAGES, "max_tokens": 9}, "/v1/messages"
)
# Of a name that it takes for a chat model, LiteLLM makes a chat.
COMPLETIONS = Road("openai/writer-1", "/v1/completions", {"prompt": "ping"}, "/v1/completions")
RESPONSES = Road(GPT, "/v1/responses", {"input": "ping"}, "/v1/responses")
IMAGE = Road(
    "openai/dall-e-3", "/v1/images/generations", {"prompt": "ping"}, "/v1/images/generations"
)
OCR = Road("mistral/mistral-ocr-latest", "/v1/ocr", {"document": DOCUMENT}, "/v1/ocr")


@pytest.mark.parametrize(
    "road",
    [
        pytest.param(CHAT_AT_OPENAI, id="chat at OpenAI"),
        pytest.param(CHAT_AT_ANTHROPIC, id="chat at Anthropic"),
        pytest.param(MESSAGES_AT_ANTHROPIC, id="messages at Anthropic"),
        pytest.param(COMPLETIONS, id="completions at OpenAI"),
        pytest.param(RESPONSES, id="responses at OpenAI"),
        pytest.param(IMAGE, id="an image at OpenAI"),
        pytest.param(OCR, id="OCR at Mistral"),
    ],
)
def test_a_call_reaches_the_provider_and_its_answer_comes_back(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str, road: Road
) -> None:
    api_base = provider_url(real_gateway, provider) + road.base
    admin.new_model(provider, model=road.model, api_base=api_base, api_key="sk-of-the-provider")
    reply = admin.send("POST", road.path, {"model": provider, **road.body})
    assert reply.status_code == 200, reply.text
    assert f"pong from {provider}" in reply.text
    [call] = control.calls(provider=provider)
    assert call.path == f"/{provider}{road.arrives_at}"
    assert call.model == road.model.partition("/")[2]
    assert call.credential == "sk-of-the-provider"


def test_embeddings_reach_the_provider(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str
) -> None:
    api_base = provider_url(real_gateway, provider) + "/v1"
    admin.new_model(provider, model="openai/text-embedding-3-small", api_base=api_base)
    reply = admin.post("/v1/embeddings", {"model": provider, "input": ["a", "b"]})
    assert [row["embedding"] for row in reply["data"]] == [[0.0, 1.0]] * 2
    [call] = control.calls(provider=provider)
    assert call.body["input"] == ["a", "b"]


@pytest.mark.parametrize(
    "road",
    [
        pytest.param(CHAT_AT_OPENAI, id="chat at OpenAI"),
        pytest.param(CHAT_AT_ANTHROPIC, id="chat at Anthropic"),
        pytest.param(MESSAGES_AT_ANTHROPIC, id="messages at Anthropic"),
        pytest.param(COMPLETIONS, id="completions at OpenAI"),
        pytest.param(RESPONSES, id="responses at OpenAI"),
    ],
)
def test_a_stream_arrives_whole(
    real_gateway: Sandbox, admin: Admin, provider: str, road: Road
) -> None:
    api_base = provider_url(real_gateway, provider) + road.base
    admin.new_model(provider, model=road.model, api_base=api_base)
    reply = admin.send("POST", road.path, {"model": provider, "stream": True, **road.body})
    assert reply.status_code == 200, reply.text
    assert "text/event-stream" in reply.headers["content-type"]
    for word in ("pong", " from", f" {provider}"):
        assert word in reply.text


def test_an_edited_picture_reaches_the_provider(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str
) -> None:
    api_base = provider_url(real_gateway, provider) + "/v1"
    admin.new_model(provider, model="openai/gpt-image-1", api_base=api_base)
    key = admin.new_key(models=[provider])
    reply = httpx.post(
        f"{real_gateway.base_url}/v1/images/edits",
        data={"model": provider, "prompt": "a hat"},
        files={"image": ("a.png", b"\x89PNG")},
        headers={"authorization": f"Bearer {key}"},
        trust_env=False,
    )
    assert reply.status_code == 200, reply.text
    [call] = control.calls(provider=provider)
    assert (call.body["prompt"], call.body["image"]["type"]) == ("a hat", "image")


@pytest.mark.parametrize(
    "road",
    [
        pytest.param(CHAT_AT_OPENAI, id="chat"),
        pytest.param(COMPLETIONS, id="completions"),
        pytest.param(RESPONSES, id="responses"),
        pytest.param(MESSAGES_AT_ANTHROPIC, id="messages"),
    ],
)
def test_litellm_passes_on_what_was_billed(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str, road: Road
) -> None:
    control.bill_as_asked()
    api_base = provider_url(real_gateway, provider) + road.base
    admin.new_model(provider, model=road.model, api_base=api_base)
    body = {"model": provider, **road.body}
    usage = good(admin.send("POST", road.path, body))["usage"]
    billed = control.bill(provider=provider)
    sent = usage.get("prompt_tokens", usage.get("input_tokens"))
    written = usage.get("completion_tokens", usage.get("output_tokens"))
    assert (sent, written) == (billed.input_tokens, billed.output_tokens)
    assert billed.output_tokens in {9, 50_000}


def test_the_tokens_of_a_stream_are_counted_as_the_provider_says(
    real_gateway: Sandbox, admin: Admin, provider: str
) -> None:
    admin.new_model(
        provider,
        model="anthropic/claude-sonnet-4-5",
        api_base=provider_url(real_gateway, provider),
        input_cost_per_token=0.01,
        output_cost_per_token=0.1,
    )
    key = admin.new_key(models=[provider])
    assert admin.chat(provider, key=key, stream=True).status_code == 200
    spend = eventually(lambda: admin.key_row(key)["spend"])
    assert spend == pytest.approx(10 * 0.01 + 20 * 0.1)


def test_a_provider_can_fail_alone(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str
) -> None:
    broken, sound = f"{provider}-broken", f"{provider}-sound"
    for name in (broken, sound):
        admin.new_model(name, api_base=provider_url(real_gateway, name) + "/v1", max_retries=0)
    control.fail(500, provider=broken)
    assert admin.chat(broken).status_code == 500
    assert admin.said(sound) == f"pong from {sound}"


def test_a_slow_provider_runs_into_the_timeout(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str
) -> None:
    api_base = provider_url(real_gateway, provider) + "/v1"
    admin.new_model(provider, api_base=api_base, max_retries=0)
    control.delay(3, provider=provider)
    assert admin.chat(provider, timeout=1).status_code == 408


def test_a_changed_credential_is_what_the_provider_receives(
    real_gateway: Sandbox, admin: Admin, control: UpstreamControl, provider: str
) -> None:
    values = {"api_key": "sk-first", "api_base": provider_url(real_gateway, provider) + "/v1"}
    row = {"credential_name": provider, "credential_values": values, "credential_info": {}}
    admin.post("/credentials", row)
    params = {"model": "openai/gpt-4o", "litellm_credential_name": provider}
    admin.post("/model/new", {"model_name": provider, "litellm_params": params})
    assert admin.said(provider) == f"pong from {provider}"
    changed = {**row, "credential_values": {"api_key": "sk-second"}}
    good(admin.send("PATCH", f"/credentials/{provider}", changed))
    assert admin.said(provider) == f"pong from {provider}"
    sent = [call.credential for call in control.calls(provider=provider)]
    assert sent == ["sk-first", "sk-second"]
