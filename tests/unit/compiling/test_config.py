"""The compiled `config.yaml` says what LiteLLM must be told, and nothing of the database's."""

from typing import Any

import pytest
import yaml

from aspire_gitops.compiling import compile_catalog
from aspire_ledger.canonical import CONFIG_DIGEST
from support.catalogs import GATEWAY, TODAY, catalog_of


def config(**changes: Any) -> dict[str, Any]:
    text = compile_catalog(catalog_of([{**GATEWAY, **changes}]), today=TODAY).config_yaml
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def test_it_holds_settings_only() -> None:
    found = config()
    assert list(found.pop("environment_variables")) == [CONFIG_DIGEST]
    assert set(found) == {"general_settings", "litellm_settings", "router_settings"}


@pytest.mark.parametrize(
    ("section", "setting", "value"),
    [
        pytest.param("router_settings", "fallbacks", [], id="router fallbacks"),
        pytest.param("router_settings", "context_window_fallbacks", [], id="context window"),
        pytest.param("router_settings", "content_policy_fallbacks", [], id="content policy"),
        pytest.param("router_settings", "max_fallbacks", 0, id="set by hand or sent along"),
        pytest.param("router_settings", "num_retries", 0, id="retries"),
        pytest.param("router_settings", "model_group_alias", {}, id="aliases of the router"),
        pytest.param("router_settings", "enable_weighted_failover", False, id="failover"),
        pytest.param("litellm_settings", "default_fallbacks", None, id="default fallbacks"),
        pytest.param("litellm_settings", "fallbacks", None, id="library fallbacks"),
        pytest.param("general_settings", "enforce_fallback_model_access", True, id="second fence"),
        pytest.param("general_settings", "allow_client_side_credentials", False, id="own address"),
    ],
)
def test_every_road_to_another_model_is_closed(section: str, setting: str, value: object) -> None:
    assert config()[section][setting] == value


def test_the_router_is_not_given_default_fallbacks() -> None:
    """An empty list there makes LiteLLM write a rule for every model."""
    assert "default_fallbacks" not in config()["router_settings"]


def test_the_master_key_comes_from_the_environment() -> None:
    assert config()["general_settings"]["master_key"] == "os.environ/LITELLM_MASTER_KEY"


@pytest.mark.parametrize("timezone", ["Australia/Sydney", "Etc/GMT+10", "UTC"])
def test_budgets_turn_over_in_the_gateways_timezone(timezone: str) -> None:
    assert config(timezone=timezone)["litellm_settings"]["timezone"] == timezone
