"""What is sent to see that an alias works, and what it costs a month."""

import json
from typing import Any

import pytest

from aspire_gitops.probing import interval_s, probe_of, variants
from aspire_gitops.resources import AliasSpec, ProbesSpec
from aspire_ledger.contract import CONTRACTS
from support.catalogs import alias


def spec(**changes: Any) -> AliasSpec:
    return AliasSpec.model_validate({**alias(), "capabilities": [], **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ("plain", "streamed"), id="a chat"),
        pytest.param(
            {"capabilities": ["tools", "vision"]},
            ("plain", "streamed", "tools", "image"),
            id="all that it claims",
        ),
        pytest.param({"capabilities": ["ocr"]}, ("plain", "streamed", "image"), id="ocr by chat"),
        pytest.param({"probe": "off"}, (), id="off"),
        pytest.param({"probe": {}}, ("plain", "streamed"), id="as by default"),
        pytest.param(
            {"capabilities": ["vision"], "probe": {"variants": ["image", "plain"]}},
            ("plain", "image"),
            id="chosen ones",
        ),
        pytest.param({"mode": "embedding"}, ("plain",), id="embedding"),
        pytest.param({"mode": "ocr"}, ("plain",), id="pages"),
        pytest.param({"mode": "image_generation"}, (), id="an image is dear"),
        pytest.param({"mode": "image_generation", "probe": {}}, ("plain",), id="unless asked for"),
    ],
)
def test_which_calls_an_alias_is_probed_with(
    changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert variants(spec(**changes)) == expected


@pytest.mark.parametrize("mode", ["chat", "embedding", "ocr", "image_generation"])
def test_each_call_is_within_its_contract(mode: str) -> None:
    found = spec(mode=mode, capabilities=["tools", "vision"] if mode == "chat" else [])
    for variant in found.claimed_probes:
        probe = probe_of(found, variant)
        contract = next(c for c in CONTRACTS if probe.path.removeprefix("/v1") in c.paths)
        assert probe.body.keys() <= contract.parameters.keys() | set(contract.limits)
        assert mode in contract.modes
        assert len(json.dumps(dict(probe.body))) < 2_000


def test_an_alias_that_thinks_gets_room_for_an_answer() -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    assert probe_of(spec(parameters=thinking), "plain").body["max_tokens"] == 1040


def test_an_image_is_made_in_the_cheapest_size() -> None:
    images = [
        {"size": "1024x1024", "quality": "high", "usd": "0.17"},
        {"size": "512x512", "quality": "low", "usd": "0.01"},
    ]
    body = probe_of(spec(mode="image_generation", price={"images": images}), "plain").body
    assert (body["size"], body["quality"], body["n"]) == ("512x512", "low", 1)


def test_a_hidden_name_is_called_in_place_of_the_alias() -> None:
    probe = probe_of(spec(), "plain", "candidate:qwen-chat")
    assert (probe.alias, probe.model, probe.body["model"]) == (
        spec().name,
        "candidate:qwen-chat",
        "candidate:qwen-chat",
    )


@pytest.mark.parametrize(
    ("own", "expected"), [(None, 5400.0), ({"every_minutes": 7}, 420.0), ({}, 5400.0)]
)
def test_the_interval_is_the_aliases_or_the_gateways(own: Any, expected: float) -> None:
    found = spec(**({"probe": own} if own is not None else {}))
    assert interval_s(found, ProbesSpec(every_minutes=90)) == expected
