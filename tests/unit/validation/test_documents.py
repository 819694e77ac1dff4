"""What one document can get wrong by itself: one clear diagnostic for each mistake."""

import subprocess
import sys

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from aspire_gitops.resources import BudgetSpec
from aspire_gitops.validation.validate import file_rules
from support.reviewed import BASE, files_below, found_in

FILES = files_below(BASE)
ALIAS = "gateway.d/aliases/qwen-vision.yaml"
APP = "gateway.d/apps/knowledge-os.yaml"
BUDGET = "gateway.d/budgets/knowledge-os.yaml"
PROVIDER = "gateway.d/providers/cloud-first.yaml"


def told(path: str, old: str, new: str) -> list[str]:
    assert old in FILES[path]
    found = found_in({path: FILES[path].replace(old, new)})
    return [
        f"{one.span.line}:{one.span.column}-{one.span.end_column} {one.rule.code} "
        f"{one.message} | {one.help}"
        for one in found
    ]


def test_unknown_fields() -> None:
    assert told(APP, "owner:", "onwer:") == snapshot(
        ['3:1-6 AG104 `kind: App` has no field "onwer" | did you mean "owner"?']
    )
    assert told(APP, "deliver:", "delivery:") == snapshot(
        ['8:5-13 AG104 `keys[0]` has no field "delivery" | did you mean "deliver"?']
    )
    assert told(ALIAS, "mode: chat", "mode: chat\nmodel: qwen3") == snapshot(
        ['4:1-6 AG104 `kind: Alias` has no field "model" | `model` belongs in `target:`']
    )
    assert told(BUDGET, "name:", "colour: red\nname:") == snapshot(
        [
            '2:1-7 AG104 `kind: Budget` has no field "colour" | its fields are kind, name, monthly_aud, period, admission, uplift, warn_at_percent, description'
        ]
    )
    assert told(PROVIDER, "{env:", "{enw:") == snapshot(
        ['6:14-17 AG104 `credential` has no field "enw" | did you mean "env"?']
    )


def test_missing_fields() -> None:
    assert told(APP, "owner: platform@aspiredigital.group\n", "") == snapshot(
        [
            "1:1-5 AG105 `kind: App` lacks `owner` | add `owner:`. Who is responsible for the app, as an e-mail address"
        ]
    )
    assert told(ALIAS, ", model: qwen3-vl-235b-a22b-instruct", "") == snapshot(
        ["4:1-7 AG105 `target` lacks `model` | add `model:`. The provider's own name for the model"]
    )
    assert told(APP, "- name: worker-ocr\n    ", "- ") == snapshot(
        ["7:5-73 AG105 `keys[0]` lacks `name` | add `name:`. Name of the key within the app"]
    )
    assert told(PROVIDER, "{env: CLOUD_FIRST_API_KEY}", "{}") == snapshot(
        [
            "6:1-11 AG105 `credential` lacks `env` | add `env:`. Name of the variable. Never the value"
        ]
    )


def test_wrong_types() -> None:
    assert told(BUDGET, '"180"', "180.50") == snapshot(
        [
            '3:14-20 AG113 `monthly_aud` is a YAML number, which can lose digits of an amount | write "180.5" in quotes'
        ]
    )
    assert told(BUDGET, '"180"', '["180"]') == snapshot(
        [
            '3:14-21 AG106 `monthly_aud` must be text, not a list | The cap in Australian dollars, in quotes. `"0"` stops its apps.'
        ]
    )
    assert told(APP, "[qwen-vision]", "qwen-vision") == snapshot(
        ['4:10-21 AG106 `aliases` must be a list, not "qwen-vision" | write [qwen-vision]']
    )
    assert told(PROVIDER, "{env: CLOUD_FIRST_API_KEY}", "CLOUD_FIRST_API_KEY") == snapshot(
        [
            '6:13-32 AG106 `credential` must be a mapping, not "CLOUD_FIRST_API_KEY" | Where the controller finds the credential: `{env: NAME}` or `{file: /path}`.'
        ]
    )
    assert told(ALIAS, "mode: chat", "mode: chat\nparameters: {stop: [[a]]}") == snapshot(
        [
            "4:21-24 AG106 `parameters.stop[0]` must be true or false, a number or text, not a list | None"
        ]
    )
    assert told(BUDGET, 'aud: "180"', 'aud: "180"\nwarn_at_percent: ["50"]') == snapshot(
        [
            '4:19-23 AG106 `warn_at_percent[0]` must be a whole number, not "50" | write 50 without quotes'
        ]
    )
    assert told(BUDGET, 'aud: "180"', 'aud: "180"\nwarn_at_percent: [50.5]') == snapshot(
        ["4:19-23 AG106 `warn_at_percent[0]` must be a whole number, not 50.5 | None"]
    )
    assert told(BUDGET, '"180"', "") == snapshot(
        ["3:1-12 AG112 `monthly_aud` has no value | write a value, or remove the field"]
    )


def test_wrong_values() -> None:
    assert told(BUDGET, '"180"', '"-180"') == snapshot(
        [
            '3:14-20 AG108 `monthly_aud` must be an amount in quotes without a sign, like "12.50": up to 9 digits, then up to 9 decimals, not "-180" | for example "180"'
        ]
    )
    assert told(BUDGET, '"180"', '"1e3"') == snapshot(
        [
            '3:14-19 AG108 `monthly_aud` must be an amount in quotes without a sign, like "12.50": up to 9 digits, then up to 9 decimals, not "1e3" | for example "180"'
        ]
    )
    assert told(PROVIDER, "env: CLOUD_FIRST_API_KEY", "env: cloud-first") == snapshot(
        [
            '6:19-30 AG108 `credential.env` must be the name of an environment variable: capitals, digits and underscores, not "cloud-first" | for example "CLOUD_FIRST_API_KEY"'
        ]
    )
    assert told(PROVIDER, "openai", "opanai") == snapshot(
        ['4:6-12 AG107 `api` cannot be "opanai" | did you mean "openai"?']
    )
    assert told(APP, "qwen-vision", "Qwen Vision") == snapshot(
        [
            '4:11-22 AG108 `aliases[0]` must be up to 63 lower-case letters, digits, dots, dashes and underscores, with a letter or digit at both ends, not "Qwen Vision" | for example "qwen-vision"'
        ]
    )
    assert told(BUDGET, 'aud: "180"', 'aud: "180"\nwarn_at_percent: [0, 101]') == snapshot(
        [
            "4:19-20 AG109 `warn_at_percent[0]` must be at least 1, not 0 | None",
            "4:22-25 AG109 `warn_at_percent[1]` must be at most 100, not 101 | None",
        ]
    )
    assert told(BUDGET, 'aud: "180"', 'aud: "180"\ndescription: no') == snapshot(
        ["4:14-16 AG109 `description` must have at least 3 characters, not 2 | None"]
    )
    assert told(ALIAS, "mode: chat", "mode: chat\nparameters: {Temperature: 1}") == snapshot(
        [
            '4:14-25 AG108 "Temperature" is not the name of a parameter | use lower-case letters, digits and underscores, like `temperature`'
        ]
    )


def test_a_day_that_the_calendar_does_not_have() -> None:
    text = (
        "kind: Approval\nname: it\nchange: delete\nobject: deployment/x\nreason: It is right.\n"
        "owner: platform@example.com\nexpires: 2026-02-29\n"
    )
    [found] = found_in({"gateway.d/approvals/it.yaml": text})
    assert found.message == snapshot('`expires` must be a valid date, not "2026-02-29"')


@pytest.mark.parametrize("code", file_rules())
def test_codes_are_in_the_range_of_their_stage(code: str) -> None:
    assert code[:3] in {"AG0", "AG1", "AG2", "AG3"}


def test_rules_have_names_of_their_own() -> None:
    names = [rule.name for rule in file_rules().values()]
    assert len(names) == len(set(names))


def test_a_right_folder_does_not_need_jsonschema() -> None:
    """It takes a third of a second to import, and is asked only why something is wrong."""
    program = """
import sys
from support.reviewed import base_with, check
assert check(base_with({})).ok
assert "jsonschema" not in sys.modules
assert not check(base_with({"gateway.d/budgets/x.yaml": "kind: Budget"})).ok
assert "jsonschema" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=BASE.parents[2])


def test_what_only_the_resource_refuses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property test says that it never happens; if it did, nothing must pass."""
    try:
        BudgetSpec.model_validate({})
    except ValidationError as refused:
        error = refused

    def refuse(_value: object) -> BudgetSpec:
        raise error

    monkeypatch.setattr(BudgetSpec, "model_validate", refuse)
    [found] = found_in({})
    assert found.rule.code == "AG108"
    assert found.help is not None
    assert "please report" in found.help


def test_a_list_where_yes_or_no_should_be() -> None:
    (said,) = told(PROVIDER, "name: cloud-first", "name: cloud-first\nadopt: []")
    assert "`adopt` must be" in said
    assert "AG1" in said
