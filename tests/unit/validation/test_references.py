"""Names that lead nowhere, twice, or to something that cannot be used."""

import pytest

from support.reviewed import BASE, base_with, check, codes, files_below, found_in

ALIAS = "gateway.d/aliases/qwen-vision.yaml"
APP = "gateway.d/apps/knowledge-os.yaml"
BUDGET = "gateway.d/budgets/knowledge-os.yaml"
GATEWAY = "gateway.d/gateway.yaml"
PROVIDER = "gateway.d/providers/cloud-first.yaml"
FILES = files_below(BASE)


def edited(path: str, old: str, new: str) -> dict[str, str | None]:
    assert old in FILES[path]
    return {path: FILES[path].replace(old, new)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [], id="nothing is wrong with the folder itself"),
        pytest.param(
            edited(ALIAS, "cloud-first", "cloud-frist"), ["AG201"], id="a provider mistyped"
        ),
        pytest.param(
            edited(APP, "[qwen-vision]", "[qwen-visoin]"), ["AG202"], id="an alias mistyped"
        ),
        pytest.param(edited(APP, "budget: k", "budget: x-k"), ["AG203"], id="a budget mistyped"),
        pytest.param(
            edited(PROVIDER, "billing: metered", "billing: meterd"),
            ["AG107"],
            id="a provider with a mistake is not also unknown",
        ),
        pytest.param(
            edited(BUDGET, '"180"', "180"),
            ["AG113"],
            id="a budget with a mistake is not also unknown",
        ),
        pytest.param(
            edited(BUDGET, '"180"', '"180'), ["AG001"], id="a file that is not YAML hides its names"
        ),
        pytest.param(
            edited(GATEWAY, "timezone:", "timezone: ["),
            ["AG001"],
            id="an unreadable gateway is not also missing",
        ),
        pytest.param(
            edited(GATEWAY, "kind: Gateway", "kind: Gatway"),
            ["AG102"],
            id="a gateway of a mistyped kind is not also missing",
        ),
        pytest.param({GATEWAY: None}, ["AG205"], id="no gateway"),
        pytest.param(
            edited(APP, "aliases: [qwen-vision]", "aliases: qwen-vision"),
            ["AG106"],
            id="an app with a mistake may be the one that uses an alias",
        ),
        pytest.param(
            {APP: None},
            ["AG208", "AG209"],
            id="without its app an alias and a budget are of no use",
        ),
        pytest.param(
            {**edited(ALIAS, "cloud-first", "nobody-knows"), APP: FILES[APP]},
            ["AG201", "AG207"],
            id="a wholly other name leaves the provider unused",
        ),
    ],
)
def test_what_is_found(changes: dict[str, str | None], expected: list[str]) -> None:
    assert sorted(codes(found_in(changes))) == expected


def test_an_alias_of_two_targets_breaks_the_policy_too() -> None:
    second = FILES[ALIAS].replace("qwen3-vl-235b-a22b-instruct", "another-model")
    found = found_in({"gateway.d/more/qwen-vision.yaml": second})
    assert sorted(codes(found)) == ["AG204", "AG320"]
    assert all(f"{ALIAS}:" in diagnostic.message for diagnostic in found)


def test_an_alias_declared_twice_alike_is_only_a_duplicate() -> None:
    found = found_in({"gateway.d/more/qwen-vision.yaml": FILES[ALIAS]})
    assert codes(found) == ["AG204"]


def test_the_first_declaration_counts_whatever_the_order_of_files() -> None:
    files = base_with({"gateway.d/zzz/knowledge-os.yaml": FILES[BUDGET].replace("180", "9")})
    budget = check(files).catalog.budgets["knowledge-os"]
    assert str(budget.spec.monthly_aud) == "180"


def test_a_thousand_wrong_names_among_thousands_are_told_at_once() -> None:
    """Comparing each with each would take minutes."""
    files = dict(FILES)
    for number in range(1000):
        name = f"budget-{number:04}"
        files[f"gateway.d/budgets/{name}.yaml"] = f'kind: Budget\nname: {name}\nmonthly_aud: "1"\n'
        files[f"gateway.d/apps/app-{number}.yaml"] = (
            FILES[APP]
            .replace("name: knowledge-os", f"name: app-{number}")
            .replace("budget: knowledge-os", f"budget: bugdet-{number:04}")
            .replace("keys/knowledge-os", f"keys/app-{number}")
        )
    found = [one for one in check(files).diagnostics if one.rule.code == "AG203"]
    assert len(found) == 1000
    assert found[0].help == 'did you mean "budget-0000"?'
