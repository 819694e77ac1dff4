"""How a plan's parts are put into words, the same in every text format."""

from collections.abc import Iterator, Mapping

from aspire_gitops.delivery.registry import shown
from aspire_gitops.planning.diff import same
from aspire_gitops.planning.plan import Action, Change, FieldChange, Plan
from aspire_gitops.vocabulary.text import one_line, plural
from aspire_ledger.canonical import JsonValue

SIGNS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.ADOPT: "»",
    Action.DELETE: "-",
}


def where_text(change: Change) -> str:
    """Return what the object is called on the gateway, and both names when it gets a new one."""
    before = change.before.address if change.before else None
    after = change.after.address if change.after else None
    found = [one_line(_short(address)) for address in (before, after) if address]
    return " → ".join(dict.fromkeys(found))


def shown_fields(change: Change) -> tuple[FieldChange, ...]:
    """Return the fields to show. A new object has all of its own, and secrets as references."""
    if change.action is not Action.CREATE or change.after is None:
        return tuple(leaf for field in change.fields for leaf in _leaves(field))
    values: dict[str, JsonValue] = dict(change.after.fields)
    if change.intent:
        values |= {path: f"the secret at {ref}" for path, ref in change.intent.secrets.items()}
        if change.intent.delivery:
            place = shown(change.intent.delivery)
            values["value"] = f"chosen when applied, handed over in {place}"
    return tuple(FieldChange(path, None, values[path]) for path in sorted(values))


def _leaves(field: FieldChange) -> Iterator[FieldChange]:
    """Yield what differs inside a mapping, such as an alias's card, rather than the whole of it."""
    before, after = field.before, field.after
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        yield field
        return
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if not same(old, new):
            yield from _leaves(FieldChange(f"{field.path}.{name}", old, new, field.cause))


def reason_text(change: Change) -> str:
    """Return why, where the sign does not say it already."""
    return "" if change.action is Action.CREATE else one_line(change.reason)


def counts_text(plan: Plan) -> str:
    """Return `3 changes: 1 create, 2 update`, or that there is nothing to do."""
    if not plan.changes:
        return "no changes"
    parts = ", ".join(f"{count} {action}" for action, count in plan.counts.items())
    return f"{plural(len(plan.changes), 'change')}: {parts}"


def drift_count(plan: Plan) -> int:
    """Return how many changes only undo what somebody changed on the gateway."""
    return sum(change.is_drift for change in plan.changes)


def _short(address: str) -> str:
    # A key's address is the sha256 of its value; twelve digits tell it apart.
    is_hash = len(address) == 64 and all(digit in "0123456789abcdef" for digit in address)
    return f"{address[:12]}…" if is_hash else address
