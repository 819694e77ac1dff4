"""Build the review of a change: what is edited, whom it affects, what it costs, what it needs.

Pure. The input is what each of two revisions declares, and a published snapshot if there
is one. `markdown` and `terminal` show the result; nothing here formats text.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds import next_address
from aspire_gitops.planning import mark_for, without_unverified
from aspire_gitops.planning.make import make_plan
from aspire_gitops.review.aliases import alias_findings, alias_impacts
from aspire_gitops.review.apps import app_impacts, budget_impacts
from aspire_gitops.review.comparison import Compared, Known, edits_between, what_is_known
from aspire_gitops.review.findings import findings_of, pending_findings
from aspire_gitops.review.prerequisites import consents_for, uptime_of
from aspire_gitops.review.repricing import Priced, Repricing, rate_of
from aspire_gitops.review.value import (
    AliasImpact,
    AppImpact,
    Edit,
    Moved,
    Repriced,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.spend import plain
from aspire_gitops.state import Compiled, GatewayObject, Snapshot
from aspire_gitops.vocabulary import Diagnostic, plural, sort_diagnostics


@dataclass(frozen=True, slots=True)
class Side:
    """One revision of a change. `compiled` is None when it has errors; the catalog is then incomplete."""

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
    """Return everything that the change from `base` to `head` means.

    Args:
        base: What is merged already.
        head: What would be merged.
        snapshot: What a controller published of the gateway. One of another gateway
            is not used.
        owner: Whose marks are ours.
        now: Aware. Decides which uplifts count and how old the snapshot is.
        digest: Of the snapshot that was on the gateway, where `snapshot` is a part of it.
        applied: The revision that the controller applied last, as the snapshot says.
        related: Whether base and head have a commit in common.

    Returns:
        A review. Building it never fails: what is unknown is in `Review.unknown`.
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
        rate=Moved(rate_of(base.catalog), rate_of(head.catalog)),
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


def as_applied(compiled: Compiled, *, owner: str, at: datetime) -> Snapshot:
    """Return a snapshot of the gateway with `compiled` applied. A key's address, the hash of an unknown value, is None."""
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


def _gateway(base: Side, head: Side) -> str:
    gateway = head.catalog.gateway or base.catalog.gateway
    return gateway.name if gateway else ""


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
    if review.plan and review.live and base.compiled and head.compiled:
        own += pending_findings(review.plan, base.compiled, head.compiled, head.catalog)
    every = sort_diagnostics((*head.findings, *own))
    return tuple(sorted(every, key=lambda found: not found.is_error))


def about_revisions(*, base_errors: int, head_errors: int, related: bool) -> Iterator[str]:
    """Yield what git leaves unknown."""
    if not related:
        yield ("Base and head have no commit in common, so some of the changes shown may be old.")
    if head_errors:
        yield (
            f"Head has {plural(head_errors, 'error')} and cannot be compiled: its plan and its"
            " downtime are unknown, and files that cannot be read look removed."
        )
    if base_errors:
        yield (
            f"Base has {plural(base_errors, 'error')} and cannot be compiled: those of its files that"
            " cannot be read look added, and the change's downtime is unknown."
        )


def about_gateway(known: Known) -> Iterator[str]:
    """Yield what is unknown about the gateway."""
    snapshot = known.snapshot
    if known.rejected:
        yield f"The snapshot is not used: {known.rejected}."
    if snapshot is None:
        yield (
            "There is no snapshot of the gateway: what is live, spent and used there is unknown,"
            " and the plan assumes that base is applied."
        )
        return
    if known.doubt:
        yield f"The snapshot may be of another gateway: {known.doubt}."
    if not snapshot.spent:
        yield "No ledger was read, so what is spent and when caps are reached is unknown."
    elif not known.is_this_month:
        yield "The snapshot is from another month, so what is spent in this one is unknown."
    if snapshot.traffic is None:
        yield "No calls were counted, so what real traffic costs after the change is unknown."
    if known.downtime is None:
        yield "The gateway was not watched this month, so what is left of its downtime is unknown."


def about_traffic(
    aliases: Iterable[AliasImpact], apps: Iterable[AppImpact], repricing: Repricing | None
) -> Iterator[str]:
    """Yield the repriced aliases that were not called, and the calls whose units were not counted."""
    if repricing is None:
        return
    traffic = repricing.traffic
    called = {row.alias for row in traffic.rows}
    for alias in aliases:
        is_repriced = alias.edit is Edit.CHANGED and any(p.usd.changed for p in alias.prices)
        if is_repriced and alias.name not in called:
            yield (
                f'Alias "{alias.name}" was not called from {traffic.since} to {traffic.until},'
                " so the effect of its new prices is unknown."
            )
    for name, rows in sorted(_uncounted(apps, repricing).items()):
        calls, aud = sum(r.usage.calls for r in rows), sum((r.usage.aud for r in rows), Decimal(0))
        yield (
            f'{plural(calls, "call")} of alias "{name}" for {plain(aud)} AUD could not be repriced:'
            " no usage was counted."
        )


def about_adoptions(untold: Iterable[str]) -> Iterator[str]:
    """Yield what the snapshot leaves unknown about keys that are to be adopted."""
    for sentence in untold:
        yield f"Whether an adopted key can be used is unknown: {sentence}."


def _uncounted(apps: Iterable[AppImpact], repricing: Repricing) -> dict[str, list[Priced]]:
    found: dict[str, list[Priced]] = defaultdict(list)
    for app in apps:
        for row in repricing.of_app(app.name):
            if not row.is_counted:
                found[row.usage.alias].append(row)
    return found
