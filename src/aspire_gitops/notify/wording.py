"""The sentences and lines of a notice. Pure.

What others wrote (a commit's subject, a reason for a freeze, a name on the
gateway) becomes one short line in which nothing acts. `news` decides what is
worth a notice.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from aspire_gitops.planning import Plan
from aspire_gitops.status.value import Answer, Drifted, FlappingField, Hold, HoldKind, Turn
from aspire_gitops.status.wording import DRIFT_WORDS
from aspire_gitops.vocabulary import UNSET, Revision, moment_text, plural, short_line

LONGEST_TITLE = 300
LONGEST_LINE = 300
MOST_LINES = 20
_ANSWERS = {
    Answer.HEALED: "healed",
    Answer.REPORTED: "only reported",
    Answer.HELD: "left alone, because somebody keeps changing it back",
    Answer.FAILED: "could not be healed",
}
_ON_HOLD = {
    HoldKind.SUSPEND: "Suspended",
    HoldKind.FREEZE: "Frozen",
    HoldKind.REVERT: "Held at {commit}",
}
_RELEASED = {
    HoldKind.SUSPEND: "Resumed",
    HoldKind.FREEZE: "The freeze is over",
    HoldKind.REVERT: "The branch is followed again",
}


def bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """Return at most `MOST_LINES` lines, each short; the last says how many more there were."""
    found = [short_line(line, LONGEST_LINE) for line in lines if line.strip()]
    if len(found) <= MOST_LINES:
        return tuple(found)
    return (*found[: MOST_LINES - 1], f"and {len(found) - MOST_LINES + 1} more")


def revision_lines(revision: Revision | None) -> Iterator[str]:
    """Yield what the commit says, who wrote it and who approved it."""
    if revision is None:
        return
    if revision.subject:
        yield f'commit: "{revision.subject}"'
    if revision.author:
        yield f"author: {revision.author}"
    if revision.approvers:
        yield f"approved by: {', '.join(revision.approvers)}"


def plan_lines(plan: Plan | None) -> Iterator[str]:
    """Yield each change by its action and object; never a value."""
    for change in plan.changes if plan else ():
        yield f"{change.action} {change.key}"


def trouble_lines(turn: Turn) -> Iterator[str]:
    """Yield what to do, and each mistake: diagnostics, refusals, failed changes."""
    if turn.help:
        yield f"what to do: {turn.help}"
    for found in turn.diagnostics:
        if found.is_error:
            yield f"{found.span}: {found.rule.code} {found.message}"
    for refusal in turn.plan.refusals if turn.plan else ():
        yield f"{refusal.object}: {refusal.rule.code} {refusal.message}"
    yield from turn.failures


def drift_title(drift: Sequence[Drifted]) -> str:
    """Return how many objects drifted, and what was done about it."""
    answers = dict.fromkeys(_ANSWERS[one.answer] for one in drift)
    return f"Drift on {plural(len(drift), 'object')}: {', '.join(answers)}"


def drift_lines(drift: Iterable[Drifted], there: tzinfo | None) -> Iterator[str]:
    """Yield each object, what git says and what the gateway had, and by whom, as far as known."""
    for one in drift:
        moved = [f"{m.path} {m.git or UNSET} → {m.live or UNSET}" for m in one.moved]
        fields = f": {', '.join(moved or one.fields)}" if one.fields else ""
        by = f", by {one.by}" if one.by else ""
        since = f" at {moment_text(one.since, there)}" if one.since else ""
        seen = f", first seen {moment_text(one.first_seen, there)}" if one.first_seen else ""
        told = f"{DRIFT_WORDS[one.kind]}{by}{since}{seen}"
        yield f"{one.object} {told} ({_ANSWERS[one.answer]}){fields}"


def flapping_title(flapping: Sequence[FlappingField]) -> str:
    """Return that somebody keeps changing fields back."""
    return f"Somebody keeps changing {plural(len(flapping), 'field')} back; healing slows down"


def flapping_lines(flapping: Iterable[FlappingField], there: tzinfo | None) -> Iterator[str]:
    """Yield each field, how often it was changed back, and when it is healed again."""
    for flap in flapping:
        where = f"{flap.object} {flap.path}".strip()
        again = moment_text(flap.heals_again_at, there)
        yield f"{where}: {flap.times} times within the hour; healed again after {again}"


def hold_title(hold: Hold, there: tzinfo | None) -> str:
    """Return who put a hold on, until when and why."""
    until = f" until {moment_text(hold.until, there)}" if hold.until else ""
    what = _ON_HOLD[hold.kind].format(commit=(hold.commit or "")[:7])
    return f"{what} by {hold.owner}{until}: {hold.reason}"


def release_title(hold: Hold, there: tzinfo | None) -> str:
    """Return that a hold has ended."""
    put_on = f"{hold.owner} put it on at {moment_text(hold.since, there)}: {hold.reason}"
    return f"{_RELEASED[hold.kind]} ({put_on})"
