"""Is the gateway there, and may we do what we came for? Changes nothing."""

import asyncio

from aspire_gitops.gateway.endpoints import (
    BLOCK_KEY,
    CREATE_CREDENTIAL,
    CREATE_DEPLOYMENT,
    CREATE_KEY,
    CREDENTIALS,
    DELETE_CREDENTIAL,
    DELETE_DEPLOYMENT,
    DELETE_KEY,
    DEPLOYMENTS,
    FALLBACKS,
    KEYS,
    READINESS,
    READINESS_DETAILS,
    RESET_SPEND,
    UPDATE_CREDENTIAL,
    UPDATE_DEPLOYMENT,
    UPDATE_KEY,
    Call,
)
from aspire_gitops.gateway.http import NO_RETRIES, AdminApi
from aspire_gitops.vocabulary.errors import GatewayRefused, GatewayRejected, GatewayUnavailable

_POLL_S = 0.25
_NOBODY = "aspire-gitops-nobody"  # an address that no object has
_NO_KEY = "0" * 64

_READS = (
    Call(READINESS_DETAILS),
    Call(CREDENTIALS),
    Call(DEPLOYMENTS, params={"size": "1"}),
    Call(KEYS, params={"size": "1"}),
    Call(FALLBACKS, params={"scope": "expand"}),
)
# Each is allowed or refused before LiteLLM finds that it cannot be done.
_HARMLESS_WRITES = (
    Call(CREATE_CREDENTIAL, body={}),
    Call(UPDATE_CREDENTIAL, {"name": _NOBODY}, body={"credential_info": {}}),
    Call(DELETE_CREDENTIAL, {"name": _NOBODY}),
    Call(CREATE_DEPLOYMENT, body={"model_name": _NOBODY, "litellm_params": {}}),
    Call(UPDATE_DEPLOYMENT, {"id": _NOBODY}, body={"model_info": {}}),
    Call(DELETE_DEPLOYMENT, body={"id": _NOBODY}),
    Call(CREATE_KEY, body={"key": "sk-"}),
    Call(UPDATE_KEY, body={"key": _NO_KEY}),
    Call(BLOCK_KEY, body={"key": _NO_KEY}),
    Call(DELETE_KEY, body={"keys": [_NO_KEY]}),
    Call(RESET_SPEND, {"hash": _NO_KEY}, body={"reset_to": 0}),
)


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
    missing = [call for call in (*_READS, *_HARMLESS_WRITES) if not await _is_allowed(api, call)]
    if missing:
        routes = ", ".join(map(str, missing))
        raise GatewayRefused(
            f"{api.url} refuses the admin key at: {routes}; give its user the role proxy_admin, "
            "put these routes into its allowed_routes, and give it no budget"
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
