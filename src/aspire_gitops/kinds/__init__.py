"""One file for each kind of gateway object, with all its facts; `registry` has the rows.

A kind says what its objects are compiled from, how they are compared, addressed,
listed, written, undone and protected. `base` is what each must say.
"""

from aspire_gitops.kinds.base import (
    NOBODY,
    Call,
    Danger,
    Desired,
    Endpoint,
    Facts,
    GatewayKind,
    Listing,
    Reading,
    Reviewed,
    Undo,
    Value,
    generation,
)
from aspire_gitops.kinds.fields import spelled_like
from aspire_gitops.kinds.key import key_address
from aspire_gitops.kinds.key_fields import PROBE_KEY, hidden_name
from aspire_gitops.kinds.registry import (
    KINDS,
    from_last_to_first,
    level,
    levels,
    next_address,
    parse_key,
)

__all__ = [
    "KINDS",
    "NOBODY",
    "PROBE_KEY",
    "Call",
    "Danger",
    "Desired",
    "Endpoint",
    "Facts",
    "GatewayKind",
    "Listing",
    "Reading",
    "Reviewed",
    "Undo",
    "Value",
    "from_last_to_first",
    "generation",
    "hidden_name",
    "key_address",
    "level",
    "levels",
    "next_address",
    "parse_key",
    "spelled_like",
]
