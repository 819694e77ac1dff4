"""The database-backed admin API of the sandbox is LiteLLM's own, and whole.

If one of these fails, the sandbox (its database client first) is broken, and what
other contract tests say about the gateway means nothing.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from aspire_gitops.sandbox import Sandbox
from support.sandbox_admin import Admin, admin_of, eventually, good

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def admin(real_gateway: Sandbox) -> Iterator[Admin]:
    with admin_of(real_gateway) as admin:
        yield admin


@pytest.fixture
def name() -> str:
    """A name that no other test uses: the database is shared."""
    return f"sandbox-{uuid4().hex[:8]}"


def test_the_proxy_is_ready_and_has_its_database(admin: Admin) -> None:
    reply = admin.send("GET", "/health/readiness")
    assert good(reply)["db"] == "connected"


def test_the_proxy_is_the_release_we_are_made_for(admin: Admin, name: str) -> None:
    admin.new_model(name)
    assert admin.chat(name).headers["x-litellm-version"] == "1.106.2"


def test_a_model_lives_from_new_to_delete(admin: Admin, name: str) -> None:
    admin.new_model(name)
    assert admin.said(name) == "hello"
    [row] = admin.get(f"/model/info?litellm_model_id={name}")["data"]
    assert row["model_info"]["db_model"] is True
    assert "sk-provider-0" not in json.dumps(row)
    change = {"litellm_params": {"mock_response": "patched"}}
    good(admin.send("PATCH", f"/model/{name}/update", change))
    assert admin.said(name) == "patched"
    admin.post("/model/delete", {"id": name})
    assert admin.chat(name).status_code == 400
    assert admin.status("GET", f"/model/info?litellm_model_id={name}") == 400


def test_a_key_lives_from_generate_to_delete(admin: Admin, name: str) -> None:
    admin.new_model(name)
    key = admin.new_key(key_alias=name, models=[name], max_budget=1, tpm_limit=10)
    fields: dict[str, object] = {
        "max_budget": None,
        "tpm_limit": None,
        "metadata": {"b": 2},
        "models": [],
    }
    admin.post("/key/update", {"key": key, **fields})
    row = admin.key_row(key)
    assert {field: row[field] for field in fields} == fields
    [listed] = admin.get(f"/key/list?key_alias={name}&return_full_object=true")["keys"]
    assert listed["key_alias"] == name
    admin.post("/key/block", {"key": key})
    assert admin.chat(name, key=key).status_code == 401
    admin.post("/key/unblock", {"key": key})
    assert admin.said(name, key=key) == "hello"
    assert admin.post("/key/delete", {"keys": [key]})["deleted_keys"] == [key]
    assert admin.chat(name, key=key).status_code == 401


def test_two_keys_cannot_share_an_alias(admin: Admin, name: str) -> None:
    admin.new_key(key_alias=name)
    assert admin.status("POST", "/key/generate", {"key_alias": name}) == 400


def test_the_spend_of_a_key_is_written_down(admin: Admin, name: str) -> None:
    admin.new_model(name)
    key = admin.new_key(models=[name])
    call = good(admin.chat(name, key=key))
    spend = eventually(lambda: admin.key_row(key)["spend"])
    [row] = eventually(lambda: admin.get(f"/spend/logs?request_id={call['id']}"))
    assert row["spend"] == pytest.approx(spend)
    assert row["model_id"] == name


def test_a_key_over_its_budget_is_refused_until_the_budget_grows(admin: Admin, name: str) -> None:
    admin.new_model(name)
    key = admin.new_key(models=[name], max_budget=0.0004)

    def refused() -> str | None:
        reply = admin.chat(name, key=key)
        spent = admin.key_row(key)["spend"] >= 0.0004
        return reply.json()["error"]["type"] if spent and reply.is_error else None

    assert eventually(refused) == "budget_exceeded"
    admin.post("/key/update", {"key": key, "max_budget": 10})
    assert admin.said(name, key=key) == "hello"


def test_a_team_lives_from_new_to_delete(admin: Admin, name: str) -> None:
    admin.new_model(name)
    team = admin.post("/team/new", {"team_alias": name, "models": [name], "max_budget": 5})
    team_id = team["team_id"]
    key = admin.new_key(team_id=team_id)
    assert admin.said(name, key=key) == "hello"
    admin.post("/team/update", {"team_id": team_id, "max_budget": 7, "models": ["other"]})
    told = admin.get(f"/team/info?team_id={team_id}")
    assert (told["team_info"]["max_budget"], len(told["keys"])) == (7, 1)
    assert admin.chat(name, key=key).status_code in {401, 403}
    admin.post("/team/delete", {"team_ids": [team_id]})
    assert admin.status("GET", f"/team/info?team_id={team_id}") == 404


def test_a_budget_lives_from_new_to_delete(admin: Admin, name: str) -> None:
    admin.post("/budget/new", {"budget_id": name, "max_budget": 1, "budget_duration": "1d"})
    assert admin.status("POST", "/budget/new", {"budget_id": name, "max_budget": 1}) == 400
    admin.post("/budget/update", {"budget_id": name, "max_budget": 2})
    key = admin.new_key(budget_id=name)
    assert admin.key_row(key)["litellm_budget_table"]["max_budget"] == 2
    admin.post("/budget/delete", {"id": name})
    assert admin.post("/budget/info", {"budgets": [name]}) == []


def test_a_customer_lives_from_new_to_delete(admin: Admin, name: str) -> None:
    admin.post("/customer/new", {"user_id": name, "max_budget": 1})
    admin.post("/customer/update", {"user_id": name, "max_budget": 2, "alias": "Customer"})
    told = admin.get(f"/customer/info?end_user_id={name}")
    assert (told["alias"], told["litellm_budget_table"]["max_budget"]) == ("Customer", 2)
    admin.post("/customer/delete", {"user_ids": [name]})
    assert admin.status("GET", f"/customer/info?end_user_id={name}") == 404


def test_a_user_lives_from_new_to_delete(admin: Admin, name: str) -> None:
    admin.post("/user/new", {"user_id": name, "auto_create_key": False})
    admin.post("/user/update", {"user_id": name, "max_budget": 3})
    assert admin.get(f"/user/info?user_id={name}")["user_info"]["max_budget"] == 3
    admin.post("/user/delete", {"user_ids": [name]})
    assert admin.status("GET", f"/user/info?user_id={name}") == 404


def test_a_credential_lives_from_create_to_delete(admin: Admin, name: str) -> None:
    row = {"credential_name": name, "credential_values": {"api_key": "sk-secret-0"}}
    row["credential_info"] = {"note": "a"}
    admin.post("/credentials", row)
    assert admin.status("POST", "/credentials", row) == 409
    shown = admin.get(f"/credentials/by_name/{name}")
    assert shown["credential_info"] == {"note": "a"}
    assert "secret" not in json.dumps(shown)
    good(admin.send("DELETE", f"/credentials/{name}"))
    assert admin.status("GET", f"/credentials/by_name/{name}") == 404


def test_a_changed_setting_takes_effect(admin: Admin, name: str) -> None:
    broken, spare = f"{name}-broken", f"{name}-spare"
    admin.new_model(broken, mock_response="litellm.InternalServerError")
    admin.new_model(spare)
    assert admin.chat(broken).status_code == 500
    fallbacks = [{broken: [spare]}]
    admin.post("/config/update", {"router_settings": {"fallbacks": fallbacks}})
    try:
        eventually(lambda: admin.chat(broken).status_code == 200, within_s=60)
        assert admin.said(broken) == "hello"
    finally:
        admin.post("/config/update", {"router_settings": {"fallbacks": []}})


def test_twenty_requests_at_once_do_not_get_in_each_others_way(admin: Admin, name: str) -> None:
    admin.new_model(name)
    with ThreadPoolExecutor(20) as pool:
        aliases = [f"{name}-{number}" for number in range(20)]
        keys = list(pool.map(lambda alias: admin.new_key(key_alias=alias, models=[name]), aliases))
        answers = list(pool.map(lambda key: admin.said(name, key=key), keys))
    assert (len(set(keys)), set(answers)) == (20, {"hello"})
    assert sorted(admin.post("/key/delete", {"keys": keys})["deleted_keys"]) == sorted(keys)
