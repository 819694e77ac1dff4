"""One comment, whatever happens: against a server that answers as GitHub or GitLab does."""

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from aspire_gitops.forge import DIALECTS, ForgeName, How, Kept, Thread, keep_comment, sticky_text
from aspire_gitops.vocabulary import NotificationFailed
from support.fake_forge import BOT, TOKEN, FakeForge, fake_forge, path_of
from support.listening import Heard, Say

PLAN = sticky_text("review", "One alias moves.", longest=65_536, pointer="")
OTHER = sticky_text("review", "Two aliases move.", longest=65_536, pointer="")


@pytest.fixture
def forge() -> Iterator[FakeForge]:
    with fake_forge() as one:
        yield one


@pytest.fixture
def gitlab() -> Iterator[FakeForge]:
    with fake_forge(is_gitlab=True) as one:
        yield one


def keep(forge: FakeForge, text: str = PLAN, waits: list[float] | None = None) -> Kept:
    async def pause(seconds: float) -> None:
        (waits if waits is not None else []).append(seconds)

    name = ForgeName.GITLAB if forge.is_gitlab else ForgeName.GITHUB
    project = "platform/gateway" if forge.is_gitlab else "aspire/gateway-config"
    thread = Thread(DIALECTS[name], forge.api_url, project, 41, SecretStr(TOKEN), timeout_s=5)
    return asyncio.run(keep_comment(thread, "review", text, pause=pause))


@pytest.mark.parametrize("which", ["forge", "gitlab"])
def test_created_once_then_updated_then_left_alone(
    which: str, request: pytest.FixtureRequest
) -> None:
    forge: FakeForge = request.getfixturevalue(which)
    forge.write("Looks good to me")

    kept = [keep(forge), keep(forge, OTHER), keep(forge, OTHER)]

    assert [one.how for one in kept] == [How.CREATED, How.UPDATED, How.UNCHANGED]
    assert forge.bodies() == ["Looks good to me", OTHER]
    assert forge.writes() == ["POST", "PUT" if forge.is_gitlab else "PATCH"]


def test_ours_is_found_on_any_page(forge: FakeForge) -> None:
    for number in range(230):
        forge.write(f"Comment {number}")
    mine = forge.write(PLAN, BOT)
    forge.write("One more")

    assert keep(forge, OTHER) == Kept(How.UPDATED, mine.id)
    assert len(forge.comments) == 232


@pytest.mark.parametrize("tells_me", [True, False])
def test_a_person_who_copies_the_marker_keeps_the_comment(
    forge: FakeForge,
    tells_me: bool,  # noqa: FBT001 (a column)
) -> None:
    forge.tells_me = tells_me
    forge.write(PLAN, "mallory")

    keep(forge, OTHER)

    assert forge.bodies() == [PLAN, OTHER]


def test_a_persons_token_finds_the_persons_comment(forge: FakeForge) -> None:
    forge.me, forge.tells_me = "mia", True

    kept = [keep(forge), keep(forge, OTHER)]

    assert [one.how for one in kept] == [How.CREATED, How.UPDATED]
    assert len(forge.comments) == 1


def test_a_deleted_comment_is_written_again(forge: FakeForge) -> None:
    keep(forge)
    forge.comments.clear()

    assert keep(forge).how == How.CREATED
    assert forge.bodies() == [PLAN]


def test_of_several_the_first_is_kept_and_the_others_deleted(forge: FakeForge) -> None:
    first, _, _ = (forge.write(PLAN, BOT) for _ in range(3))

    assert keep(forge, OTHER) == Kept(How.UPDATED, first.id, removed=2)
    assert forge.bodies() == [OTHER]


def test_two_runs_at_once_leave_one_comment(forge: FakeForge) -> None:
    def another_run_is_faster(heard: Heard) -> None:
        if heard.method == "POST" and not forge.comments:
            forge.write(OTHER, BOT)

    forge.before = another_run_is_faster

    assert keep(forge).removed == 1
    assert forge.bodies() == [PLAN]


def test_a_creation_whose_answer_was_lost_is_not_repeated(forge: FakeForge) -> None:
    def lost(heard: Heard) -> Say | None:
        if heard.method == "POST" and not forge.comments:
            forge.write(heard.json["body"], BOT)
            return Say(drop=True)
        return None

    forge.before = lost
    waits: list[float] = []

    assert keep(forge, waits=waits).how == How.UNCHANGED
    assert forge.bodies() == [PLAN]
    assert waits == [2.0]


def test_a_listing_that_lags_behind_creates_no_second_one(forge: FakeForge) -> None:
    forge.lags = True

    assert keep(forge).how == How.CREATED
    assert forge.bodies() == [PLAN]


def test_one_that_is_deleted_while_we_look_is_written_again(forge: FakeForge) -> None:
    forge.write(PLAN, BOT)

    def deleted(heard: Heard) -> None:
        if heard.method == "PATCH":
            forge.comments.clear()

    forge.before = deleted

    assert keep(forge, OTHER).how == How.CREATED
    assert forge.bodies() == [OTHER]


def test_a_rate_limit_is_waited_for_as_long_as_it_asks(forge: FakeForge) -> None:
    limits = [Say(403, {"retry-after": "31"}), Say(429, {"retry-after": "7"}), Say(502)]
    forge.before = lambda heard: limits.pop() if limits and "comments" in path_of(heard) else None
    waits: list[float] = []

    assert keep(forge, waits=waits).how == How.CREATED
    assert waits == [2.0, 7.0, 31.0]


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        pytest.param(Say(401), True, "401; set a valid token", id="wrong token"),
        pytest.param(Say(404), True, "404; check the repository", id="no such pull request"),
        pytest.param(Say(403, {"retry-after": "3000"}), False, "try again later", id="long limit"),
        pytest.param(Say(500), False, "500; try again later", id="down for good"),
        pytest.param(
            Say(200, body=b"<html>"), True, "did not answer with comments", id="a web page"
        ),
        pytest.param(
            Say(200, body=b'[{"id": "x"}]'),
            True,
            "did not answer with comments",
            id="another shape",
        ),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    forge: FakeForge,
    answer: Say,
    permanent: bool,  # noqa: FBT001 (a column)
    said: str,
) -> None:
    forge.before = lambda heard: answer if "comments" in heard.path else None

    with pytest.raises(NotificationFailed, match=said) as raised:
        keep(forge)

    assert raised.value.permanent == permanent
    assert forge.comments == []


def test_a_read_only_token_is_told_apart(forge: FakeForge) -> None:
    forge.read_only = True

    with pytest.raises(NotificationFailed, match="pull-requests: write") as raised:
        keep(forge)

    assert (raised.value.permanent, raised.value.status) == (True, 403)


def test_the_token_is_in_no_message(forge: FakeForge) -> None:
    forge.before = lambda _heard: Say(400, body=b'{"message": "what is %s?"}' % TOKEN.encode())

    with pytest.raises(NotificationFailed, match="hidden") as raised:
        keep(forge)

    assert "planted" not in f"{raised.value!r} {raised.value}"
