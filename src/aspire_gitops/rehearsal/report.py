"""What a rehearsal found, step by step, as data and in words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rich.text import Text

from aspire_gitops.codec.values import document, written_revision_json
from aspire_gitops.kinds import PROBE_KEY
from aspire_gitops.state import Compiled, Kind
from aspire_gitops.vocabulary import one_line, plural, revision_text
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

        A step that does not apply to the files (a swap with one provider) does not fail.
        """
        found = {step.status for step in self.steps}
        return StepStatus.PASSED in found and StepStatus.FAILED not in found

    def as_json(self) -> JsonValue:
        """Return the report for machines."""
        content: dict[str, JsonValue] = {
            "passed": self.passed,
            "revision": written_revision_json(self.revision),
            "gateway": self.gateway_name,
            "declared": dict(self.counts),
            "seconds": round(self.seconds, 2),
            "steps": [_step(step) for step in self.steps],
        }
        return document("rehearsal", content)


class Watcher(Protocol):
    """Receives the progress of a rehearsal."""

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


_MARKS: Mapping[StepStatus, tuple[str, str]] = {
    StepStatus.PASSED: ("✓", "bold green"),
    StepStatus.FAILED: ("✗", "bold red"),
    StepStatus.SKIPPED: ("○", "yellow"),
}


def opening_text(compiled: Compiled) -> Text:
    """Say what is rehearsed."""
    counts = Counter(key.kind for key in compiled.objects if key != PROBE_KEY)
    title = Text.assemble("Rehearsing ", (one_line(compiled.gateway.name), "bold"))
    title.append(f" at {revision_text(str(compiled.revision))}\n")
    title.append(
        f"{plural(counts[Kind.CREDENTIAL], 'provider')}, "
        f"{plural(counts[Kind.DEPLOYMENT], 'deployment')}, "
        f"{plural(counts[Kind.KEY], 'app key')}, on a throw-away LiteLLM "
        f"{one_line(compiled.gateway.litellm_version)} whose providers are stand-ins.\n",
        style="dim",
    )
    return title


def step_text(step: Step) -> Text:
    """Return one step: its mark, its title, how long it took, and what was seen."""
    mark, style = _MARKS[step.status]
    text = Text.assemble((f"{mark} ", style), (step.title, "bold"))
    text.append(f"  {step.seconds:.1f} s", style="dim")
    failed = step.status is StepStatus.FAILED
    for number, fact in enumerate(step.facts, 1):
        is_reason = failed and number == len(step.facts)
        text.append(f"\n    {one_line(fact)}", style="red" if is_reason else "")
    return text


def closing_text(rehearsal: Rehearsal) -> Text:
    """Return what changed, what was proved and what to do next."""
    counted = Counter(step.status for step in rehearsal.steps)
    parts = ", ".join(f"{counted[status]} {status}" for status in StepStatus if counted[status])
    verdict, style = ("Proved", "bold green") if rehearsal.passed else ("Not proved", "bold red")
    text = Text.assemble("\n", (verdict, style))
    text.append(f": {plural(len(rehearsal.steps), 'step')}, {parts}, in {rehearsal.seconds:.0f} s.")
    text.append(f"\n  changed   {_changed(rehearsal)}; the sandbox is gone again")
    for step in rehearsal.steps:
        mark, mark_style = _MARKS[step.status]
        text.append(f"\n  {_VERBS[step.status]:<8}  ").append(mark, mark_style)
        text.append(f" {step.title}")
    text.append("\n")
    return text.append(_next(rehearsal), style="dim")


_VERBS: Mapping[StepStatus, str] = {
    StepStatus.PASSED: "proved",
    StepStatus.FAILED: "failed",
    StepStatus.SKIPPED: "skipped",
}


def _changed(rehearsal: Rehearsal) -> str:
    parts = ", ".join(plural(count, kind) for kind, count in sorted(rehearsal.counts.items()))
    return f"{parts} on a throw-away gateway"


def _next(rehearsal: Rehearsal) -> str:
    if rehearsal.passed:
        return _NEXT
    failed = (step for step in rehearsal.steps if step.status is StepStatus.FAILED)
    first = next(failed, None)
    return f"\nLook at “{first.title}” first.\n" if first else ""


_NEXT = """
Try next:
  edit a file in gateway.d, such as the target of an alias, then
  aspire-gitops validate           find mistakes
  aspire-gitops rehearse           prove the edit before it is merged
  aspire-gitops plan               see what it changes on your gateway (docs/reference/settings.md)
"""
