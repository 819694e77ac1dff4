"""Tell whether what was read back is what was written, and take back what is not.

What reads back wrong must not stay live until somebody looks: LiteLLM may have put
a secret of its environment where a file had a harmless text.
"""

from collections.abc import Iterator
from typing import assert_never

from aspire_gitops.applying.ports import Gateway
from aspire_gitops.kinds import KINDS, Undo
from aspire_gitops.planning import same
from aspire_gitops.state import GatewayObject
from aspire_gitops.vocabulary import GatewayError


def unmet(wanted: GatewayObject, live: GatewayObject | None, unset: frozenset[str]) -> list[str]:
    """Return what does not hold, in words; empty when the write is proved.

    Args:
        wanted: The object to be, mark included.
        live: What was read back, None if nothing was found.
        unset: Paths that the change must have cleared.
    """
    if live is None:
        return ["it is not there"]
    return list(_differences(wanted, live, unset))


def _differences(
    wanted: GatewayObject, live: GatewayObject, unset: frozenset[str]
) -> Iterator[str]:
    if wanted.handle != live.handle:
        yield f'it is called "{live.handle}"'
    for path, value in wanted.fields.items():
        if not same(live.fields.get(path), value):
            yield f"{path} is not what was written"
    for path in sorted(unset & live.fields.keys()):
        yield f"{path} is still set"
    if wanted.mark and (live.mark is None or live.mark.digest != wanted.mark.digest):
        yield "it does not carry our mark"


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
    # An address that we chose is ours; a name somebody else may have taken meanwhile.
    is_ours = wanted.mark and live.mark and live.mark.owner == wanted.mark.owner
    if KINDS[live.key.kind].facts.named_by_address and not is_ours:
        return "; it is not ours and was left alone"
    return await _removed(gateway, live, "; it was removed again at once")


async def _set_back(gateway: Gateway, before: GatewayObject, live: GatewayObject) -> str:
    if live.text == before.text:
        return ""  # the write did not happen, so there is nothing to take back
    if before.mark and (live.mark is None or live.mark.owner != before.mark.owner):
        return "; it is not ours any more and was left alone"
    undo = KINDS[before.key.kind].facts.undo
    if undo is Undo.LEAVE:
        return "; it cannot be set back, because its old secret is not known here"
    if before.mark and await _is_back(gateway, before, live):
        return "; it was set back to what it was"
    match undo:
        case Undo.SET_BACK_OR_REMOVE:
            return await _removed(gateway, live, "; it could not be set back and was removed")
        case Undo.SET_BACK:
            return "; it could not be set back"
        case _:
            assert_never(undo)


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
