"""The cap in force is what the keys carry, and damaged metadata carries none."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aspire_gitops.spend import cap_of, caps_of
from aspire_gitops.state import GatewayObject
from aspire_ledger.canonical import JsonValue
from support.objects import app_key, applied

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNTIL = (NOW + timedelta(hours=1)).isoformat()


def key(
    app: str = "shop", name: str = "main", metadata: Mapping[str, JsonValue] | None = None
) -> GatewayObject:
    values: dict[str, JsonValue] = {
        "budget": "shops",
        "monthly_aud": "100",
        "timezone": "Australia/Sydney",
    }
    item = app_key(app, name)
    fields = {f"metadata.{path}": value for path, value in (values | dict(metadata or {})).items()}
    return replace(item, fields={**item.fields, **fields})


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({}, "100", id="the cap"),
        pytest.param({"uplift_aud": "50.50", "uplift_until": UNTIL}, "150.50", id="with its uplift"),
        pytest.param({"uplift_aud": "50", "uplift_until": NOW.isoformat()}, "100", id="an uplift that is over"),
        pytest.param({"uplift_aud": "50", "uplift_until": "soon"}, "100", id="an uplift without an end"),
        pytest.param({"monthly_aud": "a lot"}, None, id="no amount"),
        pytest.param({"monthly_aud": "-1"}, None, id="a negative amount"),
        pytest.param({"monthly_aud": "NaN"}, None, id="not a number"),
        pytest.param({"monthly_aud": 100}, None, id="a number instead of text"),
    ],
)  # fmt: skip
def test_the_cap_that_a_key_carries(metadata: dict[str, JsonValue], expected: str | None) -> None:
    assert cap_of(key(metadata=metadata), NOW) == (Decimal(expected) if expected else None)


def test_apps_that_share_a_budget_share_its_cap() -> None:
    [cap] = caps_of([key("shop"), key("till")], NOW).values()
    assert (cap.budget, cap.aud, cap.apps) == ("shops", Decimal(100), ("shop", "till"))


def test_keys_that_disagree_give_the_lowest_cap() -> None:
    [cap] = caps_of([key("shop", metadata={"monthly_aud": "80"}), key("till")], NOW).values()
    assert cap.aud == Decimal(80)


def test_a_live_key_without_a_mark_is_not_believed() -> None:
    assert caps_of([replace(applied(key()), mark=None)], NOW) == {}


@pytest.mark.parametrize("damage", [{"timezone": "Mars/Base"}, {"timezone": 3}, {"budget": None}])
def test_a_key_whose_metadata_is_damaged_is_passed_over(damage: dict[str, JsonValue]) -> None:
    assert caps_of([key(metadata=damage)], NOW) == {}


def test_percentages_that_are_none_are_passed_over() -> None:
    [cap] = caps_of([key(metadata={"warn_at_percent": (80, "x", 0, 50, 101)})], NOW).values()
    assert cap.warn_at_percent == (50, 80)
