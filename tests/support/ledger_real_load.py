"""Clients that call a gateway at once and remember what came back, cheap enough not to be in the way.

A connection each, bytes made beforehand, no parsing beyond the status: on two processors a
client library would be half of what is measured.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

CHAT = "/v1/chat/completions"
REFUSED = (429, 422)  # 422 is what LiteLLM says by default


@dataclass(frozen=True, slots=True)
class Made:
    """One call: when it was sent and answered (monotonic seconds), and its status; 0 if cut off.

    `why` is what a refusal said, or what cut the call off.
    """

    sent: float
    answered: float
    status: int
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def ms(self) -> float:
        return (self.answered - self.sent) * 1000


class Caller:
    """One client: one connection, kept open, opened again when the other side closed it."""

    def __init__(self, base_url: str, key: str) -> None:
        place = urlsplit(base_url)
        self._host, self._port = place.hostname or "", place.port or 80
        self._head = f"host: {place.netloc}\r\nauthorization: Bearer {key}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()

    async def post(self, body: Mapping[str, Any], path: str = CHAT) -> tuple[Made, bytes]:
        """Send one call and read its whole answer."""
        content = json.dumps(body).encode()
        request = (
            f"POST {path} HTTP/1.1\r\n{self._head}content-type: application/json\r\n"
            f"content-length: {len(content)}\r\n\r\n"
        ).encode() + content
        sent = time.monotonic()
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(request)
            status, answer = await _read_answer(reader)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            await self.hang_up()
            return Made(sent, time.monotonic(), 0, repr(error)), b""
        why = "" if status == 200 else answer.decode(errors="replace")
        return Made(sent, time.monotonic(), status, why), answer

    async def hang_up(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    status = int(head[0].split(" ")[1])
    if "transfer-encoding: chunked" in head:
        return status, await _read_chunks(reader)
    length = next((line for line in head if line.startswith("content-length:")), "content-length:0")
    return status, await reader.readexactly(int(length.partition(":")[2]))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while size := int((await reader.readline()).strip(), 16):
        found += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return found


async def storm(
    addresses: Sequence[str],
    key: str,
    body: Mapping[str, Any],
    *,
    clients: int = 64,
    go_on: bool,
    at_most_s: float,
    enough: int = 100,
) -> list[Made]:
    """Let clients call until each was refused once, or, if they go on, for so long.

    Clients that go on stop a second after `enough` calls were answered: what is over is over.
    """
    made: list[Made] = []
    end = time.monotonic() + at_most_s
    full: list[float] = []

    def over() -> bool:
        now = time.monotonic()
        if not full and sum(call.ok for call in made) >= enough:
            full.append(now)
        return now > end or (go_on and bool(full) and now > full[0] + 1)

    async def one(address: str) -> None:
        async with Caller(address, key) as caller:
            while not over():
                call, _ = await caller.post(body)
                made.append(call)
                if not call.ok and not go_on:
                    return
                if not call.ok:
                    await asyncio.sleep(0.05)

    await asyncio.gather(*(one(addresses[n % len(addresses)]) for n in range(clients)))
    return made


def premature(made: Sequence[Made], worth: int = 100) -> int:
    """Count refusals given while calls answered and under way did not yet use the budget up."""
    good = [call for call in made if call.ok]
    return sum(
        sum(call.sent < refused.answered for call in good) < worth
        for refused in made
        if refused.status in REFUSED
    )
