"""What a rehearsal found, as data: one step after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aspire_ledger.canonical import JsonValue


class StepStatus(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried; the facts say why


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to prove. `facts` say what was seen, or what went wrong."""

    name: str
    title: str
    status: StepStatus
    facts: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All steps of one rehearsal, in order."""

    revision: str
    gateway_name: str
    steps: tuple[Step, ...]
    counts: Mapping[str, int]  # what the files declare, by kind
    seconds: float

    @property
    def passed(self) -> bool:
        """Say whether something was proved and nothing failed.

        A step that the files leave no room for (a swap with one provider) is no failure.
        """
        found = {step.status for step in self.steps}
        return StepStatus.PASSED in found and StepStatus.FAILED not in found

    def as_json(self) -> JsonValue:
        """Return the report for machines."""
        return {
            "passed": self.passed,
            "revision": self.revision,
            "gateway": self.gateway_name,
            "declared": dict(self.counts),
            "seconds": round(self.seconds, 2),
            "steps": [_step(step) for step in self.steps],
        }


class Watcher(Protocol):
    """Somebody who wants to hear how it goes."""

    def begins(self, title: str) -> None: ...

    def tells(self, message: str) -> None: ...

    def ended(self, step: Step) -> None: ...


def _step(step: Step) -> JsonValue:
    return {
        "name": step.name,
        "title": step.title,
        "status": step.status,
        "facts": list(step.facts),
        "seconds": round(step.seconds, 2),
    }
