"""Short ways to make notices and to run what tells them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from aspire_gitops.notify import Outbox, RetryPolicy
from aspire_gitops.status.value import Notice, Topic
from aspire_gitops.vocabulary import NotificationFailed

QUICK = RetryPolicy(first_s=0.002, longest_s=0.01, longest_wish_s=0.05, try_s=5.0, grace_s=0.5)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMMIT = "4f2c9d1" + "0" * 33


def notice(number: int = 1, topic: Topic = Topic.APPLIED, **more: Any) -> Notice:
    values: dict[str, Any] = {
        "title": f"Applied 4f2c9d1: {number} changes",
        "commit": COMMIT,
        "gateway": "aspire",
        "turn": f"t{number}",
    }
    return Notice(f"t{number}-{topic}", topic, NOON, **(values | more))


class _Tells(Protocol):
    async def tell(self, notice: Notice) -> None: ...


def tell(receiver: _Tells, told: Notice) -> None:
    asyncio.run(receiver.tell(told))


@dataclass
class Friend:
    """A receiver in memory: it remembers what it heard, and fails as `faults` says, in order."""

    name: str = "friend"
    faults: list[NotificationFailed | Exception | None] = field(default_factory=list)
    topics: frozenset[Topic] = frozenset(Topic)
    by_commit: bool = False
    takes_s: float = 0.0
    heard: list[Notice] = field(default_factory=list)
    tries: int = 0

    def wants(self, notice: Notice) -> bool:
        return notice.topic in self.topics

    def subject(self, notice: Notice) -> str | None:
        return notice.commit if self.by_commit else None

    async def tell(self, notice: Notice) -> None:
        self.tries += 1
        await asyncio.sleep(self.takes_s)
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
        self.heard.append(notice)

    @property
    def ids(self) -> list[str]:
        return [notice.id for notice in self.heard]


def ids(*numbers: int) -> list[str]:
    return [f"t{number}-applied" for number in numbers]


def run_until(
    outbox: Outbox, settled: Callable[[], bool] | None = None, *, patience_s: float = 10.0
) -> None:
    """Run an outbox until something is so, by default until nobody waits; then stop it."""

    async def running() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(outbox.run(stop))
        deadline = time.monotonic() + patience_s
        while not (settled() if settled else outbox.untold == 0):
            assert time.monotonic() < deadline, f"{outbox.untold} wait, {outbox.counts}"
            await asyncio.sleep(0.002)
        stop.set()
        await task

    asyncio.run(running())


def put_all(outbox: Outbox, notices: Sequence[Notice]) -> None:
    for one in notices:
        outbox.put(one)
