"""A cap below what its budget has spent this month stops the budget's apps at once.

So a plan that lowers one so far needs an Approval, like everything in
`protection`. Drift is not asked about: a cap that somebody raised by hand goes
back to the reviewed one, whatever was spent meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from aspire_gitops.planning.plan import Action, Change, Refusal
from aspire_gitops.planning.rules import CAP_BELOW_SPEND
from aspire_gitops.spend.caps import budget_of, cap_of
from aspire_gitops.spend.month import plain
from aspire_gitops.state import Compiled, Kind, Snapshot
from aspire_ledger.money import Aud

_CHANGE = "lower-cap-below-spend"
_LEDGER = "metadata.budget_mode"  # a key that carries it is counted by the ledger


@dataclass(frozen=True, slots=True)
class _Lowered:
    """A change that lowers the cap of a budget."""

    change: Change
    budget: str
    cap: Aud


def check_lowered_caps(
    compiled: Compiled, snapshot: Snapshot, changes: Sequence[Change]
) -> Iterator[Refusal]:
    """Yield one refusal for each budget whose cap falls below its spend, without an Approval."""
    agreed, refused = _agreed(compiled), set[str]()
    for lowered in _lowered(changes, snapshot.taken_at):
        budget, spent = lowered.budget, _spent(snapshot, lowered.budget)
        if spent is None or lowered.cap >= spent or budget in agreed | refused:
            continue
        refused.add(budget)
        key = lowered.change.key
        yield Refusal(
            CAP_BELOW_SPEND,
            str(key),
            f'the cap of budget "{budget}" goes down to {plain(lowered.cap)} AUD, and'
            f" {plain(spent)} AUD is spent this month: its apps could not call anything"
            " until the month turns",
            f"wait for the next month or choose a cap above {plain(spent)} AUD; if that is"
            f" meant, add an Approval with `change: {_CHANGE}` and `object: {key}`",
        )


def unknown_spend(snapshot: Snapshot, changes: Sequence[Change]) -> Iterator[str]:
    """Yield a warning for each budget whose cap goes down while nobody knows its spend."""
    lowered = _lowered(changes, snapshot.taken_at)
    counted = {
        one.budget for one in lowered if one.change.after and _LEDGER in one.change.after.fields
    }
    for budget in sorted(counted):
        if _spent(snapshot, budget) is None:
            yield (
                f'the cap of budget "{budget}" goes down, and nobody asked the ledger what is'
                " spent; set ASPIRE_GITOPS_LEDGER_URL to have that checked"
            )


def _lowered(changes: Sequence[Change], now: datetime) -> Iterator[_Lowered]:
    for change in changes:
        if change.key.kind is not Kind.KEY or change.action is Action.DELETE or change.is_drift:
            continue
        if change.before is None or change.after is None:
            continue
        before, after = cap_of(change.before, now), cap_of(change.after, now)
        if before is not None and after is not None and after < before:
            yield _Lowered(change, budget_of(change.after), after)


def _spent(snapshot: Snapshot, budget: str) -> Aud | None:
    try:
        return Aud(Decimal(snapshot.spent[budget]))
    except (KeyError, InvalidOperation):
        return None


def _agreed(compiled: Compiled) -> frozenset[str]:
    """Return the budgets of which an Approval names a key."""
    named = {one.object for one in compiled.approvals if one.change == _CHANGE}
    return frozenset(budget_of(item) for key, item in compiled.objects.items() if key in named)
