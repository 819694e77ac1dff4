"""Who changed an object by hand, and when: as far as LiteLLM without a licence tells."""

import hashlib
import time
from datetime import UTC, datetime, timedelta

import pytest

from aspire_gitops.state import GatewayObject, Kind, LastChange, Snapshot
from support.fake_gateway_subject import Subject, fresh

MASTER = "default_user_id"  # what LiteLLM calls whoever holds the master key


def found(gateway: Subject, handle: str) -> tuple[Snapshot, GatewayObject]:
    snapshot = gateway.snapshot()
    [item] = [item for item in snapshot.objects if item.handle == handle]
    return snapshot, item


def told(gateway: Subject, handle: str) -> LastChange | None:
    snapshot, item = found(gateway, handle)
    return snapshot.last_change(item)


def changed_at(gateway: Subject, handle: str) -> datetime:
    change = told(gateway, handle)
    assert change is not None
    assert change.at is not None
    return change.at


def test_a_new_key_tells_who_made_it_and_when(gateway: Subject) -> None:
    name = fresh("k")
    gateway.new_key(key_alias=name)
    change = told(gateway, name)
    assert change is not None
    assert change.by == MASTER
    assert change.at is not None
    assert abs(change.at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        pytest.param("/key/update", {"rpm_limit": 7}, id="a limit"),
        pytest.param("/key/update", {"metadata": {"note": "x"}}, id="metadata"),
        pytest.param("/key/block", {}, id="a block"),
    ],
)
def test_a_changed_key_tells_when_and_not_by_whom(
    gateway: Subject, path: str, more: dict[str, object]
) -> None:
    """`updated_by` keeps naming who made the key, so it would accuse the wrong person."""
    name = fresh("k")
    _, address = gateway.new_key(key_alias=name)
    before = changed_at(gateway, name)
    time.sleep(0.01)
    gateway.tell("POST", path, {"key": address, **more})
    change = told(gateway, name)
    assert change is not None
    assert change.by is None
    assert change.at is not None
    assert change.at > before
    assert gateway.key_row(address)["updated_by"] == MASTER


def test_using_a_key_is_no_change(gateway: Subject) -> None:
    """`updated_at` moves with every spend."""
    name, model = fresh("k"), fresh("m")
    gateway.new_model(model, mock_response="hello")
    value, _ = gateway.new_key(key_alias=name, models=[model])
    before, item = found(gateway, name)
    gateway.use(value, model)
    after, again = found(gateway, name)
    assert after.last_change(again) == before.last_change(item) is not None


def test_of_deployments_and_credentials_nothing_is_told(gateway: Subject) -> None:
    name = fresh("m")
    address = gateway.new_model(name)
    gateway.tell("PATCH", f"/model/{address}/update", {"model_info": {"id": address}})
    credential = {"credential_name": name, "credential_info": {}}
    gateway.tell("POST", "/credentials", {**credential, "credential_values": {"api_key": "k"}})
    snapshot = gateway.snapshot()
    items = [item for item in snapshot.objects if item.handle == name]
    assert {item.key.kind for item in items} == {Kind.DEPLOYMENT, Kind.CREDENTIAL}
    assert [snapshot.last_change(item) for item in items] == [None, None]


def test_a_change_back_leaves_the_digest_as_it_was(gateway: Subject) -> None:
    """A plan does not depend on who did what: only on what is there."""
    name = fresh("k")
    _, address = gateway.new_key(key_alias=name, rpm_limit=5)
    before, item = found(gateway, name)
    for limit in (6, 5):
        gateway.tell("POST", "/key/update", {"key": address, "rpm_limit": limit})
    after, again = found(gateway, name)
    assert before.last_change(item) != after.last_change(again)
    assert (item, before.digest) == (again, after.digest)


def test_a_key_is_found_by_the_hash_of_its_value(gateway: Subject) -> None:
    name = fresh("k")
    value, _ = gateway.new_key(key_alias=name)
    snapshot, _ = found(gateway, name)
    assert (Kind.KEY, hashlib.sha256(value.encode()).hexdigest()) in snapshot.changed
