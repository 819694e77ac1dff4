import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from aspire_gitops.sandbox import SandboxError, UpstreamCall, UpstreamControl
from aspire_gitops.sandbox.processes import free_port, stop
from aspire_gitops.sandbox.start import start_upstream, upstream_url

pytestmark = pytest.mark.slow  # waits for other programs


def chat(client: httpx.Client, provider: str, model: str = "m", **more: object) -> httpx.Response:
    return client.post(f"/{provider}/v1/chat/completions", json={"model": model, **more})


def events(reply: httpx.Response) -> list[tuple[str | None, Any]]:
    """The events of a stream: name and data."""
    found = []
    for block in reply.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = fields["data"]
        found.append((fields.get("event"), data if data == "[DONE]" else json.loads(data)))
    return found


@pytest.mark.parametrize(
    ("path", "where"),
    [
        pytest.param("chat/completions", ["choices", 0, "message", "content"], id="chat"),
        pytest.param("responses", ["output", 0, "content", 0, "text"], id="responses"),
        pytest.param("messages", ["content", 0, "text"], id="messages"),
        pytest.param("images/generations", ["data", 0, "revised_prompt"], id="images"),
        pytest.param("ocr", ["pages", 0, "markdown"], id="OCR"),
    ],
)
def test_an_answer_names_the_provider_it_was_asked_of(
    client: httpx.Client, path: str, where: list[str | int]
) -> None:
    reply = client.post(f"/cloud-first/v1/{path}", json={"model": "m"})
    found = reply.json()
    for step in where:
        found = found[step]
    assert (reply.status_code, found) == (200, "pong from cloud-first")
    assert reply.headers["x-upstream-provider"] == "cloud-first"


@pytest.mark.parametrize(
    ("path", "asks", "usage"),
    [
        pytest.param(
            "chat/completions",
            {},
            {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
            id="chat",
        ),
        pytest.param(
            "chat/completions",
            {"prompt_cache_key": "k"},
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4}},
            id="chat, cached tokens are some of the others",
        ),
        pytest.param("messages", {}, {"input_tokens": 10, "output_tokens": 20}, id="messages"),
        pytest.param(
            "messages",
            {"system": [{"cache_control": {"type": "ephemeral"}}]},
            {"input_tokens": 6, "cache_read_input_tokens": 4},
            id="messages, cached tokens come beside the others",
        ),
        pytest.param("embeddings", {}, {"prompt_tokens": 10, "total_tokens": 10}, id="embeddings"),
    ],
)
def test_an_answer_states_its_usage(
    client: httpx.Client, path: str, asks: dict[str, Any], usage: dict[str, Any]
) -> None:
    found = client.post(f"/a/v1/{path}", json={"model": "m", **asks}).json()["usage"]
    assert {name: found[name] for name in usage} == usage


def test_ocr_states_its_pages(client: httpx.Client) -> None:
    reply = client.post("/a/v1/ocr", json={"model": "m"}).json()
    assert reply["usage_info"]["pages_processed"] == len(reply["pages"]) == 1


def test_a_path_without_a_provider_is_answered_too(client: httpx.Client) -> None:
    reply = client.post("/v1/chat/completions", json={"model": "m"}).json()
    assert reply["choices"][0]["message"]["content"] == "pong"
    assert client.get("/a/v1/models").json()["data"][0]["owned_by"] == "a"


def test_a_chat_streams_as_openai_does(client: httpx.Client) -> None:
    reply = chat(client, "a", stream=True, stream_options={"include_usage": True})
    *chunks, usage, done = [data for _, data in events(reply)]
    assert all(chunk["usage"] is None for chunk in chunks)
    words = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert "".join(words) == "pong from a"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert (usage["usage"]["total_tokens"], done) == (30, "[DONE]")


@pytest.mark.parametrize("path", ["chat/completions", "completions"])
def test_a_stream_of_openai_reports_usage_only_if_asked(client: httpx.Client, path: str) -> None:
    body = {"model": "m", "stream": True, "prompt": "hi"}
    found = [data for _, data in events(client.post(f"/a/v1/{path}", json=body))]
    assert found[-1] == "[DONE]"
    assert not any("usage" in data for data in found[:-1])


def test_completions_stream_a_text_for_each_prompt(client: httpx.Client) -> None:
    body = {"model": "m", "prompt": ["a", "b"], "stream": True}
    *chunks, _ = [data for _, data in events(client.post("/a/v1/completions", json=body))]
    texts = ["", ""]
    for chunk in chunks:
        choice = chunk["choices"][0]
        texts[choice["index"]] += choice["text"]
    assert texts == ["pong from a"] * 2
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_completions_answer_each_prompt_as_often_as_asked(client: httpx.Client) -> None:
    body = {"model": "m", "prompt": ["a", "b", "c"], "n": 2}
    reply = client.post("/a/v1/completions", json=body).json()
    assert [choice["index"] for choice in reply["choices"]] == list(range(6))
    assert reply["object"] == "text_completion"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("images/generations", "image_generation"), ("images/edits", "image_edit")],
)
def test_pictures_stream_as_openai_does(client: httpx.Client, path: str, kind: str) -> None:
    body = {"model": "m", "prompt": "a cat", "stream": True, "partial_images": 2}
    stream = events(client.post(f"/a/v1/{path}", json=body))
    assert [name for name, _ in stream] == [f"{kind}.partial_image"] * 2 + [f"{kind}.completed"]
    assert [data.get("partial_image_index") for _, data in stream] == [0, 1, None]


def test_a_picture_is_edited_from_a_form(client: httpx.Client, control: UpstreamControl) -> None:
    files = [("image[]", ("a.png", b"\x89PNG")), ("image[]", ("b.png", b"\x89PNG!"))]
    fields = {"model": "m", "prompt": "a hat", "n": "2"}
    reply = client.post("/a/v1/images/edits", data=fields, files=files)
    assert (reply.status_code, reply.json()["data"][0]["revised_prompt"]) == (200, "pong from a")
    [call] = control.calls(model="m")
    assert {name: call.body[name] for name in fields} == fields
    assert [(part["type"], part["bytes"]) for part in call.body["image"]] == [
        ("image", 4),
        ("image", 5),
    ]


def test_messages_stream_as_anthropic_does(client: httpx.Client) -> None:
    stream = events(client.post("/a/v1/messages", json={"model": "m", "stream": True}))
    assert all(name == data["type"] for name, data in stream)
    by_kind = dict(stream)
    assert [name for name, _ in stream if name != "content_block_delta"] == [
        "message_start",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    words = [data["delta"]["text"] for name, data in stream if name == "content_block_delta"]
    assert "".join(words) == "pong from a"
    assert by_kind["message_start"]["message"]["usage"]["input_tokens"] == 10
    assert by_kind["message_delta"]["usage"] == {"output_tokens": 20}


def test_responses_stream_from_created_to_completed(client: httpx.Client) -> None:
    stream = events(client.post("/a/v1/responses", json={"model": "m", "stream": True}))
    assert (stream[0][0], stream[-1][0]) == ("response.created", "response.completed")
    assert [data["sequence_number"] for _, data in stream] == list(range(len(stream)))
    words = [data["delta"] for name, data in stream if name == "response.output_text.delta"]
    assert "".join(words) == "pong from a"


@pytest.mark.parametrize(
    ("asked", "headers", "credential"),
    [
        pytest.param("a", {"authorization": "Bearer sk-1"}, "sk-1", id="as OpenAI reads it"),
        pytest.param("b", {"x-api-key": "sk-2"}, "sk-2", id="as Anthropic reads it"),
        pytest.param("c", {}, None, id="none"),
    ],
)
def test_a_call_is_recorded(
    client: httpx.Client,
    control: UpstreamControl,
    asked: str,
    headers: dict[str, str],
    credential: str | None,
) -> None:
    before = time.time()
    client.post(f"/{asked}/v1/messages?beta=true", json={"model": "m", "n": 1}, headers=headers)
    [call] = control.calls()
    assert (call.provider, call.model) == (asked, "m")
    assert (call.path, call.body) == (f"/{asked}/v1/messages", {"model": "m", "n": 1})
    assert call.credential == credential
    assert before <= call.at <= time.time()
    assert "sk-" not in repr(call)


def test_calls_are_selected_and_forgotten(client: httpx.Client, control: UpstreamControl) -> None:
    for provider, model in (("a", "m"), ("a", "n"), ("b", "m")):
        chat(client, provider, model)
    assert [call.model for call in control.calls(provider="a")] == ["m", "n"]
    assert [call.provider for call in control.calls(model="m")] == ["a", "b"]
    control.reset()
    assert control.calls() == ()


def test_a_provider_fails_alone(client: httpx.Client, control: UpstreamControl) -> None:
    control.fail(503, provider="a")
    statuses = [chat(client, provider).status_code for provider in ("a", "b", "a")]
    assert statuses == [503, 200, 503]
    assert len(control.calls(provider="a")) == 2
    control.reset()
    assert chat(client, "a").status_code == 200


def test_a_failure_of_one_model_ends_after_so_many_times(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.fail(429, model="m", times=2)
    statuses = [chat(client, "a", model).status_code for model in ("m", "n", "m", "m")]
    assert statuses == [429, 200, 429, 200]


def test_the_newest_order_wins(client: httpx.Client, control: UpstreamControl) -> None:
    control.fail(500)
    control.fail(429, times=1)
    replies = [chat(client, "a"), chat(client, "a")]
    assert [reply.status_code for reply in replies] == [429, 500]
    assert replies[0].headers["retry-after"] == "1"


def test_a_delay_comes_before_the_answer(client: httpx.Client, control: UpstreamControl) -> None:
    control.delay(0.2, provider="a", times=1)
    started = time.monotonic()
    assert chat(client, "a").status_code == 200
    assert time.monotonic() - started >= 0.2


def test_an_error_has_the_shape_of_the_api(client: httpx.Client, control: UpstreamControl) -> None:
    control.fail(500)
    assert client.post("/a/v1/messages", json={}).json()["type"] == "error"
    assert client.post("/a/v1/responses", json={}).json()["error"]["code"] == "500"


@pytest.mark.parametrize("path", ["/a/v1/nothing", "/a/v1/v1/messages", "/a/chat/completions"])
def test_a_path_that_no_provider_has_is_not_found(client: httpx.Client, path: str) -> None:
    reply = client.post(path, json={"model": "m"})
    assert (reply.status_code, "no such path" in reply.text) == (404, True)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param({"status": 200}, id="a status that is no failure"),
        pytest.param({"statuss": 500}, id="a mistyped field"),
        pytest.param({"delay_s": -1}, id="a delay below zero"),
        pytest.param([], id="no object"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(client: httpx.Client, order: object) -> None:
    assert client.post("/control", json=order).status_code == 400
    assert chat(client, "a").status_code == 200


def test_an_order_that_makes_no_sense_is_not_even_sent(control: UpstreamControl) -> None:
    with pytest.raises(ValidationError):
        control.fail(200)


def test_a_body_that_is_no_json_is_answered(client: httpx.Client, control: UpstreamControl) -> None:
    assert client.post("/a/v1/ocr", content=b"\xff\x00").status_code == 200
    assert control.calls()[0].body == {}


def test_a_body_of_unknown_length_is_refused(client: httpx.Client) -> None:
    assert client.post("/a/v1/ocr", content=iter([b"{", b"}"])).status_code == 411


def test_many_calls_at_once_are_all_recorded(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.fail(500, times=30)
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: chat(client, "a").status_code, range(100)))
    assert sorted(replies) == [200] * 70 + [500] * 30
    assert len(control.calls()) == 100


def test_a_control_says_when_nothing_answers() -> None:
    with pytest.raises(SandboxError, match="check that the sandbox is running"):
        UpstreamControl(upstream_url(free_port())).calls()


def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    process = start_upstream(port, tmp_path / "log")
    try:
        calls: tuple[UpstreamCall, ...] = UpstreamControl(upstream_url(port)).calls()
        assert calls == ()
    finally:
        stop(process)
    assert not process.alive()
