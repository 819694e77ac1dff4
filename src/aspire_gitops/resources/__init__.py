"""What a reviewed document may say: one pydantic model per kind.

The models are the source of `schemas/`. They check one document by itself;
`validation/` checks what needs several documents.
"""

from enum import StrEnum

from aspire_gitops.delivery.registry import METHODS
from aspire_gitops.resources.alias import (
    AliasSpec,
    ImagePriceSpec,
    PriceSpec,
    PriceTierSpec,
    ProbeSpec,
    ProbeVariant,
    TokenPriceSpec,
)
from aspire_gitops.resources.app import (
    PROBE_APP,
    PROBE_KEY_NAME,
    AppLimitsSpec,
    AppSpec,
    BudgetSpec,
    DeliverSpec,
    DeliverySpec,
    KeySpec,
    NeedSpec,
    delivery_resource,
)
from aspire_gitops.resources.gateway import ApprovalSpec, GatewaySpec, LedgerSpec, ProbesSpec
from aspire_gitops.resources.provider import EnvCredentialSpec, FileCredentialSpec, ProviderSpec
from aspire_gitops.vocabulary.spec import ResourceSpec


class ResourceKind(StrEnum):
    """The values of `kind:`."""

    GATEWAY = "Gateway"
    PROVIDER = "Provider"
    ALIAS = "Alias"
    APP = "App"
    BUDGET = "Budget"
    APPROVAL = "Approval"
    DELIVERY = "Delivery"


RESOURCES: dict[ResourceKind, type[ResourceSpec]] = {
    ResourceKind.GATEWAY: GatewaySpec,
    ResourceKind.PROVIDER: ProviderSpec,
    ResourceKind.ALIAS: AliasSpec,
    ResourceKind.APP: AppSpec,
    ResourceKind.BUDGET: BudgetSpec,
    ResourceKind.APPROVAL: ApprovalSpec,
    ResourceKind.DELIVERY: delivery_resource(METHODS.values()),
}

__all__ = [
    "PROBE_APP",
    "PROBE_KEY_NAME",
    "RESOURCES",
    "AliasSpec",
    "AppLimitsSpec",
    "AppSpec",
    "ApprovalSpec",
    "BudgetSpec",
    "DeliverSpec",
    "DeliverySpec",
    "EnvCredentialSpec",
    "FileCredentialSpec",
    "GatewaySpec",
    "ImagePriceSpec",
    "KeySpec",
    "LedgerSpec",
    "NeedSpec",
    "PriceSpec",
    "PriceTierSpec",
    "ProbeSpec",
    "ProbeVariant",
    "ProbesSpec",
    "ProviderSpec",
    "ResourceKind",
    "ResourceSpec",
    "TokenPriceSpec",
    "delivery_resource",
]
