"""A rehearsal in words: what is going to be tried, each step, and what to do next."""

from collections import Counter
from collections.abc import Mapping

from rich.text import Text

from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus
from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.plan.words import plural, revision_text
from aspire_gitops.state import Compiled, Kind

_MARKS: Mapping[StepStatus, tuple[str, str]] = {
    StepStatus.PASSED: ("✓", "bold green"),
    StepStatus.FAILED: ("✗", "bold red"),
    StepStatus.SKIPPED: ("○", "yellow"),
}


def opening_text(compiled: Compiled) -> Text:
    """Say what is rehearsed."""
    counts = Counter(key.kind for key in compiled.objects)
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
  aspire-gitops validate           say what is wrong with it
  aspire-gitops rehearse           prove the edit, before anybody meets it
  aspire-gitops plan               see what it changes on your gateway (docs/reference/settings.md)
"""
