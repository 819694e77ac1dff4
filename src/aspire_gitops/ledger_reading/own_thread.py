"""A thread with an event loop of its own: what works there never stops the caller's loop.

Waiting for a database stops nobody, but its driver and we turn over thousands of rows at a
stretch. There the interpreter takes turns; on the controller's loop everything else would wait.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from threading import Thread
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

Answer = TypeVar("Answer")
Given = ParamSpec("Given")


class OwnThread:
    """An event loop in a thread of its own, begun with the first work."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    async def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Wait for `work`. Cancelling this cancels it there."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = Thread(target=self._loop.run_forever, name="ledger", daemon=True)
            self._thread.start()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def close(self) -> None:
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        await self.run(_cancel_others())
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()
        self._loop = self._thread = None


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class HasThread(Protocol):
    thread: OwnThread


Owner = TypeVar("Owner", bound=HasThread)


def apart(
    method: Callable[Concatenate[Owner, Given], Coroutine[Any, Any, Answer]],
) -> Callable[Concatenate[Owner, Given], Coroutine[Any, Any, Answer]]:
    """Let a method work in the thread of its object."""

    @wraps(method)
    async def called(self: Owner, /, *args: Given.args, **named: Given.kwargs) -> Answer:
        return await self.thread.run(method(self, *args, **named))

    return called
