"""An alias becomes one deployment: target, prices per unit, limits, capabilities."""

from typing import Any

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.kinds.deployment import CAPABILITY_FIELDS
from aspire_gitops.resources import AliasSpec
from aspire_gitops.state import GatewayObject, Kind, ObjectKey
from support.catalogs import GATEWAY, TODAY, alias, catalog_of, provider


def deployment(**changes: Any) -> GatewayObject:
    catalog = catalog_of([GATEWAY, provider(), alias(**changes)])
    key = ObjectKey(Kind.DEPLOYMENT, "qwen-chat")
    return compile_catalog(catalog, today=TODAY).objects[key]


def stated(prefix: str, **changes: Any) -> dict[str, Any]:
    fields = deployment(**changes).fields
    return {path.removeprefix(prefix): v for path, v in fields.items() if path.startswith(prefix)}


def prices(**price: Any) -> dict[str, Any]:
    found = stated("litellm_params.", price=price)
    return {path: value for path, value in found.items() if "cost" in path}


def test_the_alias_is_the_handle_and_planning_chooses_the_address() -> None:
    assert (deployment().handle, deployment().address) == ("qwen-chat", None)


def test_the_target_names_model_credential_and_address() -> None:
    found = stated("litellm_params.", price={"usd_per_page": "0.004"})

    assert found == {
        "ocr_cost_per_page": 0.004,
        "model": "openai/qwen3-max",
        "litellm_credential_name": "gw.cloud-first",
        "api_base": "https://api.cloud-first.ai/v1",
    }


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        pytest.param(
            {"input_usd_per_million_tokens": "2", "output_usd_per_million_tokens": "10"},
            {
                "input_cost_per_token": 2e-06,
                "output_cost_per_token": 1e-05,
                "cache_read_input_token_cost": 2e-06,
                "cache_creation_input_token_cost": 2e-06,
                "cache_creation_input_token_cost_above_1hr": 2e-06,
            },
            id="a cached token counts as a plain one",
        ),
        pytest.param(
            {
                "input_usd_per_million_tokens": "2",
                "output_usd_per_million_tokens": "10",
                "cached_input_usd_per_million_tokens": "0.1",
            },
            {
                "input_cost_per_token": 2e-06,
                "output_cost_per_token": 1e-05,
                "cache_read_input_token_cost": 1e-07,
                "cache_creation_input_token_cost": 2e-06,
                "cache_creation_input_token_cost_above_1hr": 2e-06,
            },
            id="unless the file says less",
        ),
        pytest.param(
            {
                "input_usd_per_million_tokens": "0",
                "output_usd_per_million_tokens": "0",
                "zero_because": "Our own machine.",
            },
            {
                "input_cost_per_token": 0,
                "output_cost_per_token": 0,
                "cache_read_input_token_cost": 0,
                "cache_creation_input_token_cost": 0,
                "cache_creation_input_token_cost_above_1hr": 0,
            },
            id="zero is a price",
        ),
        pytest.param(
            {
                "input_usd_per_million_tokens": "2",
                "output_usd_per_million_tokens": "10",
                "cached_input_usd_per_million_tokens": "0.2",
                "cache_write_usd_per_million_tokens": "2.5",
                "cache_write_1h_usd_per_million_tokens": "4",
                "reasoning_usd_per_million_tokens": "12",
                "input_audio_usd_per_million_tokens": "30",
                "input_image_usd_per_million_tokens": "3",
                "output_audio_usd_per_million_tokens": "60",
            },
            {
                "input_cost_per_token": 2e-06,
                "output_cost_per_token": 1e-05,
                "cache_read_input_token_cost": 2e-07,
                "cache_creation_input_token_cost": 2.5e-06,
                "cache_creation_input_token_cost_above_1hr": 4e-06,
                "output_cost_per_reasoning_token": 1.2e-05,
                "input_cost_per_audio_token": 3e-05,
                "input_cost_per_image_token": 3e-06,
                "output_cost_per_audio_token": 6e-05,
            },
            id="every part that LiteLLM has a name for",
        ),
        pytest.param(
            {"usd_per_page": "0.004", "usd_per_annotated_page": "0.005"},
            {"ocr_cost_per_page": 0.004, "annotation_cost_per_page": 0.005},
            id="annotated pages",
        ),
        pytest.param(
            {"usd_per_image": "0.02", "images": [{"size": "1x1", "usd": "0.03"}, {"usd": "0.01"}]},
            {"output_cost_per_image": 0.03},
            id="the dearest image",
        ),
        pytest.param(
            {"usd_per_page": "0.004"}, {"ocr_cost_per_page": 0.004}, id="by the page alone"
        ),
        pytest.param(
            {"usd_per_image": "0.035"}, {"output_cost_per_image": 0.035}, id="by the image alone"
        ),
    ],
)
def test_prices_are_per_unit_in_us_dollars(
    price: dict[str, Any], expected: dict[str, float]
) -> None:
    assert prices(**price) == expected


@pytest.mark.parametrize(
    ("threshold", "names"),
    [
        pytest.param(100_000, "input output read write write_1h", id="100k"),
        pytest.param(128_000, "input output", id="128k"),
        pytest.param(200_000, "input output read write", id="200k"),
        pytest.param(272_000, "input output read write", id="272k"),
        pytest.param(512_000, "input output read", id="512k"),
        pytest.param(256_000, "", id="a threshold that LiteLLM would send to the provider"),
    ],
)
def test_tiers_go_to_litellm_where_it_has_a_name_for_them(threshold: int, names: str) -> None:
    per_token = {
        "input": ("input_cost_per_token", 4e-06),
        "output": ("output_cost_per_token", 2e-05),
        "read": ("cache_read_input_token_cost", 4e-06),
        "write": ("cache_creation_input_token_cost", 5e-06),
        "write_1h": ("cache_creation_input_token_cost_above_1hr", 4e-06),
    }
    tier = {
        "above_input_tokens": threshold,
        "input_usd_per_million_tokens": "4",
        "output_usd_per_million_tokens": "20",
        "cache_write_usd_per_million_tokens": "5",
    }
    found = prices(
        input_usd_per_million_tokens="2", output_usd_per_million_tokens="10", tiers=[tier]
    )
    above = f"_above_{threshold // 1000}k_tokens"
    tiers = {path: usd for path, usd in found.items() if path.endswith("_tokens")}
    assert tiers == {
        f"{name}{above}": usd for name, usd in (per_token[each] for each in names.split())
    }


def test_limits_are_litellms() -> None:
    limits = {"requests_per_minute": 6, "tokens_per_minute": 7, "timeout_s": 8}
    found = stated("litellm_params.", limits=limits)

    assert (found["rpm"], found["tpm"], found["timeout"]) == (6, 7, 8)


def test_every_capability_has_a_field() -> None:
    schema = AliasSpec.model_json_schema()["properties"]["capabilities"]["items"]

    assert set(schema["enum"]) == set(CAPABILITY_FIELDS)


def test_model_info_says_what_apps_may_count_on() -> None:
    found = stated(
        "model_info.",
        capabilities=["vision", "tools"],
        context_window_tokens=1000,
        max_output_tokens=100,
    )
    del found["aspire"]  # the card, which has tests of its own

    assert found == {
        "mode": "chat",
        "supports_vision": True,
        "supports_function_calling": True,
        "max_input_tokens": 1000,
        "max_output_tokens": 100,
    }


def test_lists_and_mappings_are_as_the_gateway_gives_them_back() -> None:
    parameters = {"stop": ["a", "b"], "chat_template_kwargs": {"enable_thinking": False, "n": 2.0}}
    assert stated("litellm_params.", parameters=parameters) | {} == {
        **stated("litellm_params."),
        "stop": ("a", "b"),
        "chat_template_kwargs": {"enable_thinking": False, "n": 2},
    }


def test_parameters_go_with_each_call_and_zero_is_a_value() -> None:
    found = stated("litellm_params.", parameters={"temperature": 0, "top_p": 1.0, "seed": 7})

    assert (found["temperature"], found["top_p"], found["seed"]) == (0, 1, 7)
    assert isinstance(found["top_p"], int)


def test_no_deployment_has_a_second_road() -> None:
    """Section by section of what LiteLLM would follow without asking."""
    roads = ("fallback", "order", "weight", "retries", "api_key", "tags")
    names = deployment(capabilities=["vision"], parameters={"temperature": 0.5}).fields

    assert not [path for path in names for road in roads if road in path]
