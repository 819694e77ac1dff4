"""Two judges, one opinion: what the schema accepts the resource accepts, and the reverse.

`validate` relies on it: it asks the resource, and the schema only for reasons.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.resources.schema import folder_schema, schema_files, schema_for
from aspire_gitops.validation.schema import accepts, matches, mistakes
from support.schema_values import HOSTILE, mutated, values

SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KINDS = pytest.mark.parametrize("kind", list(ResourceKind))


def resource_accepts(kind: ResourceKind, value: Any) -> bool:
    try:
        RESOURCES[kind].model_validate(value)
    except ValidationError:
        return False
    return True


@cache
def right_values(kind: ResourceKind) -> st.SearchStrategy[dict[str, Any]]:
    return values(schema_for(kind)).filter(lambda value: accepts(kind, value))


@cache
def nearly_right_values(kind: ResourceKind) -> st.SearchStrategy[Any]:
    return mutated(values(schema_for(kind)))


@KINDS
@SETTINGS
@given(data=st.data())
def test_the_judges_agree_on_nearly_right_documents(
    kind: ResourceKind, data: st.DataObject
) -> None:
    value = data.draw(nearly_right_values(kind))
    assert accepts(kind, value) == resource_accepts(kind, value)


@KINDS
@SETTINGS
@given(data=st.data())
def test_the_judges_agree_on_each_field_by_itself(kind: ResourceKind, data: st.DataObject) -> None:
    """One hostile value in an otherwise right document, so that no other mistake hides it."""
    value = data.draw(right_values(kind))
    field = data.draw(st.sampled_from(sorted(RESOURCES[kind].model_fields)))
    value = {**value, field: data.draw(HOSTILE)}
    assert accepts(kind, value) == resource_accepts(kind, value)


@KINDS
@SETTINGS
@given(data=st.data())
def test_what_is_refused_is_explained(kind: ResourceKind, data: st.DataObject) -> None:
    value = data.draw(nearly_right_values(kind))
    assert bool(list(mistakes(kind, value))) == (not resource_accepts(kind, value))


def patterns(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(patterns, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
    return own.union(schema.get("patternProperties", ()), *map(patterns, schema.values()))


def test_patterns_mean_the_same_in_every_language() -> None:
    r"""No `.`, `\d`, `\w`, `\s`, `\b`: Python, Rust and ECMA 262 differ about them."""
    for pattern in patterns(folder_schema()):
        outside_classes = re.sub(r"\[(\\.|[^\]\\])*\]", "", pattern)
        assert not re.search(r"(?<!\\)\.", outside_classes), pattern
        assert not re.search(r"\\[dDwWsSbBpPAZz]", pattern), pattern
        assert pattern.startswith("^"), pattern
        assert pattern.endswith("$"), pattern


def test_every_pattern_is_said_in_words() -> None:
    assert [node for text in schema_files().values() for node in unsaid(json.loads(text))] == []


def unsaid(node: Any) -> Iterator[Any]:
    """Yield each part of a schema with a pattern, of a value or of names, and no words for it."""
    if isinstance(node, dict):
        names = node.get("propertyNames", {}) if "patternProperties" in node else None
        said = [part for part in (node if "pattern" in node else None, names) if part is not None]
        yield from (node for part in said if "patternErrorMessage" not in part)
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from unsaid(part)


@pytest.mark.parametrize("pattern", sorted(patterns(folder_schema())))
@SETTINGS
@given(data=st.data())
def test_the_judges_read_each_pattern_alike(pattern: str, data: st.DataObject) -> None:
    """`from_regex` draws what Python's `$` matches: a final line break too."""
    text = data.draw(st.from_regex(pattern) | st.text(max_size=4))
    by_pydantic = TypeAdapter(Annotated[str, Field(pattern=pattern)])
    try:
        accepted = by_pydantic.validate_python(text) == text
    except ValidationError:
        accepted = False
    assert matches(pattern, text) == accepted
