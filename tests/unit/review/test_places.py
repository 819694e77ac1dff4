"""A finding stands at the line that causes it."""

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.review.builder import Side, make_review
from aspire_gitops.review.findings import place_of_object
from support.catalogs import app, catalog_of
from support.objects import NOON, OWNER
from support.reviewed import TODAY, base_with, check

APP = "gateway.d/apps/knowledge-os.yaml"
ALIAS = "gateway.d/aliases/qwen-vision.yaml"
BUDGET = "gateway.d/budgets/knowledge-os.yaml"
GATEWAY = "gateway.d/gateway.yaml"
PROVIDER = "gateway.d/providers/cloud-first.yaml"
FILES = base_with({})


def compiled(files: dict[str, str | None]) -> Side:
    found = check(base_with(files))
    assert found.ok
    return Side(found.catalog, found.diagnostics, compile_catalog(found.catalog, today=TODAY))


@pytest.mark.parametrize(
    ("files", "places"),
    [
        pytest.param(
            {PROVIDER: FILES[PROVIDER].replace("vendor: cloud-first.ai", "vendor: other.ai")},
            {"AG520": f"{PROVIDER}:3:9"},
            id="the vendor, in the provider's file",
        ),
        pytest.param(
            {ALIAS: FILES[ALIAS].replace("mode: chat", "mode: embedding")},
            {"AG523": f"{ALIAS}:3:7"},
            id="the mode",
        ),
        pytest.param(
            {BUDGET: FILES[BUDGET].replace("180", "0")}, {"AG526": f"{BUDGET}:3:14"}, id="the cap"
        ),
        pytest.param(
            {APP: None},
            {"AG502": f"{APP}:7:11", "AG528": f"{APP}:2:7"},
            id="a removed app, in base",
        ),
        pytest.param(
            {GATEWAY: FILES[GATEWAY].replace("0.6512", "0.7")},
            {"AG532": f"{GATEWAY}:6:25"},
            id="the rate",
        ),
    ],
)
def test_places(files: dict[str, str | None], places: dict[str, str]) -> None:
    review = make_review(compiled({}), compiled(files), snapshot=None, owner=OWNER, now=NOON)
    found = {one.rule.code: str(one.span) for one in review.findings}
    assert {code: place for code, place in found.items() if code.startswith("AG5")} == places


def test_a_key_is_found_whatever_dots_are_in_its_name() -> None:
    apps = [
        app("a.b", keys=[{"name": "c.d", "deliver": {"file": "/var/lib/keys/1"}}]),
        app("a", keys=[{"name": "x", "deliver": {"file": "/var/lib/keys/2"}}]),
    ]
    catalog = catalog_of(apps)
    place = place_of_object("key/a.b.c.d", catalog, catalog)
    assert place.path == "gateway.d/App/a.b.yaml"
