"""Compare a turn with the one before: what is new, what goes on, who is at fault. Pure."""

import re
from collections import Counter

from aspire_gitops.reporting import BrakeKind, Drifted, Fight, Standing, Turn
from aspire_gitops.revision import Revision


def is_about_the_commit(turn: Turn) -> bool:
    """Say whether the newest commit is at fault: it was judged or planned, and is not live."""
    judged = turn.plan is not None or any(found.is_error for found in turn.diagnostics)
    live = commit_of(turn.wanted) is not None and is_live(turn)
    return turn.wanted is not None and judged and not live


def is_same_trouble(turn: Turn, before: Turn | None) -> bool:
    """Say whether a stalled turn only goes on where the one before was stalled."""
    if before is None or before.standing is not Standing.STALLED:
        return False
    return _same(before.wanted, turn.wanted) and _gist(before) == _gist(turn)


def _gist(turn: Turn) -> str:
    # Numbers and what follows the first sentence change while the trouble stays the same.
    return re.sub(r"\d+", "#", turn.reason.partition("; ")[0])


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
    """Say whether a brake keeps us from writing. A revert is a brake, and writes."""
    return any(brake.kind is not BrakeKind.REVERT for brake in turn.brakes)


def counts_of(turn: Turn, before: Turn | None) -> dict[str, int]:
    """Return how changes ended since the last turn at rest."""
    return dict(Counter(before.counts if before else {}) + Counter(turn.counts))


def new_drift(turn: Turn, before: Turn | None) -> list[Drifted]:
    """Return the drift that was not there before. What is fought over is told as a fight."""
    known = {(one.object, one.fields) for one in before.drift} if before else set()
    fought = {(fight.object, fight.path) for fight in turn.fights}
    return [
        one
        for one in turn.drift
        if (one.object, one.fields) not in known
        and not all((one.object, path) in fought for path in one.fields or ("",))
    ]


def new_fights(turn: Turn, before: Turn | None) -> list[Fight]:
    """Return the fights that were not on before."""
    known = {(fight.object, fight.path) for fight in before.fights} if before else set()
    return [fight for fight in turn.fights if (fight.object, fight.path) not in known]


def _same(one: Revision | None, other: Revision | None) -> bool:
    # Author and subject may have been lost on the way through the journal.
    return commit_of(one) == commit_of(other) if commit_of(one) else str(one) == str(other)


def commit_of(revision: Revision | None) -> str | None:
    """Return the commit that a status may be set on: not one that a folder has changes beside."""
    return revision.commit if revision and not revision.dirty else None
