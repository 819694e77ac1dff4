"""What a line of the journal says. Values only; `store` keeps them, `chain` hashes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aspire_ledger.canonical import JsonValue


class EntryKind(StrEnum):
    """What happened. The keys of `Entry.body` for each kind stand beside it."""

    TURN = "turn"  # standing, reason, help, causes, counts, duration_s, quiet_turns
    PLAN = "plan"  # changes: written before the first of them is carried out
    RESULT = "result"  # action, status, message, duration_s, state: what the object is now
    DELIVERY = "delivery"  # to, status, message: a new key's value, delivered
    OBSERVED = "observed"  # state, by, since: found on the gateway, and no result says so
    DRIFT = "drift"  # fields, answer, what, moved (path, git, live), by, since, first_seen
    APPLIED = "applied"  # changes, timezone (the Gateway's): a revision is live as a whole
    REJECTED = "rejected"  # reason, diagnostics: not tried again until it changes or time passes
    BUDGET = "budget"  # budget, month, percent, spent_aud, cap_aud: reached, and told
    OUTAGE = "outage"  # answers, since, until, seconds: the gateway did not answer, and did again
    SETTINGS = "settings"  # state, reason, digest, identity, processes, objects_applied
    DOWNTIME = "downtime"  # told (down, up, percent), since, month: that the gateway was down, told
    INTRUDER = (
        "intruder"  # address, since, came_later, answers: shares an alias's name; or watching
    )
    PROBE = "probe"  # alias, works, verdict, variant, why: an alias began to fail, or works again
    HOLD = "brake"  # as in every journal so far: action (freeze, suspend, revert, resume), reason, owner, until


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be: everything but its place in the chain. Holds no secret.

    `object` is written `deployment/qwen-vision`. A `state` in the body is
    `{handle, address, fields, mark}`, a list of these where several rows share
    the name, or None for an object that is gone. `at` has a zone.
    """

    kind: EntryKind
    at: datetime
    turn: str = ""
    revision: str = ""
    commit: str | None = None
    author: str | None = None
    approvers: tuple[str, ...] = ()
    plan: str | None = None
    object: str | None = None
    body: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def tells_state(self) -> bool:
        """Whether this says what an object is now: then it is the newest word on it."""
        known = self.kind in (EntryKind.RESULT, EntryKind.OBSERVED) and self.object is not None
        return known and "state" in self.body


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its number from 1, what it says, and the chain.

    `hash` is the sha256 of everything in the line, `previous` (the hash of the
    line before) included; so the newest hash vouches for the whole journal.
    """

    number: int
    draft: Draft
    previous: str
    hash: str
