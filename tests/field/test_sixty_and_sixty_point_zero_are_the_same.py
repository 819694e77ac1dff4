"""Nobody's spelling of a number changes an object, neither now nor after an upgrade."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from aspire_gitops.compiling import artifacts, compile_catalog
from aspire_gitops.planning import Plan
from aspire_gitops.planning.diff import marked
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled, Intent, Kind, Snapshot
from aspire_gitops.vocabulary.spec import Amount, Price
from support.catalogs import GATEWAY, TODAY, catalog_of_folder
from support.folders import BUDGET, alias, app, provider, write_folder
from support.turns import NOON, OWNER

Fields = Mapping[str, Any]
PRICES = {
    "input_usd_per_million_tokens": "{4}",
    "output_usd_per_million_tokens": "{1.5}",
    "cached_input_usd_per_million_tokens": "{0.04}",
    "usd_per_use": {"web_search": "{0.01}"},
    "tiers": [
        {
            "above_input_tokens": 200_000,
            "input_usd_per_million_tokens": "{8}",
            "output_usd_per_million_tokens": "{3}",
            "cached_input_usd_per_million_tokens": "{0.08}",
        }
    ],
}
IMAGES = {"usd_per_image": "{0.1}", "images": [{"size": "a", "quality": "1.0", "usd": "{2}"}]}


def spelled(value: Any, zeros: str) -> Any:
    """Return a resource with each `{4}` written with so many zeros more: `4.00`."""
    match value:
        case str() if value.startswith("{"):
            text = value[1:-1]
            return text + (zeros if not zeros or "." in text else f".{zeros}")
        case dict():
            return {name: spelled(item, zeros) for name, item in value.items()}
        case list():
            return [spelled(item, zeros) for item in value]
        case _:
            return value


def resources(zeros: str) -> list[dict[str, Any]]:
    uplift = {
        "aud": "{40}",
        "reason": "A launch",
        "owner": "a@example.com",
        "expires": "2026-11-30",
    }
    gateway = {
        **GATEWAY,
        "exchange": {**GATEWAY["exchange"], "usd_per_aud": "{0.65}"},
        "ledger": {"backstop_factor": "{1.5}", "total_monthly_aud": "{1000}"},
    }
    found = [
        gateway,
        {**BUDGET, "monthly_aud": "{60}", "uplift": uplift},
        provider("acme"),
        alias("chat", "acme", price=PRICES),
        alias("draw", "acme", mode="image_generation", price=IMAGES),
        app("shop", ["chat", "draw"], {"name": "main", "deliver": "file"}),
    ]
    return [spelled(resource, zeros) for resource in found]


def compiled(folder: Path, zeros: str = "") -> Compiled:
    folder.mkdir(exist_ok=True)
    write_folder(folder, resources(zeros))
    return compile_catalog(catalog_of_folder(folder), today=TODAY)


@pytest.mark.parametrize("zeros", ["0", "00", "0000000"])
def test_the_same_numbers_compile_to_the_same_files(tmp_path: Path, zeros: str) -> None:
    one, other = compiled(tmp_path / "one"), compiled(tmp_path / "other", zeros)
    assert artifacts(other) == artifacts(one)
    assert {key: item.proof for key, item in other.objects.items()} == {
        key: item.proof for key, item in one.objects.items()
    }


class Written(BaseModel):
    amount: Amount
    price: Price


@given(st.decimals(0, 999_999_999, places=9), st.integers(0, 9))
def test_an_amount_has_one_form(exact: Decimal, zeros: int) -> None:
    short = f"{exact.normalize():f}"
    decimals = len(short.partition(".")[2])
    padded = f"{exact:.{max(decimals, zeros)}f}"
    one, other = (Written(amount=text, price=text) for text in (short, padded))
    assert (one.amount, one.price) == (exact, exact)
    assert one.model_dump_json() == other.model_dump_json()
    assert (str(one.amount), str(one.price)) == (str(other.amount), str(other.price))


# ── what an older release wrote, as the files spelled it ─────────────────────


def live(compiled: Compiled, spell: Callable[[Any], Any] = lambda value: value) -> Snapshot:
    """Return a gateway on which all objects without secrets are as they were written then."""
    objects = []
    for item in compiled.objects.values():
        if item.key.kind is not Kind.CREDENTIAL:
            fields = {path: spell(value) for path, value in item.fields.items()}
            then = replace(item, fields=fields)
            there = marked(then, Intent(), owner=OWNER, revision="main@older", evidence=None)
            address = f"gw.{item.key.name}.1" if item.key.kind is Kind.DEPLOYMENT else "0" * 64
            objects.append(replace(there, address=address))
    return Snapshot("http://gateway.test", "1.106.0", NOON, tuple(objects))


def longer(value: Any) -> Any:
    """Return an amount with another zero, wherever it stands."""
    match value:
        case str() if value.replace(".", "", 1).isdigit():
            return f"{value}0" if "." in value else f"{value}.0"
        case Mapping():
            return {
                name: item if name == "quality" else longer(item) for name, item in value.items()
            }
        case tuple():
            return tuple(map(longer, value))
        case _:
            return value


def plan(wanted: Compiled, snapshot: Snapshot) -> Plan:
    return make_plan(wanted, snapshot, owner=OWNER, evidence={})


def touched(made: Plan) -> dict[str, list[str]]:
    """Return the changed fields of each object, but of the provider, which is not there."""
    return {
        str(change.key): [field.path for field in change.fields]
        for change in made.changes
        if change.key.kind is not Kind.CREDENTIAL
    }


def with_fields(snapshot: Snapshot, kind: Kind, **changed: Any) -> Snapshot:
    """Return the gateway after somebody set fields of one kind by hand."""
    return replace(
        snapshot,
        objects=tuple(
            replace(item, fields={**item.fields, **changed}) if item.key.kind is kind else item
            for item in snapshot.objects
        ),
    )


@pytest.fixture
def wanted(tmp_path: Path) -> Compiled:
    return compiled(tmp_path / "files")


def test_what_was_written_in_another_spelling_stays_as_it_is(wanted: Compiled) -> None:
    then = live(wanted, longer)
    texts = [item.fields.get("metadata.monthly_aud") for item in then.objects]
    assert "60.0" in texts, "it is another spelling"
    assert touched(plan(wanted, then)) == {}


def test_drift_beside_another_spelling_is_healed_alone(wanted: Compiled) -> None:
    then = with_fields(live(wanted, longer), Kind.KEY, rpm_limit=7)
    assert touched(plan(wanted, then)) == {"key/shop.main": ["rpm_limit"]}


def test_a_spelling_that_somebody_else_wrote_is_set_back(wanted: Compiled) -> None:
    then = with_fields(live(wanted), Kind.KEY, **{"metadata.monthly_aud": "60.0"})
    assert touched(plan(wanted, then)) == {"key/shop.main": ["metadata.monthly_aud"]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("metadata.monthly_aud", "60.01", id="another amount"),
        pytest.param("metadata.monthly_aud", 60, id="a number is no text"),
        pytest.param("metadata.monthly_aud", "6E1", id="nothing that a file may say"),
        pytest.param("metadata.app", "shop.0", id="a name is no amount"),
    ],
)
def test_what_only_looks_alike_is_a_change(wanted: Compiled, path: str, value: Any) -> None:
    then = with_fields(live(wanted, longer), Kind.KEY, **{path: value})
    assert path in touched(plan(wanted, then))["key/shop.main"]


def test_a_quality_that_looks_like_a_number_is_a_word(wanted: Compiled) -> None:
    def other_word(value: Any) -> Any:
        match value:
            case Mapping():
                return {n: "1.00" if n == "quality" else other_word(v) for n, v in value.items()}
            case tuple():
                return tuple(map(other_word, value))
            case _:
                return value

    assert touched(plan(wanted, live(wanted, other_word))) == {
        "deployment/draw": ["model_info.aspire"]
    }
