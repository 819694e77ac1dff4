"""Stop apply at every single write, in every way: the next apply ends where an undisturbed one ends."""

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from aspire_gitops.applying import Status as ResultStatus
from aspire_ledger.canonical import JsonValue
from support.busy_change import SECRETS, Story
from support.fake_gateway import Drop, Fault, Kill, Request, Status, serving

EXPECTED_WRITES = 16
"""How many writes the change takes. A constant, so that positions can be test ids."""


AT_ONCE_AT_MOST = 8
"""Keys are written so many at a time; deployments one by one."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, JsonValue]:
    story = Story(tmp_path_factory.mktemp("undisturbed"))
    outcome = story.apply()
    assert outcome.ok, outcome
    assert len(story.fake.writes) == EXPECTED_WRITES
    story.check_finished(story.end_state())
    return story.end_state()


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_the_change_needs_every_kind_of_write(story: Story) -> None:
    assert [f"{c.action} {c.key}" for c in story.plan().changes] == [
        "update credential/acme",
        "create credential/gamma",
        "create deployment/brand-new",
        "update deployment/chat",
        "replace deployment/fast",
        "adopt deployment/hand-made",
        "adopt key/news.legacy",
        "create key/news.news",
        "update key/shop.shop",
        "delete key/blog.spare",
        "delete deployment/retired",
        "delete credential/old",
    ]


WIRE_FAULTS = {
    "connection lost before the effect": Drop(),
    "connection lost after the effect": Drop(after=True),
    "500 before the effect": Status(500),
    "500 after the effect": Status(500, after=True),
    "429 before the effect": Status(429),
}


@pytest.mark.slow
@pytest.mark.parametrize("write", range(1, EXPECTED_WRITES + 1))
@pytest.mark.parametrize("effect", WIRE_FAULTS.values(), ids=WIRE_FAULTS.keys())
def test_a_fault_at_any_write(
    story: Story, undisturbed: Mapping[str, JsonValue], write: int, effect: Drop | Status
) -> None:
    with story.fake.failing(Fault(effect, write=write)):
        first = story.apply()
    assert len(first.results) == 12, "every planned change has a result"
    assert story.apply().ok
    story.check_finished(undisturbed)


class GoneFrom(Fault):
    """From one write on, every request ends without an answer, reads included."""

    def strikes(self, request: Request, number: int, write: int) -> bool:  # noqa: ARG002  # the signature of Fault
        return self.write is not None and write >= self.write


@pytest.mark.slow
@pytest.mark.parametrize("write", range(1, EXPECTED_WRITES + 1))
def test_a_gateway_that_goes_away_at_any_write(
    story: Story, undisturbed: Mapping[str, JsonValue], write: int
) -> None:
    with story.fake.failing(GoneFrom(Drop(), write=write)):
        first = story.apply()
    tried_in_vain = first.count(ResultStatus.FAILED)
    assert 1 <= tried_in_vain <= AT_ONCE_AT_MOST, (
        "the rest is not tried, one time-out after another"
    )
    assert (
        first.count(ResultStatus.SKIPPED) + first.count(ResultStatus.APPLIED) == 12 - tried_in_vain
    )
    assert story.apply().ok
    story.check_finished(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("write", range(1, EXPECTED_WRITES + 1))
def test_kill_dash_nine_at_any_write(
    story: Story, undisturbed: Mapping[str, JsonValue], write: int, *, after: bool
) -> None:
    with serving(story.fake) as url:
        process = story.start(url)
        with story.fake.failing(Fault(Kill(process.pid, after=after), write=write)):
            output, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, output.decode()
        assert not any(secret.encode() in output for secret in SECRETS.values())
        again = story.start(url)
        output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output.decode()
    story.check_finished(undisturbed)


def test_one_bad_object_does_not_stop_the_rest(story: Story) -> None:
    with story.fake.failing(Fault(Status(400), path="/model/new")):
        outcome = story.apply()
    failed = {str(r.change.key) for r in outcome.results if r.status is ResultStatus.FAILED}
    skipped = {str(r.change.key) for r in outcome.results if r.status is ResultStatus.SKIPPED}
    assert failed == {"deployment/brand-new", "deployment/fast", "deployment/hand-made"}
    assert skipped == {"credential/old"}, "a deployment may not have moved away from it"
    assert outcome.count(ResultStatus.APPLIED) == 12 - 4
    assert story.apply().ok
