"""Take back a write that the gateway kept as something else than was written.

What reads back wrong must not stay live until somebody looks: LiteLLM may have put
a secret of its environment where a file had a harmless text.
"""

from aspire_gitops.applying.ports import Gateway
from aspire_gitops.applying.verifying import unmet
from aspire_gitops.state import GatewayObject, Kind
from aspire_gitops.vocabulary.errors import GatewayError


async def take_back(
    gateway: Gateway, wanted: GatewayObject, before: GatewayObject | None, live: GatewayObject
) -> str:
    """Undo one write and return what became of it, for the end of a sentence. Never raises GatewayError.

    Args:
        gateway: The admin API.
        wanted: What was written.
        before: What was there, None if nothing was.
        live: What was read back.
    """
    try:
        if before is None:
            return await _remove_created(gateway, wanted, live)
        return await _set_back(gateway, before, live)
    except GatewayError as error:
        return f"; it is still there, and taking it back failed: {error}"


async def _remove_created(gateway: Gateway, wanted: GatewayObject, live: GatewayObject) -> str:
    # We chose the address of a deployment and of a key. A credential's is its name,
    # which somebody else may have taken meanwhile.
    is_ours = wanted.mark and live.mark and live.mark.owner == wanted.mark.owner
    if live.key.kind is Kind.CREDENTIAL and not is_ours:
        return "; it is not ours and was left alone"
    return await _removed(gateway, live, "; it was removed again at once")


async def _set_back(gateway: Gateway, before: GatewayObject, live: GatewayObject) -> str:
    if live.text == before.text:
        return ""  # the write did not happen, so there is nothing to take back
    if before.mark and (live.mark is None or live.mark.owner != before.mark.owner):
        return "; it is not ours any more and was left alone"
    if before.key.kind is Kind.CREDENTIAL:
        return "; it cannot be set back, because its old secret is not known here"
    if before.mark and await _is_back(gateway, before, live):
        return "; it was set back to what it was"
    if before.key.kind is Kind.DEPLOYMENT:
        return await _removed(gateway, live, "; it could not be set back and was removed")
    return "; it could not be set back"


async def _is_back(gateway: Gateway, before: GatewayObject, live: GatewayObject) -> bool:
    try:
        await gateway.update(live, before, {})
        again = await gateway.read(before.key.kind, before.address or "")
    except GatewayError:
        return False
    return not unmet(before, again, frozenset(live.fields.keys() - before.fields.keys()))


async def _removed(gateway: Gateway, live: GatewayObject, said: str) -> str:
    await gateway.delete(live)
    if await gateway.read(live.key.kind, live.address or ""):
        return "; the gateway accepted its removal, and it is still there"
    return said
