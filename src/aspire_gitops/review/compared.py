"""The two revisions that a review compares, and what a published snapshot tells beside them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from aspire_gitops.catalog import Catalog
from aspire_gitops.review.repricing import Repricing
from aspire_gitops.review.review import Live
from aspire_gitops.spend.caps import zone
from aspire_gitops.state import Compiled, Snapshot
from aspire_gitops.usage import Downtime, Traffic
from aspire_ledger.money import Aud, Month


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the gateway at `now`.

    `snapshot` is None where there is none or it is rejected. `doubt` is a sentence
    about one that is used all the same.
    """

    now: datetime
    timezone: ZoneInfo | None
    snapshot: Snapshot | None = None
    digest: str | None = None
    applied: str | None = None
    rejected: str = ""
    doubt: str = ""

    @property
    def traffic(self) -> Traffic | None:
        return self.snapshot.traffic if self.snapshot else None

    @property
    def month(self) -> Month | None:
        return Month.containing(self.now, self.timezone) if self.timezone else None

    @property
    def today(self) -> date:
        """The day of `now`, where the budgets live if that is known."""
        return self.now.astimezone(self.timezone or self.now.tzinfo).date()

    @property
    def is_this_month(self) -> bool:
        """Say whether the snapshot was taken in the month of `now`."""
        month, taken = self.month, self.snapshot and self.snapshot.taken_at
        return bool(month and taken and month.start <= taken < month.end)

    def spent(self, budget: str) -> Aud | None:
        """Return what a budget has spent this month; None where nobody asked a ledger this month."""
        if not (self.snapshot and self.snapshot.spent and self.is_this_month):
            return None
        try:
            # The ledger names every budget that spent anything.
            amount = Decimal(self.snapshot.spent.get(budget, "0"))
        except InvalidOperation:
            return None
        return Aud(amount) if amount.is_finite() else None

    @property
    def downtime(self) -> Downtime | None:
        """This month's, None where nobody watched."""
        seen = self.snapshot.downtime if self.snapshot else None
        return seen if seen and seen.month == str(self.month) else None

    @property
    def live(self) -> Live | None:
        """Return what a reviewer is told of the snapshot."""
        found = self.snapshot
        if found is None:
            return None
        return Live(
            revision=self.applied,
            taken_at=found.taken_at,
            age=self.now - found.taken_at,
            digest=self.digest or found.digest,
            litellm_version=found.litellm_version,
            traffic_days=found.traffic.days if found.traffic else None,
            has_spend=bool(found.spent) and self.is_this_month,
        )


def what_is_known(
    base: Compiled | None,
    head: Catalog,
    snapshot: Snapshot | None,
    *,
    owner: str,
    now: datetime,
    digest: str | None,
    applied: str | None,
) -> Known:
    """Judge a snapshot. `base` is the revision that most of the gateway should be at."""
    gateway = head.gateway.spec if head.gateway else None
    known = Known(now, zone(gateway.timezone) if gateway else None)
    if snapshot is None:
        return known
    others = sorted({i.mark.owner for i in snapshot.objects if i.mark} - {owner})
    ours = {item.key for item in snapshot.objects if item.mark and item.mark.owner == owner}
    if others and not ours:
        return replace(known, rejected=f"it is one of owner {others[0]}, and we are {owner}")
    doubt = ""
    if gateway and not _same_address(snapshot.gateway_url, gateway.url):
        seen = f"it was read at {snapshot.gateway_url}, and the files are for {gateway.url}"
        expected = set(base.objects) if base else set()
        if len(ours & expected) * 2 <= len(expected):
            return replace(known, rejected=seen)
        # A controller may reach its gateway by an address of its own.
        doubt = f"{seen}; it holds what base declares, so it is taken to be the same gateway"
    return replace(known, snapshot=snapshot, digest=digest, applied=applied, doubt=doubt)


def _same_address(one: str, other: str) -> bool:
    return _without_version(one) == _without_version(other)


def _without_version(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1").rstrip("/").lower()


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
