"""What is rehearsed is what the files ask for, with every road out of the machine bent back."""

from pathlib import PurePath

import pytest

from aspire_gitops.delivery.registry import file_target
from aspire_gitops.rehearsal.live import fake_secret
from aspire_gitops.rehearsal.scenarios import Redirected, redirect, swapped
from aspire_gitops.state import Compiled, Intent, Kind, ObjectKey, SecretReference
from aspire_ledger.canonical import JsonValue, canonical_json
from support.objects import SECRET_PATH, app_key, compiled, credential, deployment

UPSTREAM = "http://127.0.0.1:9999"
FOLDER = PurePath("/rehearsal")
CLAUDE, ACME = credential("claude"), credential("acme")
SONNET = deployment("sonnet", "claude", model="anthropic/claude-sonnet")
CHAT, SHOP = deployment("chat", "acme"), app_key("shop")


def files() -> Compiled:
    secret = {SECRET_PATH: SecretReference("env", "REAL_SECRET")}
    return compiled(
        CLAUDE,
        ACME,
        SONNET,
        CHAT,
        SHOP,
        intents={
            CLAUDE.key: Intent(secrets=secret),
            ACME.key: Intent(secrets=secret),
            SHOP.key: Intent(delivery=file_target("/var/lib/keys/shop"), source="x.yaml"),
        },
    )


def redirected() -> Redirected:
    return redirect(files(), UPSTREAM, FOLDER, lambda protocol: f"fake-{protocol}")


@pytest.mark.parametrize(
    ("key", "path", "base"),
    [
        pytest.param(ACME.key, "credential_values.api_base", "/acme/v1", id="OpenAI's protocol"),
        pytest.param(CHAT.key, "litellm_params.api_base", "/acme/v1", id="its deployment"),
        pytest.param(CLAUDE.key, "credential_values.api_base", "/claude", id="Anthropic's"),
        pytest.param(SONNET.key, "litellm_params.api_base", "/claude", id="its deployment too"),
    ],
)
def test_addresses_lead_to_the_upstream(key: ObjectKey, path: str, base: str) -> None:
    assert redirected().compiled.objects[key].fields[path] == UPSTREAM + base


def test_no_real_address_is_left() -> None:
    objects = redirected().compiled.objects.values()
    text = canonical_json([dict(item.fields) for item in objects])
    assert "https://" not in text


def test_everything_else_stays() -> None:
    def others(wanted: Compiled) -> dict[tuple[ObjectKey, str], JsonValue]:
        return {
            (key, path): value
            for key, item in wanted.objects.items()
            for path, value in item.fields.items()
            if not path.endswith(".api_base")
        }

    assert others(redirected().compiled) == others(files())


def test_secrets_and_deliveries_are_below_the_folder() -> None:
    found = redirected()
    intents = found.compiled.intents.values()
    references = [reference for intent in intents for reference in intent.secrets.values()]
    assert {reference.scheme for reference in references} == {"file"}
    places = [reference.locator for reference in references]
    places += [str(intent.delivery.address) for intent in intents if intent.delivery]
    assert len(set(places)) == 3
    assert all(place.startswith("/rehearsal/") for place in places)


def test_each_provider_gets_a_secret_of_its_protocol() -> None:
    assert redirected().secrets == {
        CLAUDE.key: {SECRET_PATH: "fake-anthropic"},
        ACME.key: {SECRET_PATH: "fake-openai"},
    }
    assert fake_secret("anthropic").startswith("sk-ant-oat01-")
    assert fake_secret("openai") != fake_secret("openai")


def test_a_swap_edits_the_target_of_one_alias_and_nothing_else() -> None:
    before = files()
    after, edited = swapped(before, CHAT.key, SONNET.key)
    changed = {key for key in after.objects if after.objects[key] != before.objects[key]}
    assert changed == {CHAT.key}
    moved = {path for path, value in edited.fields.items() if value != CHAT.fields[path]}
    assert moved == {
        "litellm_params.model",
        "litellm_params.api_base",
        "litellm_params.litellm_credential_name",
    }
    assert edited.key == ObjectKey(Kind.DEPLOYMENT, "chat")
