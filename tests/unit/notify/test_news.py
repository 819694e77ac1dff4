"""What is told of a story of turns: beginnings and ends, each once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aspire_gitops.notify import notices_of, pending_notice, remembered
from aspire_gitops.planning import Action, Cause, Refusal
from aspire_gitops.status.value import Answer, DriftKind, Notice, Topic, Turn
from aspire_gitops.vocabulary import Revision, Rule
from support.listening_notices import NOON
from support.listening_turns import (
    FREEZE,
    MISTAKE,
    REVERT,
    SUSPEND,
    A,
    B,
    applied,
    drifted,
    flap,
    plan,
    stalled,
    turn,
    waiting,
)

BAD: dict[str, Any] = {"wanted": B, "applied": A, "plan": plan(), "diagnostics": (MISTAKE,)}
ONE = drifted("deployment/one")
TWO = drifted("deployment/two")
HEALED: dict[str, Any] = {"plan": plan(Action.UPDATE, cause=Cause.DRIFT), "counts": {"applied": 1}}
FOLDER = Revision("gateway.d")


AT_REST = remembered(turn(0), None)


def told(*story: Turn, before: Turn | None = AT_REST) -> list[Notice]:
    """Return what is told of turns that follow each other."""
    found: list[Notice] = []
    for one in story:
        found += notices_of(one, before)
        before = remembered(one, before)
    return found


def shown(notices: list[Notice]) -> str:
    return ", ".join(f"{n.turn} {n.topic}{' (quiet)' * n.quiet}" for n in notices)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        pytest.param([turn(1), turn(2)], "", id="at rest"),
        pytest.param([waiting(1), waiting(2), turn(3)], "", id="what passes by itself"),
        pytest.param([applied(1, B), turn(2, wanted=B, applied=B)], "t1 applied", id="applied"),
        pytest.param(
            [applied(1, B, 0)], "t1 applied (quiet)", id="a commit that changes nothing there"
        ),
        pytest.param(
            [applied(1, B), applied(2, A, 0)],
            "t1 applied, t2 applied (quiet)",
            id="changes are counted for one commit only",
        ),
        pytest.param(
            [stalled(1, plan=plan(), applied=Revision("main", A.commit))],
            "t1 stalled",
            id="a revision whose author the journal has lost",
        ),
        pytest.param(
            [
                waiting(1, wanted=B, counts={"applied": 1, "failed": 1}),
                applied(2, B, 0),
                applied(3, A, 0),
            ],
            "t2 applied, t3 applied (quiet)",
            id="applied over two turns",
        ),
        pytest.param(
            [stalled(n, **BAD) for n in (1, 2, 3)], "t1 failed", id="a bad commit, three turns"
        ),
        pytest.param(
            [
                stalled(1, "3 failed; healed it", problem="3 failed", **BAD),
                stalled(2, "2 failed", problem="2 failed", **BAD),
            ],
            "t1 failed",
            id="the same trouble in other numbers",
        ),
        pytest.param(
            [stalled(1, "the gateway said: no; ask Bob"), stalled(2, "the gateway said: no; wait")],
            "t1 stalled, t2 stalled",
            id="others' words are never cut at a semicolon",
        ),
        pytest.param(
            [stalled(1, **BAD), waiting(2), stalled(3, **BAD)],
            "t1 failed",
            id="a bad commit, git away in between",
        ),
        pytest.param(
            [stalled(1, **BAD), stalled(2, **(BAD | {"wanted": replace(B, commit="c" * 40)}))],
            "t1 failed, t2 failed",
            id="one bad commit after another",
        ),
        pytest.param(
            [stalled(1, "one", **BAD), stalled(2, "another", **BAD)],
            "t1 failed, t2 failed",
            id="the same commit, another reason",
        ),
        pytest.param(
            [stalled(1, **BAD), applied(2, replace(B, commit="c" * 40))],
            "t1 failed, t2 applied, t2 recovered (quiet)",
            id="fixed by a commit",
        ),
        pytest.param(
            [stalled(1, **BAD), turn(2)], "t1 failed, t2 recovered", id="fixed by a force-push"
        ),
        pytest.param([stalled(1), stalled(2)], "t1 stalled", id="stalled, two turns"),
        pytest.param(
            [stalled(1), waiting(2), turn(3), stalled(4)],
            "t1 stalled, t3 recovered, t4 stalled",
            id="stalled again",
        ),
        pytest.param(
            [stalled(1), turn(2, holds=(FREEZE,)), turn(3)],
            "t1 stalled, t2 freeze, t3 freeze, t3 recovered",
            id="a hold fixes nothing",
        ),
        pytest.param(
            [turn(1, drift=(ONE,), **HEALED), turn(2), turn(3, drift=(ONE,), **HEALED)],
            "t1 drift, t3 drift",
            id="drift, healed, drift again",
        ),
        pytest.param(
            [turn(n, drift=(ONE,)) for n in (1, 2, 3)], "t1 drift", id="drift only reported"
        ),
        pytest.param(
            [turn(1, drift=(ONE,)), waiting(2), turn(3, drift=(ONE,))],
            "t1 drift",
            id="drift, not seen for a turn",
        ),
        pytest.param(
            [turn(1, drift=(ONE,)), stalled(2), stalled(3), turn(4, drift=(ONE,))],
            "t1 drift, t2 stalled, t4 recovered",
            id="drift, not seen while stalled",
        ),
        pytest.param(
            [turn(1, drift=(ONE, TWO)), turn(2, drift=(ONE,)), turn(3, drift=(ONE, TWO))],
            "t1 drift, t3 drift",
            id="drift on one of them comes back",
        ),
        pytest.param(
            [
                turn(1, flapping=(flap(),), drift=(drifted(),)),
                turn(2, flapping=(flap(),), drift=(drifted(answer=Answer.HELD),)),
            ],
            "t1 fight",
            id="a flapping field, its drift not told beside it",
        ),
        pytest.param(
            [turn(1, flapping=(flap(),)), turn(2), turn(3, flapping=(flap(),))],
            "t1 fight, t3 fight",
            id="a field that flaps again",
        ),
        pytest.param(
            [turn(1, holds=(FREEZE,)), waiting(2, holds=(FREEZE,)), waiting(3), turn(4)],
            "t1 freeze, t3 freeze",
            id="a freeze begins and ends",
        ),
        pytest.param(
            [turn(1, holds=(FREEZE,)), turn(2, holds=(replace(FREEZE, owner="eve"),))],
            "t1 freeze, t2 freeze",
            id="a freeze is prolonged by another",
        ),
        pytest.param(
            [turn(1, holds=(FREEZE,), wanted=B, plan=plan(Action.UPDATE))],
            "t1 freeze",
            id="a commit that waits for a freeze",
        ),
        pytest.param(
            [applied(1, B), applied(2, A, holds=(REVERT,))],
            "t1 applied, t2 freeze, t2 applied",
            id="a revert",
        ),
    ],
)
def test_the_story_of(story: list[Turn], expected: str) -> None:
    notices = told(*story)

    assert shown(notices) == expected
    assert len({notice.id for notice in notices}) == len(notices)
    assert {notice.gateway for notice in notices} <= {"aspire"}


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        pytest.param([turn(1), turn(2)], "t1 applied (quiet)", id="killed before it could say so"),
        pytest.param([waiting(1), turn(2)], "t2 applied (quiet)", id="the same after a wait"),
        pytest.param([applied(1, B)], "t1 applied", id="its first revision"),
        pytest.param(
            [turn(1, drift=(ONE,), **HEALED)], "t1 applied (quiet), t1 drift", id="drift, healed"
        ),
        pytest.param([stalled(1)], "t1 stalled", id="stalled"),
        pytest.param([turn(1, holds=(FREEZE,))], "t1 freeze", id="frozen"),
        pytest.param([turn(1, wanted=FOLDER, applied=FOLDER)], "", id="a watched folder"),
    ],
)
def test_the_first_turns_of_a_controller_tell(story: list[Turn], expected: str) -> None:
    assert shown(told(*story, before=None)) == expected


@pytest.mark.parametrize(
    ("at_fault", "topic"),
    [
        pytest.param(BAD | {"plan": None}, Topic.FAILED, id="files with mistakes"),
        pytest.param(
            {"wanted": B, "plan": plan(Action.UPDATE), "failures": ("key/a: no",)},
            Topic.FAILED,
            id="a change that failed",
        ),
        pytest.param({"wanted": B, "plan": plan()}, Topic.FAILED, id="a secret that is missing"),
        pytest.param({"wanted": B}, Topic.STALLED, id="the gateway refused our key"),
        pytest.param({"wanted": None, "plan": plan()}, Topic.STALLED, id="git refused our key"),
        pytest.param({"plan": plan(Action.UPDATE)}, Topic.STALLED, id="drift that cannot heal"),
        pytest.param(
            {"wanted": FOLDER, "applied": FOLDER, "diagnostics": (MISTAKE,)},
            Topic.FAILED,
            id="mistakes in a watched folder",
        ),
    ],
)
def test_a_commit_is_blamed_only_for_its_own_faults(at_fault: dict[str, Any], topic: Topic) -> None:
    (notice,) = told(stalled(1, **at_fault))

    assert notice.topic is topic
    blamed = topic is Topic.FAILED and at_fault["wanted"] is B
    assert notice.commit == (B.commit if blamed else None)


def test_a_folder_with_changes_beside_its_commit_blames_no_commit() -> None:
    (notice,) = told(stalled(1, **(BAD | {"wanted": replace(B, dirty=True)})))

    assert notice.topic is Topic.FAILED
    assert notice.commit is None


def test_a_watched_folder_is_told_when_it_changes_the_gateway() -> None:
    story = [applied(1, FOLDER), turn(2, wanted=FOLDER, applied=FOLDER)]

    assert [notice.id for notice in told(*story)] == ["t1-applied"]


def test_what_was_applied_is_told_with_its_author() -> None:
    (notice,) = told(applied(1, replace(B, approvers=("Cy",))))

    assert notice == Notice(
        id="t1-applied",
        topic=Topic.APPLIED,
        at=NOON + timedelta(minutes=1, seconds=1),
        title="Applied main@bbbbbbb: 2 changes",
        lines=(
            'commit: "Mend it"',
            "author: Bob",
            "approved by: Cy",
            "update deployment/qwen",
            "update deployment/qwen",
        ),
        commit="b" * 40,
        gateway="aspire",
        turn="t1",
    )


def test_a_commit_that_changes_nothing_says_so() -> None:
    (notice,) = told(applied(1, B, 0))

    assert notice.title == "Applied main@bbbbbbb: nothing to change"


def test_a_failure_is_told_with_the_way_out_and_every_mistake() -> None:
    refusal = Refusal(Rule("AG503", "too-many"), "key/shop", "6 deletions", "approve them")
    failed = stalled(
        1,
        "3 problems in the reviewed files",
        help="push a commit that fixes them",
        failures=("key/blog.main: no room",),
        **(BAD | {"plan": plan(refusals=(refusal,))}),
    )

    (notice,) = told(failed)

    assert notice.title == "Could not apply main@bbbbbbb: 3 problems in the reviewed files"
    assert notice.lines == (
        "what to do: push a commit that fixes them",
        "gateway.d/a.yaml:7:13: AG201 provider unknown",
        "key/shop: AG503 6 deletions",
        "key/blog.main: no room",
        'commit: "Mend it"',
        "author: Bob",
    )


@pytest.mark.parametrize(
    ("one", "title", "line"),
    [
        pytest.param(
            turn(1, drift=(replace(ONE, by="eve", since=NOON), TWO)),
            "Drift on 2 objects: healed",
            "deployment/one was changed on the gateway, outside of git, by eve"
            " at 2026-11-23 12:00 UTC (healed): litellm_params.model",
            id="drift",
        ),
        pytest.param(
            turn(
                1, drift=(replace(ONE, fields=(), answer=Answer.REPORTED, kind=DriftKind.DELETED),)
            ),
            "Drift on 1 object: only reported",
            "deployment/one was deleted on the gateway, outside of git (only reported)",
            id="an object that is gone",
        ),
        pytest.param(
            turn(1, flapping=(flap(),)),
            "Somebody keeps changing 1 field back; healing slows down",
            "deployment/qwen litellm_params.model: 3 times within the hour; "
            "healed again after 2026-11-23 12:01 UTC",
            id="a flapping field",
        ),
        pytest.param(
            turn(1, holds=(FREEZE,)),
            "Frozen by ada until 2026-11-23 14:00 UTC: quarter end",
            None,
            id="frozen",
        ),
        pytest.param(
            turn(1, holds=(SUSPEND,)), "Suspended by bob: looking into it", None, id="suspended"
        ),
        pytest.param(
            turn(1, holds=(REVERT,)),
            "Held at aaaaaaa by ada until 2026-11-23 13:00 UTC: B is slow",
            None,
            id="held",
        ),
    ],
)
def test_the_words_of(one: Turn, title: str, line: str | None) -> None:
    (notice,) = told(one)

    assert notice.title == title
    assert next(iter(notice.lines), None) == line


def test_the_end_of_a_hold_names_who_put_it_on() -> None:
    *_, ended = told(turn(1, holds=(FREEZE,)), turn(2))

    assert ended.id == "t2-freeze-freeze-ended"
    assert ended.title == (
        "The freeze is over (ada put it on at 2026-11-23 12:00 UTC: quarter end)"
    )


def test_two_holds_in_one_turn_are_two_notices() -> None:
    notices = told(turn(1, holds=(SUSPEND,)), turn(2, holds=(FREEZE,)))

    assert [notice.id for notice in notices] == [
        "t1-freeze-suspend-begun",
        "t2-freeze-freeze-begun",
        "t2-freeze-suspend-ended",
    ]


def test_what_is_about_to_be_applied_is_pending_on_its_commit() -> None:
    notice = pending_notice(plan(Action.CREATE), A, turn="t9", at=NOON)

    assert notice == Notice(
        id="t9-pending",
        topic=Topic.PENDING,
        at=NOON,
        title="Applying main@aaaaaaa: 1 change",
        lines=(
            'commit: "Swap qwen"',
            "author: Ada",
            "approved by: Bob",
            "create deployment/qwen",
        ),
        commit="a" * 40,
        gateway="aspire",
        turn="t9",
    )


def test_the_name_of_the_gateway_outlives_a_turn_without_a_plan() -> None:
    (notice,) = told(waiting(1), stalled(2))

    assert notice.gateway == "aspire"
    assert notices_of(stalled(1), None)[0].gateway == ""
    assert notices_of(stalled(1), None, gateway="given")[0].gateway == "given"


def test_what_others_wrote_is_one_short_line_in_which_nothing_acts() -> None:
    hostile = "Fix\x1b[2J\n\n\u202eevil <!channel> " + "x" * 5000
    (notice,) = told(applied(1, replace(B, subject=hostile, author="A\r\nB", reference="m\x07")))

    assert notice.title == "Applied m\\x07@bbbbbbb: 2 changes"
    assert notice.lines[0].startswith('commit: "Fix\\x1b[2J \\u202eevil <!channel> xxx')
    assert len(notice.lines[0]) == 300
    assert notice.lines[1] == "author: A B"


def test_many_lines_end_with_how_many_more_there_were() -> None:
    (notice,) = told(applied(1, Revision("main", "b" * 40), 100))

    assert len(notice.lines) == 20
    assert notice.lines[-1] == "and 81 more"


def test_times_in_notices_are_those_of_the_gateways_people() -> None:
    one = replace(ONE, since=NOON, first_seen=NOON)
    story = turn(1, drift=(one,), holds=(FREEZE,), flapping=(flap(),), timezone="Australia/Sydney")
    said = " ".join(f"{n.title} {' '.join(n.lines)}" for n in notices_of(story, None))
    assert "UTC" not in said
    for there in (
        "Frozen by ada until 2026-11-24 01:00 AEDT",
        "at 2026-11-23 23:00 AEDT, first seen 2026-11-23 23:00 AEDT",
        "healed again after 2026-11-23 23:01 AEDT",
    ):
        assert there in said
