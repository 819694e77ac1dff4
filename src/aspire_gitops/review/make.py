"""Make the review of a change: what is edited, whom it touches, what it costs, what it needs.

Pure. Two sides, each what one revision declares, and where there is one a
published snapshot. `rendering` shows the result; nothing here is text for a format.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds.registry import next_address
from aspire_gitops.planning.adoption import without_unverified
from aspire_gitops.planning.diff import mark_for
from aspire_gitops.planning.make import make_plan
from aspire_gitops.review.alias_findings import alias_findings, lost_aliases
from aspire_gitops.review.aliases import alias_impacts
from aspire_gitops.review.apps import app_impacts, budget_impacts
from aspire_gitops.review.compared import Compared, Known, what_is_known
from aspire_gitops.review.edits import edits_between
from aspire_gitops.review.findings import findings_of, pending_findings
from aspire_gitops.review.prerequisites import consents_for, uptime_of
from aspire_gitops.review.repricing import Priced, Repricing
from aspire_gitops.review.review import (
    AliasImpact,
    AppImpact,
    Edit,
    Moved,
    Repriced,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.spend.month import plain
from aspire_gitops.state import Compiled, GatewayObject, Snapshot
from aspire_gitops.vocabulary.diagnostic import Diagnostic, sort_diagnostics
from aspire_gitops.vocabulary.text import plural


def as_applied(compiled: Compiled, *, owner: str, at: datetime) -> Snapshot:
    """Return the snapshot. The address of a key, the hash of a value that nobody knows, is None."""
    return Snapshot(
        gateway_url=compiled.gateway.url,
        litellm_version=compiled.gateway.litellm_version,
        taken_at=at,
        objects=tuple(_live(wanted, compiled, owner) for wanted in compiled.objects.values()),
    )


def _live(wanted: GatewayObject, compiled: Compiled, owner: str) -> GatewayObject:
    mark = mark_for(
        wanted,
        compiled.intents[wanted.key],
        owner=owner,
        revision=str(compiled.revision),
        evidence=None,
    )
    return wanted.applied(mark, next_address(wanted.key, ()))


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
            *about_revisions(base_errors=base.errors, head_errors=head.errors, related=related),
            *about_gateway(known),
            *about_traffic(aliases, apps, compared.repricing),
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
    review = replace(review, unknown=(*review.unknown, *about_adoptions(untold)))
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


def about_revisions(*, base_errors: int, head_errors: int, related: bool) -> Iterator[str]:
    """Yield what stands in the way on the side of git."""
    if not related:
        yield (
            "Base and head have no commit in common, so some of what is shown as changed"
            " may have been so for long."
        )
    if head_errors:
        yield (
            f"Head has {plural(head_errors, 'error')} and cannot be compiled: its plan and its"
            " downtime are not known, and files that cannot be read look removed."
        )
    if base_errors:
        yield (
            f"Base has {plural(base_errors, 'error')} and cannot be compiled: files of it that"
            " cannot be read look added, and the change's downtime is not known."
        )


def about_gateway(known: Known) -> Iterator[str]:
    """Yield what nobody knows of the gateway."""
    snapshot = known.snapshot
    if known.rejected:
        yield f"The snapshot is not used: {known.rejected}."
    if snapshot is None:
        yield (
            "No snapshot of the gateway is at hand: what is live, spent and used there is not"
            " known, and the plan takes base to be applied as it stands."
        )
        return
    if known.doubt:
        yield f"The snapshot may be of another gateway: {known.doubt}."
    if not snapshot.spent:
        yield "No ledger was asked, so nobody knows what is spent, or when caps are reached."
    elif not known.is_this_month:
        yield "The snapshot is of another month, so nobody knows what is spent in this one."
    if snapshot.traffic is None:
        yield "Nobody counted calls, so nobody knows what real traffic costs after the change."
    if known.downtime is None:
        yield "Nobody watched the gateway this month, so nobody knows what is left of its downtime."


def about_traffic(
    aliases: Iterable[AliasImpact], apps: Iterable[AppImpact], repricing: Repricing | None
) -> Iterator[str]:
    """Yield which aliases nobody called, and which calls were counted without their units."""
    if repricing is None:
        return
    traffic = repricing.traffic
    called = {row.alias for row in traffic.rows}
    for alias in aliases:
        is_priced_anew = alias.edit is Edit.CHANGED and any(p.usd.changed for p in alias.prices)
        if is_priced_anew and alias.name not in called:
            yield (
                f'Nobody called alias "{alias.name}" from {traffic.since} to {traffic.until},'
                " so what its new prices come to is not known."
            )
    for name, rows in sorted(_uncounted(apps, repricing).items()):
        calls, aud = sum(r.usage.calls for r in rows), sum((r.usage.aud for r in rows), Decimal(0))
        yield (
            f'{plural(calls, "call")} of alias "{name}" for {plain(aud)} AUD could not be priced'
            " again: nobody counted what they used."
        )


def about_adoptions(untold: Iterable[str]) -> Iterator[str]:
    """Yield what the snapshot does not tell of keys that are to be adopted."""
    for sentence in untold:
        yield f"Whether an adopted key can be used is not known: {sentence}."


def _uncounted(apps: Iterable[AppImpact], repricing: Repricing) -> dict[str, list[Priced]]:
    found: dict[str, list[Priced]] = defaultdict(list)
    for app in apps:
        for row in repricing.of_app(app.name):
            if not row.is_counted:
                found[row.usage.alias].append(row)
    return found
