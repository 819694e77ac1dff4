"""The worked example does not expire: what the pages and the Makefile run is judged by its own day."""

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from aspire_gitops.loading import load
from aspire_gitops.validation import validate
from aspire_gitops.vocabulary import Revision
from support.catalogs import tree_of_folder
from support.worked_example import GATEWAY_D, rate_day

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "docs" / "start" / "tutorial.md"]
READS_FILES = re.compile(
    r"aspire-gitops (?:validate|plan|apply(?! --plan)|rehearse|codeowners)\b.*"
)
TODAY = '--today "$today"'
WHERE_IT_IS_FROM = re.compile(r"^\$ today=(?P<command>.*?)(?:  +#.*)?$", re.MULTILINE)


def is_good_on(days_later: int) -> bool:
    today = rate_day() + timedelta(days=days_later)
    found = validate(load(tree_of_folder(GATEWAY_D)), Revision("main"), today=today)
    return not any(one.is_error for one in found.diagnostics)


def test_it_is_good_on_its_day_and_not_for_ever() -> None:
    """Otherwise nothing below would prove anything."""
    assert (is_good_on(0), is_good_on(60)) == (True, False)


@pytest.mark.parametrize("target", ["demo", "validate", "codeowners"])
def test_make_judges_it_by_its_day(target: str) -> None:
    command = ["make", "--dry-run", "--always-make", target]
    planned = subprocess.check_output(command, cwd=REPOSITORY, text=True)
    assert f"gateway.d --today={rate_day()}" in planned


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_that_reads_it_says_the_day(page: Path) -> None:
    text = page.read_text()
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    commands = [found[0] for line in lines if (found := READS_FILES.search(line))]

    assert commands
    assert [one for one in commands if TODAY not in one] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_day_is_read_from_the_files(page: Path) -> None:
    (found,) = WHERE_IT_IS_FROM.finditer(page.read_text())
    script = f'today={found["command"]}; echo "$today"'
    said = subprocess.check_output(["bash", "-euc", script], cwd=REPOSITORY, text=True)
    assert said.strip() == str(rate_day())
