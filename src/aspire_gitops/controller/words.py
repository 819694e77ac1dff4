"""The sentences that a turn ends with. Pure."""

from collections.abc import Sequence
from datetime import datetime

from aspire_gitops.applying import Outcome, Status
from aspire_gitops.controller.problems import Problem
from aspire_gitops.planning.plan import Plan
from aspire_gitops.reporting import Answer, Brake, BrakeKind, Drifted, Standing
from aspire_gitops.revision import Revision


def at_rest(revision: Revision, drift: Sequence[Drifted]) -> str:
    """Return the sentence of a turn that had nothing to write."""
    left = [one for one in drift if one.answer is not Answer.HEALED]
    if not left:
        return f"the gateway is as {revision.short} says"
    held = sum(one.answer is Answer.HELD for one in left)
    why = "healing rests because somebody keeps changing it back" if held else "only reported"
    return f"the gateway is as {revision.short} says but for drift on {objects(len(left))}, {why}"


def after_applying(revision: Revision, outcome: Outcome, drift: Sequence[Drifted]) -> str:
    """Return the sentence of a turn that wrote."""
    done = outcome.count(Status.APPLIED)
    mended = sum(one.answer is Answer.HEALED for one in drift)
    if mended and mended == done:
        return f"healed drift on {objects(mended)}; the gateway is as {revision.short} says"
    return f"applied {revision.short} with {changes(done)}"


def braked(brakes: Sequence[Brake], plan: Plan) -> str:
    """Return the sentence of a turn that a brake kept from writing."""
    return f"{' and '.join(map(_brake, brakes))}; {_waiting(plan)}"


def held(brakes: Sequence[Brake], sentence: str) -> str:
    """Return a turn's sentence, with the revert that it obeyed, if there is one."""
    holds = [_brake(brake) for brake in brakes if brake.kind is BrakeKind.REVERT]
    return "; ".join([*holds, sentence]) if sentence else ""


def refused(plan: Plan, revision: Revision) -> Problem:
    """Return why a plan must not be applied, with the way out of its first refusal."""
    first, *others = plan.refusals
    more = f" (and {len(others)} more)" if others else ""
    reason = f"the plan of {revision.short} is refused: {first.rule.code} {first.message}{more}"
    return Problem(Standing.STALLED, reason, first.help)


def not_now(why: str, plan: Plan) -> str:
    """Return the sentence of a turn that may not write for another reason."""
    return f"{_waiting(plan)}: {why}"


def changes(count: int) -> str:
    return f"{count} change{'' if count == 1 else 's'}"


def objects(count: int) -> str:
    return f"{count} object{'' if count == 1 else 's'}"


def clock(moment: datetime) -> str:
    """Return a time for a sentence, in UTC: people read it anywhere."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _waiting(plan: Plan) -> str:
    if not plan.changes:
        return "nothing waits"
    return f"{changes(len(plan.changes))} {'waits' if len(plan.changes) == 1 else 'wait'}"


def _brake(brake: Brake) -> str:
    words = {
        BrakeKind.SUSPEND: "suspended",
        BrakeKind.FREEZE: "frozen",
        BrakeKind.REVERT: f"held at {(brake.commit or '')[:7]}",
    }
    until = f" until {clock(brake.until)}" if brake.until else ""
    return f"{words[brake.kind]} by {brake.owner}{until} ({brake.reason})"
