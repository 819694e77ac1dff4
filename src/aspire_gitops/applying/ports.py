"""What applying needs of the world: a gateway to write to, and places to deliver keys to."""

from collections.abc import Mapping
from typing import Protocol

from aspire_gitops.delivery.base import Deliveries
from aspire_gitops.state import GatewayObject, Kind


class Gateway(Protocol):
    """The writing half of the admin API. `gateway.client` implements it.

    Each method raises GatewayUnavailable when nobody can tell whether the write
    happened (5xx, a lost answer), GatewayRejected when the gateway said no, and
    GatewayRefused when the admin key has no rights.
    """

    def is_admin_key(self, value: str) -> bool:
        """Say whether a value is the key that we ask the gateway with."""
        ...

    def derived_value(self) -> str:
        """Return the value of the key of our own calls, which is the same wherever the admin key is."""
        ...

    async def read(self, kind: Kind, address: str) -> GatewayObject | None: ...

    async def was_deleted(self, kind: Kind, address: str) -> bool:
        """Say whether an object with this address was on the gateway once and was deleted."""
        ...

    async def spend_of(self, kind: Kind, address: str) -> float | None:
        """Return LiteLLM's own spend of a key, US dollars; None where there is none to read."""
        ...

    async def reset_spend(self, kind: Kind, address: str, usd: float) -> None:
        """Set LiteLLM's own spend of a key back to `usd` dollars."""
        ...

    async def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> None: ...

    async def update(
        self, live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str]
    ) -> None: ...

    async def delete(self, live: GatewayObject) -> None: ...


__all__ = ["Deliveries", "Gateway"]
