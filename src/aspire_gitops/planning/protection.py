"""What one plan may not do without an Approval that names the object.

Checks yield refusals and never change the plan: a refused plan is shown whole,
so that a reviewer sees what would have happened.
"""

from collections.abc import Iterator, Mapping, Sequence

from aspire_gitops.planning.plan import Action, Change, Refusal
from aspire_gitops.planning.rules import ALIAS_IN_USE, EMPTY_SOURCE, LAST_KEY, TOO_MANY_DELETIONS
from aspire_gitops.state import Compiled, GatewayObject, Kind, ObjectKey

LEFTOVER = "left over from an interrupted replacement"


def check_protection(
    compiled: Compiled, ours: Mapping[ObjectKey, GatewayObject], changes: Sequence[Change]
) -> Iterator[Refusal]:
    """Yield a refusal for each dangerous change that nobody agreed to."""
    deletions = [c for c in changes if c.action is Action.DELETE and c.reason != LEFTOVER]
    if not compiled.objects:
        yield Refusal(
            EMPTY_SOURCE,
            f"gateway/{compiled.gateway.name}",
            "the source declares no credential, alias or app at all",
            "an empty source never prunes; check the branch and the folder",
        )
    agreed = {(approval.change, approval.object) for approval in compiled.approvals}
    yield from _last_keys(compiled, ours, deletions, agreed)
    yield from _aliases_in_use(compiled, ours, deletions, agreed)
    yield from _too_many(compiled, deletions, agreed)


def _last_keys(
    compiled: Compiled,
    ours: Mapping[ObjectKey, GatewayObject],
    deletions: Sequence[Change],
    agreed: set[tuple[str, ObjectKey]],
) -> Iterator[Refusal]:
    kept = {app_of(item) for key, item in compiled.objects.items() if key.kind is Kind.KEY}
    for change in deletions:
        if change.key.kind is not Kind.KEY or ("delete-last-key", change.key) in agreed:
            continue
        app = app_of(ours[change.key])
        if app not in kept:
            yield Refusal(
                LAST_KEY,
                str(change.key),
                f'this deletes the last key of app "{app}", which then cannot call anything',
                f"if that is meant, add an Approval with `change: delete-last-key` and `object: {change.key}`",
            )


def _aliases_in_use(
    compiled: Compiled,
    ours: Mapping[ObjectKey, GatewayObject],
    deletions: Sequence[Change],
    agreed: set[tuple[str, ObjectKey]],
) -> Iterator[Refusal]:
    for change in deletions:
        if change.key.kind is not Kind.DEPLOYMENT or ("remove-alias-in-use", change.key) in agreed:
            continue
        users = sorted(
            app_of(item)
            for key, item in ours.items()
            if key.kind is Kind.KEY and key in compiled.objects and _lists(item, change.key.name)
        )
        if users:
            yield Refusal(
                ALIAS_IN_USE,
                str(change.key),
                f'alias "{change.key.name}" goes away, and on the gateway {_and(users)} may call it',
                "move the apps to another alias in an earlier commit, or add an Approval with"
                f" `change: remove-alias-in-use` and `object: {change.key}`",
            )


def _too_many(
    compiled: Compiled, deletions: Sequence[Change], agreed: set[tuple[str, ObjectKey]]
) -> Iterator[Refusal]:
    approved = {key for _, key in agreed}
    counted = [change for change in deletions if change.key not in approved]
    most = compiled.gateway.max_deletions
    if len(counted) > most:
        named = ", ".join(str(change.key) for change in counted[:5])
        yield Refusal(
            TOO_MANY_DELETIONS,
            f"gateway/{compiled.gateway.name}",
            f"this deletes {len(counted)} objects, and the policy allows {most}: {named}"
            f"{', …' if len(counted) > 5 else ''}",
            "delete fewer at once, add an Approval with `change: delete` for each, or raise"
            " `policy.max_deletions` in the Gateway",
        )


def app_of(item: GatewayObject) -> str:
    """Return the app that a key belongs to."""
    return str(item.fields.get("metadata.app") or item.key.name.rpartition(".")[0])


def _lists(item: GatewayObject, alias: str) -> bool:
    models = item.fields.get("models")
    return isinstance(models, list | tuple) and alias in models


def _and(names: Sequence[str]) -> str:
    quoted = [f'app "{name}"' for name in dict.fromkeys(names)]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
