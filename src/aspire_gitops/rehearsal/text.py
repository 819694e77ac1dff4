"""A rehearsal in words: what is going to be tried, each step, and what to do next."""

from collections import Counter
from collections.abc import Mapping

from rich.text import Text

from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus
from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.plan_words import plural
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
    title.append(f" at {one_line(str(compiled.revision))}\n")
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
    """Return the verdict and what to do next."""
    counted = Counter(step.status for step in rehearsal.steps)
    parts = ", ".join(f"{counted[status]} {status}" for status in StepStatus if counted[status])
    verdict, style = ("Proved", "bold green") if rehearsal.passed else ("Not proved", "bold red")
    text = Text.assemble("\n", (verdict, style))
    text.append(f": {parts}, in {rehearsal.seconds:.0f} s. The sandbox is gone again.\n")
    if rehearsal.passed:
        return text.append(_NEXT, style="dim")
    failed = next(step for step in rehearsal.steps if step.status is not StepStatus.PASSED)
    return text.append(f"Look at the step “{failed.title}” first.\n", style="dim")


_NEXT = """\
Try next:
  edit a file in gateway.d, then      aspire-gitops validate
  see what it would change            aspire-gitops plan
  point the gateway's settings at it  docs/settings.md
"""
