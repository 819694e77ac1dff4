"""CODEOWNERS: written from the resources, read back with parsers that we did not write."""

from collections.abc import Mapping

import pytest
from codeowners import CodeOwners
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from aspire_gitops.catalog import Catalog
from aspire_gitops.rendering.codeowners import (
    BEGIN,
    END,
    Layout,
    block,
    lines_after,
    merged,
    pattern_of,
)
from aspire_gitops.vocabulary import UsageError
from support.reviewed import BASE, base_with, check, files_below
from support.sample import examples

APP = "gateway.d/apps/knowledge-os.yaml"
BUDGET = "gateway.d/budgets/knowledge-os.yaml"
FILES = files_below(BASE)
DEFAULT = ("@aspire/platform",)
PLAIN = Layout("gateway.d/", "gateway.d/", default=DEFAULT)


def app(name: str, owner: str, budget: str = "knowledge-os") -> str:
    return (
        FILES[APP]
        .replace("name: knowledge-os", f"name: {name}")
        .replace("budget: knowledge-os", f"budget: {budget}")
        .replace("keys/knowledge-os", f"keys/{name}")
        .replace("platform@aspiredigital.group", owner)
    )


def catalog(changes: Mapping[str, str | None]) -> Catalog:
    return check(base_with(changes)).catalog


def owners_in(text: str, path: str) -> list[str]:
    return [owner for _, owner in CodeOwners(text).of(path)]


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        pytest.param(APP, ["platform@aspiredigital.group"], id="an app's own file"),
        pytest.param(BUDGET, ["platform@aspiredigital.group"], id="the budget it spends from"),
        pytest.param("gateway.d/gateway.yaml", ["@aspire/platform"], id="the gateway"),
        pytest.param("gateway.d/aliases/qwen-vision.yaml", ["@aspire/platform"], id="an alias"),
        pytest.param("gateway.d/apps/new.yaml", ["@aspire/platform"], id="an app that is new"),
        pytest.param("gateway.d/approvals/retire.yaml", ["@aspire/platform"], id="an approval"),
        pytest.param("gateway.d/deliveries/new.yaml", ["@aspire/platform"], id="a delivery"),
        pytest.param("gateway.d/deliveries/kos/new.yaml", ["@aspire/platform"], id="one below"),
        pytest.param(".github/CODEOWNERS", ["@aspire/platform"], id="the file itself"),
        pytest.param("docs/gateway.d/gateway.yaml", [], id="a folder of the same name elsewhere"),
        pytest.param("src/main.py", [], id="what is not ours"),
    ],
)
def test_who_is_asked(path: str, owners: list[str]) -> None:
    assert owners_in(block(catalog({}), PLAIN), path) == owners


def test_an_apps_file_among_the_deliveries_belongs_to_the_platform_alone() -> None:
    """It may turn into a Delivery, and then its owner alone must not have the say."""
    path = "gateway.d/deliveries/shop.yaml"
    text = block(catalog({path: app("shop", "shop@example.com")}), PLAIN)
    assert owners_in(text, path) == ["@aspire/platform"]


def test_a_shared_budget_belongs_to_the_owners_of_all_its_apps() -> None:
    text = block(catalog({"gateway.d/apps/shop.yaml": app("shop", "shop@example.com")}), PLAIN)

    assert owners_in(text, BUDGET) == ["platform@aspiredigital.group", "shop@example.com"]
    assert owners_in(text, "gateway.d/apps/shop.yaml") == ["shop@example.com"]
    assert f"# Shared by knowledge-os, shop:\n/{BUDGET} " in text


def test_the_gateways_owner_owns_what_no_app_owns() -> None:
    owned = FILES["gateway.d/gateway.yaml"] + "owner: ops@example.com\n"
    text = block(
        catalog({"gateway.d/gateway.yaml": owned}), Layout("gateway.d/", "infra/gateway.d/")
    )
    assert owners_in(text, "infra/gateway.d/providers/x.yaml") == ["ops@example.com"]


def test_without_a_default_owner_there_is_no_file() -> None:
    with pytest.raises(UsageError, match="write `owner:` in the Gateway"):
        block(catalog({}), Layout("gateway.d/", "gateway.d/"))


def test_an_owner_is_called_what_the_forge_calls_him() -> None:
    named = Layout("gateway.d/", "gateway.d/", default=("ops@example.com",), names={
        "platform@aspiredigital.group": "@aspire/platform",
        "ops@example.com": "@ops",
    })  # fmt: skip
    text = block(catalog({}), named)
    assert owners_in(text, APP) == ["@aspire/platform"]
    assert owners_in(text, "gateway.d/gateway.yaml") == ["@ops"]


def test_a_folder_that_is_the_repository_itself() -> None:
    text = block(catalog({}), Layout("gateway.d/", "", default=DEFAULT))
    assert owners_in(text, "apps/knowledge-os.yaml") == ["platform@aspiredigital.group"]
    assert owners_in(text, "gateway.yaml") == ["@aspire/platform"]


def test_a_wildcard_never_wins_over_a_neighbours_own_line() -> None:
    changes = {
        "gateway.d/apps#1/shop.yaml": app("shop", "shop@example.com"),
        "gateway.d/apps-1/blog.yaml": app("blog", "blog@example.com"),
    }
    text = block(catalog(changes), PLAIN)
    assert "/gateway.d/apps*1/shop.yaml shop@example.com" in text
    assert owners_in(text, "gateway.d/apps-1/blog.yaml") == ["blog@example.com"]
    assert owners_in(text, "gateway.d/apps#1/shop.yaml") == ["shop@example.com"]


def test_two_files_that_a_pattern_cannot_tell_apart_are_refused() -> None:
    changes = {
        "gateway.d/a#/shop.yaml": app("shop", "a@example.com", budget="shop"),
        "gateway.d/a[/shop.yaml": "kind: Budget\nname: shop\nmonthly_aud: '1'\n",
        "gateway.d/apps/other.yaml": app("other", "b@example.com", budget="shop"),
    }
    with pytest.raises(UsageError, match="CODEOWNERS cannot tell"):
        block(catalog(changes), PLAIN)


NAMES = st.text(
    st.characters(exclude_characters="/\0\n\r", exclude_categories=["Cs", "Cc"]), min_size=1
).filter(lambda name: name not in (".", "..") and name == name.strip())
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(PATHS)
def test_a_pattern_matches_its_file_whatever_it_is_called(path: str) -> None:
    """To git, and to a parser of CODEOWNERS."""
    pattern = pattern_of(path)
    assert GitIgnoreSpec.from_lines([pattern]).match_file(path)
    assert owners_in(f"{pattern} @owner", path) == ["@owner"]


LITERAL = st.from_regex(r"[a-z0-9._@+-]( ?[a-z0-9._@+-])*(/[a-z. -]*[a-z])?", fullmatch=True)


@given(LITERAL, LITERAL)
@settings(max_examples=examples(30))
def test_a_pattern_without_wildcard_matches_nothing_else(path: str, other: str) -> None:
    # The parser writes slashes for the spaces of a path, so it takes "0 0" for a file below "0".
    if other != path and not other.startswith((f"{path}/", f"{path} ")):
        assert owners_in(f"{pattern_of(path)} @owner", other) == []


OWN = "* @everybody\n"
OURS = f"{BEGIN}\n/gateway.d/ @ops\n{END}\n"


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        pytest.param("", OURS, id="no file yet"),
        pytest.param(OURS, OURS, id="the same again"),
        pytest.param(OWN, f"{OWN}\n{OURS}", id="below what people wrote"),
        pytest.param(f"{OWN}\n{BEGIN}\n/x @y\n{END}\n", f"{OWN}\n{OURS}", id="a block of old"),
        pytest.param(f"{OURS}/docs/ @writers\n", f"{OURS}/docs/ @writers\n", id="lines below"),
    ],
)
def test_lines_of_people_stay(existing: str, expected: str) -> None:
    assert merged(existing, OURS) == expected
    assert merged(expected, OURS) == expected


@pytest.mark.parametrize(
    "existing", [f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{OURS}{OURS}"], ids=["open", "turned", "two"]
)
def test_a_block_without_its_end_is_left_alone(existing: str) -> None:
    with pytest.raises(UsageError, match="remove those lines"):
        merged(existing, OURS)


def test_lines_below_the_block_are_found() -> None:
    assert lines_after(f"{OURS}\n# a comment\n/docs/ @writers\n") == [6]


def test_a_section_of_gitlab_below_the_block_wins_nothing() -> None:
    assert lines_after(f"{OURS}\n[Docs]\n/gateway.d/ @writers\n") == []
