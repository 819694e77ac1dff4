"""`kind: Delivery`: another place for an app's key than the controller's own folder."""

from typing import Literal

from pydantic import Field

from aspire_gitops.resources.base import FilePath, OrAbsent, ResourceName, ResourceSpec, Sentence


class DeliverySpec(ResourceSpec):
    """Where the value of one key of one app is handed over. It belongs to the platform alone."""

    kind: Literal["Delivery"] = Field(description="The kind of this resource.")
    app: ResourceName = Field(description="Name of a declared app.")
    key: ResourceName = Field(description="Name of one of the app's keys.")
    file: OrAbsent[FilePath] = Field(
        default=None,
        description="Absolute path of a file on the controller's host, written with mode 0600.",
        examples=["/srv/agents/gateway-key"],
    )
    description: OrAbsent[Sentence] = Field(
        default=None, description="Why the key goes there and not into the controller's folder."
    )


TARGETS = ("file",)
"""The fields that say where a key goes. A Delivery has exactly one of them."""
