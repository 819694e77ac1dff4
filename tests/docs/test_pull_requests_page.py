"""The page about pull requests names what the action, the workflows and the template have."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "review" / "pull-requests.md").read_text()
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
REVIEW: dict[Any, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "gateway-review.yml").read_text()
)
_ROW = re.compile(r"^\| `([a-z-]+)` \|(.*)\|$", re.MULTILINE)


def rows(header: str) -> dict[str, str]:
    table = PAGE.partition(f"| {header} |")[2].partition("\n\n")[0]
    return {found[1]: found[2] for found in _ROW.finditer(table)}


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_each_of_them_has_a_row(kind: str) -> None:
    assert rows(kind.removesuffix("s")).keys() == ACTION[kind].keys()


def test_a_default_is_the_one_that_holds() -> None:
    for name, row in rows("input").items():
        default = str(ACTION["inputs"][name]["default"])
        if default and "$" not in default:
            assert f"`{default}`" in row, name


def test_the_example_is_what_we_use_ourselves() -> None:
    example: dict[Any, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
    ours, theirs = REVIEW["jobs"]["review"], example["jobs"]["review"]

    assert example["concurrency"] == REVIEW["concurrency"]
    assert example["permissions"] == REVIEW["permissions"]
    assert theirs["permissions"] == ours["permissions"]
    assert theirs["steps"][0] == ours["steps"][0]
    assert theirs["steps"][1]["with"] == ours["steps"][1]["with"]


def test_every_workflow_and_job_is_described() -> None:
    template = yaml.safe_load((ROOT / "ci/gitlab/aspire-gitops.gitlab-ci.yml").read_text())
    workflows = [path.name for path in (ROOT / ".github" / "workflows").glob("gateway-*.yml")]
    jobs = [name for name, job in template.items() if "script" in job]

    assert [name for name in (*workflows, *jobs) if f"`{name}`" not in PAGE] == []


def test_the_rights_are_those_that_the_workflow_asks_for() -> None:
    asked = {f"{k}: {v}" for k, v in REVIEW["jobs"]["review"]["permissions"].items()}

    assert set(re.findall(r"^\| `([a-z-]+: [a-z]+)` \|", PAGE, re.MULTILINE)) == asked
