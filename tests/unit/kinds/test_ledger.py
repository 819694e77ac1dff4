"""What a Gateway with a ledger compiles to: caps as a backstop, the callback, an uplift in time."""

from datetime import date

import pytest
import yaml

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.state import Compiled, Fields, Kind, ObjectKey
from aspire_ledger.canonical import CONFIG_DIGEST, config_digest
from support.catalogs import GATEWAY, TODAY, catalog_of
from support.folders import alias, app, provider

LEDGER = {"on_outage": {"allow_for_minutes": 10}, "backstop_factor": "1.5"}


def with_ledger(uplift: dict[str, str] | None = None, today: date = TODAY) -> Compiled:
    budget = {"kind": "Budget", "name": "shared", "monthly_aud": "100", "admission": "strict"}
    resources = [
        {**GATEWAY, "ledger": LEDGER},
        {**budget, **({"uplift": uplift} if uplift else {})},
        provider("acme"),
        alias("chat", "acme"),
        app("shop", ["chat"], {"name": "main", "deliver": {"file": "/run/keys/shop"}}),
    ]
    return compile_catalog(catalog_of(resources), today=today)


def key_fields(compiled: Compiled) -> Fields:
    return compiled.objects[ObjectKey(Kind.KEY, "shop.main")].fields


def test_a_ledger_makes_litellms_own_cap_a_backstop() -> None:
    fields = key_fields(with_ledger())
    assert fields["max_budget"] == 97.68  # 100 AUD, by 1.5, by 0.6512
    assert fields["metadata.monthly_aud"] == "100"
    assert fields["metadata.budget_mode"] == "strict"


def test_the_config_loads_the_ledger_and_says_what_an_outage_means() -> None:
    config = yaml.safe_load(with_ledger().config_yaml)
    assert config["litellm_settings"]["callbacks"] == ["aspire_ledger.hook.ledger"]
    assert config["general_settings"]["disable_budget_reservation"] is True
    variables = config["environment_variables"]
    assert variables.pop(CONFIG_DIGEST) == config_digest(with_ledger().config_yaml)
    assert variables == {
        "ASPIRE_LEDGER_ON_OUTAGE": "allow for 10 minutes",
        "ASPIRE_LEDGER_KEYS_WITHOUT_MARK": "refuse",
    }


@pytest.mark.parametrize(
    ("today", "max_budget"),
    [
        pytest.param(date(2026, 11, 30), 146.52, id="its last day"),
        pytest.param(date(2026, 12, 1), 97.68, id="the day after"),
    ],
)
def test_an_uplift_counts_until_the_end_of_its_last_day(today: date, max_budget: float) -> None:
    uplift = {
        "aud": "50",
        "reason": "End of year",
        "owner": "ada@example.com",
        "expires": "2026-11-30",
    }
    fields = key_fields(with_ledger(uplift, today))
    assert fields["max_budget"] == max_budget
    assert fields["metadata.uplift_aud"] == "50"
    assert fields["metadata.uplift_until"] == "2026-12-01T00:00:00+11:00"
