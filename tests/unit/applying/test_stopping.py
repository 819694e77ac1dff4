"""A wish to stop: the change in hand ends, the others are not tried, and each says why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aspire_gitops.applying import Outcome, Result, Status, apply_plan
from aspire_gitops.applying.executor import Progress, Stop
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from support.fake_gateway import FakeGateway, using
from support.objects import (
    IN_TEMPORARY,
    OWNER,
    app_key,
    compiled,
    deployment,
    snapshot,
    with_intents,
)

LEAVING = "the controller is stopping"


def plan_of_keys(folder: Path, keys: int = 20) -> Plan:
    wanted = compiled(deployment(), *(app_key(f"app{n:02}") for n in range(keys)))
    return make_plan(with_intents(wanted, str(folder)), snapshot(), owner=OWNER, evidence={})


def applied_to(
    fake: FakeGateway, plan: Plan, stop: Stop, progress: Progress = lambda _: None
) -> Outcome:
    return using(
        fake,
        lambda client: apply_plan(plan, client, {}, IN_TEMPORARY, stop=stop, progress=progress),
    )


@pytest.mark.parametrize("after", [0, 1, 2, 7])
def test_what_is_left_is_skipped_with_the_reason(tmp_path: Path, after: int) -> None:
    answers = iter([None] * after + [LEAVING])
    plan, fake = plan_of_keys(tmp_path), FakeGateway()
    outcome = applied_to(fake, plan, lambda: next(answers))
    assert outcome.count(Status.APPLIED) == after
    assert {r.message for r in outcome.results if r.status is Status.SKIPPED} == {
        f"not tried: {LEAVING}"
    }
    assert len(fake.writes) == after
    assert len(outcome.results) == len(plan.changes)


def test_what_is_in_hand_is_finished_and_proved(tmp_path: Path) -> None:
    """Eight keys are written at once; the wish comes with the first of their results."""
    told: list[Result] = []
    outcome = applied_to(
        FakeGateway(),
        plan_of_keys(tmp_path),
        lambda: LEAVING if len(told) > 1 else None,
        told.append,
    )
    done = [result for result in outcome.results if result.status is Status.APPLIED]
    assert 1 < len(done) <= 1 + 8
    assert all(result.state for result in done)
    assert outcome.count(Status.FAILED) == 0


def test_a_wish_that_was_spoken_once_holds(tmp_path: Path) -> None:
    def once() -> Iterator[str | None]:
        yield LEAVING
        while True:
            yield None

    wishes = once()
    outcome = applied_to(FakeGateway(), plan_of_keys(tmp_path), lambda: next(wishes))
    assert outcome.count(Status.SKIPPED) == len(outcome.results)


def test_the_next_apply_does_the_rest(tmp_path: Path) -> None:
    answers = iter([None] * 5 + [LEAVING])
    plan, fake = plan_of_keys(tmp_path), FakeGateway()
    stopped = applied_to(fake, plan, lambda: next(answers))
    skipped = [r.change for r in stopped.results if r.status is Status.SKIPPED]
    live = using(fake, lambda client: client.read_snapshot())
    wanted = compiled(deployment(), *(app_key(f"app{n:02}") for n in range(20)))
    rest = make_plan(with_intents(wanted, str(tmp_path)), live, owner=OWNER, evidence={})
    assert [c.key for c in rest.changes] == [c.key for c in skipped]
