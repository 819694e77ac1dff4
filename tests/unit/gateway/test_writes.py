"""Single writes: what is sent, what is cleaned up, what is left alone."""

import signal
import subprocess
import sys

import httpx
import pytest

from aspire_gitops.state import GatewayObject, Kind, ObjectKey
from aspire_gitops.vocabulary import GatewayRejected, GatewayUnavailable
from support.fake_gateway import Drop, FakeGateway, Fault, Kill, Status, serving, using


def deployment(model: str = "openai/x") -> GatewayObject:
    fields = {"litellm_params.model": model}
    return GatewayObject(ObjectKey(Kind.DEPLOYMENT, "a"), "a", fields, None, "gw.a.1")


def test_a_row_that_is_stored_but_not_served_is_removed_so_that_the_next_create_can_work() -> None:
    fake = FakeGateway()
    with pytest.raises(GatewayUnavailable, match="not live"):
        using(fake, lambda client: client.create(deployment("nosuch/x"), {}))
    assert fake.deployments.rows == {}
    using(fake, lambda client: client.create(deployment(), {}))
    assert fake.deployments.live == {"gw.a.1"}


def test_a_row_left_by_an_interrupted_run_is_removed_too() -> None:
    fake = FakeGateway(Fault(Drop(after=True), write=1))
    with pytest.raises(GatewayUnavailable):
        using(fake, lambda client: client.create(deployment("nosuch/x"), {}))
    assert set(fake.deployments.rows) == {"gw.a.1"}  # no answer: nothing is known, nothing touched
    with pytest.raises(GatewayUnavailable, match="500"):
        using(fake, lambda client: client.create(deployment(), {}))
    using(fake, lambda client: client.create(deployment(), {}))
    assert fake.deployments.live == {"gw.a.1"}


def test_a_500_for_a_deployment_that_is_served_removes_nothing() -> None:
    fake = FakeGateway(Fault(Status(500, after=True), write=1))
    with pytest.raises(GatewayUnavailable):
        using(fake, lambda client: client.create(deployment(), {}))
    assert fake.deployments.live == {"gw.a.1"}


def test_a_deletion_that_is_refused_for_another_reason_is_an_error() -> None:
    fake = FakeGateway()
    using(fake, lambda client: client.create(deployment(), {}))
    fake.faults.append(Fault(Status(400), path="/model/delete"))
    with pytest.raises(GatewayRejected):
        using(fake, lambda client: client.delete(deployment()))


def test_a_key_is_blocked_before_it_is_deleted() -> None:
    fake = FakeGateway()
    fields = {"models": ("m",)}
    key = GatewayObject(ObjectKey(Kind.KEY, "app.k"), "app.k", fields)
    using(fake, lambda client: client.create(key, {"key": "sk-0123456789abcdef"}))
    address = next(iter(fake.keys.rows))
    fake.forget()
    live = GatewayObject(key.key, key.handle, fields, None, address)
    using(fake, lambda client: client.delete(live))
    assert [str(entry) for entry in fake.log] == ["POST /key/block 200", "POST /key/delete 200"]
    assert [request.body for request in fake.writes] == [{"key": address}, {"keys": [address]}]


def test_no_write_puts_a_secret_into_a_url() -> None:
    fake = FakeGateway()
    key = GatewayObject(ObjectKey(Kind.KEY, "app.k"), "app.k", {"models": ("m",)})
    using(fake, lambda client: client.create(key, {"key": "sk-0123456789abcdef"}))
    assert not [entry for entry in fake.log if "sk-" in entry.request.target]


@pytest.mark.parametrize("after", [False, True])
def test_the_fake_can_kill_a_program_before_or_after_a_write(*, after: bool) -> None:
    """What the interruption tests rest on."""
    body = {"credential_name": "gw.p", "credential_info": {}, "credential_values": {}}
    program = (
        "import httpx, sys; input();"
        f"httpx.post(sys.argv[1] + '/credentials', json={body},"
        " headers={'authorization': sys.argv[2]})"
    )
    fake = FakeGateway()
    with serving(fake) as url:
        command = [sys.executable, "-c", program, url, f"Bearer {fake.admin_key}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            fake.faults.append(Fault(Kill(process.pid, after=after), write=1))
            process.communicate(b"go\n")
    assert process.returncode == -signal.SIGKILL
    assert list(fake.credentials.rows) == (["gw.p"] if after else [])


def test_the_fake_over_tcp_drops_a_connection_and_serves_the_next() -> None:
    fake = FakeGateway(Fault(Drop(), number=1))
    with serving(fake) as url, httpx.Client(base_url=url, trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/health/readiness")
        assert client.get("/health/readiness").status_code == 200


def test_an_idle_connection_is_not_kept_until_the_gateway_hangs_up() -> None:
    """uvicorn closes idle connections after five seconds; a write must not meet that."""
    from pydantic import SecretStr

    from aspire_gitops.gateway.http import AdminApi

    api = AdminApi("http://gw.test", SecretStr("sk-x"))
    pool = vars(vars(api._client)["_transport"])["_pool"]
    assert vars(pool)["_keepalive_expiry"] < 5
