"""Each key of an app: what it may call, its cap in US dollars, and what the ledger reads."""

from typing import Any

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.delivery.registry import file_target
from aspire_gitops.state import Compiled, GatewayObject, Intent, Kind, ObjectKey
from aspire_ledger.contract import allowed_routes
from support.catalogs import GATEWAY, TODAY, alias, app, budget, catalog_of, provider


def compiled(
    *, cap: str = "180", budget_changes: Any = None, gateway: Any = GATEWAY, **changes: Any
) -> Compiled:
    shared = budget(monthly_aud=cap, **(budget_changes or {}))
    catalog = catalog_of([gateway, provider(), alias(), app(**changes), shared])
    return compile_catalog(catalog, today=TODAY)


def key(name: str = "agents.default", **changes: Any) -> GatewayObject:
    return compiled(**changes).objects[ObjectKey(Kind.KEY, name)]


def intent(name: str = "agents.default", **changes: Any) -> Intent:
    return compiled(**changes).intents[ObjectKey(Kind.KEY, name)]


def test_every_key_has_what_closes_the_roads_around_it() -> None:
    fields = key(aliases=["qwen-chat", "b", "a"]).fields

    assert {path: fields[path] for path in ("models", "metadata.disable_fallbacks")} == {
        "models": ("a", "b", "qwen-chat"),
        "metadata.disable_fallbacks": True,
    }
    assert fields["allowed_routes"] == allowed_routes({"chat"})


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        pytest.param("180", 117.216, id="at the reviewed rate"),
        pytest.param("100.10", 65.1851, id="rounded down"),
        pytest.param("0", 0, id="zero denies every call, and is not absent"),
    ],
)
def test_the_cap_is_in_us_dollars_for_a_calendar_month(cap: str, expected: float) -> None:
    fields = key(cap=cap).fields

    assert (fields["max_budget"], fields["budget_duration"]) == (expected, "1mo")


def test_limits_are_each_keys() -> None:
    limits = {"requests_per_minute": 6, "tokens_per_minute": 7, "parallel_requests": 8}
    fields = key(limits=limits).fields

    assert (fields["rpm_limit"], fields["tpm_limit"], fields["max_parallel_requests"]) == (6, 7, 8)


def test_without_limits_the_fields_are_absent() -> None:
    assert not {"rpm_limit", "tpm_limit", "max_parallel_requests"} & key().fields.keys()


def test_the_metadata_is_what_the_ledger_reads() -> None:
    fields = key(cap="100.10", budget_changes={"warn_at_percent": [95, 50]}).fields
    metadata = {path[9:]: v for path, v in fields.items() if path.startswith("metadata.")}

    assert metadata == {
        "app": "agents",
        "owner": "platform@example.com",
        "budget": "shared",
        "monthly_aud": "100.10",
        "usd_per_aud": "0.6512",
        "timezone": "Australia/Sydney",
        "warn_at_percent": (50, 95),
        "disable_fallbacks": True,
    }


@pytest.mark.parametrize(
    ("ledger", "until"),
    [
        pytest.param({}, "2026-11-29T00:00:00+11:00", id="under a ledger"),
        pytest.param(None, None, id="without one, which nobody would heed"),
    ],
)
def test_an_app_is_watched_until_the_midnight_after_its_last_day(
    ledger: dict[str, str] | None, until: str | None
) -> None:
    unknown = {"action": "report", "until": "2026-11-28"}
    gateway = GATEWAY if ledger is None else {**GATEWAY, "ledger": ledger}
    fields = key(gateway=gateway, unknown_parameters=unknown).fields
    assert fields.get("metadata.unknown_parameters_until") == until


def test_a_key_is_called_by_app_and_name_or_as_the_file_says() -> None:
    keys = [
        {"name": "one", "deliver": {"file": "/var/one"}},
        {"name": "two", "key_alias": "by hand", "adopt": True},
    ]
    result = compiled(keys=keys)

    assert {
        str(item): wanted.handle for item, wanted in result.objects.items() if item.kind is Kind.KEY
    } == {
        "key/agents.one": "agents.one",
        "key/agents.two": "by hand",
    }


def test_a_new_key_is_delivered_and_an_adopted_one_is_not() -> None:
    assert intent().delivery == file_target("agents/default")
    adopted = intent(keys=[{"name": "default", "adopt": True}])
    assert (adopted.adopt, adopted.delivery) == (True, None)


@pytest.mark.parametrize(
    "deliver", ["file", {"file": "/var/lib/aspire-gitops/keys/agents/default"}]
)
def test_an_app_says_that_a_key_is_delivered_and_never_where(deliver: Any) -> None:
    """The root is a setting of the controller, so the same commit compiles to the same bytes."""
    found = intent(keys=[{"name": "default", "deliver": deliver}])
    assert found.delivery == file_target("agents/default")


def test_a_delivery_says_where_a_key_goes() -> None:
    elsewhere = {
        "kind": "Delivery",
        "name": "agents-default",
        "app": "agents",
        "key": "default",
        "file": "/srv/agents/gateway-key",
    }
    keys = [{"name": "default"}, {"name": "other", "deliver": "file"}]
    resources = [GATEWAY, provider(), alias(), app(keys=keys), budget(), elsewhere]
    intents = compile_catalog(catalog_of(resources), today=TODAY).intents
    found = [
        intents[ObjectKey(Kind.KEY, f"agents.{name}")].delivery for name in ("default", "other")
    ]
    assert found == [file_target("/srv/agents/gateway-key"), file_target("agents/other")]


def test_the_intent_names_the_file_for_messages() -> None:
    assert intent().source == "gateway.d/App/agents.yaml"
