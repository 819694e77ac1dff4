"""Is the gateway there, and may we do what we came for? Changes nothing."""

import asyncio
from collections.abc import Iterator

from aspire_gitops.gateway.http import NO_RETRIES, AdminApi
from aspire_gitops.gateway.snapshot import FALLBACKS, READINESS_DETAILS
from aspire_gitops.kinds import KINDS, Call, Endpoint
from aspire_gitops.vocabulary import GatewayRefused, GatewayRejected, GatewayUnavailable

READINESS = Endpoint("GET", "/health/readiness")  # answers without a key
_POLL_S = 0.25


def _needed() -> Iterator[Call]:
    yield Call(READINESS_DETAILS)
    yield from (kind.facts.listing.smallest for kind in KINDS.values())
    yield Call(FALLBACKS, params={"scope": "expand"})
    for kind in KINDS.values():
        yield from kind.facts.rights


async def wait_until_ready(api: AdminApi, *, within_s: float) -> None:
    """Ask until the gateway and its database answer. Raises GatewayUnavailable after `within_s`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while loop.time() < deadline:
        if await _is_ready(api):
            return
        await asyncio.sleep(_POLL_S)
    raise GatewayUnavailable(f"{api.url} was not ready within {within_s:g} s")


async def _is_ready(api: AdminApi) -> bool:
    try:
        reply = await api.get(Call(READINESS), retries=NO_RETRIES)
    except GatewayUnavailable:
        return False
    return isinstance(reply, dict) and reply.get("db") == "connected"


async def check_rights(api: AdminApi) -> None:
    """Try every right that we need. Raises GatewayRefused naming all that are missing."""
    missing = [call for call in _needed() if not await _is_allowed(api, call)]
    if missing:
        routes = ", ".join(map(str, missing))
        raise GatewayRefused(
            f"{api.url} refuses the admin key at: {routes}",
            help="give its user the role proxy_admin, "
            "put these routes into its allowed_routes, and give it no budget",
        )


async def _is_allowed(api: AdminApi, call: Call) -> bool:
    try:
        if call.is_write:
            await api.send(call)
        else:
            await api.get(call)
    except GatewayRefused:
        return False
    except GatewayRejected:
        pass  # allowed, and it cannot be done
    return True
