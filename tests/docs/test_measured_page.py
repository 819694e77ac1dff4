"""A withdrawn figure is named with its reason, and stands nowhere else."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "measured.md").read_text()
PAGES = [
    REPOSITORY / "README.md",
    *(path for path in (REPOSITORY / "docs").rglob("*.md") if path.parent.name != "adr"),
]
# What the pages used to say; a new measurement takes its row out here and on the page.
WITHDRAWN = {
    "The ledger's overhead": r"1\.3 ms|\+1\.3 \||0\.85 times",
    "The parts of a controller turn": r"38 ms|0\.07 s of it",
    "octoDNS beside `validate` and `plan`": r"octoDNS's \w+ ÷ ours",
}


def test_each_withdrawn_figure_is_named_with_its_reason() -> None:
    section = PAGE.partition("## Withdrawn")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \*\*(.+?)\*\*.*\| (.{40,}) \| (.{10,}) \|$", section, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(WITHDRAWN)


@pytest.mark.parametrize("name", WITHDRAWN)
def test_a_withdrawn_figure_stands_nowhere(name: str) -> None:
    found = {path.name for path in PAGES if re.search(WITHDRAWN[name], path.read_text())}
    assert found == set()


def test_the_readme_leaves_figures_to_the_page() -> None:
    readme = re.sub(r"```.*?```", "", (REPOSITORY / "README.md").read_text(), flags=re.DOTALL)
    assert re.findall(r"\d+(?:\.\d+)? (?:ms|s|MiB|%)(?=\W)", readme) == []
