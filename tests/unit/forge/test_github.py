"""Commit statuses, against a server that answers as GitHub does."""

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from aspire_gitops.forge import STATES, GithubStatuses, Repository
from aspire_gitops.status.value import Topic
from aspire_gitops.vocabulary import NotificationFailed, UsageError
from support.listening import Heard, Listener, Say, listening
from support.listening_notices import COMMIT, notice, tell

TOKEN = "github_pat_planted_00000000000000"
REPOSITORY = Repository("github.com", "aspire", "gateway-config")


def as_github(heard: Heard) -> Say:
    return Say(201, body=json.dumps({"id": 1, "state": heard.json["state"]}).encode())


def says(status: int, message: str) -> Say:
    return Say(status, body=json.dumps({"message": message, "status": str(status)}).encode())


@pytest.fixture
def github() -> Iterator[Listener]:
    with listening(as_github) as one:
        yield one


def statuses(github: Listener, page: str | None = None) -> GithubStatuses:
    return GithubStatuses(REPOSITORY, SecretStr(TOKEN), api_url=github.base, status_page=page)


def test_a_status_is_set_where_github_wants_it(github: Listener) -> None:
    tell(statuses(github, "https://gitops.aspire.test/"), notice())

    (heard,) = github.heard
    assert heard.path == f"/repos/aspire/gateway-config/statuses/{COMMIT}"
    assert heard.headers["authorization"] == f"Bearer {TOKEN}"
    assert heard.headers["accept"] == "application/vnd.github+json"
    assert heard.json == {
        "state": "success",
        "context": "aspire-gitops/aspire",
        "description": "Applied 4f2c9d1: 1 changes",
        "target_url": "https://gitops.aspire.test/",
    }


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        (Topic.PENDING, "pending"),
        (Topic.APPLIED, "success"),
        (Topic.RECOVERED, "success"),
        (Topic.FAILED, "failure"),
    ],
)
def test_the_state_of_a_commit(github: Listener, topic: Topic, state: str) -> None:
    tell(statuses(github), notice(topic=topic))

    assert github.heard[0].json["state"] == state
    assert "target_url" not in github.heard[0].json


@pytest.mark.parametrize("topic", sorted(set(Topic) - set(STATES)))
def test_no_status_is_set_for(github: Listener, topic: Topic) -> None:
    assert not statuses(github).wants(notice(topic=topic))


@pytest.mark.parametrize(
    "commit", [None, "", "4f2c9d1", "main", f"{COMMIT}/../x", COMMIT.replace("4", "G"), "0" * 41]
)
def test_no_status_is_set_for_what_is_no_commit(github: Listener, commit: str | None) -> None:
    assert not statuses(github).wants(notice(commit=commit))


def test_a_quiet_notice_still_sets_a_status(github: Listener) -> None:
    assert statuses(github).wants(notice(quiet=True))


@pytest.mark.parametrize("length", [139, 140, 141, 5000])
def test_a_description_keeps_to_githubs_limit(github: Listener, length: int) -> None:
    tell(statuses(github), notice(title="x" * length))

    shown = github.heard[0].json["description"]
    assert len(shown) == min(length, 140)
    assert shown.endswith("…") == (length > 140)


def test_only_the_newest_status_of_a_commit_and_gateway_matters(github: Listener) -> None:
    receiver = statuses(github)

    first, second = notice(1, Topic.PENDING), notice(2, Topic.APPLIED)
    assert receiver.subject(first) == receiver.subject(second)
    assert receiver.subject(first) != receiver.subject(notice(commit="0" * 40))
    assert receiver.subject(first) != receiver.subject(notice(gateway="staging"))


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        pytest.param(says(401, "Bad credentials"), True, r"401 \(Bad credentials\); .*expired"),
        pytest.param(says(403, "Resource not accessible"), True, "right to write commit statuses"),
        pytest.param(says(404, "Not Found"), True, "404 .*check the repository's name"),
        pytest.param(says(422, "No commit found for SHA"), True, "No commit found for SHA"),
        pytest.param(Say(422, body=b"[" * 60_000), True, "answered 422;"),
        pytest.param(says(502, "Server Error"), False, "502 .*try again"),
        pytest.param(Say(200, body=b"<html>Log in</html>"), False, "did not answer with a status"),
        pytest.param(Say(200, body=b"[1]"), False, "did not answer with a status"),
    ],
)
def test_a_refusal_says_what_to_do(
    github: Listener,
    answer: Say,
    permanent: bool,  # noqa: FBT001 (a column of the table)
    said: str,
) -> None:
    github.answers(answer)

    with pytest.raises(NotificationFailed, match=said) as raised:
        tell(statuses(github), notice())

    assert raised.value.permanent == permanent


def test_a_renamed_repository_is_followed(github: Listener) -> None:
    moved = Say(307, {"location": "/repositories/7/statuses/x"})
    github.script = lambda heard: moved if heard.path.startswith("/repos/") else as_github(heard)

    tell(statuses(github), notice())

    assert github.heard[-1].path == "/repositories/7/statuses/x"


def test_an_api_under_a_path_is_github_enterprise(github: Listener) -> None:
    tell(GithubStatuses(REPOSITORY, SecretStr(TOKEN), api_url=f"{github.base}/api/v3/"), notice())

    assert github.heard[0].path.startswith("/api/v3/repos/aspire/")


def test_the_token_is_in_no_message_and_no_repr(github: Listener) -> None:
    github.answers(says(400, f"what is {TOKEN}?"))
    receiver = statuses(github)

    with pytest.raises(NotificationFailed, match="hidden") as raised:
        tell(receiver, notice())

    assert "planted" not in str(raised.value) + repr(receiver)


def test_a_wrong_api_url_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="the URL of GitHub"):
        GithubStatuses(REPOSITORY, SecretStr(TOKEN), api_url="api.github.com")
