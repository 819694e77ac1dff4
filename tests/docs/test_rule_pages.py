"""Every rule has a page, every page a rule, and what the pages show is true."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from aspire_gitops.cli.explain import all_rules
from aspire_gitops.loading import load
from aspire_gitops.sources.directory import DirectorySource
from aspire_gitops.validation import validate
from aspire_gitops.vocabulary import Diagnostic
from support.egress import scanned
from support.reviewed import BASE, TODAY

PAGES = Path(__file__).parents[2] / "docs" / "rules"
RULES = all_rules()
EGRESS = [
    code for code in RULES if code.startswith("AG6") and code != "AG608"
]  # it needs a broken disk
WITH_EXAMPLES = [code for code in RULES if not code.startswith(("AG5", "AG6"))]
FENCE = re.compile(r"^```(?P<info>[^\n]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
ABSENT = " (no such file)"


class Example(NamedTuple):
    info: str
    text: str


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text()


def examples(code: str, heading: str) -> list[Example]:
    section = page(code).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [Example(match["info"], match["text"]) for match in FENCE.finditer(section)]


def written(code: str, heading: str, folder: Path) -> Path:
    """Put the right folder there, changed as the page's example says."""
    shutil.copytree(BASE / "gateway.d", folder / "gateway.d")
    carried_out(code, heading, folder)
    return folder / "gateway.d"


def carried_out(code: str, heading: str, folder: Path) -> None:
    for info, text in examples(code, heading):
        language, _, path = info.partition(" ")
        if language == "sh":
            subprocess.run(["sh", "-euc", text], cwd=folder, check=True)
        elif path.endswith(ABSENT):
            (folder / path.removesuffix(ABSENT)).unlink(missing_ok=True)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)


def found_in(folder: Path) -> tuple[Diagnostic, ...]:
    tree = DirectorySource(folder, ask_git=False).read()
    return validate(load(tree), tree.revision, today=TODAY).diagnostics


def found_by_egress(code: str, heading: str, folder: Path) -> tuple[Diagnostic, ...]:
    assert examples(code, heading)
    carried_out(code, heading, folder)
    return scanned(folder, today=TODAY)


def test_each_rule_has_a_page_and_each_page_a_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_page_is_headed_by_its_rule(code: str) -> None:
    assert page(code).startswith(f"# {code} {RULES[code].name}\n\n")


@pytest.mark.parametrize("code", RULES)
def test_a_page_says_why(code: str) -> None:
    why = page(code).partition("\n## Why\n\n")[2].partition("\n## ")[0]
    assert len(why.split()) >= 8


@pytest.mark.parametrize("code", RULES)
def test_a_page_calls_a_warning_one(code: str) -> None:
    is_warning = page(code).partition("\n\n")[2].startswith("A warning: ")
    assert is_warning == (RULES[code].severity == "warning")


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_incorrect_example_breaks_the_rule(code: str, tmp_path: Path) -> None:
    found = list(found_in(written(code, "Incorrect", tmp_path)))
    assert code in {diagnostic.rule.code for diagnostic in found}


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_correct_example_keeps_every_rule(code: str, tmp_path: Path) -> None:
    assert examples(code, "Correct")
    found = list(found_in(written(code, "Correct", tmp_path)))
    assert [one for one in found if one.is_error or one.rule.code == code] == []


@pytest.mark.parametrize("code", [code for code in RULES if code.startswith("AG5")])
def test_what_a_plan_rule_asks_for_can_be_written(code: str, tmp_path: Path) -> None:
    folder = written(code, "How to fix", tmp_path)
    assert [found for found in found_in(folder) if found.is_error] == []


@pytest.mark.parametrize("code", EGRESS)
def test_an_app_like_the_incorrect_example_breaks_the_rule(code: str, tmp_path: Path) -> None:
    found = found_by_egress(code, "Incorrect", tmp_path)
    assert code in {diagnostic.rule.code for diagnostic in found}


@pytest.mark.parametrize("code", EGRESS)
def test_an_app_like_the_correct_example_goes_through_the_gateway(
    code: str, tmp_path: Path
) -> None:
    assert found_by_egress(code, "Correct", tmp_path) == ()
