"""A client that keeps calling one alias, so many times a second, and remembers what came back."""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx


@dataclass(frozen=True)
class Made:
    """One call: its number, when it started (seconds since the epoch), and what came back."""

    number: int
    started: float
    status: int
    model_id: str | None
    message: str


class Traffic:
    """Calls `alias` up to `per_second` times until the `with` ends; up to `at_once` calls overlap.

    A beat is left out while so many are under way: a gateway that is slower than
    the beat must not be buried under a queue of our own making.
    """

    def __init__(
        self, base_url: str, key: str, alias: str, *, per_second: float = 50, at_once: int = 4
    ) -> None:
        self.made: list[Made] = []
        self._alias, self._pause = alias, 1 / per_second
        self._client = httpx.Client(
            base_url=base_url,
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
        )
        self._ended = threading.Event()
        self._clock = threading.Thread(target=self._run)
        self._calls: list[threading.Thread] = []
        self._places = threading.BoundedSemaphore(at_once)

    @property
    def failed(self) -> list[Made]:
        return [call for call in self.made if call.status != 200]

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._clock.join()
        for call in self._calls:
            call.join()
        self._client.close()

    def _run(self) -> None:
        number, due = 0, time.monotonic()
        while not self._ended.is_set():
            if self._places.acquire(blocking=False):
                number += 1
                call = threading.Thread(target=self._call, args=(number,))
                call.start()
                self._calls.append(call)
            due = max(due + self._pause, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _call(self, number: int) -> None:
        try:
            self.made.append(self._made(number))
        finally:
            self._places.release()

    def _made(self, number: int) -> Made:
        started = time.time()
        body = {
            "model": self._alias,
            "messages": [{"role": "user", "content": f"call {number}"}],
            "max_tokens": 1,
        }
        try:
            reply = self._client.post("/v1/chat/completions", json=body)
        except httpx.HTTPError as error:
            return Made(number, started, 0, None, type(error).__name__)
        model_id = reply.headers.get("x-litellm-model-id")
        message = "" if reply.status_code == 200 else reply.text[:300]
        return Made(number, started, reply.status_code, model_id, message)
