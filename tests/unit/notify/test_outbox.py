"""Every notice is told at least once or counted as given up, whatever a receiver does."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from aspire_gitops.notify import NoticeCounts, Outbox, RetryPolicy
from aspire_gitops.status.value import Topic
from aspire_gitops.vocabulary import NotificationFailed
from support.listening_notices import NOON, QUICK, Friend, ids, notice, put_all, run_until
from support.sample import examples


def outbox(folder: Path, *friends: Friend, pace: RetryPolicy = QUICK, most: int = 1000) -> Outbox:
    return Outbox(folder / "outbox", friends, pace=pace, most_waiting=most, clock=lambda: NOON)


def later(seconds: float | None = None) -> NotificationFailed:
    return NotificationFailed("down", retry_after_s=seconds)


def never() -> NotificationFailed:
    return NotificationFailed("no", permanent=True)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "outbox").iterdir())


def test_notices_are_told_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    friend = Friend()
    box = outbox(tmp_path, friend)
    put_all(box, [notice(n) for n in range(1, 6)])

    run_until(box)

    assert friend.ids == ids(1, 2, 3, 4, 5)
    assert box.counts == {"friend": NoticeCounts(told=5)}
    assert files(tmp_path) == []


def test_a_notice_that_comes_while_it_runs_is_told_at_once(tmp_path: Path) -> None:
    friend, stop = Friend(), asyncio.Event()
    box = outbox(tmp_path, friend)

    def putting(loop: asyncio.AbstractEventLoop) -> None:
        """A turn works in a thread of its own, and nothing else wakes the loop."""
        time.sleep(0.05)
        box.put(notice(1))
        time.sleep(0.1)
        heard.extend(friend.ids)
        loop.call_soon_threadsafe(stop.set)

    async def running() -> None:
        threading.Thread(target=putting, args=(asyncio.get_running_loop(),)).start()
        await box.run(stop)

    heard: list[str] = []
    asyncio.run(running())

    assert heard == ids(1)


def test_a_receiver_hears_only_what_it_wants(tmp_path: Path) -> None:
    picky, deaf = (
        Friend("picky", topics=frozenset({Topic.FAILED})),
        Friend("deaf", topics=frozenset()),
    )
    box = outbox(tmp_path, picky, deaf)
    put_all(box, [notice(1), notice(2, Topic.FAILED), notice(3)])

    assert box.untold == 1
    run_until(box)

    assert (picky.ids, deaf.ids) == (["t2-failed"], [])


def test_a_failed_try_is_repeated_before_the_next_notice(tmp_path: Path) -> None:
    friend = Friend(faults=[later(), later(), later()])
    box = outbox(tmp_path, friend)
    put_all(box, [notice(1), notice(2)])

    run_until(box)

    assert friend.ids == ids(1, 2)
    assert box.counts["friend"] == NoticeCounts(told=2, failed_tries=3)


def test_a_dead_receiver_holds_up_nobody_else(tmp_path: Path) -> None:
    dead, alive = Friend("dead", faults=[later()] * 10_000), Friend("alive")
    box = outbox(tmp_path, dead, alive)
    put_all(box, [notice(n) for n in range(1, 4)])

    run_until(box, lambda: len(alive.heard) == 3)

    assert dead.heard == []
    assert box.untold == 3


def test_a_receiver_that_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    hanging, alive = Friend("hanging", takes_s=60), Friend("alive")
    box = outbox(tmp_path, hanging, alive, pace=RetryPolicy(try_s=0.02, first_s=0.01, grace_s=0.1))
    put_all(box, [notice(n) for n in range(1, 4)])

    run_until(box, lambda: len(alive.heard) == 3 and hanging.tries > 1)

    assert box.counts["hanging"].failed_tries >= 1


def test_a_permanent_failure_gives_up_that_notice_and_goes_on(tmp_path: Path) -> None:
    friend = Friend(faults=[never()])
    box = outbox(tmp_path, friend)
    put_all(box, [notice(1), notice(2)])

    with capture_logs() as logs:
        run_until(box)

    assert friend.ids == ids(2)
    assert box.counts["friend"] == NoticeCounts(told=1, failed_tries=1, given_up=1)
    assert logs == [
        {
            "event": "gave up on a notice",
            "log_level": "warning",
            "receiver": "friend",
            "notice": "t1-applied",
            "why": "no",
        }
    ]


def test_the_next_notice_says_what_was_lost_and_says_it_once(tmp_path: Path) -> None:
    friend = Friend(faults=[never(), later()])
    box = outbox(tmp_path, friend)
    put_all(box, [notice(n, lines=("x",)) for n in (1, 2, 3)])

    run_until(box)

    said = "1 earlier notice could not be delivered, see the controller's log"
    assert [one.lines for one in friend.heard] == [("x", said), ("x",)]


def test_after_a_day_a_notice_is_given_up(tmp_path: Path) -> None:
    now = [NOON]
    friend = Friend(faults=[later(), later()])
    box = Outbox(tmp_path / "outbox", [friend], clock=lambda: now[0], pace=QUICK)
    box.put(notice(1))
    now[0] += timedelta(hours=24, seconds=1)
    box.put(notice(2))

    run_until(box)

    assert friend.ids == ids(2)
    assert box.counts["friend"] == NoticeCounts(told=1, failed_tries=2, given_up=1)


def test_a_notice_that_waited_too_long_is_tried_once_more(tmp_path: Path) -> None:
    """The program may have been off for days."""
    outbox(tmp_path, Friend()).put(notice(1))
    friend = Friend()
    late = Outbox(tmp_path / "outbox", [friend], clock=lambda: NOON + timedelta(days=9), pace=QUICK)

    run_until(late)

    assert friend.ids == ids(1)


def test_a_bug_in_a_receiver_is_a_failed_try_and_its_words_stay_inside(tmp_path: Path) -> None:
    friend = Friend(faults=[KeyError("planted-secret")])
    box = outbox(tmp_path, friend)
    box.put(notice(1))

    with capture_logs() as logs:
        run_until(box)

    assert friend.ids == ids(1)
    assert "KeyError" in str(logs)
    assert "planted" not in str(logs)


def test_a_restart_tells_nobody_what_they_already_heard(tmp_path: Path) -> None:
    alive, dead = Friend("alive"), Friend("dead", faults=[later()] * 10_000)
    first = outbox(tmp_path, alive, dead)
    put_all(first, [notice(n) for n in (1, 2, 3)])
    run_until(first, lambda: first.counts["alive"].told == 3)
    dead.faults.clear()

    second = outbox(tmp_path, alive, dead)
    run_until(second)

    assert alive.ids == ids(1, 2, 3)
    assert dead.ids == ids(1, 2, 3)


def test_a_newer_state_of_a_commit_replaces_the_one_that_waits(tmp_path: Path) -> None:
    forge, channel = Friend("forge", by_commit=True), Friend("channel")
    box = outbox(tmp_path, forge, channel)
    a, b = "a" * 40, "b" * 40
    put_all(
        box,
        [
            notice(1, Topic.PENDING, commit=a),
            notice(2, Topic.PENDING, commit=b),
            notice(3, Topic.APPLIED, commit=a),
        ],
    )

    run_until(box)

    assert forge.ids == ["t2-pending", "t3-applied"]
    assert channel.ids == ["t1-pending", "t2-pending", "t3-applied"]
    assert box.counts["forge"] == NoticeCounts(told=2, replaced=1)


def test_a_state_that_fails_is_replaced_while_it_is_tried_again(tmp_path: Path) -> None:
    friend = Friend(by_commit=True, faults=[later()] * 10_000)
    box = outbox(tmp_path, friend)
    box.put(notice(1))

    def put_a_newer_one() -> bool:
        if friend.tries >= 2 and box.untold == 1 and friend.faults:
            box.put(notice(2))
            friend.faults.clear()
        return box.untold == 0

    run_until(box, put_a_newer_one)

    assert friend.ids == ids(2)


def test_too_many_notices_drop_the_oldest_and_say_so(tmp_path: Path) -> None:
    friend = Friend()
    box = outbox(tmp_path, friend, most=3)

    with capture_logs() as logs:
        put_all(box, [notice(n) for n in range(1, 6)])

    assert box.untold == 3
    assert len(files(tmp_path)) == 3
    assert [(log["notice"], log["why"]) for log in logs] == [
        ("t1-applied", "more than 3 notices wait"),
        ("t2-applied", "more than 3 notices wait"),
    ]
    run_until(box)
    assert friend.ids == ids(3, 4, 5)
    assert friend.heard[0].lines[-1].startswith("2 earlier notices could not be delivered")
    assert box.counts["friend"] == NoticeCounts(told=3, given_up=2)


def test_a_smaller_bound_holds_after_a_restart_too(tmp_path: Path) -> None:
    put_all(outbox(tmp_path, Friend()), [notice(n) for n in range(1, 6)])

    box = outbox(tmp_path, Friend(), most=2)

    assert (box.untold, box.counts["friend"].given_up) == (2, 3)
    assert len(files(tmp_path)) == 2


def test_the_same_notice_put_twice_waits_once(tmp_path: Path) -> None:
    box = outbox(tmp_path, Friend())

    put_all(box, [notice(1), notice(1)])

    assert box.untold == 1


def test_a_receiver_that_is_gone_is_given_up_and_the_others_hear(tmp_path: Path) -> None:
    put_all(outbox(tmp_path, Friend("old"), Friend("kept")), [notice(1)])
    kept, new = Friend("kept"), Friend("new")

    box = outbox(tmp_path, kept, new)
    run_until(box)

    assert kept.ids == ids(1)
    assert new.ids == []  # it was nobody's when the notice came
    assert box.counts["old"] == NoticeCounts(given_up=1)
    assert files(tmp_path) == []


def test_what_a_receiver_asks_for_is_honoured_up_to_a_limit(tmp_path: Path) -> None:
    pace = RetryPolicy(first_s=0.001, longest_s=0.002, longest_wish_s=0.15)
    friend = Friend(faults=[later(1e9)])
    box = outbox(tmp_path, friend, pace=pace)
    box.put(notice(1))

    started = time.monotonic()
    run_until(box)

    assert 0.15 <= time.monotonic() - started < 2


def test_news_does_not_shorten_the_pause(tmp_path: Path) -> None:
    friend = Friend(faults=[later()] * 10_000)
    box = outbox(tmp_path, friend, pace=RetryPolicy(first_s=60, grace_s=0.1))

    async def running() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(box.run(stop))
        for number in range(1, 21):
            box.put(notice(number))
            await asyncio.sleep(0.005)
        assert friend.tries == 1
        stop.set()
        await task

    asyncio.run(running())


@pytest.mark.parametrize(
    ("failures", "wish", "jitter", "expected"),
    [
        pytest.param(1, None, 1.0, 2, id="the first"),
        pytest.param(1, None, 0.0, 1, id="the first, at its shortest"),
        pytest.param(4, None, 1.0, 16, id="doubled each time"),
        pytest.param(9, None, 1.0, 300, id="up to five minutes"),
        pytest.param(10**9, None, 0.0, 150, id="for ever"),
        pytest.param(1, 40.0, 1.0, 40, id="as asked"),
        pytest.param(9, 40.0, 1.0, 300, id="longer than asked"),
        pytest.param(1, 1e9, 1.0, 3600, id="an hour at most"),
    ],
)
def test_the_pause(failures: int, wish: float | None, jitter: float, expected: float) -> None:
    assert RetryPolicy().pause_s(failures, wish, jitter) == expected


def test_stopping_tries_once_what_waits(tmp_path: Path) -> None:
    friend = Friend(faults=[later()])
    box = outbox(tmp_path, friend, pace=RetryPolicy(first_s=60))
    put_all(box, [notice(n) for n in (1, 2, 3)])

    run_until(box, lambda: friend.tries == 1)

    assert friend.ids == ids(1, 2, 3)


def test_stopping_knocks_once_at_a_closed_door(tmp_path: Path) -> None:
    friend = Friend(faults=[later()] * 10_000)
    box = outbox(tmp_path, friend, pace=RetryPolicy(first_s=60, grace_s=0.3))
    put_all(box, [notice(n) for n in (1, 2, 3)])

    run_until(box, lambda: friend.tries == 1)

    assert friend.tries == 2


def test_stopping_takes_no_longer_than_its_grace_and_keeps_the_rest(tmp_path: Path) -> None:
    box = outbox(tmp_path, slow := Friend(takes_s=30), pace=RetryPolicy(grace_s=0.1))
    put_all(box, [notice(1), notice(2)])

    started = time.monotonic()
    run_until(box, lambda: slow.tries == 1)

    assert time.monotonic() - started < 2
    assert len(files(tmp_path)) == 2


def test_cancelling_leaves_no_task_behind(tmp_path: Path) -> None:
    box = outbox(tmp_path, Friend())

    async def cancelled() -> int:
        task = asyncio.create_task(box.run(asyncio.Event()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asyncio.run(cancelled()) == 1


def test_it_may_run_again(tmp_path: Path) -> None:
    """A controller that loses the lock stops telling, and starts again when it gets it back."""
    friend = Friend()
    box = outbox(tmp_path, friend)
    for number in (1, 2):
        box.put(notice(number))
        run_until(box)

    assert friend.ids == ids(1, 2)


def test_without_receivers_nothing_is_kept(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.put(notice(1))

    run_until(box)

    assert files(tmp_path) == []


def test_two_receivers_of_one_name_are_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same name"):
        outbox(tmp_path, Friend(), Friend())


def test_many_threads_may_put_at_once(tmp_path: Path) -> None:
    friend = Friend()
    box = outbox(tmp_path, friend)
    groups = [[notice(n) for n in range(start, start + 8)] for start in (100, 200, 300, 400)]
    threads = [threading.Thread(target=put_all, args=(box, group)) for group in groups]
    for thread in threads:
        thread.start()
    run_until(box, lambda: len(friend.heard) >= 32)
    for thread in threads:
        thread.join()

    assert sorted(friend.ids) == sorted(one.id for group in groups for one in group)


FAULTS = st.sampled_from([None, None, later(), later(0.001), never(), RuntimeError("bug")])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 4)),
        st.tuples(st.just("run"), st.integers(1, 6)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=20,
)


@settings(max_examples=examples(25), deadline=None)
@given(
    steps=STEPS,
    faults=st.lists(st.lists(FAULTS, max_size=12), min_size=2, max_size=2),
    by_commit=st.booleans(),
)
def test_every_notice_is_told_given_up_or_replaced(
    steps: list[tuple[str, int]],
    faults: list[list[NotificationFailed | Exception | None]],
    by_commit: bool,  # noqa: FBT001 (hypothesis draws it)
) -> None:
    pace = RetryPolicy(first_s=0.0001, longest_s=0.0002, longest_wish_s=0.001, grace_s=1)
    commits = random.Random(1)
    friends = [Friend("a", list(faults[0])), Friend("b", list(faults[1]), by_commit=by_commit)]
    put = 0
    with TemporaryDirectory() as folder, capture_logs():
        boxes = [outbox(Path(folder), *friends, pace=pace)]
        for step, number in steps:
            if step == "put":
                for _ in range(number):
                    put += 1
                    boxes[-1].put(notice(put, commit=commits.choice("abc") * 40))
            elif step == "run":
                run_until(boxes[-1], tried(boxes[-1], friends, number))
            else:
                boxes.append(outbox(Path(folder), *friends, pace=pace))
        run_until(boxes[-1])

    for friend in friends:
        tallies = [box.counts[friend.name] for box in boxes]
        assert sum(t.told + t.given_up + t.replaced for t in tallies) == put
        assert sum(t.told for t in tallies) == len(friend.heard)
        numbers = [int(one.turn[1:]) for one in friend.heard]
        assert numbers == sorted(set(numbers))  # in order, and none twice


def tried(box: Outbox, friends: list[Friend], times: int) -> Callable[[], bool]:
    goal = sum(friend.tries for friend in friends) + times
    return lambda: box.untold == 0 or sum(friend.tries for friend in friends) >= goal
