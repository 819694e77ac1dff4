"""Whatever a file says, validation answers: it never raises, and never lets a refused file pass."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS
from aspire_gitops.resources import ResourceKind
from aspire_gitops.resources.schema import schema_for
from aspire_gitops.validation.schema import accepts
from support.reviewed import base_with, check
from support.sample import examples
from support.schema_values import mutated, values


@cache
def documents(kind: ResourceKind) -> st.SearchStrategy[Any]:
    """Return mappings of a kind, after accidents that leave its kind alone."""
    nearly_right = mutated(values(schema_for(kind)))
    return nearly_right.filter(lambda value: isinstance(value, dict)).map(
        lambda value: {**value, "kind": str(kind)}
    )


@pytest.mark.parametrize("kind", list(ResourceKind))
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_document_gets_past_or_breaks_anything(kind: ResourceKind, data: st.DataObject) -> None:
    # JSON is YAML. Its escapes carry what a file could not hold as it is.
    text = json.dumps(data.draw(documents(kind)))
    value = json.loads(text)
    path = "gateway.d/drawn.yaml"

    validated = check(base_with({path: text}))

    told = [one for one in validated.diagnostics if one.span.path == path and one.is_error]
    assert told or accepts(kind, value)
    in_catalog = any(declared.document.path == path for declared in validated.catalog)
    assert not in_catalog or accepts(kind, value) or told
    assert all(render(validated.diagnostics) for render in DIAGNOSTIC_RENDERERS.values()) or (
        not validated.diagnostics
    )
