"""Two catalogs differ by what they say, wherever their files are."""

from collections.abc import Sequence
from typing import Any

import pytest

from aspire_gitops.review.comparison import edits_between
from aspire_gitops.review.value import Edit
from support.catalogs import alias, app, budget, catalog_of
from support.changes import small, without
from support.reviewed import base_with, check

KEY = {"name": "default", "deliver": {"file": "/var/lib/keys/default"}}


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(
            {"adopt": False, "capabilities": []}, {}, [], id="a default that is written out"
        ),
        pytest.param(
            {"price": {"input_usd_per_million_tokens": "1.20"}},
            {"price": {"input_usd_per_million_tokens": "1.2"}},
            [],
            id="the same amount, written otherwise",
        ),
        pytest.param(
            {"target": {"provider": "a", "model": "m"}},
            {"target": {"provider": "b", "model": "m"}},
            [("target.provider", "a", "b")],
            id="a swap",
        ),
        pytest.param(
            {"price": {"usd_per_page": "0.004"}},
            {"price": {"usd_per_image": "0.004"}},
            [("price.usd_per_image", None, "0.004"), ("price.usd_per_page", "0.004", None)],
            id="another unit",
        ),
        pytest.param(
            {"capabilities": ["vision"]},
            {"capabilities": ["vision", "tools"]},
            [("capabilities", ("vision",), ("vision", "tools"))],
            id="a list is one value",
        ),
        pytest.param(
            {"price": {"images": [{"usd": "1"}, {"size": "a", "quality": "high", "usd": "2"}]}},
            {"price": {"images": [{"size": "a", "quality": "high", "usd": "3"}, {"usd": "1"}]}},
            [("price.images.a.high.usd", "2.00", "3.00")],
            id="one image of a list",
        ),
        pytest.param(
            {"price": {**alias()["price"], "tiers": [{"above_input_tokens": 200_000}]}},
            {},
            [("price.tiers.200000.above_input_tokens", 200_000, None)],
            id="a tier is gone",
        ),
        pytest.param(
            {"parameters": {"temperature": 0.2}},
            {},
            [("parameters.temperature", 0.2, None)],
            id="a parameter is gone",
        ),
    ],
)
def test_fields_of_an_alias(
    before: dict[str, Any], after: dict[str, Any], fields: Sequence[tuple[str, Any, Any]]
) -> None:
    edits = edits_between(catalog_of([alias(**before)]), catalog_of([alias(**after)]))
    found = [(change.path, change.before, change.after) for edit in edits for change in edit.fields]
    assert found == fields


def test_a_key_of_an_app_is_told_by_its_name() -> None:
    other = {**KEY, "name": "batch"}
    (edit,) = edits_between(
        catalog_of([app(keys=[KEY])]), catalog_of([app(keys=[other, {**KEY, "key_alias": "old"}])])
    )
    assert [(change.path, change.before, change.after) for change in edit.fields] == [
        ("keys.batch.deliver.file", None, "/var/lib/keys/default"),
        ("keys.batch.name", None, "batch"),
        ("keys.default.key_alias", None, "old"),
    ]


def test_a_resource_of_another_name_is_removed_and_added() -> None:
    before, after = small(), without([*small(), budget("other")], "Budget/shared")
    edits = edits_between(catalog_of(before), catalog_of(after))
    assert [(edit.name, edit.edit, edit.fields) for edit in edits] == [
        ("other", Edit.ADDED, ()),
        ("shared", Edit.REMOVED, ()),
    ]


PATH = "gateway.d/aliases/qwen-vision.yaml"
FILE = base_with({})[PATH]


@pytest.mark.parametrize(
    ("files", "places"),
    [
        pytest.param({PATH: None, "gateway.d/x/qwen-vision.yaml": FILE}, [], id="moved"),
        pytest.param({PATH: f"# for OCR\n{FILE}"}, [], id="a comment"),
        pytest.param(
            {PATH: FILE.replace("0.40", "0.50")}, [f"{PATH}:5:39"], id="changed: the first field"
        ),
        pytest.param({PATH: None}, [f"{PATH}:2:7"], id="removed: its place in base"),
    ],
)
def test_where_an_edit_stands(files: dict[str, str | None], places: list[str]) -> None:
    edits = edits_between(check(base_with({})).catalog, check(base_with(files)).catalog)
    assert [str(edit.place) for edit in edits if edit.name == "qwen-vision"] == places
