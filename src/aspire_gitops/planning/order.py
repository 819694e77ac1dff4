"""The order of doing: creations in the order of need, deletions in reverse."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from aspire_gitops.planning.plan import Action, Change
from aspire_gitops.state import Kind

_RANK = {kind: rank for rank, kind in enumerate(Kind)}


def stage(change: Change) -> int:
    """Return the stage of a change, from 0. Stages run one after the other.

    0 credentials, 1 deployments, 2 keys; then deletions: 3 keys, 4 deployments,
    5 credentials. A failure between any two of them leaves a gateway that works.
    """
    rank = _RANK[change.key.kind]
    return 2 * len(_RANK) - 1 - rank if change.action is Action.DELETE else rank


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda c: (stage(c), c.key, _address(c))))


def stages(changes: Iterable[Change]) -> Iterator[tuple[Change, ...]]:
    """Yield the changes of each stage; the input is in order."""
    for _, group in groupby(changes, key=stage):
        yield tuple(group)


def _address(change: Change) -> str:
    return (change.before and change.before.address) or ""
