"""Pair each desired object with what is live under its key, its name, or both.

Ours is what carries our owner's mark; everything else is foreign. What is left
over after pairing is either a foreign object, or the rest of a replacement
that was interrupted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aspire_gitops.kinds.base import generation
from aspire_gitops.kinds.registry import KINDS
from aspire_gitops.planning.plan import Refusal
from aspire_gitops.planning.rules import AMBIGUOUS_MARK
from aspire_gitops.state import GatewayObject, Kind, ObjectKey


@dataclass(frozen=True, slots=True)
class Matched:
    """The live side, sorted out.

    `ours` has one object per key; `leftovers` are further objects of ours
    under a key that `ours` has already; `foreign` carries no mark of ours.
    """

    ours: Mapping[ObjectKey, GatewayObject]
    leftovers: tuple[GatewayObject, ...]
    unmanaged: tuple[GatewayObject, ...]
    refusals: tuple[Refusal, ...]
    _by_name: Mapping[tuple[Kind, str], tuple[GatewayObject, ...]]

    def unmanaged_named(self, kind: Kind, handle: str) -> tuple[GatewayObject, ...]:
        return self._by_name.get((kind, handle), ())


def match(objects: Iterable[GatewayObject], owner: str) -> Matched:
    """Sort the live objects out by whose they are."""
    groups: dict[ObjectKey, list[GatewayObject]] = defaultdict(list)
    unmanaged = []
    for item in objects:
        if item.mark and item.mark.owner == owner:
            groups[ObjectKey(item.key.kind, item.mark.name)].append(item)
        else:
            unmanaged.append(item)

    ours, leftovers, refusals = {}, [], []
    for key, group in groups.items():
        newest, *rest = sorted(group, key=generation, reverse=True)
        ours[key] = newest
        if rest and KINDS[key.kind].facts.replacement:
            leftovers += rest
        elif rest:
            refusals.append(_ambiguous(key, group))
    return Matched(ours, tuple(leftovers), tuple(unmanaged), tuple(refusals), _by_name(unmanaged))


def _by_name(
    unmanaged: Iterable[GatewayObject],
) -> Mapping[tuple[Kind, str], tuple[GatewayObject, ...]]:
    named: dict[tuple[Kind, str], tuple[GatewayObject, ...]] = {}
    for item in unmanaged:
        place = item.key.kind, item.handle
        named[place] = (*named.get(place, ()), item)
    return named


def _ambiguous(key: ObjectKey, group: Iterable[GatewayObject]) -> Refusal:
    addresses = ", ".join(sorted(str(item.address) for item in group))
    return Refusal(
        AMBIGUOUS_MARK,
        str(key),
        f"several objects on the gateway carry the mark of {key}: {addresses}",
        "somebody copied one of them, mark included; delete the copy, or remove its mark, by hand",
    )
