"""The kinds of gateway objects that we manage: a row for each, and what follows from all of them."""

from collections.abc import Iterable, Iterator

from aspire_gitops.kinds.base import GatewayKind
from aspire_gitops.kinds.credential import CredentialKind
from aspire_gitops.kinds.deployment import DeploymentKind
from aspire_gitops.kinds.key import KeyKind
from aspire_gitops.state import GatewayObject, Kind, ObjectKey


def _by_name(*kinds: GatewayKind) -> dict[Kind, GatewayKind]:
    return {kind.facts.name: kind for kind in kinds}


KINDS = _by_name(
    CredentialKind(),
    DeploymentKind(),
    KeyKind(),
)
"""In the order in which artifacts and refusals name them."""


def parse_key(text: str) -> ObjectKey:
    """Read `kind/name`. Raises ValueError for anything else."""
    word, slash, name = text.partition("/")
    kind = KINDS.get(Kind(word))
    if not (slash and name):
        raise ValueError(f"not an object: {text!r}; write it as deployment/qwen-vision")
    if kind is None:
        raise ValueError(f"not a kind of object: {word!r}; known are {', '.join(KINDS)}")
    return ObjectKey(kind.facts.name, name)


def level(kind: Kind) -> int:
    """Return how many levels of other kinds must be there before a kind, from 0."""
    return max((level(needed) + 1 for needed in KINDS[kind].facts.needs), default=0)


def levels() -> int:
    """Return how many levels there are."""
    return max(map(level, KINDS)) + 1


def next_address(key: ObjectKey, live: Iterable[GatewayObject]) -> str | None:
    """Return where a new object goes. A new key's address is the hash of a value not chosen yet."""
    return KINDS[key.kind].next_address(key.name, live)


def from_last_to_first() -> Iterator[GatewayKind]:
    """Yield the kinds in the order in which their objects are deleted."""
    yield from sorted(KINDS.values(), key=lambda kind: -level(kind.facts.name))
