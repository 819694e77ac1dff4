"""docs/review/review.md names every field of the JSON, and every format; its commands are real."""

import json
import re
from pathlib import Path

import pytest

from aspire_gitops.cli.review import FORMATS, command
from support.reviews import CASES, ORDER

PAGE = (Path(__file__).parents[2] / "docs" / "review" / "review.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<names>`[a-z_]+`(?:, `[a-z_]+`)*) \| (?P<text>.*) \|$", re.MULTILINE)
WORD = re.compile(r"`([a-z_]+)`")


def documented() -> dict[str, set[str]]:
    """Return each field of the document with the words that its row explains."""
    rows = ROW.finditer(PAGE.partition("## JSON")[2])
    return {
        name: set(WORD.findall(row["text"])) for row in rows for name in WORD.findall(row["names"])
    }


@pytest.mark.parametrize("case", ORDER)
def test_every_field_of_the_json_is_on_the_page(case: str) -> None:
    document = json.loads((CASES / case / "review.json").read_text(encoding="utf-8"))
    told = documented()
    assert sorted(document) == sorted(told)
    for name, value in document.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and {*item} != {"before", "after"}:
                assert {*item} <= told[name], name


def test_every_format_is_on_the_page() -> None:
    section = PAGE.partition("## Formats")[2].partition("## JSON")[0]
    assert {*re.findall(r"`([a-z-]+)`", section)} >= {*FORMATS}


def test_every_option_is_on_the_page() -> None:
    named = {option for one in command.params for option in one.opts if option.startswith("--")}
    assert all(f"`{option}" in PAGE for option in named - {"--output"})
