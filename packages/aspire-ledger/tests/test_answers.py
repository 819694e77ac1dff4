"""What is seen of a stream as it passes: its text, its images, and whether its provider reported usage."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from aspire_ledger.litellm.events import Answer, watched
from aspire_ledger.values import NO_UNITS, Counted

USAGE = {"prompt_tokens": 10, "completion_tokens": 20}


class Dumped(SimpleNamespace):
    """An object of LiteLLM's, as far as it is read."""

    def model_dump(self) -> dict[str, Any]:
        return dict(vars(self))


def chunk(text: str | None, **more: Any) -> Dumped:
    delta = Dumped(content=text, **more)
    return Dumped(id="chatcmpl-1", choices=[Dumped(index=0, delta=delta)])


def sse(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: x\ndata: {json.dumps(each)}\n\n" for each in events).encode()


def seen(chunks: Sequence[object], held: object = None) -> Answer:
    answer = Answer()

    class Stream:
        def __init__(self) -> None:
            self.chunks = held

        async def __aiter__(self) -> AsyncIterator[object]:
            for each in chunks:
                yield each

    async def story() -> None:
        passed = [each async for each in watched(Stream(), answer)]  # type: ignore[arg-type]
        assert passed == list(chunks)

    asyncio.run(story())
    return answer


@pytest.mark.parametrize(
    ("chunks", "count"),
    [
        pytest.param([chunk("he"), chunk("llo")], 5, id="text"),
        pytest.param([chunk("é𝄞")], 6, id="bytes"),
        pytest.param([chunk(None, reasoning_content="hmm")], 3, id="reasoning"),
        pytest.param(
            [chunk(None, tool_calls=[Dumped(function=Dumped(name="f", arguments="{}"))])],
            3,
            id="a call of a tool",
        ),
        pytest.param([{"choices": [{"text": "abc"}]}], 3, id="a completion, as plain JSON"),
        pytest.param([chunk(None), Dumped(choices=[]), None, 5], 0, id="nothing"),
        pytest.param([{"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}], 2,
                     id="two answers"),
    ],
)  # fmt: skip
def test_a_chats_text_is_counted(chunks: list[object], count: int) -> None:
    answer = seen(chunks)
    assert (answer.text_bytes, answer.reported, answer.streamed) == (count, False, True)


@pytest.mark.parametrize("as_object", [True, False])
def test_a_chats_usage_is_read_from_what_its_provider_sent(*, as_object: bool) -> None:
    """LiteLLM fills in the usage of what it hands on; its own list of chunks has none then."""
    last = Dumped(choices=[], usage=Dumped(**USAGE)) if as_object else {"usage": USAGE}
    answer = seen([chunk("hi")], [chunk("hi"), last])
    assert (answer.reported, answer.counted) == (True, Counted(10, 0, 20))


@pytest.mark.parametrize("held", [None, [], [chunk("hi")], "x", [{"usage": {}}]])
def test_a_chat_without_usage_reported_none(held: object) -> None:
    assert not seen([chunk("hi"), Dumped(choices=[], usage=Dumped(**USAGE))], held).reported


MESSAGE = sse(
    {"type": "message_start", "message": {"usage": {"input_tokens": 10, "output_tokens": 1}}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "héllo"}},
    {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "message_delta", "usage": {"output_tokens": 20}},
    {"type": "message_stop"},
)
RESPONSE = sse(
    {"type": "response.output_text.delta", "delta": "hello"},
    {
        "type": "response.completed",
        "response": {"usage": {"input_tokens": 10, "output_tokens": 20}},
    },
)
IMAGE = sse(
    {"type": "image_generation.partial_image", "b64_json": "x" * 10},
    {
        "type": "image_generation.completed",
        "usage": {"input_tokens": 10, "output_tokens": 20},
    },
)


@pytest.mark.parametrize(
    ("whole", "text", "images"),
    [
        pytest.param(MESSAGE, 8, 0, id="messages"),
        pytest.param(RESPONSE, 5, 0, id="responses"),
        pytest.param(IMAGE, 0, 1, id="an image"),
    ],
)
def test_events_are_read_wherever_the_bytes_are_split(whole: bytes, text: int, images: int) -> None:
    for size in (1, 3, 7, 50, len(whole)):
        parts = [whole[at : at + size] for at in range(0, len(whole), size)]
        answer = seen(parts)
        assert (answer.counted, answer.reported) == (Counted(10, 0, 20), True)
        assert (answer.text_bytes >= text, answer.images) == (True, images)
    assert answer.text_bytes == text


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n\r\n"])
def test_the_last_event_counts_whether_or_not_its_line_ends(ending: bytes) -> None:
    whole = RESPONSE.rstrip(b"\n").replace(b"\n", b"\r\n") + ending
    assert seen([whole]).counted == Counted(10, 0, 20)


def test_events_may_come_as_objects_too() -> None:
    usage = Dumped(input_tokens=10, output_tokens=20)
    kind = SimpleNamespace(value="response.completed")
    answer = seen([Dumped(type=kind, response=Dumped(usage=usage))])
    assert (answer.counted, answer.reported) == (Counted(10, 0, 20), True)


@pytest.mark.parametrize("kind", ["response.incomplete", "response.failed"])
def test_a_response_that_did_not_complete_reports_what_it_cost(kind: str) -> None:
    usage = {"input_tokens": 10, "output_tokens": 20}
    assert seen([sse({"type": kind, "response": {"usage": usage}})]).reported


def test_a_stream_that_is_cut_has_what_was_told_so_far() -> None:
    answer = seen([MESSAGE[: MESSAGE.index(b"message_delta")]])
    assert (answer.reported, answer.counted.input_tokens, answer.text_bytes) == (False, 10, 8)


@pytest.mark.parametrize(
    "odd",
    [
        b"data: {not json}\n",
        b"data: []\n",
        b"data: " + b"x" * (5 * 2**20) + b"\n",
        b"\xff\xfe\n",
        "data: null\n",
        sse({"type": "message_start", "message": 5}),
        sse({"type": "message_delta", "usage": {"output_tokens": -5}}),
        sse({"type": "response.completed", "response": {"usage": {"input_tokens": "many"}}}),
    ],
)
def test_odd_events_pass_and_report_nothing(odd: object) -> None:
    answer = seen([odd])
    assert (answer.counted, answer.reported) == (NO_UNITS, False)


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    answer = Answer()
    for _ in range(40):
        answer.saw(b"x" * 2**18)
    assert len(answer._rest) <= 4 * 2**20
