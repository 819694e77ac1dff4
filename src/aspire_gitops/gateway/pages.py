"""Read a list page by page, all pages at once, until one pass saw it standing still."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from aspire_gitops.gateway.rows import LiveRow, Page
from aspire_gitops.vocabulary.errors import GatewayUnavailable

_PASSES = 3


ReadPage: TypeAlias = Callable[[int], Coroutine[Any, Any, Page]]


async def read_all_pages(read_page: ReadPage, *, size: int) -> tuple[LiveRow, ...]:
    """Return every row of a list that is paged by offset.

    Offsets shift when rows come and go, so a pass counts only when every page
    named the same total and that many rows were seen, none twice.

    Raises:
        GatewayUnavailable: The list changed during each of several passes. Try again later.
    """
    for _ in range(_PASSES):
        first = await read_page(1)
        numbers = range(2, -(-first.total // size) + 1)
        pages = [first, *await together(*map(read_page, numbers))]
        rows = tuple(row for page in pages for row in page.rows)
        still = all(page.total == first.total for page in pages)
        addresses = [row.item.address for row in rows if row.item.address]
        if still and len(rows) == first.total and len(set(addresses)) == len(addresses):
            return rows
    raise GatewayUnavailable(
        f"a list on the gateway changed during each of {_PASSES} attempts to read it; "
        "try again when less is being written",
        answered=True,
    )


async def together(*reads: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run reads concurrently; the first failure cancels the others and is raised alone."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read) for read in reads]
    except BaseExceptionGroup as errors:
        failure = errors.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise failure
