"""Each way in which a gateway can fail becomes the error that says what to do next."""

import asyncio
import socket
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.gateway import GatewayClient, Retries, Tally
from aspire_gitops.state import GatewayObject, Kind, ObjectKey
from aspire_gitops.vocabulary import (
    GatewayError,
    GatewayRefused,
    GatewayRejected,
    GatewayReplyInvalid,
    GatewayUnavailable,
)
from support.fake_gateway import (
    AT_ONCE,
    Drop,
    FakeGateway,
    Fault,
    Html,
    Slow,
    Status,
    Truncated,
    run,
    using,
)

READ_FAULTS = [
    pytest.param(Drop(), GatewayUnavailable, "no answer", id="connection dropped"),
    pytest.param(Slow(5), GatewayUnavailable, "no answer from .* in 0.2 s", id="too slow"),
    pytest.param(Status(500), GatewayUnavailable, "500.*try again later", id="500"),
    pytest.param(Status(502, b"<html>"), GatewayUnavailable, "502", id="502 of a proxy, HTML"),
    pytest.param(Status(429), GatewayUnavailable, "429", id="429"),
    pytest.param(Status(401), GatewayRefused, "ASPIRE_GITOPS_ADMIN_KEY", id="401"),
    pytest.param(Status(403), GatewayRefused, "allowed_routes include /credentials", id="403"),
    pytest.param(
        Status(429, {"error": {"message": "m", "type": "budget_exceeded"}}),
        GatewayRefused,
        "remove max_budget from that key",
        id="admin key over budget",
    ),
    pytest.param(Status(400), GatewayRejected, "400 .made to fail", id="400"),
    pytest.param(Status(404, {"detail": "Not Found"}), GatewayReplyInvalid, "route", id="no route"),
    pytest.param(Status(404, b"<html>"), GatewayUnavailable, "404, and .* HTML", id="404, HTML"),
    pytest.param(Status(307), GatewayReplyInvalid, "redirect", id="redirect"),
    pytest.param(Html(), GatewayUnavailable, "HTML page", id="login page"),
    pytest.param(Truncated(), GatewayUnavailable, "not complete JSON", id="truncated"),
    pytest.param(Status(200, b"[" * 10**6), GatewayUnavailable, "JSON", id="bottomless JSON"),
    pytest.param(Status(400, b"[" * 10**6), GatewayUnavailable, "400", id="bottomless error"),
    pytest.param(Status(200, []), GatewayUnavailable, "not complete JSON", id="a list"),
    pytest.param(
        Status(200, {"credentials": [{"name": "x"}]}),
        GatewayReplyInvalid,
        "credential_name: Field required",
        id="another shape",
    ),
    pytest.param(Status(200, {"credentials": None}), GatewayReplyInvalid, "list", id="null"),
]


@pytest.mark.parametrize(("effect", "error", "says"), READ_FAULTS)
def test_a_snapshot_fails_whole_with(effect: Any, error: type[GatewayError], says: str) -> None:
    fake = FakeGateway(Fault(effect, path="^/credentials$"))
    with pytest.raises(error, match=says) as raised:
        using(fake, lambda client: client.read_snapshot(), timeout_s=patience(effect))
    assert type(raised.value.__context__) in {type(None), TimeoutError}


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        pytest.param(Drop(), GatewayUnavailable, id="dropped before"),
        pytest.param(Drop(after=True), GatewayUnavailable, id="dropped after"),
        pytest.param(Slow(5), GatewayUnavailable, id="too slow"),
        pytest.param(Status(500), GatewayUnavailable, id="500 before"),
        pytest.param(Status(503, after=True), GatewayUnavailable, id="503 after"),
        pytest.param(Status(429), GatewayUnavailable, id="429"),
        pytest.param(Status(409), GatewayRejected, id="409"),
        pytest.param(Status(403), GatewayRefused, id="403"),
    ],
)
@pytest.mark.parametrize("verb", ["create", "update", "delete"])
def test_a_failed_write_is_sent_once(effect: Any, error: type[GatewayError], verb: str) -> None:
    wanted = credential()
    fake = FakeGateway()
    if verb != "create":
        using(fake, lambda client: client.create(wanted, {}))
    fake.forget()
    fake.faults.append(Fault(effect, write=1))
    with pytest.raises(error):
        using(fake, write(verb, wanted), timeout_s=patience(effect))
    assert len(fake.writes) == 1


def test_a_lost_answer_to_a_create_left_the_object() -> None:
    fake = FakeGateway(Fault(Drop(after=True), write=1))
    with pytest.raises(GatewayUnavailable):
        using(fake, lambda client: client.create(credential(), {}))
    assert using(fake, lambda client: client.read(Kind.CREDENTIAL, "gw.p")) is not None


def test_a_write_answered_200_with_a_page_is_not_judged_by_it() -> None:
    fake = FakeGateway(Fault(Html(), write=1))
    with pytest.raises(GatewayUnavailable) as raised:
        using(fake, lambda client: client.create(credential(), {}))
    assert raised.value.foreign
    assert using(fake, lambda client: client.read(Kind.CREDENTIAL, "gw.p")) is None


@pytest.mark.parametrize(
    ("effect", "attempts"),
    [
        pytest.param(Drop(), 4, id="dropped"),
        pytest.param(Status(500), 4, id="500"),
        pytest.param(Status(429), 4, id="429"),
        pytest.param(Status(503, headers={"retry-after": "0"}), 4, id="told to come back at once"),
        pytest.param(Status(503, headers={"retry-after": "3600"}), 1, id="told to come back late"),
        pytest.param(Status(401), 1, id="401"),
        pytest.param(Status(400), 1, id="400"),
        pytest.param(Html(), 4, id="HTML"),
    ],
)
def test_a_read_is_tried(effect: Any, attempts: int) -> None:
    fake = FakeGateway(Fault(effect))
    with pytest.raises(GatewayError):
        using(fake, lambda client: client.read(Kind.CREDENTIAL, "gw.p"))
    assert len(fake.reads) == attempts


def test_a_read_that_fails_once_succeeds() -> None:
    fake = FakeGateway(Fault(Drop(), path="/credentials", times=1), Fault(Status(502), number=3))
    assert using(fake, lambda client: client.read_snapshot()).objects == ()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param("Mon, 01 Jan 2001 00:00:00 GMT", 0.0, id="a date in the past"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("-5", None, id="negative"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_wish_of_the_gateway_is_passed_on(header: str, seconds: float | None) -> None:
    fake = FakeGateway(Fault(Status(503, headers={"retry-after": header})))
    once = Retries(attempts=1)
    with pytest.raises(GatewayUnavailable) as raised:
        using(fake, lambda client: client.read_snapshot(), retries=once)
    assert raised.value.retry_after_s == seconds


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(GatewayUnavailable, match=f"no answer from {url}: All connection"):
        run(
            url,
            lambda client: client.read_snapshot(),
            admin_key=SecretStr("sk-x"),
            retries=AT_ONCE,
        )


def test_a_reply_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aspire_gitops.gateway.http.MAX_REPLY_BYTES", 1024**2)
    fake = FakeGateway(Fault(Status(200, b" " * (1024**2 + 1)), path="^/credentials$"))
    with pytest.raises(GatewayReplyInvalid, match="larger than 1 MiB"):
        using(fake, lambda client: client.read_snapshot())


def test_a_snapshot_has_a_budget_of_its_own() -> None:
    fake = FakeGateway(Fault(Slow(5), path="^/credentials$"))
    with pytest.raises(GatewayUnavailable, match=r"not read completely within 0\.05 s"):
        using(fake, lambda client: client.read_snapshot(), snapshot_timeout_s=0.05)


def test_the_first_failure_ends_the_other_reads() -> None:
    fake = FakeGateway(Fault(Status(403), path="^/credentials$"), Fault(Slow(30), path="^/key"))
    with pytest.raises(GatewayRefused):
        using(fake, lambda client: client.read_snapshot())


def test_the_observer_sees_every_attempt_and_the_answers_it_got() -> None:
    fake, tally = FakeGateway(Fault(Drop(), path="by_name", times=1)), Tally()
    using(fake, lambda client: client.read(Kind.CREDENTIAL, "gw.p"), observer=tally)
    using(fake, lambda client: client.create(credential(), {}), observer=tally)
    seen = [(each.method, each.path, each.status) for each in tally.exchanges]
    assert seen == [
        ("GET", "/credentials/by_name/{name}", None),
        ("GET", "/credentials/by_name/{name}", 404),
        ("POST", "/credentials", 200),
    ]
    assert (tally.reads, tally.writes) == (2, 1)


def test_waiting_for_a_gateway_that_comes_up() -> None:
    fake = FakeGateway(Fault(Drop(), times=2))
    using(fake, lambda client: client.wait_until_ready(within_s=10))
    assert len(fake.reads) == 3


def test_waiting_for_a_gateway_that_does_not_come_up() -> None:
    fake = FakeGateway(Fault(Status(503)))
    with pytest.raises(GatewayUnavailable, match=r"not ready within 0\.1 s"):
        using(fake, lambda client: client.wait_until_ready(within_s=0.1))


def test_proving_the_rights_changes_nothing() -> None:
    fake = FakeGateway()
    using(fake, lambda client: client.check_rights())
    assert len(fake.writes) == 11
    assert (fake.credentials.rows, fake.deployments.rows, fake.keys.rows) == ({}, {}, {})


def test_every_missing_right_is_named_at_once() -> None:
    fake = FakeGateway(Fault(Status(403), path="/key/(list|block)"))
    with pytest.raises(GatewayRefused, match="at: GET /key/list, POST /key/block; give its user"):
        using(fake, lambda client: client.check_rights())


def test_cancelling_a_read_is_not_taken_for_a_timeout() -> None:
    async def cancelled() -> None:
        fake = FakeGateway(Fault(Slow(30)))
        from support.fake_gateway import FakeTransport

        key = SecretStr(fake.admin_key)
        async with GatewayClient("http://fake.test", key, transport=FakeTransport(fake)) as client:
            task = asyncio.create_task(client.read_snapshot())
            await asyncio.sleep(0.01)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def patience(effect: Any) -> float:
    """Return a request's budget: short only where it is meant to run out."""
    return 0.2 if isinstance(effect, Slow) else 30.0


def credential() -> GatewayObject:
    fields = {"credential_values.api_base": "http://upstream.test"}
    return GatewayObject(ObjectKey(Kind.CREDENTIAL, "p"), "gw.p", fields, None, "gw.p")


def write(verb: str, wanted: GatewayObject) -> Any:
    arguments: dict[str, tuple[Any, ...]] = {
        "create": (wanted, {}),
        "update": (wanted, wanted, {}),
        "delete": (wanted,),
    }
    return lambda client: getattr(client, verb)(*arguments[verb])
