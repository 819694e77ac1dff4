"""A program of its own with an outbox, to be killed: `listening_writer.py FOLDER URL FIRST COUNT`.

It puts COUNT notices, says so on its standard output, and tells them until it is killed.
"""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from aspire_gitops.notify import Outbox, RetryPolicy, WebhookReceiver
from support.listening_notices import notice


def receiver(name: str, url: str) -> WebhookReceiver:
    return WebhookReceiver(SecretStr(url), name=name)


async def main(folder: Path, urls: list[str], first: int, count: int) -> None:
    receivers = [receiver(f"hook-{n}", url) for n, url in enumerate(urls)]
    outbox = Outbox(folder, receivers, pace=RetryPolicy(first_s=0.05, longest_s=0.1))
    running = asyncio.create_task(outbox.run(asyncio.Event()))
    for number in range(first, first + count):
        outbox.put(notice(number))
        print(number, flush=True)  # noqa: T201 (the test waits for it)
        await asyncio.sleep(0)
    await running


if __name__ == "__main__":
    folder, urls, first, count = sys.argv[1:]
    asyncio.run(main(Path(folder), urls.split(","), int(first), int(count)))
