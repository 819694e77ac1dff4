"""Short ways to make notices and to run what tells them."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Protocol

from aspire_gitops.reporting import Notice, Topic

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMMIT = "4f2c9d1" + "0" * 33


def notice(number: int = 1, topic: Topic = Topic.APPLIED, **more: Any) -> Notice:
    values: dict[str, Any] = {
        "title": f"Applied 4f2c9d1 to aspire: {number} changes",
        "commit": COMMIT,
        "gateway": "aspire",
        "turn": f"t{number}",
    }
    return Notice(f"t{number}-{topic}", topic, NOON, **(values | more))


class _Tells(Protocol):
    async def tell(self, notice: Notice) -> None: ...


def tell(receiver: _Tells, told: Notice) -> None:
    asyncio.run(receiver.tell(told))
