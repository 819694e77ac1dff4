"""What a plan would do that the change under review does not ask for.

The gateway may not be at base yet, or somebody changed it by hand. A reviewer of
the plan has to know which lines are theirs.
"""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog
from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.impact import rules
from aspire_gitops.impact.places import gateway_place
from aspire_gitops.planning.plan import Change, Plan
from aspire_gitops.state import Compiled


def pending_changes(plan: Plan, base: Compiled, head: Compiled) -> tuple[Change, ...]:
    """Return the plan's changes of objects that base and head ask for alike."""
    return tuple(
        change
        for change in plan.changes
        if base.objects.get(change.key) == head.objects.get(change.key)
    )


def pending_findings(
    plan: Plan, base: Compiled, head: Compiled, catalog: Catalog
) -> Iterator[Diagnostic]:
    """Yield one finding if the plan does more than the change under review."""
    pending = pending_changes(plan, base, head)
    if not pending:
        return
    drifted = sum(change.is_drift for change in pending)
    by_hand = f", {drifted} of them to undo what was changed by hand" if drifted else ""
    named = ", ".join(str(change.key) for change in pending[:3])
    more = ", …" if len(pending) > 3 else ""
    yield rules.NOT_AT_BASE.at(
        gateway_place(catalog),
        f"the gateway was not at base when the snapshot was taken: {len(pending):,} of"
        f" {len(plan.changes):,} planned changes are not of this change{by_hand} ({named}{more})",
        help="wait until the controller has applied base, and review again",
    )
