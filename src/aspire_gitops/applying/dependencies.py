"""Which change cannot be tried after another one failed."""

from collections.abc import Iterable

from aspire_gitops.applying.outcome import Result, Status
from aspire_gitops.planning.plan import Action, Change
from aspire_gitops.state import GatewayObject, Kind

_CREDENTIAL = "litellm_params.litellm_credential_name"


def blocked_by(change: Change, results: Iterable[Result]) -> str | None:
    """Return why `change` must not be tried, or None.

    A deployment without its credential would call the provider with whatever
    key lies in the gateway's environment; a deletion pulls the ground from
    under whatever should have moved away first and did not.
    """
    for result in results:
        if result.status is not Status.APPLIED and _needs(change, result.change):
            return f"not tried: {result.change.action} {result.change.key} {result.status}"
    return None


def _needs(change: Change, earlier: Change) -> bool:
    match change.key.kind, change.action is Action.DELETE:
        case Kind.DEPLOYMENT, False:
            name = change.after.fields.get(_CREDENTIAL) if change.after else None
            return earlier.key.kind is Kind.CREDENTIAL and _handle(earlier) == name
        case Kind.DEPLOYMENT, True:
            return earlier.key.kind is Kind.KEY or earlier.key == change.key
        case Kind.CREDENTIAL, True:
            return earlier.key.kind is Kind.DEPLOYMENT
        case _:
            return False


def _handle(change: Change) -> str | None:
    item: GatewayObject | None = change.after or change.before
    return item.handle if item else None
