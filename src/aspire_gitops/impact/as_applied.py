"""A gateway as it would be right after a revision was applied to it and nobody touched it since.

A plan against it shows what a change does, where no snapshot tells what is live.
It holds nothing by hand, no drift and no secret.
"""

from datetime import datetime

from aspire_gitops.planning.marking import mark_for
from aspire_gitops.planning.matching import next_address
from aspire_gitops.state import Compiled, GatewayObject, Snapshot


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
