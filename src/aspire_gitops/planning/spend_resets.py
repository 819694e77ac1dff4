"""Changes that set LiteLLM's own spend of a key back to the ledger's figure. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aspire_gitops.planning.adoption import reset_field
from aspire_gitops.planning.diff import redacted
from aspire_gitops.planning.order import in_order
from aspire_gitops.planning.plan import Action, Cause, Change, Plan
from aspire_gitops.spend.own_spend import OwnSpend, Verdict, usd_text
from aspire_gitops.state import GatewayObject, Snapshot

_REASON = "LiteLLM counts more for it than the ledger has, and would refuse its app"


def with_resets(plan: Plan, snapshot: Snapshot, found: Sequence[OwnSpend]) -> Plan:
    """Return the plan with a change for each key of `found`.

    A key that the plan changes anyway is left for the next turn, and so is one whose
    spend would not go down. The cause is drift: no file asks for it.
    """
    busy = {change.key for change in plan.changes}
    wanted = {one.address: one for one in found if one.key not in busy}
    resets = [
        change
        for item in snapshot.objects
        if item.address in wanted and (change := _reset(item, snapshot))
    ]
    return replace(plan, changes=in_order((*plan.changes, *resets))) if resets else plan


def _reset(item: GatewayObject, snapshot: Snapshot) -> Change | None:
    field = reset_field(snapshot, item)
    if field is None:
        return None
    shown = redacted(item, {})
    drift = replace(field, cause=Cause.DRIFT)
    return Change(Action.UPDATE, item.key, (drift,), shown, shown, reason=_REASON)


def unlike_warnings(found: Sequence[OwnSpend]) -> Iterator[str]:
    """Yield a sentence for each key whose two figures are too far apart."""
    for one in found:
        figures = (
            f"LiteLLM counts {usd_text(one.litellm)} USD for {one.key} this month, the ledger has"
            f" {usd_text(one.ledger)} USD"
        )
        if one.verdict is Verdict.HIGH:
            yield f"{figures}: LiteLLM refuses its app at {usd_text(one.max_budget)} USD"
        else:
            yield f"{figures}: LiteLLM's own cap does not see what the app spends"
