"""Say what would have to change for the gateway to match git.

Pure functions over desired objects and a snapshot: no clock, no network, no
logging. `applying` carries a plan out and never compares anything again.
"""

from aspire_gitops.planning.adoption import (
    SPEND,
    addresses_to_adopt,
    adopted_keys,
    check_adoptions,
    with_resets,
    without_unverified,
)
from aspire_gitops.planning.diff import (
    changed_fields,
    evidence_of,
    is_exactly,
    mark_for,
    marked,
    masked,
    match,
    redacted,
    same,
)
from aspire_gitops.planning.plan import (
    CAP_BELOW_SPEND,
    NO_SECRET,
    TOO_MANY_DELETIONS,
    Action,
    Cause,
    Change,
    FieldChange,
    Held,
    Plan,
    Refusal,
    Scope,
    stage,
    stages,
)
from aspire_gitops.planning.protection import (
    LEFTOVER,
    check_lowered_caps,
    check_protection,
    without_waiting,
)

__all__ = [
    "CAP_BELOW_SPEND",
    "LEFTOVER",
    "NO_SECRET",
    "SPEND",
    "TOO_MANY_DELETIONS",
    "Action",
    "Cause",
    "Change",
    "FieldChange",
    "Held",
    "Plan",
    "Refusal",
    "Scope",
    "addresses_to_adopt",
    "adopted_keys",
    "changed_fields",
    "check_adoptions",
    "check_lowered_caps",
    "check_protection",
    "evidence_of",
    "is_exactly",
    "mark_for",
    "marked",
    "masked",
    "match",
    "redacted",
    "same",
    "stage",
    "stages",
    "with_resets",
    "without_unverified",
    "without_waiting",
]
