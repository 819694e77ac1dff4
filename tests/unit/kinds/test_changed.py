"""What the gateway says about who and when is for people, and believed in nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.kinds import KINDS
from aspire_gitops.state import Kind, LastChange

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MADE = {"created_at": "2026-11-23T12:00:00Z", "created_by": "carol"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({}, None, id="nothing is told"),
        pytest.param(MADE, LastChange("carol", NOON), id="never changed"),
        pytest.param(
            {**MADE, "settings_updated_at": "2026-11-23T13:00:00+01:00", "updated_by": "carol"},
            LastChange(None, NOON), id="changed by somebody",
        ),
        pytest.param({"created_by": "carol"}, LastChange("carol"), id="no time"),
        pytest.param({"created_at": "2026-11-23T12:00:00"}, LastChange(None, NOON), id="no zone"),
        pytest.param({"created_at": "yesterday", "created_by": 5}, None, id="neither time nor name"),
        pytest.param({"created_by": "a\n\x1b[31mb "}, LastChange(r"a \x1b[31mb"), id="a hostile name"),
        pytest.param(
            {"created_by": "sk-0123456789abcdef"}, LastChange("[hidden]"), id="a key for a name",
        ),
        pytest.param({"created_by": "x" * 999}, LastChange("x" * 99 + "…"), id="a long name"),
    ],
)  # fmt: skip
def test_of_a_key(row: dict[str, Any], expected: LastChange | None) -> None:
    assert KINDS[Kind.KEY].last_change({"token": "t", **row}) == expected


def test_of_a_deployment_where_a_licence_shows_it() -> None:
    info = {"id": "1", "updated_by": "carol", "updated_at": "2026-11-23T12:00:00Z"}
    row = {"model_name": "m", "model_info": info}
    assert KINDS[Kind.DEPLOYMENT].last_change(row) == LastChange("carol", NOON)


ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_that_stands_there_keeps_a_key_from_being_read(
    at: object, by: object, updated: object
) -> None:
    row = {"token": "t", "created_at": at, "created_by": by, "settings_updated_at": updated}
    assert KINDS[Kind.KEY].live(row).address == "t"
    KINDS[Kind.KEY].last_change(row)
