"""What others are told: one thing that happened, in words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Topic(StrEnum):
    """What a notice is about; receivers choose among these."""

    PENDING = "pending"  # a revision is about to be applied
    APPLIED = "applied"
    FAILED = "failed"  # a revision could not be applied for its own reason
    STALLED = "stalled"
    DRIFT = "drift"
    FIGHT = "fight"
    FREEZE = "freeze"
    RECOVERED = "recovered"  # after failed or stalled
    SPEND = "spend"  # a budget reached one of its declared percentages


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. Holds no secret.

    `id` is unique and stable, so that a receiver can drop a second copy.
    `title` is one sentence; `lines` are details, plain text. `commit` is the
    one that the notice is about, None when it is about none. `quiet` marks what
    is recorded and nobody has to read: a commit that changed nothing on the gateway.
    """

    id: str
    topic: Topic
    at: datetime
    title: str
    lines: tuple[str, ...] = ()
    commit: str | None = None
    gateway: str = ""
    turn: str = ""
    quiet: bool = False
