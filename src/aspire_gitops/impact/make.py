"""Make the review of a change: what is edited, whom it touches, what it costs, what it needs.

Pure. Two sides, each what one revision declares, and where there is one a
published snapshot. `rendering` shows the result; nothing here is text for a format.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from aspire_gitops.catalog import Catalog
from aspire_gitops.diagnostics import Diagnostic, sort_diagnostics
from aspire_gitops.impact import unknown
from aspire_gitops.impact.alias_findings import alias_findings, lost_aliases
from aspire_gitops.impact.aliases import alias_impacts
from aspire_gitops.impact.apps import app_impacts
from aspire_gitops.impact.as_applied import as_applied
from aspire_gitops.impact.caps import budget_impacts
from aspire_gitops.impact.compared import Compared
from aspire_gitops.impact.consents import consents_for
from aspire_gitops.impact.edits import edits_between
from aspire_gitops.impact.findings import findings_of
from aspire_gitops.impact.known import Known, what_is_known
from aspire_gitops.impact.pending import pending_findings
from aspire_gitops.impact.repricing import Repricing
from aspire_gitops.impact.review import (
    AppImpact,
    Moved,
    Repriced,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.impact.uptime import uptime_of
from aspire_gitops.planning.adoption import without_unverified
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled, Snapshot


@dataclass(frozen=True, slots=True)
class Side:
    """One revision of a change. `compiled` is None when it has errors; the catalog is then a part."""

    catalog: Catalog
    findings: tuple[Diagnostic, ...] = ()
    compiled: Compiled | None = None

    @property
    def errors(self) -> int:
        return sum(found.is_error for found in self.findings)


def make_review(
    base: Side,
    head: Side,
    *,
    snapshot: Snapshot | None,
    owner: str,
    now: datetime,
    digest: str | None = None,
    applied: str | None = None,
    related: bool = True,
) -> Review:
    """Say everything that the change from `base` to `head` means.

    Args:
        base: What is merged already.
        head: What would be merged.
        snapshot: What a controller published of the gateway. One of another gateway
            is not used.
        owner: Whose marks are ours.
        now: Aware. Decides which uplifts count and how old the snapshot is.
        digest: Of the snapshot that was on the gateway, where `snapshot` is a part of it.
        applied: The revision that the controller applied last, as the snapshot tells it.
        related: Whether base and head have a commit in common.

    Returns:
        A review. Making it never fails: what cannot be told is in `Review.unknown`.
    """
    known = what_is_known(
        base.compiled,
        head.catalog,
        snapshot,
        owner=owner,
        now=now,
        digest=digest,
        applied=applied,
    )
    compared = Compared.of(base.catalog, head.catalog, known)
    edits = edits_between(base.catalog, head.catalog)
    aliases = alias_impacts(compared, edits)
    apps = app_impacts(compared, edits, aliases)
    review = Review(
        gateway=_gateway(base, head),
        base=base.catalog.revision,
        head=head.catalog.revision,
        edits=edits,
        aliases=aliases,
        apps=apps,
        budgets=budget_impacts(compared, edits, {app.name for app in apps}),
        rate=Moved(_rate(base), _rate(head)),
        repriced=_all_repriced(apps, compared.repricing),
        uptime=_uptime(base, head, edits, known),
        live=known.live,
        unknown=(
            *unknown.about_revisions(
                base_errors=base.errors, head_errors=head.errors, related=related
            ),
            *unknown.about_gateway(known),
            *unknown.about_traffic(aliases, apps, compared.repricing),
        ),
    )
    review = _with_plan(review, base.compiled, head.compiled, owner, known)
    return replace(review, findings=_findings(review, base, head, compared))


def _gateway(base: Side, head: Side) -> str:
    gateway = head.catalog.gateway or base.catalog.gateway
    return gateway.name if gateway else ""


def _rate(side: Side) -> Decimal | None:
    gateway = side.catalog.gateway
    return gateway.spec.exchange.usd_per_aud if gateway else None


def _all_repriced(apps: tuple[AppImpact, ...], repricing: Repricing | None) -> Repriced | None:
    if repricing is None:
        return None
    return repricing.together([row for app in apps for row in repricing.of_app(app.name)])


def _uptime(base: Side, head: Side, edits: tuple[ResourceEdit, ...], known: Known) -> Uptime | None:
    before, after = base.catalog.gateway, head.catalog.gateway
    if not (base.compiled and head.compiled and before and after):
        return None
    return uptime_of(base.compiled, head.compiled, (before.spec, after.spec), edits, known)


def _with_plan(
    review: Review, base: Compiled | None, head: Compiled | None, owner: str, known: Known
) -> Review:
    """Add the plan against the snapshot, or else against base as if it were applied."""
    live = known.snapshot
    if live is None and base:
        live = as_applied(base, owner=owner, at=known.now)
    if head is None or live is None:
        return review
    made = make_plan(head, live, owner=owner, evidence={})
    plan, untold = without_unverified(made)
    review = replace(review, unknown=(*review.unknown, *unknown.about_adoptions(untold)))
    if known.snapshot and known.digest:
        plan = replace(plan, based_on=known.digest)
    return replace(review, plan=plan, consents=consents_for(plan, head, live))


def _findings(review: Review, base: Side, head: Side, compared: Compared) -> tuple[Diagnostic, ...]:
    """Return head's diagnostics and the impact's own, errors first."""
    own = [*findings_of(review, compared)]
    own += [found for alias in review.aliases for found in alias_findings(alias, head.catalog)]
    own += [found for app in review.apps for found in lost_aliases(app, compared)]
    if review.plan and review.live and base.compiled and head.compiled:
        own += pending_findings(review.plan, base.compiled, head.compiled, head.catalog)
    every = sort_diagnostics((*head.findings, *own))
    return tuple(sorted(every, key=lambda found: not found.is_error))
