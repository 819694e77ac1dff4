"""The schemas that editors read: fresh, complete, and right about Aspire's own files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.resources.schema import editor_files, folder_schema, schema_for
from aspire_gitops.validation.schema import accepts

REPOSITORY = Path(__file__).parents[3]
SCHEMAS = REPOSITORY / "schemas"
REVIEWED = sorted((REPOSITORY / "gateway.d").rglob("*.yaml"))
KINDS = pytest.mark.parametrize("kind", list(ResourceKind))


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema inside a schema that describes a mapping."""
    if isinstance(schema, list):
        for item in schema:
            yield from parts(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for item in schema.values():
            yield from parts(item)


def in_yaml_1_2(path: Path) -> Any:
    """Days stay text, as editors and our own reader have them."""
    loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {}})
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
        kept = [pair for pair in resolvers if not pair[0].endswith(":timestamp")]
        loader.yaml_implicit_resolvers[first] = kept  # type: ignore[attr-defined]  # made above
    return yaml.load(path.read_text(), Loader=loader)


def test_the_files_are_what_the_resources_say() -> None:
    """To renew them: `aspire-gitops schema -o schemas`."""
    written = {path.name: path.read_text() for path in SCHEMAS.glob("*.json")}
    assert written == editor_files()


@KINDS
def test_a_schema_is_a_schema(kind: ResourceKind) -> None:
    Draft202012Validator.check_schema(schema_for(kind))
    assert (
        schema_for(kind)["$id"] == f"https://aspiredigital.group/schemas/{kind.lower()}.schema.json"
    )
    assert schema_for(kind)["title"] == kind


def test_the_folder_s_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(folder_schema())


@KINDS
def test_every_field_says_what_it_is(kind: ResourceKind) -> None:
    schema = schema_for(kind)
    assert schema["description"]
    silent = [
        name
        for part in parts(schema)
        for name, field in part["properties"].items()
        if not field.get("description", "").endswith((".", "`"))
    ]
    assert silent == []


@KINDS
def test_every_mapping_is_closed(kind: ResourceKind) -> None:
    assert [
        part for part in parts(schema_for(kind)) if part["additionalProperties"] is not False
    ] == []


@KINDS
def test_nothing_may_be_null(kind: ResourceKind) -> None:
    assert "null" not in json.dumps(schema_for(kind))


@KINDS
def test_kind_and_name_come_first(kind: ResourceKind) -> None:
    assert list(schema_for(kind)["properties"])[:2] == ["kind", "name"]
    assert set(schema_for(kind)["properties"]) == set(RESOURCES[kind].model_fields)


def test_examples_are_valid() -> None:
    checked = 0
    for part in parts(folder_schema()):
        for field in part["properties"].values():
            for example in field.get("examples", ()):
                Draft202012Validator(field).validate(example)
                checked += 1
    assert checked >= 15


@pytest.mark.parametrize("path", REVIEWED, ids=lambda path: path.name)
def test_aspire_s_files_pass_both_schemas(path: Path) -> None:
    value = in_yaml_1_2(path)
    assert accepts(ResourceKind(value["kind"]), value)
    assert Draft202012Validator(folder_schema()).is_valid(value)


@pytest.mark.parametrize("path", REVIEWED, ids=lambda path: path.name)
def test_a_file_names_the_schema_of_its_kind(path: Path) -> None:
    first, kind = path.read_text().split("\n", 1)[0], in_yaml_1_2(path)["kind"]
    target = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert target.resolve() == SCHEMAS / f"{kind.lower()}.schema.json"


def test_the_folder_s_schema_refuses_what_the_kind_s_does() -> None:
    judge = Draft202012Validator(folder_schema())
    budget = {"kind": "Budget", "name": "x", "monthly_aud": "180"}
    assert judge.is_valid(budget)
    assert not judge.is_valid({**budget, "monthly_aud": 180})
    assert not judge.is_valid({**budget, "kind": "Gateway"})
    assert not judge.is_valid({**budget, "kind": "Buget"})
    assert not judge.is_valid({"name": "x"})
