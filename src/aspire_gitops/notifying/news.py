"""What of a turn is worth telling: what began or ended since the turn before. Pure.

A state is told when it begins and when it ends, never once for each turn that
it lasts. `comparing` tells news from what goes on, `words` makes the sentences,
and `outbox` takes the notices.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from aspire_gitops.notifying.comparing import (
    changes_of_git,
    commit_of,
    counts_of,
    has_moved,
    is_about_the_commit,
    is_held,
    is_live,
    is_same_trouble,
    new_drift,
    new_fights,
)
from aspire_gitops.notifying.words import (
    LONGEST_TITLE,
    bounded,
    brake_title,
    drift_lines,
    drift_title,
    fight_lines,
    fight_title,
    one_line,
    plan_lines,
    plural,
    release_title,
    revision_lines,
    trouble_lines,
)
from aspire_gitops.planning.plan import Plan
from aspire_gitops.reporting import Brake, Notice, Standing, Topic, Turn
from aspire_gitops.revision import Revision


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
        title=one_line(title, LONGEST_TITLE),
        lines=bounded([*revision_lines(revision), *plan_lines(plan)]),
        commit=commit_of(revision),
        gateway=plan.gateway_name,
        turn=turn,
    )


def remembered(turn: Turn, before: Turn | None) -> Turn:
    """Return what to give `notices_of` as `before` the next time.

    It is the turn, with what it could not see carried over from before: a turn
    that waits changes nothing that was told, a brake does not mend what was
    stalled, and changes count until they are told.
    """
    plan = turn.plan or (before.plan if before else None)
    if turn.standing is Standing.READY and not is_held(turn):
        return replace(turn, plan=plan, counts={})
    counts = counts_of(turn, before)
    if before is None:
        return replace(turn, plan=plan, counts=counts)
    if turn.standing is Standing.WAITING:
        return replace(before, plan=plan, counts=counts, brakes=turn.brakes)
    seen = turn if turn.plan else before
    now = replace(turn, plan=plan, counts=counts, drift=seen.drift, fights=seen.fights)
    if turn.standing is Standing.READY and before.standing is Standing.STALLED:
        return replace(now, standing=Standing.STALLED, reason=before.reason, wanted=before.wanted)
    return now


def _news(turn: Turn, before: Turn | None) -> Iterator[Notice]:
    yield from _brakes(turn, before)
    if turn.standing is Standing.STALLED and not is_same_trouble(turn, before):
        yield _trouble(turn)
    if turn.standing is Standing.READY:
        yield from _success(turn, before)
    if drift := new_drift(turn, before):
        yield _notice(turn, Topic.DRIFT, drift_title(drift), drift_lines(drift))
    if fights := new_fights(turn, before):
        yield _notice(turn, Topic.FIGHT, fight_title(fights), fight_lines(fights))


def _brakes(turn: Turn, before: Turn | None) -> Iterator[Notice]:
    known = before.brakes if before else ()
    for brake in turn.brakes:
        if brake not in known:
            yield _brake_notice(turn, brake, brake_title(brake), "begun")
    on = {brake.kind for brake in turn.brakes}
    for brake in known:
        if brake.kind not in on:
            yield _brake_notice(turn, brake, release_title(brake), "ended")


def _brake_notice(turn: Turn, brake: Brake, title: str, what: str) -> Notice:
    notice = _notice(turn, Topic.FREEZE, title, ())
    return replace(notice, id=f"{notice.id}-{brake.kind}-{what}")


def _trouble(turn: Turn) -> Notice:
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
        title=one_line(title, LONGEST_TITLE),
        lines=bounded(lines),
        commit=commit,
        turn=turn.id,
    )


def _named(revision: Revision | None) -> str:
    return revision.short if revision else "nothing"
