"""Which keys may administer a gateway, and what the others are told. The real gateway only:
the fake one knows one key."""

from typing import Any

import pytest

from aspire_gitops.state import Kind
from aspire_gitops.vocabulary import GatewayRefused
from support.fake_gateway_subject import Subject, fresh

pytestmark = pytest.mark.real

ROUTES = [
    *("/health/readiness/details", "/credentials", "/credentials/*", "/v1/models"),
    *("/v1/model/info", "/v2/model/info", "/model/*", "/key/*", "/team/info", "/user/info"),
]


@pytest.fixture
def gateway(real_subject: Subject) -> Subject:
    return real_subject


def user_key(gateway: Subject, role: str, **fields: Any) -> str:
    user = fresh("user")
    gateway.tell(
        "POST", "/user/new", {"user_id": user, "user_role": role, "auto_create_key": False}
    )
    return gateway.new_key(user_id=user, **fields)[0]


def test_the_master_key_has_every_right_and_proving_it_changes_nothing(gateway: Subject) -> None:
    before = gateway.snapshot().digest
    gateway.using(lambda client: client.check_rights())
    assert gateway.snapshot().digest == before


def test_a_key_of_least_privilege_suffices_and_sees_everything(gateway: Subject) -> None:
    """Without models it may call none; /v1/model/info would therefore show it an empty list."""
    address = gateway.new_model(fresh("m"))
    key = user_key(gateway, "proxy_admin", allowed_routes=ROUTES, models=["no-default-models"])
    assert gateway.tell("GET", "/v1/model/info", key=key) == {"data": []}
    gateway.using(lambda client: client.check_rights(), key=key)
    seen = gateway.using(lambda client: client.read_snapshot(), key=key)
    assert seen.digest == gateway.snapshot().digest
    assert address in {item.address for item in seen.objects}
    found = gateway.using(lambda client: client.read(Kind.DEPLOYMENT, address), key=key)
    assert found is not None
    gateway.using(lambda client: client.delete(found), key=key)
    assert gateway.read(Kind.DEPLOYMENT, address) is None


def test_a_key_that_may_only_look_is_told_every_write_that_it_lacks(gateway: Subject) -> None:
    key = user_key(gateway, "proxy_admin_viewer")
    gateway.using(lambda client: client.read_snapshot(), key=key)
    with pytest.raises(GatewayRefused) as refused:
        gateway.using(lambda client: client.check_rights(), key=key)
    routes = str(refused.value).partition(" at: ")[2].partition(";")[0].split(", ")
    assert routes == [
        "POST /credentials",
        "PATCH /credentials/{name}",
        "DELETE /credentials/{name}",
        "POST /model/new",
        "PATCH /model/{id}/update",
        "POST /model/delete",
        "POST /key/generate",
        "POST /key/update",
        "POST /key/block",
        "POST /key/delete",
        "POST /key/{hash}/reset_spend",
    ]


def test_an_app_key_reads_no_snapshot(gateway: Subject) -> None:
    key, _ = gateway.new_key(key_type="llm_api", models=["m"])
    with pytest.raises(GatewayRefused, match="proxy_admin"):
        gateway.using(lambda client: client.read_snapshot(), key=key)


def test_a_wrong_key_is_refused_and_not_repeated(gateway: Subject) -> None:
    key = "sk-wrong-admin-key-123456"
    with pytest.raises(GatewayRefused, match="401") as refused:
        gateway.using(lambda client: client.read_snapshot(), key=key)
    assert key[-4:] not in str(refused.value)


def test_an_admin_key_with_a_budget_is_told_that_the_budget_is_in_the_way(
    gateway: Subject,
) -> None:
    models = ["no-default-models"]
    key = user_key(gateway, "proxy_admin", allowed_routes=ROUTES, models=models, max_budget=0)
    with pytest.raises(GatewayRefused, match="remove max_budget from that key"):
        gateway.using(lambda client: client.read_snapshot(), key=key)
