"""One text for one value."""

from decimal import Decimal
from types import MappingProxyType

import pytest

from aspire_ledger.canonical import canonical_json, digest, keyed_digest, pretty_json


@pytest.mark.parametrize(
    ("value", "same"),
    [
        pytest.param({"b": 1, "a": 2}, {"a": 2, "b": 1}, id="order of keys"),
        pytest.param((1, 2), [1, 2], id="tuple and list"),
        pytest.param(100.0, 100, id="a whole number with and without a fraction"),
        pytest.param({"a": {"b": [1.0]}}, {"a": {"b": (1,)}}, id="the same, deep inside"),
        pytest.param(MappingProxyType({"a": 1}), {"a": 1}, id="a read-only mapping"),
    ],
)
def test_equal_values_have_the_same_text(value: object, same: object) -> None:
    assert canonical_json(value) == canonical_json(same)  # type: ignore[arg-type]  # any JSON value


def test_true_is_not_one() -> None:
    assert canonical_json([True, 1]) == "[true,1]"


def test_the_pretty_text_is_for_diffs() -> None:
    assert pretty_json({"b": [], "a": "é"}) == '{\n  "a": "é",\n  "b": []\n}\n'


@pytest.mark.parametrize(
    ("value", "error"),
    [
        pytest.param(float("nan"), ValueError, id="not a number"),
        pytest.param(float("inf"), ValueError, id="infinity"),
        pytest.param(Decimal("0.1"), TypeError, id="an amount that nobody rounded"),
    ],
)
def test_what_json_cannot_say_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        canonical_json({"value": value})  # type: ignore[dict-item]  # refusing it is the point


def test_a_digest_covers_the_value() -> None:
    assert digest({"a": 1}) == (
        "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    )


def test_a_keyed_digest_changes_with_the_secret_and_with_the_value() -> None:
    digests = {
        keyed_digest({"api_key": secret}, value)
        for secret in ("one", "two")
        for value in ("a", "b")
    }

    assert len(digests) == 4
