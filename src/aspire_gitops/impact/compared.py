"""The two revisions that a review compares, and what is known beside them."""

from dataclasses import dataclass

from aspire_gitops.catalog import Catalog
from aspire_gitops.impact.known import Known
from aspire_gitops.impact.repricing import Repricing


@dataclass(frozen=True, slots=True)
class Compared:
    """Both catalogs. `repricing` is None where nobody counted calls, or a side has no Gateway."""

    base: Catalog
    head: Catalog
    known: Known
    repricing: Repricing | None

    @classmethod
    def of(cls, base: Catalog, head: Catalog, known: Known) -> "Compared":
        has_rates = base.gateway and head.gateway
        repricing = Repricing(base, head, known.traffic) if known.traffic and has_rates else None
        return cls(base, head, known, repricing)
