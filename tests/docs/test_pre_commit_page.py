"""The page on pre-commit tells of every hook, and of no other."""

import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "start" / "pre-commit.md").read_text()
HOOKS = {hook["id"] for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())}


def test_every_hook_has_a_row() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == HOOKS


def test_the_example_uses_hooks_that_exist() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (repository,) = yaml.safe_load(example)["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= HOOKS
