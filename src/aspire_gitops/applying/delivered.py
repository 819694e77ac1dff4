"""Compare the keys that apps hold with the keys that are live: a 200 does not show that an app can call."""

import asyncio
from dataclasses import dataclass

from aspire_gitops.applying.ports import Deliveries
from aspire_gitops.delivery.base import DeliveryTarget
from aspire_gitops.delivery.registry import own_place
from aspire_gitops.kinds import KINDS
from aspire_gitops.state import Compiled, GatewayObject, Snapshot
from aspire_gitops.vocabulary import DeliveryFailed, SecretMissing

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class DeadKey:
    """A delivered value that its app cannot call with, or soon cannot."""

    object: str
    place: str
    is_deleted: bool

    def __str__(self) -> str:
        if self.is_deleted:
            return f"{self.place} holds the value of {self.object}, which is deleted"
        return f"{self.place} holds another value than {self.object} on the gateway: its app cannot call"

    @property
    def help(self) -> str:
        if self.is_deleted:
            return "remove it there"
        return "delete the key on the gateway; the next apply delivers one that works"


async def dead_keys(
    compiled: Compiled, snapshot: Snapshot, owner: str, deliveries: Deliveries
) -> tuple[DeadKey, ...]:
    """Return what apps hold in place of a live key, as far as it can be read from here.

    A place that is empty, or that another host has, says nothing. Reads each place once.
    """
    limit = asyncio.Semaphore(_AT_ONCE)

    async def look(item: GatewayObject) -> DeadKey | None:
        intent = compiled.intents.get(item.key)
        async with limit:
            if item.key not in compiled.objects:
                return await left_behind(item, deliveries)
            return await _replaced(item, intent.delivery if intent else None, deliveries)

    ours = [o for o in snapshot.objects if o.mark and o.mark.owner == owner]
    found = await asyncio.gather(*map(look, sorted(ours, key=lambda item: item.key)))
    return tuple(one for one in found if one)


async def left_behind(item: GatewayObject, deliveries: Deliveries) -> DeadKey | None:
    """Return where the value of a deleted key lies, if that is the usual place of its app.

    What the files said of another place is gone with the app.
    """
    app, _, key = item.key.name.rpartition(".")
    if not app or (found := await _delivered(item, own_place(app, key), deliveries)) is None:
        return None
    place, address = found
    return DeadKey(str(item.key), place, is_deleted=True) if address == item.address else None


async def _replaced(
    item: GatewayObject, target: DeliveryTarget | None, deliveries: Deliveries
) -> DeadKey | None:
    if target is None or (found := await _delivered(item, target, deliveries)) is None:
        return None
    place, address = found
    return None if address == item.address else DeadKey(str(item.key), place, is_deleted=False)


async def _delivered(
    item: GatewayObject, target: DeliveryTarget, deliveries: Deliveries
) -> tuple[str, str] | None:
    """Return the place, and the address of the key that it holds; None if that is not to be read."""
    its = KINDS[item.key.kind].facts.value
    if its is None:
        return None
    try:
        delivery = deliveries(target)
        value = await delivery.read()
    except (DeliveryFailed, SecretMissing):
        return None  # told when something is delivered there
    return None if value is None else (delivery.place, its.address(value))
