"""Read a page of keys that answers 500 because of one row that is broken.

Somebody who sets a mapping of a key to null breaks the whole page it is on
(LiteLLM cannot build its reply), though each key alone can still be read. The
page is narrowed until the broken row stands alone, so that one bad row costs
some thirty calls, not one per key.
"""

from collections.abc import AsyncIterator

from aspire_gitops.errors import GatewayRejected
from aspire_gitops.gateway.endpoints import ENDPOINTS, KEY_PAGE, KEYS, Call
from aspire_gitops.gateway.faults import GatewayFault
from aspire_gitops.gateway.http import NO_RETRIES, AdminApi
from aspire_gitops.gateway.pages import Page
from aspire_gitops.gateway.replies import KeyHashesReply, KeyPageReply, parse
from aspire_gitops.gateway.wire import WIRES
from aspire_gitops.state import GatewayObject, Kind

_NARROWER = {KEY_PAGE: 10, 10: 1}
_ORDER = {"sort_by": "created_at", "sort_order": "asc"}


async def read_key_page(api: AdminApi, number: int, size: int = KEY_PAGE) -> Page:
    """Return one page of keys, whole, broken rows among them."""
    params = {"page": str(number), "size": str(size), **_ORDER}
    try:
        call = Call(KEYS, params={**params, "return_full_object": "true"})
        reply = parse(KeyPageReply, await api.get(call, retries=NO_RETRIES))
    except GatewayFault:
        # Hashes alone are built without the broken part. No answer here either
        # means that the gateway itself is ill.
        hashes = parse(KeyHashesReply, await api.get(Call(KEYS, params=params)))
        objects = tuple([row async for row in _around_bad_rows(api, number, size, hashes.keys)])
        return Page(objects, hashes.total_count)
    wire = WIRES[Kind.KEY]
    return Page(tuple(map(wire.live, reply.keys)), reply.total_count)


async def _around_bad_rows(
    api: AdminApi, number: int, size: int, hashes: list[str]
) -> AsyncIterator[GatewayObject]:
    narrower = _NARROWER.get(size)
    if narrower is None:
        for address in hashes:
            if (row := await _read_alone(api, address)) is not None:
                yield row
        return
    first = (number - 1) * (size // narrower) + 1
    for part in range(first, first + -(-len(hashes) // narrower)):
        for item in (await read_key_page(api, part, narrower)).objects:
            yield item


async def _read_alone(api: AdminApi, address: str) -> GatewayObject | None:
    try:
        reply = await api.get(ENDPOINTS[Kind.KEY].reading(address))
    except GatewayRejected:
        return None  # gone in between; the totals will not agree, and the list is read again
    row = WIRES[Kind.KEY].single(reply)
    return None if row is None else WIRES[Kind.KEY].live(row, address)
