"""One turn: what one look at git and at the gateway found, did, and when to look again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.planning.plan import Plan
from aspire_gitops.revision import Revision


class Standing(StrEnum):
    """How a turn ended, told apart by what has to happen next."""

    READY = "ready"  # at rest: the gateway is as git says, or as a brake allows
    WAITING = "waiting"  # passes by itself: looked at again with a growing pause
    STALLED = "stalled"  # needs a commit or a person: looked at again slowly


class Answer(StrEnum):
    """What was done about drift."""

    HEALED = "healed"
    REPORTED = "reported"  # policy or a brake says to look only
    HELD = "held"  # somebody keeps changing it back, so healing was slowed down
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object that differs from git although git did not change.

    `fields` are dotted paths, empty when the whole object is gone. `by` and
    `since` are what the gateway tells, None where it does not.
    """

    object: str
    fields: tuple[str, ...]
    answer: Answer
    by: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fight:
    """Somebody keeps changing a field back: `times` within the last hour."""

    object: str
    path: str
    times: int
    last: datetime
    heals_again_at: datetime


class BrakeKind(StrEnum):
    SUSPEND = "suspend"  # look and report, until somebody resumes
    FREEZE = "freeze"  # the same, and it ends by itself
    REVERT = "revert"  # hold an older revision instead of the branch; ends by itself


@dataclass(frozen=True, slots=True)
class Brake:
    """Somebody asked us to hold still, or to hold the revision `commit`. Ends by itself at `until`."""

    kind: BrakeKind
    owner: str
    reason: str
    since: datetime
    until: datetime | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the controller.

    `reason` is one sentence for people: why the standing is what it is; `help`
    is the way out, empty when there is nothing to do. `wanted` is the revision
    that git has now, `applied` the last one that was applied whole. `plan` is
    what had to change, and `counts` how that ended (applied, failed, skipped).
    A plan that a brake, policy or refusal kept from being applied has no counts.

    `gateway_s` is time spent waiting for the gateway, `source_s` for git, and
    `own_s` the processor time of this program, all in seconds.
    """

    id: str
    causes: tuple[str, ...]
    started_at: datetime
    duration_s: float
    standing: Standing
    reason: str
    help: str = ""
    wanted: Revision | None = None
    applied: Revision | None = None
    plan: Plan | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()  # `deployment/qwen-vision: …`, one for each failed change
    diagnostics: tuple[Diagnostic, ...] = ()
    drift: tuple[Drifted, ...] = ()
    fights: tuple[Fight, ...] = ()
    brakes: tuple[Brake, ...] = ()
    gateway_s: float = 0.0
    source_s: float = 0.0
    own_s: float = 0.0
    look_again_s: float = 60.0
