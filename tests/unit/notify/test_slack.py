"""What people read in a channel, whatever others wrote into a commit."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from aspire_gitops.notify import SlackReceiver
from aspire_gitops.notify.slack import message
from aspire_gitops.status.value import Notice, Topic
from aspire_gitops.vocabulary import NotificationFailed, UsageError
from support.listening import Listener, Say, listening
from support.listening_notices import NOON, notice, tell

SECRET_PATH = "/services/T0PLANTED/B0PLANTED/planted"


@pytest.fixture
def slack() -> Iterator[Listener]:
    with listening() as one:
        yield one


def texts(told: Notice) -> list[str]:
    """Return every text of the message: Mattermost's one, and those of Slack's blocks."""
    shown: Any = message(told)
    return [shown["text"], *(block["text"]["text"] for block in shown["blocks"])]


def test_a_message_says_the_same_to_slack_and_to_mattermost(slack: Listener) -> None:
    tell(
        SlackReceiver(slack.url(), status_page="https://gitops.aspire.test/"),
        notice(lines=("a: 1", "b: 2")),
    )

    told = slack.heard[0].json
    assert told["text"] == (
        ":white_check_mark: *aspire: Applied 4f2c9d1: 1 changes*\n"
        "```\na: 1\nb: 2\n```\nhttps://gitops.aspire.test/"
    )
    assert "\n".join(block["text"]["text"] for block in told["blocks"]) == told["text"]
    assert {block["type"] for block in told["blocks"]} == {"section"}
    assert all(block["text"]["verbatim"] for block in told["blocks"])


def test_a_notice_without_details_is_one_line() -> None:
    assert texts(notice()) == [":white_check_mark: *aspire: Applied 4f2c9d1: 1 changes*"] * 2


@pytest.mark.parametrize("topic", list(Topic))
def test_every_topic_has_a_sign(topic: Topic) -> None:
    assert texts(notice(topic=topic))[0].startswith(":")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("<!channel> now", "&lt;!channel&gt; now", id="Slack's call"),
        pytest.param("a & b &lt;", "a &amp; b &amp;lt;", id="escapes"),
        pytest.param("@channel and @all", "@\u200bchannel and @\u200ball", id="Mattermost's call"),
        pytest.param("ada@aspire.group", "ada@aspire.group", id="an address"),
        pytest.param("[log in](http://x)", "[log in]\u200b(http://x)", id="a link"),
        pytest.param("*bold* `code`", "'bold' 'code'", id="marks"),
    ],
)
def test_a_title_is_shown_and_does_nothing(written: str, shown: str) -> None:
    assert texts(notice(title=written))[1] == f":white_check_mark: *aspire: {shown}*"


def test_details_cannot_leave_their_code_block() -> None:
    text = texts(notice(lines=("```", "@all [x](http://y) <!here>")))[2]

    assert text == "```\n'''\n@all [x](http://y) &lt;!here&gt;\n```"


@given(st.text(max_size=900), st.lists(st.text(max_size=900), max_size=12))
def test_no_text_passes_slacks_limits_or_breaks_an_escape(title: str, lines: list[str]) -> None:
    for text in texts(Notice("i", Topic.FAILED, NOON, title, tuple(lines)))[1:]:
        assert len(text) <= 3000
        assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", text)
        assert text.count("`") in {0, 6}


def test_what_is_long_is_cut_and_says_so() -> None:
    _, title, details = texts(notice(title="&" * 1000, lines=("&" * 5000,)))

    assert title.endswith("&amp;…*")
    assert details.endswith("&amp;…\n```")


def test_only_chosen_topics_are_wanted_and_nothing_quiet(slack: Listener) -> None:
    receiver = SlackReceiver(slack.url(), topics=frozenset({Topic.FAILED, Topic.APPLIED}))

    wanted = [topic for topic in Topic if receiver.wants(notice(topic=topic))]
    assert wanted == [Topic.APPLIED, Topic.FAILED]
    assert not receiver.wants(notice(quiet=True))


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        pytest.param(Say(400, body=b"invalid_blocks"), True, r"400 \(invalid_blocks\)"),
        pytest.param(Say(404, body=b"no_service"), True, r"\(no_service\); create a new webhook"),
        pytest.param(
            Say(410, body=b"channel_is_archived"), True, "create a webhook for another channel"
        ),
        pytest.param(Say(404, body=SECRET_PATH.encode()), True, r"answered 404; "),
        pytest.param(Say(429, {"retry-after": "30"}), False, "429; try again"),
        pytest.param(Say(500, body=b"rollup_error"), False, r"500 \(rollup_error\)"),
        pytest.param(Say(200, body=b" <!doctype html>"), False, "a web page"),
    ],
)
def test_a_refusal_says_why_and_never_where(
    slack: Listener,
    answer: Say,
    permanent: bool,  # noqa: FBT001 (a column of the table)
    said: str,
) -> None:
    slack.answers(answer)
    receiver = SlackReceiver(slack.url(SECRET_PATH))

    with pytest.raises(NotificationFailed, match=said) as raised:
        tell(receiver, notice())

    assert raised.value.permanent == permanent
    assert "PLANTED" not in (str(raised.value) + repr(receiver)).upper()


def test_a_wrong_url_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="the URL of Slack"):
        SlackReceiver(SecretStr("hooks.slack.com/services/planted"))
