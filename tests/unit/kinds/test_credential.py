"""A provider becomes a credential: its address, its base URL, and a reference to its secret."""

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.state import Compiled, Kind, ObjectKey, SecretReference
from support.catalogs import GATEWAY, TODAY, alias, app, budget, catalog_of, provider


def compiled(*resources: dict[str, object]) -> Compiled:
    return compile_catalog(catalog_of([GATEWAY, *resources]), today=TODAY)


def key(name: str = "cloud-first") -> ObjectKey:
    return ObjectKey(Kind.CREDENTIAL, name)


def test_name_and_address_are_the_providers_with_our_prefix() -> None:
    wanted = compiled(provider()).objects[key()]

    assert (wanted.handle, wanted.address) == ("gw.cloud-first", "gw.cloud-first")


@pytest.mark.parametrize(
    ("api", "declared", "expected"),
    [
        pytest.param("openai", "https://a.example/v1", "https://a.example/v1", id="as it is"),
        pytest.param("openai", "https://a.example/v1/", "https://a.example/v1", id="slash"),
        pytest.param(
            "openai", "https://a.example/v1/chat/completions", "https://a.example/v1", id="endpoint"
        ),
        pytest.param("anthropic", "https://a.example", "https://a.example", id="anthropic"),
        pytest.param("anthropic", "https://a.example/v1/", "https://a.example", id="with its /v1"),
        pytest.param(
            "anthropic", "https://a.example/v1/messages", "https://a.example", id="whole address"
        ),
        pytest.param("mistral", "https://a.example/v1/", "https://a.example/v1", id="mistral"),
    ],
)
def test_the_base_url_is_the_one_that_litellm_completes(
    api: str, declared: str, expected: str
) -> None:
    wanted = compiled(provider(api=api, base_url=declared)).objects[key()]

    assert wanted.fields["credential_values.api_base"] == expected


@pytest.mark.parametrize(
    ("credential", "reference"),
    [
        pytest.param({"env": "A_KEY"}, SecretReference("env", "A_KEY"), id="variable"),
        pytest.param({"file": "/run/a"}, SecretReference("file", "/run/a"), id="file"),
    ],
)
def test_the_secret_is_a_reference(credential: dict[str, str], reference: SecretReference) -> None:
    result = compiled(provider(credential=credential))

    assert result.intents[key()].secrets == {"credential_values.api_key": reference}
    assert "credential_values.api_key" not in result.objects[key()].fields


def test_a_deferred_provider_compiles_to_nothing() -> None:
    result = compiled(provider(), provider("later", deferred="Phase 1b."), alias(), app(), budget())

    assert {item.name for item in result.objects if item.kind is Kind.CREDENTIAL} == {"cloud-first"}
