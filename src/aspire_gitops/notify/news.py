"""Which notices a turn causes: for what began or ended since the turn before. Pure.

A state is announced when it begins and when it ends, never once for each turn that it
lasts. `wording` makes the sentences, and `outbox` takes the notices.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from aspire_gitops.notify.wording import (
    LONGEST_TITLE,
    bounded,
    drift_lines,
    drift_title,
    flapping_lines,
    flapping_title,
    hold_title,
    plan_lines,
    release_title,
    revision_lines,
    trouble_lines,
)
from aspire_gitops.planning import Plan
from aspire_gitops.spend import zone
from aspire_gitops.status.value import (
    Drifted,
    FlappingField,
    Hold,
    HoldKind,
    Notice,
    Standing,
    Topic,
    Turn,
)
from aspire_gitops.vocabulary import Revision, plural, short_line


def is_about_the_commit(turn: Turn) -> bool:
    """Say whether the newest commit is at fault: it was judged or planned, and is not live."""
    judged = turn.plan is not None or any(found.is_error for found in turn.diagnostics)
    live = commit_of(turn.wanted) is not None and is_live(turn)
    return turn.blames_commit and turn.wanted is not None and judged and not live


def is_same_trouble(turn: Turn, before: Turn | None) -> bool:
    """Say whether a stalled turn only goes on where the one before was stalled."""
    if before is None or before.standing is not Standing.STALLED:
        return False
    if turn.is_overdue and before.is_overdue:
        return True  # one wait, whatever each look says
    return _same(before.wanted, turn.wanted) and _gist(before) == _gist(turn)


def _gist(turn: Turn) -> str:
    # Numbers, and what was done all the same, change while the trouble stays the same.
    return re.sub(r"\d+", "#", turn.problem or turn.reason)


def is_live(turn: Turn) -> bool:
    """Say whether what git wants is what was applied last."""
    # A folder has no commit to compare; there a ready turn is all that can be known.
    return turn.wanted is not None and _same(turn.wanted, turn.applied)


def has_moved(turn: Turn, before: Turn | None) -> bool:
    """Say whether another revision is live than before, or may be.

    A controller that was killed does not know whether it told the end of what
    it had begun, so its first turn at rest counts as a move.
    """
    if commit_of(turn.applied):
        known = before is not None and before.standing is not Standing.WAITING
        return not (before and known and _same(before.applied, turn.applied))
    return changes_of_git(turn, before) > 0


def changes_of_git(turn: Turn, before: Turn | None) -> int:
    """Return how many changes were applied since the last turn at rest; 0 if only drift healed."""
    changes = turn.plan.changes if turn.plan else ()
    if changes and all(change.is_drift for change in changes):
        return 0
    return counts_of(turn, before).get("applied", 0)


def is_held(turn: Turn) -> bool:
    """Say whether a hold forbids writing. A revert is a hold that allows it."""
    return any(hold.kind is not HoldKind.REVERT for hold in turn.holds)


def counts_of(turn: Turn, before: Turn | None) -> dict[str, int]:
    """Return how changes ended since the last turn at rest."""
    return dict(Counter(before.counts if before else {}) + Counter(turn.counts))


def new_drift(turn: Turn, before: Turn | None) -> list[Drifted]:
    """Return the drift that was not there before. A flapping field is told as such instead."""
    known = {(one.object, one.fields) for one in before.drift} if before else set()
    fought = {(flap.object, flap.path) for flap in turn.flapping}
    return [
        one
        for one in turn.drift
        if (one.object, one.fields) not in known
        and not all((one.object, path) in fought for path in one.fields or ("",))
    ]


def new_flapping(turn: Turn, before: Turn | None) -> list[FlappingField]:
    """Return the fields that did not flap before."""
    known = {(flap.object, flap.path) for flap in before.flapping} if before else set()
    return [flap for flap in turn.flapping if (flap.object, flap.path) not in known]


def _same(one: Revision | None, other: Revision | None) -> bool:
    # Author and subject may have been lost on the way through the journal.
    return commit_of(one) == commit_of(other) if commit_of(one) else str(one) == str(other)


def commit_of(revision: Revision | None) -> str | None:
    """Return the commit that a status may be set on: not one that a folder has changes beside."""
    return revision.commit if revision and not revision.dirty else None


def notices_of(turn: Turn, before: Turn | None, *, gateway: str = "") -> tuple[Notice, ...]:
    """Return what to tell of a turn.

    Args:
        turn: The turn that just ended.
        before: What `remembered` returned for the turn before. Without it,
            whatever is so counts as having begun now.
        gateway: Its name. Without it, the one in the plan of either turn.
    """
    plan = turn.plan or (before.plan if before else None)
    name = gateway or (plan.gateway_name if plan else "")
    return tuple(replace(notice, gateway=name) for notice in _news(turn, before))


def pending_notice(plan: Plan, revision: Revision, *, turn: str, at: datetime) -> Notice:
    """Return that a revision is about to be applied. `turn` is the id of the turn in hand."""
    title = f"Applying {revision.short}: {plural(len(plan.changes), 'change')}"
    return Notice(
        id=f"{turn}-{Topic.PENDING}",
        topic=Topic.PENDING,
        at=at,
        title=short_line(title, LONGEST_TITLE),
        lines=bounded([*revision_lines(revision), *plan_lines(plan)]),
        commit=commit_of(revision),
        gateway=plan.gateway_name,
        turn=turn,
    )


def remembered(turn: Turn, before: Turn | None) -> Turn:
    """Return what to give `notices_of` as `before` the next time.

    It is the turn, with what it could not see carried over from before: a turn
    that waits changes nothing that was told, a hold does not fix what was
    stalled, and changes count until they are told.
    """
    plan = turn.plan or (before.plan if before else None)
    if turn.standing is Standing.READY and not is_held(turn):
        return replace(turn, plan=plan, counts={})
    counts = counts_of(turn, before)
    if before is None:
        return replace(turn, plan=plan, counts=counts)
    if turn.standing is Standing.WAITING:
        return replace(before, plan=plan, counts=counts, holds=turn.holds)
    seen = turn if turn.plan else before
    now = replace(turn, plan=plan, counts=counts, drift=seen.drift, flapping=seen.flapping)
    if turn.standing is Standing.READY and before.standing is Standing.STALLED:
        return replace(
            now,
            standing=Standing.STALLED,
            reason=before.reason,
            problem=before.problem,
            wanted=before.wanted,
        )
    return now


def _news(turn: Turn, before: Turn | None) -> Iterator[Notice]:
    yield from _holds(turn, before)
    if turn.standing is Standing.STALLED and not is_same_trouble(turn, before):
        yield _trouble(turn)
    if turn.standing is Standing.READY:
        yield from _success(turn, before)
    there = zone(turn.timezone)
    if drift := new_drift(turn, before):
        yield _notice(turn, Topic.DRIFT, drift_title(drift), drift_lines(drift, there))
    if flapping := new_flapping(turn, before):
        yield _notice(
            turn, Topic.FLAPPING, flapping_title(flapping), flapping_lines(flapping, there)
        )


def _holds(turn: Turn, before: Turn | None) -> Iterator[Notice]:
    known, there = before.holds if before else (), zone(turn.timezone)
    for hold in turn.holds:
        if hold not in known:
            yield _hold_notice(turn, hold, hold_title(hold, there), "begun")
    on = {hold.kind for hold in turn.holds}
    for hold in known:
        if hold.kind not in on:
            yield _hold_notice(turn, hold, release_title(hold, there), "ended")


def _hold_notice(turn: Turn, hold: Hold, title: str, what: str) -> Notice:
    notice = _notice(turn, Topic.FREEZE, title, ())
    return replace(notice, id=f"{notice.id}-{hold.kind}-{what}")


def _trouble(turn: Turn) -> Notice:
    if turn.needs_restart:
        lines = [*trouble_lines(turn), *revision_lines(turn.wanted)]
        title, commit = f"Restart needed: {turn.problem}", commit_of(turn.wanted)
        return _notice(turn, Topic.RESTART, title, lines, commit=commit)
    if not is_about_the_commit(turn):
        return _notice(turn, Topic.STALLED, f"Stalled: {turn.reason}", trouble_lines(turn))
    title = f"Could not apply {_named(turn.wanted)}: {turn.reason}"
    lines = [*trouble_lines(turn), *revision_lines(turn.wanted)]
    return _notice(turn, Topic.FAILED, title, lines, commit=commit_of(turn.wanted))


def _success(turn: Turn, before: Turn | None) -> Iterator[Notice]:
    if is_held(turn) or not is_live(turn):
        return
    commit = commit_of(turn.applied)
    count = changes_of_git(turn, before)
    applied = has_moved(turn, before)
    if applied:
        done = plural(count, "change") if count else "nothing to change"
        title = f"Applied {_named(turn.applied)}: {done}"
        lines = [*revision_lines(turn.applied), *plan_lines(turn.plan)]
        notice = _notice(turn, Topic.APPLIED, title, lines, commit=commit)
        yield replace(notice, quiet=count == 0)
    if before and before.standing is Standing.STALLED:
        notice = _notice(turn, Topic.RECOVERED, f"Recovered: {turn.reason}", (), commit=commit)
        yield replace(notice, quiet=applied and count > 0)


def _notice(
    turn: Turn, topic: Topic, title: str, lines: Iterable[str], *, commit: str | None = None
) -> Notice:
    return Notice(
        id=f"{turn.id}-{topic}",
        topic=topic,
        at=turn.started_at + timedelta(seconds=turn.duration_s),
        title=short_line(title, LONGEST_TITLE),
        lines=bounded(lines),
        commit=commit,
        turn=turn.id,
    )


def _named(revision: Revision | None) -> str:
    return revision.short if revision else "nothing"
