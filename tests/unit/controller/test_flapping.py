"""Flapping fields: seen after three heals within the hour, healed less and less often."""

from datetime import UTC, datetime, timedelta

import pytest

from aspire_gitops.controller.drift import Heal, flapping_fields, held_back
from aspire_gitops.planning import Action, Change, FieldChange
from aspire_gitops.state import Kind, ObjectKey

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHAT = ObjectKey(Kind.DEPLOYMENT, "chat")


def heals(*minutes_ago: int, path: str = "blocked") -> list[Heal]:
    return [Heal(str(CHAT), path, NOW - timedelta(minutes=ago)) for ago in minutes_ago]


@pytest.mark.parametrize(
    ("ago", "pause_min"),
    [
        pytest.param([1, 2], None, id="twice is not flapping"),
        pytest.param([1, 30, 61], None, id="an hour ago does not count"),
        pytest.param([1, 2, 3], 1, id="three times"),
        pytest.param([1, 2, 3, 4], 2, id="four times"),
        pytest.param([1, 2, 3, 4, 5, 6], 8, id="six times"),
        pytest.param(list(range(1, 31)), 60, id="thirty times: an hour at most"),
        pytest.param([-5, -4, -3], None, id="the clock was set back"),
    ],
)
def test_when_it_is_healed_again(ago: list[int], pause_min: int | None) -> None:
    on = flapping_fields(heals(*ago), NOW)
    expected = (
        [] if pause_min is None else [NOW - timedelta(minutes=1) + timedelta(minutes=pause_min)]
    )
    assert [flap.heals_again_at for flap in on] == expected


def test_two_fields_are_two_stories() -> None:
    assert flapping_fields([*heals(1, 2), *heals(3, 4, path="litellm_params.model")], NOW) == ()


def change(key: ObjectKey, *paths: str) -> Change:
    return Change(Action.UPDATE, key, tuple(FieldChange(path, 1, 2) for path in paths))


def test_only_a_change_of_the_field_that_is_fought_over_is_held_back() -> None:
    on = flapping_fields(heals(0, 1, 2, 3), NOW)
    same, other = change(CHAT, "blocked", "x"), change(CHAT, "y")
    assert list(held_back([same, other], on, NOW)) == [same]


def test_a_credential_is_never_held_back() -> None:
    key = ObjectKey(Kind.CREDENTIAL, "acme")
    on = flapping_fields([Heal(str(key), "a", NOW)] * 5, NOW)
    assert on
    assert list(held_back([change(key, "a")], on, NOW)) == []
