"""Everything that one revision declares, indexed by kind and name.

A catalog holds what loading and the schema accept; `validation` checks it and
`compiling` reads it. Values only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aspire_gitops.loading.document import Document
from aspire_gitops.resources import (
    AliasSpec,
    ApprovalSpec,
    AppSpec,
    BudgetSpec,
    DeliverySpec,
    GatewaySpec,
    ProviderSpec,
    ResourceKind,
    ResourceSpec,
)
from aspire_gitops.vocabulary import Revision, Span

SpecT_co = TypeVar("SpecT_co", bound=ResourceSpec, covariant=True)


@dataclass(frozen=True, slots=True)
class Declared(Generic[SpecT_co]):
    """One resource and the document that declares it."""

    spec: SpecT_co
    document: Document

    @property
    def name(self) -> str:
        return self.spec.name

    def span(self, *path: str | int) -> Span:
        """Return the place of a value, or of its nearest ancestor in the file."""
        return self.document.span(*path)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All resources of one revision. Mappings are by name, in name order.

    `gateway` is None only in a catalog that validation refuses. `repeated`
    holds every further declaration of a taken name.
    """

    revision: Revision
    gateway: Declared[GatewaySpec] | None = None
    providers: Mapping[str, Declared[ProviderSpec]] = field(default_factory=dict)
    aliases: Mapping[str, Declared[AliasSpec]] = field(default_factory=dict)
    apps: Mapping[str, Declared[AppSpec]] = field(default_factory=dict)
    budgets: Mapping[str, Declared[BudgetSpec]] = field(default_factory=dict)
    approvals: Mapping[str, Declared[ApprovalSpec]] = field(default_factory=dict)
    deliveries: Mapping[str, Declared[DeliverySpec]] = field(default_factory=dict)
    repeated: tuple[Declared[ResourceSpec], ...] = ()

    @property
    def deliveries_folder(self) -> str:
        """The folder of Deliveries, with a trailing slash: `deliveries/` beside the Gateway's file."""
        path = self.gateway.document.path if self.gateway else ""
        return f"{path[: path.rfind('/') + 1]}deliveries/"

    @property
    def by_kind(self) -> Mapping[ResourceKind, Mapping[str, Declared[ResourceSpec]]]:
        """The resources by kind and name."""
        return {
            ResourceKind.GATEWAY: {self.gateway.name: self.gateway} if self.gateway else {},
            ResourceKind.PROVIDER: self.providers,
            ResourceKind.ALIAS: self.aliases,
            ResourceKind.APP: self.apps,
            ResourceKind.BUDGET: self.budgets,
            ResourceKind.APPROVAL: self.approvals,
            ResourceKind.DELIVERY: self.deliveries,
        }

    def __iter__(self) -> Iterator[Declared[ResourceSpec]]:
        for group in self.by_kind.values():
            yield from group.values()
