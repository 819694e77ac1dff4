"""What a program is told, and how it can know that it was us."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from aspire_gitops.notify import WebhookReceiver
from aspire_gitops.status.value import Topic
from aspire_gitops.vocabulary import NotificationFailed, UsageError
from support.listening import Listener, Say, listening
from support.listening_notices import COMMIT, notice, tell

SECRET = SecretStr("planted-signing-secret")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as one:
        yield one


def test_a_notice_is_told_in_version_2(listener: Listener) -> None:
    tell(WebhookReceiver(listener.url()), notice(lines=("one", "two"), topic=Topic.DRIFT))

    assert listener.heard[0].json == {
        "format": "aspire-gitops/notice",
        "version": 2,
        "id": "t1-drift",
        "topic": "drift",
        "at": "2026-11-23T12:00:00+00:00",
        "title": "Applied 4f2c9d1: 1 changes",
        "lines": ["one", "two"],
        "commit": COMMIT,
        "gateway": "aspire",
        "turn": "t1",
        "quiet": False,
    }


def test_the_signature_covers_the_time_and_the_body(listener: Listener) -> None:
    tell(WebhookReceiver(listener.url(), SECRET, clock=lambda: 1_795_435_200.9), notice())

    (heard,) = listener.heard
    covered = b"1795435200." + heard.body
    expected = hmac.new(b"planted-signing-secret", covered, hashlib.sha256).hexdigest()
    assert heard.headers["x-aspire-gitops-timestamp"] == "1795435200"
    assert heard.headers["x-aspire-gitops-signature-256"] == f"sha256={expected}"


def test_without_a_secret_nothing_is_signed(listener: Listener) -> None:
    tell(WebhookReceiver(listener.url()), notice())

    assert not [name for name in listener.heard[0].headers if "signature" in name]


@pytest.mark.parametrize(
    ("given", "header"),
    [
        pytest.param("t1-applied", "t1-applied", id="as it is"),
        pytest.param("20261123T120000Z.7-applied", "20261123T120000Z.7-applied", id="a time"),
        pytest.param("t1\r\nX-Evil: 1", "t1%0D%0AX-Evil:%201", id="a line break"),
        pytest.param("tür", "t%C3%BCr", id="not ASCII"),
        pytest.param("t\ud83d", "t%3F", id="not even Unicode"),
    ],
)
def test_the_id_is_a_header_so_that_a_second_copy_can_be_dropped(
    listener: Listener, given: str, header: str
) -> None:
    tell(WebhookReceiver(listener.url()), replace(notice(), id=given))

    assert listener.heard[0].headers["x-aspire-gitops-notice"] == header
    assert "x-evil" not in listener.heard[0].headers


def test_only_chosen_topics_are_wanted(listener: Listener) -> None:
    receiver = WebhookReceiver(listener.url(), topics=frozenset({Topic.FAILED}))

    assert [topic for topic in Topic if receiver.wants(notice(topic=topic))] == [Topic.FAILED]


def test_pending_is_not_wanted_unless_asked_for(listener: Listener) -> None:
    receiver = WebhookReceiver(listener.url())

    assert [t for t in Topic if not receiver.wants(notice(topic=t))] == [Topic.PENDING]


def test_text_that_is_no_unicode_is_told_all_the_same(listener: Listener) -> None:
    tell(WebhookReceiver(listener.url()), notice(lines=("half a pair: \ud83d",)))

    assert listener.heard[0].json["lines"] == ["half a pair: ?"]


def test_no_secret_is_in_a_message_or_a_repr(listener: Listener) -> None:
    listener.answers(Say(404, body=b"Cannot POST /planted-path planted-signing-secret"))
    receiver = WebhookReceiver(listener.url("/planted-path?k=planted"), SECRET)

    with pytest.raises(NotificationFailed) as raised:
        tell(receiver, notice())

    assert raised.value.permanent
    assert "planted" not in str(raised.value) + repr(receiver)


def test_a_wrong_url_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="the URL of the webhook"):
        WebhookReceiver(SecretStr("planted"))
