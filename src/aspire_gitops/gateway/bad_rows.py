"""Read a page of keys that answers 500 because of one row that is broken.

Somebody who sets a mapping of a key to null breaks the whole page it is on
(LiteLLM cannot build its reply), though each key alone can still be read. The
page is narrowed until the broken row stands alone, so that one bad row costs
some thirty calls, not one per key.
"""

from collections.abc import AsyncIterator

from aspire_gitops.gateway.endpoints import ENDPOINTS, KEY_PAGE, KEYS, Call
from aspire_gitops.gateway.faults import GatewayFault
from aspire_gitops.gateway.http import NO_RETRIES, AdminApi, shaped
from aspire_gitops.gateway.replies import KeyHashesReply, KeyPageReply
from aspire_gitops.gateway.rows import LiveRow, Page, Parsed, SeenRows, live_row
from aspire_gitops.gateway.wire import WIRES
from aspire_gitops.state import Kind
from aspire_gitops.vocabulary.errors import GatewayRejected

_NARROWER = {KEY_PAGE: 10, 10: 1}
_ORDER = {"sort_by": "created_at", "sort_order": "asc"}


async def read_key_page(api: AdminApi, seen: SeenRows, number: int, size: int = KEY_PAGE) -> Page:
    """Return one page of keys, whole, broken rows among them."""
    params = {"page": str(number), "size": str(size), **_ORDER}
    call = Call(KEYS, params={**params, "return_full_object": "true"})
    try:
        body = await api.body(call, retries=NO_RETRIES)
    except GatewayFault:
        # Hashes alone are built without the broken part. No answer here either
        # means that the gateway itself is ill.
        hashes = await api.read(Call(KEYS, params=params), KeyHashesReply)
        around = _around_bad_rows(api, seen, number, size, hashes.keys)
        return Page(tuple([row async for row in around]), hashes.total_count)

    def parsed(body: bytes) -> Parsed:
        reply = shaped(call, KeyPageReply, body)
        return reply.keys, reply.total_count

    return seen.page(Kind.KEY, body, parsed)


async def _around_bad_rows(
    api: AdminApi, seen: SeenRows, number: int, size: int, hashes: list[str]
) -> AsyncIterator[LiveRow]:
    narrower = _NARROWER.get(size)
    if narrower is None:
        for address in hashes:
            if (row := await _read_alone(api, address)) is not None:
                yield row
        return
    first = (number - 1) * (size // narrower) + 1
    for part in range(first, first + -(-len(hashes) // narrower)):
        for row in (await read_key_page(api, seen, part, narrower)).rows:
            yield row


async def _read_alone(api: AdminApi, address: str) -> LiveRow | None:
    try:
        reply = await api.get(ENDPOINTS[Kind.KEY].reading(address))
    except GatewayRejected:
        return None  # gone in between; the totals will not agree, and the list is read again
    row = WIRES[Kind.KEY].single(reply)
    return None if row is None else live_row(Kind.KEY, row, address)
