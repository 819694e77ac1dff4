"""A secret that went in comes out nowhere: not in an error, a repr, a log or a snapshot."""

import logging
import traceback
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from aspire_gitops.gateway.http import AdminApi
from aspire_gitops.kinds.wire import Redaction
from aspire_gitops.state import GatewayObject, Kind, ObjectKey
from aspire_gitops.vocabulary import GatewayError
from support.fake_gateway import (
    AT_ONCE,
    Drop,
    FakeGateway,
    FakeTransport,
    Fault,
    Slow,
    Status,
    run,
    using,
)

PLANTED = 'planted"secret-ü-4711'
KEY = "sk-planted-key-value-4711"
WITH_PASSWORD = "http://root:hunter2@gw.test/x/v1"
ECHOES = [
    pytest.param(
        {"error": {"message": f"bad: {PLANTED} {KEY}", "type": "x"}}, id="LiteLLM's shape"
    ),
    pytest.param({"detail": {"error": f"bad: {PLANTED!r} {KEY}"}}, id="a detail"),
    pytest.param({"detail": f"Bearer {KEY}"}, id="a header"),
    pytest.param(
        {"detail": [{"loc": ["body", "key"], "msg": "wrong", "input": PLANTED, "ctx": KEY}]},
        id="FastAPI's echo of the input",
    ),
    pytest.param([PLANTED, KEY], id="something else"),
    pytest.param(f"<html>{PLANTED} {KEY}".encode(), id="a page"),
]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("verb", ["create", "update"])
def test_no_error_repeats_a_secret_that_the_gateway_echoes(
    caplog: pytest.LogCaptureFixture, status: int, echo: Any, verb: str
) -> None:
    caplog.set_level(logging.DEBUG)
    wanted = a_credential()
    fake = FakeGateway(admin_key=KEY)
    using(fake, lambda client: client.create(wanted, {}))
    fake.faults.append(Fault(Status(status, echo), write=2))
    secrets = {"credential_values.api_key": PLANTED}
    arguments = (wanted, secrets) if verb == "create" else (wanted, wanted, secrets)
    with pytest.raises(GatewayError) as raised:
        using(fake, lambda client: getattr(client, verb)(*arguments))
    assert_clean(shown(raised.value) + caplog.text)


@pytest.mark.parametrize("effect", [Drop(), Slow(5)])
def test_no_transport_error_carries_the_request(effect: Any) -> None:
    fake = FakeGateway(Fault(effect), admin_key=KEY)
    with pytest.raises(GatewayError) as raised:
        using(fake, lambda client: client.read_snapshot(), timeout_s=0.2)
    assert_clean(shown(raised.value))


def test_the_client_shows_neither_key_nor_password() -> None:
    api = AdminApi(WITH_PASSWORD + "?api_key=1", SecretStr(KEY))
    assert_clean(repr(api) + repr(vars(api)))
    assert api.url == "http://gw.test/x/v1"


def test_a_password_in_the_url_goes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake = FakeGateway(Fault(Status(400)), admin_key=KEY)
    options = {"admin_key": SecretStr(KEY), "transport": FakeTransport(fake), "retries": AT_ONCE}
    with pytest.raises(GatewayError) as raised:
        run(WITH_PASSWORD, lambda client: client.read_snapshot(), **options)
    assert "GET http://gw.test/x/" in caplog.text
    assert_clean(shown(raised.value) + caplog.text)


def test_no_reply_of_an_unknown_shape_is_quoted() -> None:
    body = {"credentials": [{"credential_name": 5, "credential_values": PLANTED, "x": KEY}]}
    fake = FakeGateway(Fault(Status(200, body), path="^/credentials$"))
    with pytest.raises(GatewayError) as raised:
        using(fake, lambda client: client.read_snapshot())
    assert_clean(shown(raised.value))


def test_a_snapshot_holds_no_plaintext_that_others_left() -> None:
    fake = FakeGateway()
    fake.deployments.add_from_file(
        "theirs",
        "file-1",
        model="openai/x",
        api_key=KEY,
        api_base=f"https://user:{KEY}@up.test/v1?api_key=hush-hush&version=2",
        extra_headers={"x-custom": "hush-hush", "authorization": f"Bearer {KEY}"},
        vertex_private_key="hush-hush",
    )
    using(fake, lambda client: client.create(a_credential(), {"credential_values.api_key": KEY}))
    fake.keys.create(
        request(
            metadata={
                "logging": [{"callback_vars": {"langfuse_secret_key": "hush-hush"}}],
                "note": f"the key is {KEY}",
                "harmless": "stays",
            }
        )
    )
    found = using(fake, lambda client: client.read_snapshot())
    assert "hush-hush" not in repr(found)
    assert_clean(repr(found))
    fields = {path: value for item in found.objects for path, value in item.fields.items()}
    assert fields["metadata.harmless"] == "stays"
    assert (
        fields["litellm_params.api_base"]
        == "https://[hidden]@up.test/v1?api_key=[hidden]&version=2"
    )
    assert fields["credential_values.api_key"] == "sk****11"


PRINTABLE = st.characters(exclude_categories=["C"])


@given(st.lists(st.text(PRINTABLE, min_size=4), max_size=4), st.text(PRINTABLE), st.data())
def test_no_known_secret_survives_redaction(
    secrets: list[str], text: str, data: st.DataObject
) -> None:
    pieces = data.draw(st.lists(st.sampled_from([*secrets, text]), max_size=6))
    redacted = Redaction(secrets)("".join(pieces)).replace("[hidden]", "\0")
    assert not [secret for secret in secrets if secret in redacted]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("key sk-abc123def456 is", "key [hidden] is", id="shape of a key"),
        pytest.param("key sk-...3456, x", "key [hidden], x", id="the end of a key"),
        pytest.param("Bearer abcdef12345", "Bearer [hidden]", id="a header"),
        pytest.param("token " + "0a" * 32, "token [hash]", id="a hash"),
        pytest.param("task-manager-of-risk-assessment", None, id="only words"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_unasked(text: str, expected: str | None) -> None:
    assert Redaction()(text) == (expected or text)


def a_credential() -> GatewayObject:
    fields = {"credential_values.api_base": "http://upstream.test"}
    return GatewayObject(ObjectKey(Kind.CREDENTIAL, "p"), "gw.p", fields, None, "gw.p")


def request(**body: Any) -> Any:
    from support.fake_gateway import Request

    return Request("POST", "/key/generate", {"key": f"sk-{uuid4().hex}", **body})


def shown(error: BaseException) -> str:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None:
        chain.append(following)
        following = following.__cause__ or following.__context__
    texts = [f"{each!r} {each} {vars(each)}" for each in chain]
    return "\n".join(texts) + "".join(traceback.format_exception(error))


def assert_clean(text: str) -> None:
    for secret in (PLANTED, repr(PLANTED)[1:-1], KEY, "hunter2"):
        assert secret not in text
