"""What plain words and numbers mean: YAML 1.2, never YAML 1.1."""

import importlib
import sys
from typing import Any

import pytest

from aspire_gitops.loading.plain import plain_document
from aspire_gitops.loading.reading import read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("no", "no", id="no is text"),
        pytest.param("off", "off", id="off is text"),
        pytest.param("yes", "yes", id="yes is text"),
        pytest.param("y", "y", id="y is text"),
        pytest.param("1:30", "1:30", id="half past one is text"),
        pytest.param("2026-11-20", "2026-11-20", id="a day is text"),
        pytest.param("1.106.2", "1.106.2", id="a release is text"),
        pytest.param("0.0.0.0", "0.0.0.0", id="an address is text"),
        pytest.param("1e", "1e", id="half an exponent is text"),
        pytest.param("true", True, id="true"),
        pytest.param("False", False, id="False"),
        pytest.param("tRUE", "tRUE", id="odd capitals are text"),
        pytest.param("", None, id="nothing"),
        pytest.param("~", None, id="a tilde is nothing"),
        pytest.param("null", None, id="null"),
        pytest.param("0", 0, id="zero"),
        pytest.param("-19", -19, id="below zero"),
        pytest.param("+5", 5, id="with a plus"),
        pytest.param("0.40", 0.4, id="a fraction"),
        pytest.param("5.", 5.0, id="a final point"),
        pytest.param(".5", 0.5, id="an initial point"),
        pytest.param("1.0e+3", 1000.0, id="an exponent"),
        pytest.param('"010"', "010", id="quoted digits"),
        pytest.param("'it''s'", "it's", id="a doubled quote"),
        pytest.param('"a\\tb"', "a\tb", id="a tab by escape"),
        pytest.param("http://a.b:80/v1", "http://a.b:80/v1", id="an address with colons"),
        pytest.param("a#b", "a#b", id="a hash inside"),
        pytest.param("a #b", "a", id="a comment"),
        pytest.param("[a, 1, true]", ["a", 1, True], id="a list in brackets"),
        pytest.param("[]", [], id="no items"),
        pytest.param("{a: no, b: {c: 1}}", {"a": "no", "b": {"c": 1}}, id="mappings in braces"),
        pytest.param("|\n  a\n  b\n", "a\nb\n", id="a block of lines"),
        pytest.param(">-\n  a\n  b\n", "a b", id="a folded block"),
        pytest.param("a\n  b", "a b", id="a text over two lines"),
        pytest.param("caf\u00e9 \U0001f680", "caf\u00e9 \U0001f680", id="beyond ASCII"),
    ],
)
def test_a_value_means_what_yaml_1_2_says(written: str, meant: Any) -> None:
    text = f"value: {written}\n"
    reading = read("a.yaml", text)
    assert reading.findings == ()
    assert reading.value == {"value": meant}
    assert type(reading.value["value"]) is type(meant)
    assert plain_document(text) in (None, reading.value)


def test_without_libyaml_pyyaml_s_own_parser_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml.cyaml", None)  # importing it now fails
    monkeypatch.delitem(sys.modules, "aspire_gitops.loading.reading")
    alone = importlib.import_module("aspire_gitops.loading.reading")
    assert alone.events is alone.python_events
