"""What the controller has to say, as values: turns, the status, notices.

Pure. `controller` makes them, and `server`, `notifying`, `forge` and `rendering`
show them; none of those knows the controller.
"""

from aspire_gitops.reporting.notice import Notice, Topic
from aspire_gitops.reporting.status import (
    AliasRow,
    AppRow,
    DowntimeReport,
    JournalFacts,
    Role,
    SpendReport,
    Status,
)
from aspire_gitops.reporting.turn import (
    Answer,
    Brake,
    BrakeKind,
    Drifted,
    Fight,
    Standing,
    Turn,
)

__all__ = [
    "AliasRow",
    "Answer",
    "AppRow",
    "Brake",
    "BrakeKind",
    "DowntimeReport",
    "Drifted",
    "Fight",
    "JournalFacts",
    "Notice",
    "Role",
    "SpendReport",
    "Standing",
    "Status",
    "Topic",
    "Turn",
]
