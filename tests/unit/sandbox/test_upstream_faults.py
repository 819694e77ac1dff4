"""Every way in which a call can end badly, and what the stand-in bills for it."""

from typing import Any

import httpx
import pytest

from aspire_gitops.sandbox import Reset, UpstreamControl
from aspire_gitops.sandbox.upstream.bill import Billed
from support.sandbox_admin import eventually

pytestmark = pytest.mark.slow  # waits for other programs


def ask(client: httpx.Client, path: str = "chat/completions", **more: Any) -> httpx.Response:
    return client.post(f"/a/v1/{path}", json={"model": "m", **more})


@pytest.mark.parametrize(
    ("when", "body", "billed"),
    [
        pytest.param(Reset.BEFORE_READING, None, Billed(), id="before the request was read"),
        pytest.param(
            Reset.AFTER_READING,
            {"model": "m"},
            Billed(input_tokens=10, output_tokens=20),
            id="after the request was read, billed in full",
        ),
    ],
)
def test_a_connection_can_be_reset(
    client: httpx.Client, control: UpstreamControl, when: Reset, body: object, billed: Billed
) -> None:
    control.close_connections(when, provider="a", times=1)
    with pytest.raises(httpx.TransportError):
        ask(client)
    [call] = control.calls()
    assert (call.provider, call.body, call.billed) == ("a", body, billed)
    assert ask(client).status_code == 200


def test_a_failure_costs_nothing(client: httpx.Client, control: UpstreamControl) -> None:
    control.fail(500)
    assert ask(client).status_code == 500
    assert control.bill() == Billed(reported=True)


def test_who_stops_waiting_is_billed_and_told_nothing(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.delay(0.5, times=1)
    with pytest.raises(httpx.TimeoutException):
        client.post("/a/v1/chat/completions", json={"model": "m"}, timeout=0.1)
    eventually(lambda: control.bill() == Billed(input_tokens=10, output_tokens=20), within_s=5)


STREAMS = [
    pytest.param("chat/completions", {"stream_options": {"include_usage": True}}, id="chat"),
    pytest.param(
        "completions", {"prompt": "x", "stream_options": {"include_usage": True}}, id="completions"
    ),
    pytest.param("responses", {"input": "x"}, id="responses"),
    pytest.param("messages", {"max_tokens": 9}, id="messages"),
]


def broken_off(client: httpx.Client, path: str, body: dict[str, Any]) -> str:
    """Read a stream until it breaks, and return what came."""
    came: list[str] = []
    asked = {"model": "m", "stream": True, **body}
    with client.stream("POST", f"/a/v1/{path}", json=asked) as reply:
        pieces = reply.iter_text()
        with pytest.raises(httpx.RemoteProtocolError):
            came.extend(pieces)
    return "".join(came)


@pytest.mark.parametrize(("path", "body"), STREAMS)
def test_a_stream_breaks_after_so_many_events(
    client: httpx.Client, control: UpstreamControl, path: str, body: dict[str, Any]
) -> None:
    control.break_streams(2, times=1)
    came = broken_off(client, path, body)
    assert came.count("data: ") == 2
    [call] = control.calls()
    assert not call.billed.reported
    assert call.billed.input_tokens == 10
    assert call.billed.output_tokens == came.count("pong") + came.count('" from"')


@pytest.mark.parametrize(("path", "body"), STREAMS)
def test_a_stream_can_break_after_its_usage(
    client: httpx.Client, control: UpstreamControl, path: str, body: dict[str, Any]
) -> None:
    control.break_streams(1, reports_first=True)
    came = broken_off(client, path, body)
    assert "20" in came
    assert control.bill() == Billed(input_tokens=10, output_tokens=20, reported=True)


def test_a_stream_that_is_shorter_does_not_break(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.break_streams(1000)
    assert ask(client, stream=True).text.endswith("data: [DONE]\n\n")


def test_how_a_provider_bills_is_ordered_apart_from_how_it_fails(
    client: httpx.Client, control: UpstreamControl
) -> None:
    control.bill_as_asked()
    control.close_connections(Reset.AFTER_READING, model="m", times=1)
    with pytest.raises(httpx.TransportError):
        ask(client, max_tokens=9)
    ask(client, max_tokens=9)
    bills = [(call.billed.output_tokens, call.billed.reported) for call in control.calls()]
    assert bills == [(9, False), (9, True)]
