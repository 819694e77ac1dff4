"""The compiled `config.yaml` in a real gateway: it starts, and what it closes stays closed.

Each test is one thing that the compiler relies on. Objects are sent as the
compiler makes them, by hand: these tests judge the configuration, not the client.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.kinds.credential import SECRET_FIELD
from aspire_gitops.resources import TokenPriceSpec
from aspire_gitops.sandbox import Sandbox, SandboxOptions, UpstreamControl
from aspire_gitops.state import Compiled, GatewayObject, Kind
from aspire_ledger.money import Month
from support.catalogs import GATEWAY, TODAY, alias, app, budget, catalog_of, provider
from support.sandbox_admin import Admin, admin_of, good
from support.sandboxes import fresh_sandbox

pytestmark = pytest.mark.real

SYDNEY = "Australia/Sydney"
PRICE = {"input_usd_per_million_tokens": "1000", "output_usd_per_million_tokens": "2000"}
EVERY_PRICE = {
    **dict.fromkeys(TokenPriceSpec.model_fields, "1"),
    "usd_per_use": {"web_search": "0.01"},
    "tiers": [
        {"above_input_tokens": limit, **dict.fromkeys(TokenPriceSpec.model_fields, "2")}
        for limit in (100_000, 128_000, 200_000, 256_000, 272_000, 512_000)
    ],
}
CALL_USD = 10 * 0.001 + 20 * 0.002  # the stand-in counts 10 tokens in and 20 out
QUESTION = {"messages": [{"role": "user", "content": "ping"}], "max_tokens": 20}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A gateway on the compiled file, with the compiled objects on it."""
    config = tmp_path_factory.mktemp("compiled") / "config.yaml"
    config.write_text(compiled("http://127.0.0.1:9").config_yaml)
    with fresh_sandbox(SandboxOptions(config=Path(config), upstream=True)) as sandbox:
        assert sandbox.upstream_url is not None
        with admin_of(sandbox) as admin:
            put(admin, compiled(sandbox.upstream_url))
        yield sandbox


@pytest.fixture
def admin(gateway: Sandbox) -> Iterator[Admin]:
    with admin_of(gateway) as admin:
        yield admin


@pytest.fixture
def upstream(gateway: Sandbox) -> Iterator[UpstreamControl]:
    assert gateway.upstream_url is not None
    control = UpstreamControl(gateway.upstream_url)
    control.reset()
    yield control
    control.reset()


def compiled(upstream_url: str) -> Compiled:
    """Compile two OpenAI providers, one Anthropic, one Mistral, and an alias for each mode."""

    def at(name: str, api: str, base: str) -> dict[str, Any]:
        return provider(name, api=api, base_url=f"{upstream_url}/{name}{base}")

    def to(name: str, target: str, model: str, **changes: Any) -> dict[str, Any]:
        return alias(
            name, **{"target": {"provider": target, "model": model}, "price": PRICE, **changes}
        )

    resources = [
        GATEWAY,
        at("one", "openai", "/v1/"),
        at("two", "openai", "/v1"),
        at("claude", "anthropic", "/v1"),
        at("mistral", "mistral", "/v1"),
        to("alpha", "one", "model-a"),
        to("beta", "two", "model-b"),
        to("priced", "one", "model-c", price=EVERY_PRICE, allow_parameters=["top_k"]),
        to("sonnet", "claude", "claude-sonnet-5-5"),
        to("pages", "mistral", "mistral-ocr-latest", mode="ocr", price={"usd_per_page": "0.004"}),
        to(
            "vectors",
            "one",
            "vectors",
            mode="embedding",
            price={"input_usd_per_million_tokens": "1000"},
        ),
        to(
            "pictures", "one", "dall-e-3", mode="image_generation", price={"usd_per_image": "0.035"}
        ),
        app(aliases=["alpha", "beta"]),
        budget(monthly_aud="0.50"),  # 0.3256 USD: six calls and a part of the seventh
    ]
    return compile_catalog(catalog_of(resources), today=TODAY)


def put(admin: Admin, state: Compiled) -> None:
    for wanted in state.objects.values():
        fields = nested(wanted.fields)
        match wanted.key.kind:
            case Kind.CREDENTIAL:
                fields["credential_values"][SECRET_FIELD.partition(".")[2]] = "provider-secret"
                admin.post("/credentials", {"credential_name": wanted.handle, **fields})
            case Kind.DEPLOYMENT:
                fields["model_info"]["id"] = f"gw.{wanted.handle}.1"
                admin.post("/model/new", {"model_name": wanted.handle, **fields})
            case Kind.KEY:
                pass  # each test that needs a key makes one


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in fields.items():
        outer, dot, inner = path.partition(".")
        if dot:
            found.setdefault(outer, {})[inner] = value
        else:
            found[outer] = value
    return found


def new_key(admin: Admin, name: str) -> str:
    (wanted,) = (one for one in key_objects() if one.handle == "agents.default")
    return admin.new_key(key_alias=name, **nested(wanted.fields))


def key_objects() -> list[GatewayObject]:
    objects = compiled("http://127.0.0.1:9").objects.values()
    return [wanted for wanted in objects if wanted.key.kind is Kind.KEY]


def cost(reply: httpx.Response) -> float:
    good(reply)
    return float(reply.headers["x-litellm-response-cost"])


@pytest.mark.parametrize(
    ("section", "setting", "value"),
    [
        pytest.param("router_settings", "fallbacks", [{"alpha": ["beta"]}], id="fallbacks"),
        pytest.param(
            "router_settings",
            "context_window_fallbacks",
            [{"alpha": ["beta"]}],
            id="context window",
        ),
        pytest.param("router_settings", "max_fallbacks", 5, id="the number of fallbacks"),
        pytest.param("router_settings", "num_retries", 2, id="retries"),
        pytest.param("router_settings", "model_group_alias", {"alpha": "beta"}, id="router alias"),
        pytest.param("router_settings", "routing_groups", [], id="routing groups"),
        pytest.param("litellm_settings", "default_fallbacks", ["beta"], id="default fallbacks"),
        pytest.param("litellm_settings", "fallbacks", [{"alpha": ["beta"]}], id="library's"),
        pytest.param("litellm_settings", "timezone", "UTC", id="timezone"),
        pytest.param("litellm_settings", "cost_margin_config", {"global": 1}, id="margin on costs"),
        pytest.param("litellm_settings", "cost_discount_config", {"openai": 0.5}, id="discount"),
    ],
)
def test_a_setting_of_the_file_cannot_be_changed_through_the_api(
    admin: Admin, section: str, setting: str, value: object
) -> None:
    if setting == "routing_groups":
        value = [{"group_name": "x", "models": ["alpha"], "routing_strategy": "simple-shuffle"}]

    reply = admin.send("POST", "/config/update", {section: {setting: value}})

    assert (reply.status_code, "is set in the config file" in reply.text) == (400, True)


@pytest.mark.parametrize("kind", ["general", "context_window", "content_policy"])
def test_a_fallback_set_by_hand_is_stored_but_never_followed(
    admin: Admin, upstream: UpstreamControl, kind: str
) -> None:
    wish = {"model": "alpha", "fallback_models": ["beta"], "fallback_type": kind}
    admin.post("/fallback", wish)  # 200: this road is open, so the router must refuse to go
    upstream.fail(500, provider="one")

    reply = admin.chat("alpha")

    assert reply.status_code == 500
    assert [call.provider for call in upstream.calls()] == ["one"]


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"fallbacks": ["beta"]}, id="fallbacks"),
        pytest.param(
            {"router_settings_override": {"fallbacks": [{"alpha": ["beta"]}]}}, id="router settings"
        ),
    ],
)
def test_a_fallback_that_a_caller_sends_along_is_not_followed(
    admin: Admin, upstream: UpstreamControl, wish: dict[str, Any]
) -> None:
    """Even for the administrator, whose key has no `disable_fallbacks`."""
    upstream.fail(500, provider="one")

    reply = admin.chat("alpha", **wish)

    assert reply.status_code == 500
    assert [call.provider for call in upstream.calls()] == ["one"]


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_an_error_of_the_provider_reaches_the_app_after_one_try(
    admin: Admin, upstream: UpstreamControl, status: int
) -> None:
    upstream.fail(status, provider="one")

    assert admin.chat("alpha").status_code == status
    assert len(upstream.calls()) == 1


def test_a_failing_alias_is_not_put_on_hold(admin: Admin, upstream: UpstreamControl) -> None:
    upstream.fail(500, provider="one", times=5)

    statuses = [admin.chat("alpha").status_code for _ in range(6)]

    assert statuses == [500, 500, 500, 500, 500, 200]


def test_no_price_and_no_card_is_sent_to_the_provider(
    admin: Admin, upstream: UpstreamControl
) -> None:
    assert admin.said("priced") == "pong from one"

    [call] = upstream.calls()
    assert set(call.body) == {"model", "messages"}


def test_embeddings_are_tried_three_times_but_at_the_same_provider(
    admin: Admin, upstream: UpstreamControl
) -> None:
    """The OpenAI client inside LiteLLM does it, whatever the settings; the reference says so."""
    upstream.fail(500, provider="one")

    reply = admin.send("POST", "/v1/embeddings", {"model": "vectors", "input": "ping"})

    assert reply.status_code == 500
    assert [call.provider for call in upstream.calls()] == ["one", "one", "one"]


@pytest.mark.parametrize(
    ("path", "body", "arrives_at"),
    [
        pytest.param(
            "/v1/chat/completions",
            {"model": "alpha", **QUESTION},
            "/one/v1/chat/completions",
            id="openai",
        ),
        pytest.param(
            "/v1/chat/completions",
            {"model": "sonnet", **QUESTION},
            "/claude/v1/messages",
            id="anthropic from chat",
        ),
        pytest.param(
            "/v1/messages",
            {"model": "sonnet", **QUESTION},
            "/claude/v1/messages",
            id="anthropic from messages",
        ),
        pytest.param(
            "/v1/ocr",
            {
                "model": "pages",
                "document": {"type": "document_url", "document_url": "https://example.com/a.pdf"},
            },
            "/mistral/v1/ocr",
            id="mistral OCR",
        ),
        pytest.param(
            "/v1/embeddings",
            {"model": "vectors", "input": "ping"},
            "/one/v1/embeddings",
            id="embedding",
        ),
    ],
)
def test_the_compiled_base_url_leads_to_the_providers_endpoint(
    admin: Admin,
    upstream: UpstreamControl,
    path: str,
    body: dict[str, Any],
    arrives_at: str,
) -> None:
    admin.post(path, body)

    assert [call.path for call in upstream.calls()] == [arrives_at]


@pytest.mark.parametrize(
    ("path", "body", "usd"),
    [
        pytest.param("/v1/chat/completions", {"model": "alpha", **QUESTION}, CALL_USD, id="tokens"),
        pytest.param(
            "/v1/chat/completions", {"model": "sonnet", **QUESTION}, CALL_USD, id="known model"
        ),
        pytest.param(
            "/v1/ocr",
            {
                "model": "pages",
                "document": {"type": "document_url", "document_url": "https://example.com/a.pdf"},
            },
            0.004,
            id="pages",
        ),
        pytest.param(
            "/v1/images/generations", {"model": "pictures", "prompt": "ping"}, 0.035, id="images"
        ),
        pytest.param("/v1/embeddings", {"model": "vectors", "input": "ping"}, 0.01, id="embedding"),
    ],
)
def test_a_call_costs_what_the_file_says(
    admin: Admin, path: str, body: dict[str, Any], usd: float
) -> None:
    assert cost(admin.send("POST", path, body)) == pytest.approx(usd)


def test_an_alias_without_a_price_is_refused(admin: Admin, gateway: Sandbox) -> None:
    admin.new_model("unpriced", model="openai/unknown", api_base=f"{gateway.upstream_url}/one/v1")

    reply = admin.chat("unpriced")

    assert (reply.status_code, "no pricing" in reply.text) == (403, True)


def test_a_spent_budget_answers_429_and_turns_over_on_the_first_in_sydney(admin: Admin) -> None:
    key = new_key(admin, "spent")

    replies = [admin.chat("alpha", key=key, max_tokens=20) for _ in range(9)]

    statuses = [reply.status_code for reply in replies]
    assert statuses == sorted(statuses)
    assert statuses.count(200) in {6, 7}  # 0.3256 USD at 0.05 each, the last one reserved or not
    assert set(statuses) == {200, 429}
    assert "budget" in replies[-1].text.lower()
    reset_at = datetime.fromisoformat(admin.key_row(key)["budget_reset_at"])
    assert reset_at == Month.containing(datetime.now(UTC), ZoneInfo(SYDNEY)).end


def test_the_compiled_key_is_stored_as_it_was_compiled(admin: Admin) -> None:
    row = admin.key_row(new_key(admin, "stored"))

    (wanted,) = key_objects()
    expected = nested(wanted.fields)
    found = {path: row[path] for path in expected}
    expected = {path: list(v) if isinstance(v, tuple) else v for path, v in expected.items()}
    assert found == expected
