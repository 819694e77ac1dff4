"""The entry for the schema store keeps the store's rules, and matches our files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pathspec import GitIgnoreSpec

from aspire_gitops.resources.schema import catalog, folder_schema

REPOSITORY = Path(__file__).parents[3]
(ENTRY,) = json.loads(catalog())["schemas"]


def test_the_catalogue_has_what_the_store_requires_and_nothing_else() -> None:
    content: dict[str, Any] = json.loads(catalog())
    assert content.keys() == {"$schema", "version", "schemas"}
    assert content["$schema"] == "https://json.schemastore.org/schema-catalog.json"
    assert ENTRY.keys() == {"name", "description", "fileMatch", "url"}


@pytest.mark.parametrize("field", ["name", "description"])
def test_a_text_is_as_the_store_takes_it(field: str) -> None:
    assert "schema" not in ENTRY[field].lower()
    assert "\n" not in ENTRY[field]
    assert not re.search(r"^[,. \t-]|[,. \t-]$", ENTRY[field])


def test_patterns_with_a_folder_start_anywhere() -> None:
    assert all(pattern.startswith("**/") for pattern in ENTRY["fileMatch"])
    assert len(set(ENTRY["fileMatch"])) == len(ENTRY["fileMatch"])


def test_the_address_is_that_of_the_folders_schema() -> None:
    assert ENTRY["url"] == folder_schema()["$id"]
    assert ENTRY["url"].startswith("https://")


def test_every_reviewed_file_is_matched_and_no_other() -> None:
    patterns = GitIgnoreSpec.from_lines(ENTRY["fileMatch"])
    files = [path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("gateway.d/**/*")]
    reviewed = [path for path in files if path.endswith(".yaml")]
    assert reviewed
    assert [path for path in files if patterns.match_file(path)] == reviewed
    assert not patterns.match_file("docs/gateway.yaml")
