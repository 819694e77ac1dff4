"""What happened, change by change."""

from dataclasses import dataclass
from enum import StrEnum

from aspire_gitops.planning import Change, Held, Refusal
from aspire_gitops.state import GatewayObject
from aspire_gitops.vocabulary import AspireGitopsError


class Status(StrEnum):
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried: something that it needs failed, or applying was stopped


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one planned change. `message` says why it failed or was not tried.

    `state` is what was read back as proof, what is not ours in it as digests; None
    for a deletion and for whatever was not applied. `delivered_to` is where a new key's
    value lies, for example `file:/run/keys/shop.main`; it is told even if the key could
    not be created. `error` is what a failed change failed with: its class says what to do next.
    """

    change: Change
    status: Status
    message: str = ""
    duration_s: float = 0.0
    state: GatewayObject | None = None
    delivered_to: str | None = None
    error: AspireGitopsError | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result for every planned change, in the plan's order, and what was held."""

    plan_id: str
    revision: str
    results: tuple[Result, ...]
    refusals: tuple[Refusal, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was tried took."""
        return all(result.status is Status.APPLIED for result in self.results)

    @property
    def is_whole(self) -> bool:
        """Whether everything is as the files say."""
        return self.ok and not self.refusals

    def count(self, status: Status) -> int:
        return sum(result.status is status for result in self.results)
