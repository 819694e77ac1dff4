"""What the client writes, it reads again: one object of each kind, through its whole life."""

import hashlib
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from aspire_gitops.gateway import Tally
from aspire_gitops.kinds.prices import card_of
from aspire_gitops.planning import changed_fields
from aspire_gitops.resources import AliasSpec
from aspire_gitops.state import GatewayObject, Intent, Kind
from aspire_gitops.vocabulary import GatewayRejected
from aspire_ledger.canonical import canonical_json
from aspire_ledger.card import read_card
from support.catalogs import alias
from support.fake_gateway_subject import Subject, fresh, marked

CARD = card_of(
    AliasSpec.model_validate(
        alias(
            price={
                "input_usd_per_million_tokens": "2.00",
                "output_usd_per_million_tokens": "10.000000001",
                "cache_write_1h_usd_per_million_tokens": "4",
                "usd_per_use": {"web_search": "0.01"},
                "tiers": [
                    {
                        "above_input_tokens": 200_000,
                        "input_usd_per_million_tokens": "4.00",
                        "output_usd_per_million_tokens": "15",
                        "cache_write_1h_usd_per_million_tokens": "8",
                    }
                ],
            },
            target={
                "provider": "cloud-first",
                "model": "qwen3-max",
                "max_output_tokens": 32_768,
                "ignores_output_limit": True,
            },
            parameters={"temperature": 0.01, "top_p": 1.0},
            allow_parameters=["top_k", "enable_thinking"],
        )
    )
)

Made = tuple[GatewayObject, dict[str, str]]


def credential(gateway: Subject) -> Made:
    name = fresh("provider")
    wanted = marked(
        Kind.CREDENTIAL,
        name,
        f"gw.{name}",
        f"gw.{name}",
        "credential_values.api_key",
        credential_values__api_base=gateway.upstream_url,
    )
    return wanted, {"credential_values.api_key": "sk-provider-secret-77"}


def deployment(gateway: Subject) -> Made:
    name = fresh("alias")
    wanted = marked(
        Kind.DEPLOYMENT,
        name,
        name,
        f"gw.{name}.1",
        litellm_params__model="openai/gpt-4o-mini",
        litellm_params__api_base=gateway.upstream_url,
        litellm_params__input_cost_per_token=1.5e-07,
        litellm_params__output_cost_per_token=6e-07,
        litellm_params__timeout=30,
        litellm_params__tags=("a", "b"),
        model_info__mode="chat",
        model_info__supports_vision=True,
        model_info__max_input_tokens=4096,
        model_info__aspire=CARD,
    )
    return wanted, {}


def key(_gateway: Subject) -> Made:
    name = fresh("app")
    value = f"sk-{uuid4().hex}"
    wanted = marked(
        Kind.KEY,
        f"{name}.worker",
        f"{name}.worker",
        hashlib.sha256(value.encode()).hexdigest(),
        max_budget=117.216,
        budget_duration="1mo",
        rpm_limit=120,
        max_parallel_requests=8,
        models=("a-model", "b-model"),
        allowed_routes=("llm_api_routes",),
        metadata__disable_fallbacks=True,
        metadata__app=name,
        metadata__limits={"nested": ({"deep": 1},)},
    )
    return wanted, {"key": value}


ALL = pytest.mark.parametrize("make", [credential, deployment, key])


def created(gateway: Subject, make: Any) -> Made:
    wanted, secrets = make(gateway)
    gateway.using(lambda client: client.create(wanted, secrets))
    return wanted, secrets


@ALL
def test_what_was_created_reads_back_equal(gateway: Subject, make: Any) -> None:
    wanted, _ = created(gateway, make)
    assert _without_masks(gateway.read(wanted.key.kind, wanted.address or "")) == wanted


@ALL
def test_the_snapshot_holds_it_exactly_as_the_single_read_shows_it(
    gateway: Subject, make: Any
) -> None:
    wanted, _ = created(gateway, make)
    listed = [item for item in gateway.snapshot().objects if item.key == wanted.key]
    assert listed == [gateway.read(wanted.key.kind, wanted.address or "")]


@ALL
def test_deleting_it_twice_leaves_nothing_and_is_no_error(gateway: Subject, make: Any) -> None:
    wanted, _ = created(gateway, make)
    for _ in range(2):
        gateway.using(lambda client: client.delete(wanted))
    assert gateway.read(wanted.key.kind, wanted.address or "") is None
    assert wanted.key not in {item.key for item in gateway.snapshot().objects}


def test_a_card_reads_back_as_it_was_written_and_the_ledger_can_read_it(gateway: Subject) -> None:
    wanted, _ = created(gateway, deployment)
    for target in (f"/v1/model/info?litellm_model_id={wanted.address}", "/v2/model/info?size=500"):
        rows = gateway.tell("GET", target)["data"]
        [found] = [row for row in rows if row["model_name"] == wanted.handle]
        card = found["model_info"]["aspire"]
        assert canonical_json(card) == canonical_json(CARD)
        assert read_card(card) == read_card(CARD)
    assert read_card(CARD) is not None


def test_a_card_that_was_changed_by_hand_is_seen_and_set_back(gateway: Subject) -> None:
    wanted, _ = created(gateway, deployment)
    cheap = {**CARD, "price": {**dict(CARD["price"]), "input_usd_per_million_tokens": "0.01"}}  # type: ignore[arg-type]  # the card is JSON
    info = {"id": wanted.address, "aspire": cheap}
    gateway.tell("PATCH", f"/model/{wanted.address}/update", {"model_info": info})

    live = gateway.read(Kind.DEPLOYMENT, wanted.address or "")
    assert live is not None
    seen = changed_fields(wanted, live, Intent(), None)
    assert [change.path for change in seen] == ["model_info.aspire"]

    gateway.using(lambda client: client.update(live, wanted, {}))
    assert gateway.read(Kind.DEPLOYMENT, wanted.address or "") == wanted


@pytest.mark.parametrize("make", [credential, key])
def test_updating_what_is_gone_says_so(gateway: Subject, make: Any) -> None:
    wanted, secrets = created(gateway, make)
    gateway.using(lambda client: client.delete(wanted))
    with pytest.raises(GatewayRejected, match="not on the gateway any more"):
        gateway.using(lambda client: client.update(wanted, wanted, secrets))


@ALL
def test_an_update_to_what_is_there_already_changes_nothing(gateway: Subject, make: Any) -> None:
    wanted, secrets = created(gateway, make)
    deadline = time.monotonic() + 45
    while True:
        try:
            gateway.using(lambda client: client.update(wanted, wanted, secrets))
            break
        except GatewayRejected:  # seen once: a credential made just now was gone for a moment
            assert time.monotonic() < deadline
            time.sleep(1)
    assert _without_masks(gateway.read(wanted.key.kind, wanted.address or "")) == wanted


@ALL
def test_what_somebody_made_by_hand_becomes_ours_by_an_update(gateway: Subject, make: Any) -> None:
    wanted, secrets = make(gateway)
    by_hand = replace(wanted, mark=None)
    gateway.using(lambda client: client.create(by_hand, secrets))
    live = gateway.read(wanted.key.kind, wanted.address or "")
    assert live is not None
    assert (live.mark, live.key.name) == (None, live.handle)
    gateway.using(lambda client: client.update(live, wanted, {}))
    assert _without_masks(gateway.read(wanted.key.kind, wanted.address or "")) == wanted


def test_a_snapshot_asks_once_per_page_and_writes_nothing(gateway: Subject) -> None:
    for make in (credential, deployment, key):
        created(gateway, make)
    pages = sum(
        gateway.tell("GET", target)["total_pages"]
        for target in ("/v2/model/info?size=500", "/key/list?size=100")
    )
    tally = Tally()
    gateway.using(lambda client: client.read_snapshot(), observer=tally)
    always = 5  # version, credentials, three kinds of fallbacks
    assert (tally.reads, tally.writes) == (always + pages, 0)


def test_a_new_secret_and_address_reach_a_credential_and_a_dropped_value_leaves_it(
    gateway: Subject,
) -> None:
    before, _ = created(gateway, credential)
    with_more = _with(before, credential_values__organization="acme")
    after = _with(before, credential_values__api_base="http://other.test/v1")
    secret = {"credential_values.api_key": "sk-rotated-secret-88"}
    gateway.using(lambda client: client.update(before, with_more, secret))
    gateway.using(lambda client: client.update(with_more, after, {}))
    assert gateway.read(Kind.CREDENTIAL, after.handle) == replace(
        after, fields={**after.fields, "credential_values.api_key": "sk****88"}
    )


def test_credential_info_that_others_keep_survives_an_update(gateway: Subject) -> None:
    wanted, _ = credential(gateway)
    body = {"credential_name": wanted.handle, "credential_info": {"note": {"by": "a person"}}}
    gateway.tell("POST", "/credentials", {**body, "credential_values": {"api_key": "sk-old-one"}})
    live = gateway.read(Kind.CREDENTIAL, wanted.handle)
    assert live is not None
    assert live.mark is None
    gateway.using(lambda client: client.update(live, wanted, {}))
    updated = gateway.read(Kind.CREDENTIAL, wanted.handle)
    assert updated is not None
    assert updated.fields["credential_info.note"] == {"by": "a person"}
    assert updated.mark == wanted.mark


def test_a_price_can_be_taken_off_a_deployment_by_an_update(gateway: Subject) -> None:
    before, _ = created(gateway, deployment)
    after = _with(before, litellm_params__input_cost_per_token=None, litellm_params__timeout=60)
    gateway.using(lambda client: client.update(before, after, {}))
    assert gateway.read(Kind.DEPLOYMENT, before.address or "") == after


def test_a_deployment_can_be_blocked_and_opened_again_by_an_update(gateway: Subject) -> None:
    opened, _ = created(gateway, deployment)
    blocked = _with(opened, blocked=True)
    gateway.using(lambda client: client.update(opened, blocked, {}))
    assert gateway.read(Kind.DEPLOYMENT, opened.address or "") == blocked
    gateway.using(lambda client: client.update(blocked, opened, {}))
    assert gateway.read(Kind.DEPLOYMENT, opened.address or "") == opened


def test_a_deployment_is_never_renamed(gateway: Subject) -> None:
    live, _ = deployment(gateway)
    with pytest.raises(ValueError, match="replace it"):
        gateway.using(lambda client: client.update(live, replace(live, handle="other"), {}))


def test_limits_and_roads_set_by_hand_are_taken_off_a_key(gateway: Subject) -> None:
    wanted, _ = created(gateway, key)
    by_hand = {
        "tpm_limit": 5,
        "aliases": {"a-model": "c-model"},
        "router_settings": {"num_retries": 3},
        "budget_fallbacks": {"a-model": ["b-model"]},
        "permissions": {"p": True},
        "config": {"c": 1},
        "blocked": True,
        "rpm_limit": None,
        "models": ["a-model", "b-model", "c-model"],
    }
    gateway.tell("POST", "/key/update", {"key": wanted.address, **by_hand})
    live = gateway.read(Kind.KEY, wanted.address or "")
    assert live is not None
    assert live.fields["aliases"] == {"a-model": "c-model"}
    gateway.using(lambda client: client.update(live, wanted, {}))
    assert gateway.read(Kind.KEY, wanted.address or "") == wanted


def test_metadata_of_ours_that_git_dropped_goes_and_what_others_keep_stays(
    gateway: Subject,
) -> None:
    before, _ = created(gateway, key)
    row = gateway.key_row(before.address or "")
    theirs = {"note": "by hand", "empty": None, "off": False}
    metadata = {"metadata": {**row["metadata"], **theirs}}
    gateway.tell("POST", "/key/update", {"key": before.address, **metadata})
    after = _with(before, metadata__app=None)
    gateway.using(lambda client: client.update(before, after, {}))
    kept = gateway.key_row(before.address or "")["metadata"]
    assert {name: kept.get(name, "gone") for name in (*theirs, "app")} == {**theirs, "app": "gone"}


def test_a_key_that_loses_its_models_may_call_none_rather_than_all(gateway: Subject) -> None:
    before, _ = created(gateway, key)
    gateway.using(lambda client: client.update(before, _with(before, models=None), {}))
    assert gateway.key_row(before.address or "")["models"] == ["no-default-models"]


def test_an_update_leaves_the_budget_period_alone_that_is_right_already(gateway: Subject) -> None:
    wanted, _ = created(gateway, key)
    exchanges: list[Any] = []
    gateway.using(
        lambda client: client.update(wanted, _with(wanted, rpm_limit=7), {}),
        observer=exchanges.append,
    )
    row = gateway.key_row(wanted.address or "")
    assert (row["budget_duration"], row["rpm_limit"]) == ("1mo", 7)
    assert [exchange.method for exchange in exchanges] == ["GET", "POST"]


def _with(item: GatewayObject, **changes: Any) -> GatewayObject:
    paths = {path.replace("__", ".", 1): value for path, value in changes.items()}
    fields = {p: v for p, v in {**item.fields, **paths}.items() if v is not None}
    assert item.mark
    secrets = item.mark.fields - item.fields.keys()
    return replace(item, fields=fields, mark=replace(item.mark, fields=secrets | fields.keys()))


def _without_masks(item: GatewayObject | None) -> GatewayObject | None:
    """Leave out what stands for a secret; another test looks at the masks."""
    if item is None:
        return None
    shown = {path: value for path, value in item.fields.items() if "****" not in str(value)}
    return replace(item, fields=shown)
