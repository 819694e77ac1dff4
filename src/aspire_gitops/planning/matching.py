"""Pair each desired object with what is live under its key, its name, or both.

Ours is what carries our owner's mark; everything else is foreign. What is left
over after pairing is either a foreign object, or the rest of a replacement
that was interrupted.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aspire_gitops.planning.plan import Refusal
from aspire_gitops.planning.rules import AMBIGUOUS_MARK
from aspire_gitops.state import GatewayObject, Kind, ObjectKey

_GENERATION = re.compile(r"^gw\.(?P<alias>.+)\.(?P<n>[0-9]{1,9})$")


@dataclass(frozen=True, slots=True)
class Matched:
    """The live side, sorted out.

    `ours` has one object per key; `leftovers` are further deployments of ours
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
        if rest and key.kind is Kind.DEPLOYMENT:
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


def generation(item: GatewayObject) -> int:
    """Return n of a deployment's id `gw.<alias>.<n>`; 0 for an id that we did not choose."""
    found = _GENERATION.match(item.address or "")
    return int(found["n"]) if found else 0


def next_address(key: ObjectKey, live: Iterable[GatewayObject]) -> str | None:
    """Return where a new object goes. A new key's address is the hash of a value not chosen yet."""
    match key.kind:
        case Kind.CREDENTIAL:
            return f"gw.{key.name}"
        case Kind.DEPLOYMENT:
            taken = (generation(o) for o in live if (o.address or "").startswith(f"gw.{key.name}."))
            return f"gw.{key.name}.{max(taken, default=0) + 1}"
        case Kind.KEY:
            return None


def _ambiguous(key: ObjectKey, group: Iterable[GatewayObject]) -> Refusal:
    addresses = ", ".join(sorted(str(item.address) for item in group))
    return Refusal(
        AMBIGUOUS_MARK,
        str(key),
        f"several objects on the gateway carry the mark of {key}: {addresses}",
        "somebody copied one of them, mark included; delete the copy, or remove its mark, by hand",
    )
