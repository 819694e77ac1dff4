"""The tables of providers and clients hold together."""

import pytest

from aspire_gitops.egress.clients import TABLES, Road, find_client
from aspire_gitops.egress.facts import PROVIDERS, hosts_in, provider_of_base, variables
from aspire_gitops.egress.scanning import worth_scanning

ROWS = [(language, name) for language, table in TABLES.items() for name in table]


def test_the_quick_look_misses_nothing_of_the_tables() -> None:
    names = [name.replace(":", "_") for _, name in ROWS]
    words = [*names, *variables(), *(host for provider in PROVIDERS for host in provider.hosts)]
    assert [word for word in words if not worth_scanning(word.encode())] == []


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_each_host_is_found_and_belongs_to_one_provider(provider: object) -> None:
    for one in PROVIDERS:
        for host in one.hosts if one is provider else ():
            written = host.replace("*", "eu-west-1")
            assert {found.provider.name for found in hosts_in(f'"https://{written}/v1"')} == {
                one.name
            }


@pytest.mark.parametrize(
    "text",
    ["https://api.openai.com.evil.test", "https://xapi.openai.com", "mail@api.openai.com", "my-api.openai.com", "api.openai.community", "platform.openai.com", "console.anthropic.com", "openrouter.ai"],
)  # fmt: skip
def test_a_name_around_a_host_is_another_host(text: str) -> None:
    assert list(hosts_in(text)) == []


def test_no_variable_is_of_two_providers() -> None:
    keys = [name for provider in PROVIDERS for name in provider.key_variables]
    assert len(keys) == len(set(keys))


def test_what_leads_a_client_by_itself_is_a_known_variable() -> None:
    known = {"LITELLM_PROXY_API_BASE"}
    named = {name for table in TABLES.values() for row in table.values() for name in row.variables}
    assert {name for name in named - known if provider_of_base(name) is None} == set()


def test_a_client_without_an_address_is_replaced_or_has_a_fix_of_its_own() -> None:
    bare = [(language, name) for language, name in ROWS if not TABLES[language][name].base]
    lost = [row for row in bare if TABLES[row[0]][row[1]].road is not Road.REPLACE and not TABLES[row[0]][row[1]].fix]  # fmt: skip
    assert lost == []


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("langchain_openai.chat_models.base.ChatOpenAI", "langchain_openai.ChatOpenAI"),
        ("openai.OpenAI", "openai.OpenAI"),
        ("openai.types.OpenAI", "openai.OpenAI"),
        ("my.openai.OpenAI", None),
        ("openais.OpenAI", None),
        ("openai.APIError", None),
    ],
)
def test_a_package_may_have_modules_between(name: str, row: str | None) -> None:
    assert find_client("python", name) == row
