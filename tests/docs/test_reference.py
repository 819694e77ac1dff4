"""Every field that a file may have stands on its kind's page, and every page's example is valid."""

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from aspire_gitops.loading import load
from aspire_gitops.resources import RESOURCES, ResourceKind, ResourceSpec
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree

PAGES = Path(__file__).parents[2] / "docs" / "reference"
EXAMPLE = re.compile(
    r"^```yaml\n(?P<text># yaml-language-server.*?)^```$", re.DOTALL | re.MULTILINE
)
FIELD = re.compile(r"^\| `(?P<path>[a-z0-9_.]+)` \|", re.MULTILINE)


def page(kind: ResourceKind) -> str:
    return (PAGES / f"{kind.lower()}.md").read_text()


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every field that holds a value, and of every list of mappings."""
    for name, field in model.model_fields.items():
        inner = list(models_in(field.annotation))
        if not inner or is_list(field.annotation) or bool in get_args(field.annotation):
            yield prefix + name
        for one in inner:
            yield from leaves(one, f"{prefix}{name}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {Annotated, Union, types.UnionType}:
        return any(is_list(part) for part in get_args(annotation))
    return origin is tuple


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_every_field_has_a_row_and_every_row_is_a_field(kind: ResourceKind) -> None:
    rows = {match["path"] for match in FIELD.finditer(tables_of_fields(page(kind)))}

    assert rows == set(leaves(RESOURCES[kind]))


def tables_of_fields(text: str) -> str:
    return text.partition("| field | unit, default |")[2].partition("\n\n")[0]


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_the_example_of_the_page_is_what_the_page_is_about(kind: ResourceKind) -> None:
    found = EXAMPLE.search(page(kind))
    assert found is not None
    tree = SourceTree(Revision("page"), (SourceFile("page.yaml", found["text"].encode()),))

    loaded = load(tree)

    assert loaded.diagnostics == ()
    (document,) = loaded.documents
    spec: ResourceSpec = RESOURCES[kind].model_validate(document.value)
    assert document.value["kind"] == kind
    assert f"schemas/{kind.lower()}.schema.json" in found["text"]
    assert spec.name
