"""Translate between `GatewayObject` and LiteLLM's JSON, both ways, kind by kind.

Pure: it builds calls and reads rows; `client` sends and fetches them.
"""

from collections.abc import Mapping
from typing import Protocol

from aspire_gitops.gateway.endpoints import Call
from aspire_gitops.gateway.wire.credential import CredentialWire
from aspire_gitops.gateway.wire.deployment import DeploymentWire
from aspire_gitops.gateway.wire.key import KeyWire
from aspire_gitops.state import GatewayObject, Kind, LastChange


class Wire(Protocol):
    """What each kind must be able to say."""

    def live(self, row: object, address: str | None = None) -> GatewayObject:
        """Read one row of a list, or of a single read. Raises GatewayReplyInvalid."""
        ...

    def last_change(self, row: object) -> LastChange | None:
        """Say who last changed it, as far as the row tells. Raises GatewayReplyInvalid."""
        ...

    def single(self, reply: object) -> object:
        """Take the row out of the reply to a single read; None when there is no such object."""
        ...

    def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> Call:
        """Return the call that creates `wanted`. `secrets` by field path; a key's value is `key`."""
        ...

    def update(
        self, live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str], row: object
    ) -> Call:
        """Return the call that turns `live` into `wanted`. `row` is what a single read just gave."""
        ...

    def delete(self, live: GatewayObject) -> tuple[Call, ...]:
        """Return the calls that delete `live`, in order."""
        ...


WIRES: Mapping[Kind, Wire] = {
    Kind.CREDENTIAL: CredentialWire(),
    Kind.DEPLOYMENT: DeploymentWire(),
    Kind.KEY: KeyWire(),
}
