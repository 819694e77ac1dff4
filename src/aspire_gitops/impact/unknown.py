"""What a review cannot tell, and why, a sentence each. Nobody guesses, and nobody stays silent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from aspire_gitops.impact.known import Known
from aspire_gitops.impact.repricing import Priced, Repricing
from aspire_gitops.impact.review import AliasImpact, AppImpact, Edit
from aspire_gitops.spending.spend import plain


def about_revisions(*, base_errors: int, head_errors: int, related: bool) -> Iterator[str]:
    """Yield what stands in the way on the side of git."""
    if not related:
        yield (
            "Base and head have no commit in common, so some of what is shown as changed"
            " may have been so for long."
        )
    if head_errors:
        yield (
            f"Head has {_plural(head_errors, 'error')} and cannot be compiled: its plan and its"
            " downtime are not known, and files that cannot be read look removed."
        )
    if base_errors:
        yield (
            f"Base has {_plural(base_errors, 'error')} and cannot be compiled: files of it that"
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
            f'{_plural(calls, "call")} of alias "{name}" for {plain(aud)} AUD could not be priced'
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


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")
