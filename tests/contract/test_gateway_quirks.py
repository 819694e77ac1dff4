"""What LiteLLM does that nobody would expect and our code relies on: one test each.

A quirk that goes away with a new version of LiteLLM fails here by name, and
the place that relies on it can be looked at.
"""

from typing import Any
from uuid import uuid4

import pytest

from aspire_gitops.planning import masked
from aspire_gitops.state import Kind, LiveFallback, ObjectKey
from support.fake_gateway_subject import Subject, fresh

MARK = {
    "owner": "contract",
    "name": "qwen-vision",
    "fields": ["blocked", "model_info.mode"],
    "digest": "hmac-sha256:0f",
    "revision": "main@sha1:4f2c9d1",
}
DEEP = {"aspire_gitops": MARK, "nested": {"list": [1, {"null": None, "text": "ü"}], "no": False}}


# --- marks


def test_a_nested_mark_survives_in_credential_info(gateway: Subject) -> None:
    name = fresh("gw")
    body = {"credential_name": name, "credential_values": {"api_key": "x"}, "credential_info": DEEP}
    gateway.tell("POST", "/credentials", body)
    assert gateway.tell("GET", f"/credentials/by_name/{name}")["credential_info"] == DEEP


def test_a_nested_mark_survives_in_model_info(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), info=DEEP)
    row = gateway.tell("GET", f"/v1/model/info?litellm_model_id={address}")["data"][0]
    assert {name: row["model_info"][name] for name in DEEP} == DEEP


def test_a_nested_mark_survives_in_key_metadata(gateway: Subject) -> None:
    _, address = gateway.new_key(metadata=DEEP)
    assert gateway.key_row(address)["metadata"] == DEEP


def test_the_gateway_adds_nothing_to_the_metadata_of_a_key(gateway: Subject) -> None:
    _, address = gateway.new_key(metadata={"a": 1}, rpm_limit=3, models=["m"], key_type="llm_api")
    gateway.tell("POST", "/key/update", {"key": address, "rpm_limit": 4})
    assert gateway.key_row(address)["metadata"] == {"a": 1}


# --- credentials


@pytest.mark.parametrize("length", [1, 4, 5, 8, 9, 40])
def test_a_secret_is_masked_the_way_planning_expects(gateway: Subject, length: int) -> None:
    name, secret = fresh("gw"), "abcdefghij"[: min(length, 10)] + "k" * max(0, length - 10)
    values = {"api_key": secret, "api_base": "http://upstream.test/v1"}
    body = {"credential_name": name, "credential_info": {}, "credential_values": values}
    gateway.tell("POST", "/credentials", body)
    shown = gateway.tell("GET", f"/credentials/by_name/{name}")["credential_values"]
    assert shown == {"api_key": masked(secret), "api_base": "http://upstream.test/v1"}


def test_a_credential_that_exists_is_not_created_again(gateway: Subject) -> None:
    body = {"credential_name": fresh("gw"), "credential_info": {}, "credential_values": {"a": "b"}}
    gateway.tell("POST", "/credentials", body)
    assert gateway.ask("POST", "/credentials", body)[0] == 409


def test_credential_values_merge_and_leave_only_when_named(gateway: Subject) -> None:
    name = fresh("gw")
    body = {
        "credential_name": name,
        "credential_info": {},
        "credential_values": {"a": "1", "b": "2"},
    }
    gateway.tell("POST", "/credentials", body)
    patch = {"credential_info": {}, "credential_values": {"c": "3", "a": None}}
    gateway.tell("PATCH", f"/credentials/{name}", {**patch, "credential_values_to_delete": ["b"]})
    shown = gateway.tell("GET", f"/credentials/by_name/{name}")["credential_values"]
    assert shown == {"a": "1", "c": "3"}


def test_a_patch_of_a_credential_needs_its_whole_info(gateway: Subject) -> None:
    name = fresh("gw")
    body = {"credential_name": name, "credential_info": {}, "credential_values": {"a": "1"}}
    gateway.tell("POST", "/credentials", body)
    patch = {"credential_values": {"a": "2"}}
    assert gateway.ask("PATCH", f"/credentials/{name}", patch)[0] == 422


def test_a_slash_in_a_credential_name_can_be_escaped(gateway: Subject) -> None:
    name = fresh("gw/slash")
    body = {"credential_name": name, "credential_info": {}, "credential_values": {"a": "1"}}
    gateway.tell("POST", "/credentials", body)
    found = gateway.read(Kind.CREDENTIAL, name)
    assert found is not None
    gateway.using(lambda client: client.delete(found))
    assert gateway.read(Kind.CREDENTIAL, name) is None


# --- deployments


def test_null_in_a_patch_leaves_all_but_prices_and_credential_as_they_were(
    gateway: Subject,
) -> None:
    name = fresh("gw")
    body = {"credential_name": name, "credential_info": {}, "credential_values": {"api_key": "x"}}
    gateway.tell("POST", "/credentials", body)
    prices: dict[str, Any] = {
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "cache_read_input_token_cost": 3e-07,
        "cache_creation_input_token_cost": 4e-07,
    }
    stays: dict[str, Any] = {"rpm": 5, "timeout": 7.5, "temperature": 0.5}
    address = gateway.new_model(fresh("m"), litellm_credential_name=name, **prices, **stays)
    params = dict.fromkeys([*prices, *stays, "litellm_credential_name"])
    _patch(gateway, address, litellm_params=params)
    left = gateway.params(address)
    assert {name: left.get(name) for name in params} == {**params, **stays}


def test_null_in_a_patch_leaves_model_info_as_it_was(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), info={"mode": "ocr"})
    _patch(gateway, address, model_info={"id": address, "mode": None})
    assert _info(gateway, address)["mode"] == "ocr"


def test_a_nested_parameter_is_replaced_whole(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), extra_headers={"x-a": "1", "x-b": "2"})
    _patch(gateway, address, litellm_params={"extra_headers": {"x-a": "3"}})
    assert gateway.params(address)["extra_headers"] == {"x-a": "3"}


def test_an_unknown_credential_is_refused_by_patch_but_not_by_create(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), litellm_credential_name="ghost")
    assert gateway.params(address)["litellm_credential_name"] == "ghost"
    patch = {"litellm_params": {"litellm_credential_name": "ghoul"}, "model_info": {"id": address}}
    assert gateway.ask("PATCH", f"/model/{address}/update", patch)[0] == 400


def test_a_secret_in_litellm_params_is_never_shown(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), api_key="sk-plain-provider-secret")
    assert "api_key" not in gateway.params(address)
    assert "sk-plain-provider-secret" not in repr(gateway.snapshot())


def test_a_duplicate_id_is_answered_with_500(gateway: Subject) -> None:
    name = fresh("m")
    address = gateway.new_model(name)
    body = {
        "model_name": name,
        "litellm_params": {"model": "openai/x"},
        "model_info": {"id": address},
    }
    assert gateway.ask("POST", "/model/new", body)[0] == 500


def test_a_deployment_that_cannot_be_served_leaves_a_row_that_no_list_shows(
    gateway: Subject,
) -> None:
    name = fresh("m")
    body = {"model_name": name, "litellm_params": {"model": "nosuchprovider/x"}}
    body["model_info"] = {"id": f"gw.{name}.1"}
    assert gateway.ask("POST", "/model/new", body)[0] == 500
    assert gateway.read(Kind.DEPLOYMENT, f"gw.{name}.1") is None
    assert ObjectKey(Kind.DEPLOYMENT, name) not in {item.key for item in gateway.snapshot().objects}
    assert gateway.ask("POST", "/model/delete", {"id": f"gw.{name}.1"})[0] == 200


def test_facts_of_the_price_map_show_under_names_that_we_may_write(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), model="openai/gpt-4.1-mini", info={"mode": "ocr"})
    shown = _info(gateway, address)
    assert (shown["mode"], shown["supports_vision"]) == ("ocr", True)
    assert shown["max_input_tokens"] > 1_000_000
    found = gateway.read(Kind.DEPLOYMENT, address)
    assert found is not None
    assert not [path for path in found.fields if path.startswith("model_info.")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "completion"),
        ("base_model", "openai/gpt-4o-mini"),
        ("supports_vision", False),
        ("supports_function_calling", False),
        ("supports_response_schema", False),
        ("supports_reasoning", True),
        ("supports_prompt_caching", False),
        ("supports_audio_input", True),
        ("max_input_tokens", 7),
        ("max_output_tokens", 8),
        ("max_tokens", 9),
    ],
)
def test_what_we_write_into_model_info_wins_over_the_price_map(
    gateway: Subject, name: str, value: object
) -> None:
    address = gateway.new_model(fresh("m"), model="openai/gpt-4o-mini", info={name: value})
    assert _info(gateway, address)[name] == value


def test_a_price_in_model_info_is_stripped(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"), info={"input_cost_per_token": 0.5})
    assert _info(gateway, address).get("input_cost_per_token") != 0.5


def test_defaults_that_the_gateway_injects_are_all_false(gateway: Subject) -> None:
    address = gateway.new_model(fresh("m"))
    shown = gateway.params(address)
    assert {name for name in shown if name not in {"model", "api_base"}} == {
        name for name, value in shown.items() if value is False
    }


# --- keys


def test_creating_a_key_that_exists_answers_200_with_a_false_echo_and_writes_nothing(
    gateway: Subject,
) -> None:
    value, address = gateway.new_key(key_alias=fresh("a"), max_budget=5)
    again = {"key": value, "key_alias": fresh("b"), "max_budget": 99}
    echo = gateway.tell("POST", "/key/generate", again)
    assert (echo["key_alias"], echo["max_budget"]) == (again["key_alias"], 99)
    assert gateway.key_row(address)["max_budget"] == 5


def test_two_keys_cannot_have_one_alias(gateway: Subject) -> None:
    alias = fresh("a")
    gateway.new_key(key_alias=alias)
    body = {"key": f"sk-{uuid4().hex}", "key_alias": alias}
    assert gateway.ask("POST", "/key/generate", body)[0] == 400


def test_the_type_llm_api_keeps_a_key_out_of_admin_routes(gateway: Subject) -> None:
    _, address = gateway.new_key(key_type="llm_api")
    assert gateway.key_row(address)["allowed_routes"] == ["llm_api_routes"]


def test_null_clears_the_scalars_of_a_key(gateway: Subject) -> None:
    scalars = {"max_budget": 5, "rpm_limit": 6, "tpm_limit": 7, "max_parallel_requests": 8}
    _, address = gateway.new_key(**scalars, budget_duration="1mo")
    cleared = dict.fromkeys([*scalars, "budget_duration", "budget_id", "blocked", "duration"])
    gateway.tell("POST", "/key/update", {"key": address, **cleared})
    row = gateway.key_row(address)
    assert not any(row[name] for name in [*scalars, "budget_duration", "budget_id", "expires"])


def test_empty_mappings_clear_the_mappings_of_a_key(gateway: Subject) -> None:
    filled = {
        "aliases": {"a": "b"},
        "router_settings": {"num_retries": 1},
        "budget_fallbacks": {"a": ["b"]},
        "permissions": {"p": True},
        "config": {"c": 1},
        "metadata": {"m": 1},
    }
    _, address = gateway.new_key(**filled)
    empty: dict[str, Any] = {name: {} for name in filled}
    gateway.tell("POST", "/key/update", {"key": address, **empty, "allowed_routes": []})
    row = gateway.key_row(address)
    assert {name: row[name] for name in filled} == empty
    assert row["allowed_routes"] == []


def test_null_for_a_list_of_a_key_is_refused(gateway: Subject) -> None:
    _, address = gateway.new_key(models=["m"])
    assert gateway.ask("POST", "/key/update", {"key": address, "models": None})[0] == 400


def test_metadata_is_replaced_whole_by_an_update(gateway: Subject) -> None:
    _, address = gateway.new_key(metadata={"a": 1, "b": 2})
    gateway.tell("POST", "/key/update", {"key": address, "metadata": {"b": 3}})
    assert gateway.key_row(address)["metadata"] == {"b": 3}


def test_one_null_mapping_breaks_the_list_and_the_snapshot_still_holds_every_key(
    gateway: Subject,
) -> None:
    keys = {gateway.new_key(models=["m"])[1] for _ in range(12)}
    _, broken = gateway.new_key(key_alias=fresh("broken"))
    later = {gateway.new_key(models=["m"])[1] for _ in range(3)}
    gateway.tell("POST", "/key/update", {"key": broken, "aliases": None})
    try:
        assert gateway.ask("GET", "/key/list?return_full_object=true&size=100")[0] == 500
        found = {item.address for item in gateway.snapshot().objects}
        assert found >= {*keys, broken, *later}
    finally:
        gateway.tell("POST", "/key/update", {"key": broken, "aliases": {}})
    assert gateway.ask("GET", "/key/list?return_full_object=true&size=100")[0] == 200


def test_no_page_of_keys_is_larger_than_a_hundred(gateway: Subject) -> None:
    assert gateway.ask("GET", "/key/list?size=101")[0] == 422


def test_a_deleted_key_still_answers_and_counts_as_absent(gateway: Subject) -> None:
    _, address = gateway.new_key()
    gateway.tell("POST", "/key/delete", {"keys": [address]})
    assert gateway.key_row(address)["status"] == "deleted"
    assert gateway.read(Kind.KEY, address) is None


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        pytest.param("GET", "/credentials/by_name/none", None, 404, id="read credential"),
        pytest.param(
            "PATCH", "/credentials/none", {"credential_info": {}}, 404, id="patch credential"
        ),
        pytest.param("DELETE", "/credentials/none", None, 404, id="delete credential"),
        pytest.param(
            "GET", "/v1/model/info?litellm_model_id=none", None, 400, id="read deployment"
        ),
        pytest.param("PATCH", "/model/none/update", {"model_info": {}}, 404, id="patch deployment"),
        pytest.param("POST", "/model/delete", {"id": "none"}, 400, id="delete deployment"),
        pytest.param("GET", f"/key/info?key={'0' * 64}", None, 404, id="read key"),
        pytest.param("POST", "/key/update", {"key": "0" * 64}, 404, id="update key"),
        pytest.param("POST", "/key/block", {"key": "0" * 64}, 404, id="block key"),
        pytest.param("POST", "/key/delete", {"keys": ["0" * 64]}, 404, id="delete key"),
    ],
)
def test_what_is_not_there_answers(
    gateway: Subject, method: str, target: str, body: Any, status: int
) -> None:
    got, reply = gateway.ask(method, target, body)
    assert got == status
    assert reply.get("detail") != "Not Found"  # which would mean that there is no such route


def test_a_route_that_does_not_exist_says_so_in_other_words(gateway: Subject) -> None:
    assert gateway.ask("GET", "/no/such/route") == (404, {"detail": "Not Found"})


def test_readiness_is_answered_without_a_right(gateway: Subject) -> None:
    status, reply = gateway.ask("GET", "/health/readiness", key="sk-nobody-at-all-0123")
    assert (status, reply["db"]) == (200, "connected")


# --- fallbacks


def test_fallbacks_of_all_three_kinds_show_in_one_call_each(gateway: Subject) -> None:
    alias, other = fresh("m"), fresh("m")
    gateway.new_model(alias)
    gateway.new_model(other)
    kinds = ("general", "context_window", "content_policy")
    for kind in kinds:
        body = {"model": alias, "fallback_models": [other], "fallback_type": kind}
        gateway.tell("POST", "/fallback", body)
    expected = {LiveFallback(alias, kind, (other,)) for kind in kinds}
    try:
        assert expected <= set(gateway.snapshot().fallbacks)
    finally:
        for kind in kinds:
            gateway.tell("DELETE", f"/fallback/{alias}?fallback_type={kind}")
    assert alias not in {row.alias for row in gateway.snapshot().fallbacks}


def _patch(gateway: Subject, address: str, **body: Any) -> None:
    body.setdefault("model_info", {"id": address})
    gateway.tell("PATCH", f"/model/{address}/update", body)


def _info(gateway: Subject, address: str) -> dict[str, Any]:
    reply = gateway.tell("GET", f"/v1/model/info?litellm_model_id={address}")
    found: dict[str, Any] = reply["data"][0]["model_info"]
    return found
