"""What happened, change by change."""

from dataclasses import dataclass
from enum import StrEnum

from aspire_gitops.planning.plan import Change


class Status(StrEnum):
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried, because something that it needs failed


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one planned change. `message` says why it failed or was not tried."""

    change: Change
    status: Status
    message: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result for every planned change, in the plan's order."""

    plan_id: str
    revision: str
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        return all(result.status is Status.APPLIED for result in self.results)

    def count(self, status: Status) -> int:
        return sum(result.status is status for result in self.results)
