"""One request to somebody else: bounded, told apart by what to do next, and it keeps its secrets."""

import asyncio
import logging
import ssl
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from aspire_gitops.vocabulary import NotificationFailed, UsageError
from aspire_gitops.web import MAX_REPLY_BYTES, Destination, Method, asked_pause_s, post_json, send
from support.certificates import new_certificate
from support.listening import Listener, Say, dead_port, listening

SECRET_PATH = "/services/T0PLANTED/B0PLANTED/x7Q-planted"
TOKEN = "ghp_planted0000000000000000000000000000"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as one:
        yield one


def post(url: str, timeout_s: float = 5.0, place: Destination | None = None) -> bytes:
    place = place or Destination("the webhook", SecretStr(url))
    body = b'{"hello": "there"}'
    return asyncio.run(post_json(place, body, bearer=SecretStr(TOKEN), timeout_s=timeout_s))


def failure(
    url: str, timeout_s: float = 5.0, place: Destination | None = None
) -> NotificationFailed:
    with pytest.raises(NotificationFailed) as raised:
        post(url, timeout_s, place)
    return raised.value


def test_what_was_posted_arrives_as_json_with_the_token(listener: Listener) -> None:
    assert post(listener.base + "/x?y=1") == b"ok"

    (heard,) = listener.heard
    assert heard.path == "/x?y=1"
    assert heard.json == {"hello": "there"}
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["user-agent"] == "aspire-gitops"
    assert heard.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("say", "permanent", "retry_after", "says"),
    [
        pytest.param(Say(400), True, None, "answered 400; check its URL", id="400"),
        pytest.param(Say(401), True, None, "answered 401", id="401"),
        pytest.param(Say(403), True, None, "answered 403", id="403"),
        pytest.param(Say(404), True, None, "answered 404", id="404"),
        pytest.param(Say(410), True, None, "answered 410", id="410"),
        pytest.param(Say(422), True, None, "answered 422", id="422"),
        pytest.param(
            Say(302, {"location": "/login"}), True, None, "redirect leads to", id="redirect"
        ),
        pytest.param(Say(304), True, None, "answered 304", id="304"),
        pytest.param(Say(307), True, None, "redirect leads to", id="redirect to nowhere"),
        pytest.param(Say(408), False, None, "408; try again", id="408"),
        pytest.param(Say(425), False, None, "425; try again", id="425"),
        pytest.param(Say(429, {"retry-after": "7"}), False, 7, "429", id="429 with a wish"),
        pytest.param(Say(403, {"retry-after": "9"}), False, 9, "403", id="GitHub's second limit"),
        pytest.param(
            Say(403, body=b'{"message": "You have exceeded a secondary rate limit"}'),
            False,
            60,
            "403",
            id="a limit in words alone",
        ),
        pytest.param(Say(500), False, None, "500; try again", id="500"),
        pytest.param(Say(503, {"retry-after": "2"}), False, 2, "503", id="503 with a wish"),
        pytest.param(Say(503, {"retry-after": "soon"}), False, None, "503", id="a wish unread"),
        pytest.param(Say(drop=True), False, None, "connection broke", id="hung up"),
        pytest.param(Say(raw=b"\0\1\2 garbage\r\n\r\n"), False, None, "broke", id="garbage"),
        pytest.param(Say(raw=b"HTTP/1.1 200 OK\r\n"), False, None, "broke", id="half an answer"),
        pytest.param(
            Say(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000), False, None, "broke", id="header"
        ),
    ],
)
def test_an_answer_says_whether_to_try_again(
    listener: Listener,
    say: Say,
    permanent: bool,  # noqa: FBT001 (a column of the table)
    retry_after: float | None,
    says: str,
) -> None:
    listener.answers(say)

    error = failure(listener.base + SECRET_PATH)

    assert says in str(error)
    assert (error.permanent, error.retry_after_s) == (permanent, retry_after)
    assert "planted" not in str(error)
    assert error.__context__ is None


def test_githubs_spent_rate_limit_is_waited_for(listener: Listener) -> None:
    reset = str(int(time.time()) + 100)
    listener.answers(Say(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}))

    error = failure(listener.base)

    assert not error.permanent
    assert 95 < (error.retry_after_s or 0) <= 100


def test_nobody_there_is_tried_again() -> None:
    error = failure(f"http://127.0.0.1:{dead_port()}{SECRET_PATH}")

    assert not error.permanent
    assert "was not reached" in str(error)
    assert "planted" not in str(error)


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    error = failure(f"http://nobody.invalid{SECRET_PATH}")

    assert not error.permanent
    assert "the webhook at nobody.invalid was not reached" in str(error)


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(Say(wait_s=30), id="before the answer"),
        pytest.param(Say(200, {"content-length": "9"}, b"half", hold_s=30), id="within it"),
    ],
)
def test_a_server_that_hangs_is_given_up_in_time(listener: Listener, say: Say) -> None:
    listener.answers(say)

    started = time.monotonic()
    error = failure(listener.base, timeout_s=0.2)

    assert time.monotonic() - started < 2
    assert "no answer in 0.2 s" in str(error)
    assert not error.permanent


def test_an_answer_without_end_is_not_read_to_its_end(listener: Listener) -> None:
    listener.answers(Say(200, {"content-length": "99999999"}, b"x" * 10_000_000, hold_s=30))

    assert len(post(listener.base)) == MAX_REPLY_BYTES


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_within_the_same_server_is_followed(listener: Listener, status: int) -> None:
    moved = Say(status, {"location": "/repositories/1"})
    listener.script = lambda heard: moved if heard.path == "/repos/old" else Say(201)

    post(listener.base + "/repos/old")

    assert [heard.path for heard in listener.heard] == ["/repos/old", "/repositories/1"]
    assert listener.heard[1].json == {"hello": "there"}


def test_a_redirect_never_carries_the_token_to_another_server(listener: Listener) -> None:
    with listening() as thief:
        listener.answers(Say(307, {"location": thief.base + "/steal"}))

        error = failure(listener.base + SECRET_PATH)

    assert error.permanent
    assert thief.heard == []


def test_redirects_in_a_circle_end(listener: Listener) -> None:
    listener.answers(Say(307, {"location": "/again"}))

    assert failure(listener.base).permanent
    assert len(listener.heard) == 3


def test_a_reply_is_repeated_only_as_far_as_its_receiver_allows(listener: Listener) -> None:
    listener.answers(Say(404, body=b"Cannot POST " + SECRET_PATH.encode() + b"\n\x1b[2J no_team"))
    place = Destination("Slack", listener.url(SECRET_PATH), excerpt=lambda body: body[-7:].decode())

    assert "planted" not in str(failure(listener.base + SECRET_PATH))
    assert "answered 404 (no_team)" in str(failure("", place=place))


def test_advice_ends_the_message(listener: Listener) -> None:
    listener.answers(Say(401))
    place = Destination("GitHub", listener.url(), help_by_status={401: "renew the token"})

    assert str(failure("", place=place)).endswith("answered 401; renew the token")


@pytest.mark.parametrize(
    "url",
    ["", "hooks.slack.com/x", "ftp://x/planted", "https://", "http://a b/", "http://x:99999/",
     "https://[planted", "http://x/\nplanted"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError, match="the URL of Slack is not") as raised:
        Destination("Slack", SecretStr(url))

    assert "planted" not in str(raised.value)


def test_a_place_shows_its_host_and_no_more() -> None:
    place = Destination(
        "Slack", SecretStr(f"https://user:planted@hooks.slack.com:444{SECRET_PATH}")
    )

    assert str(place) == "Slack at hooks.slack.com:444"
    assert "lanted" not in repr(place)


def test_no_log_shows_the_url_or_the_token(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """httpx writes each URL at level INFO."""
    caplog.set_level(logging.DEBUG)

    post(listener.base + SECRET_PATH)

    assert "PLANTED" not in caplog.text.upper()


def test_others_may_still_log_their_requests(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    logging.getLogger("httpx").info("HTTP Request: of somebody else")

    assert "of somebody else" in caplog.text


def test_a_proxy_of_the_environment_is_told_the_host_of_an_https_url_alone(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", listener.base)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    error = failure(f"https://hooks.example{SECRET_PATH}")

    assert not error.permanent
    (heard,) = listener.heard
    assert heard.path == "hooks.example:443"
    assert "planted" not in str(heard).lower()


@pytest.mark.parametrize("url", ["http://hooks.invalid", "http://127.0.0.1:1"])
def test_a_proxy_sees_nothing_of_plain_http(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, listener.base)

    failure(url + SECRET_PATH)

    assert listener.heard == []


def test_a_proxy_setting_that_cannot_be_used_does_not_show_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:planted@proxy.example")

    error = failure("https://hooks.example/x")

    assert "cannot be used" in str(error)
    assert "planted" not in str(error)


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """A server whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(new_certificate(tmp_path / "certificate.pem"))
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_port: int) -> None:
    error = failure(f"https://localhost:{tls_port}{SECRET_PATH}")

    assert "certificate verify failed" in str(error)
    assert "planted" not in str(error)


def test_a_wish_may_be_a_date() -> None:
    wish = asked_pause_s({"retry-after": formatdate(time.time() + 60, usegmt=True)})

    assert wish is not None
    assert 55 < wish <= 60


def test_a_date_without_a_zone_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as far_east:
        far_east.setenv("TZ", "Australia/Sydney")
        time.tzset()
        wish = asked_pause_s({"retry-after": formatdate(time.time() + 60)})
    time.tzset()

    assert wish is not None
    assert 55 < wish <= 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("-1", None),
        ("1e9", None),
        ("٣", None),
        ("", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
    ],
)
def test_a_wish_in_any_spelling(text: str, seconds: float | None) -> None:
    assert asked_pause_s({"retry-after": text}) == seconds


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_wish_can_break_us(wish: str, reset: str) -> None:
    seconds = asked_pause_s(
        {"retry-after": wish, "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    )

    assert seconds is None or seconds >= 0


def ask(method: Method, url: str, body: bytes | None = None, max_bytes: int = 100) -> bytes:
    place = Destination("the forge", SecretStr(url))
    return asyncio.run(send(method, place, body, timeout_s=5, max_bytes=max_bytes))


@pytest.mark.parametrize("method", list(Method))
def test_a_request_of_any_method_arrives(listener: Listener, method: Method) -> None:
    assert ask(method, listener.base + "/x?page=2") == b"ok"

    (heard,) = listener.heard
    assert (heard.method, heard.path) == (method, "/x?page=2")


@pytest.mark.parametrize(
    ("method", "status", "followed"),
    [
        (Method.GET, 301, True),
        (Method.GET, 302, True),
        (Method.GET, 308, True),
        (Method.PATCH, 307, True),
        (Method.PATCH, 301, False),
        (Method.DELETE, 302, False),
    ],
)
def test_a_redirect_is_followed_if_the_method_stays(
    listener: Listener,
    method: Method,
    status: int,
    followed: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    listener.answers(Say(status, {"location": "/there"}), Say())

    if followed:
        assert ask(method, listener.base) == b"ok"
    else:
        with pytest.raises(NotificationFailed, match="set the URL that this redirect leads to"):
            ask(method, listener.base)


def test_a_page_is_read_as_far_as_the_caller_says(listener: Listener) -> None:
    listener.answers(Say(body=b"x" * 300_000))

    assert len(ask(Method.GET, listener.base, max_bytes=200_000)) == 200_000


def test_an_error_says_what_was_answered(listener: Listener) -> None:
    listener.answers(Say(403))

    with pytest.raises(NotificationFailed) as raised:
        ask(Method.GET, listener.base)

    assert raised.value.status == 403
