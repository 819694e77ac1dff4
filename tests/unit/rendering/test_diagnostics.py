"""Diagnostics as text, JSON, SARIF and GitHub annotations."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from aspire_gitops.rendering.diagnostics import (
    DIAGNOSTIC_RENDERERS,
    render_github,
    render_json,
    render_text,
)
from aspire_gitops.rendering.sarif import render_sarif
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity, Span

UNKNOWN = Rule("AG201", "unknown-provider")
UNUSED = Rule("AG208", "unused-alias", Severity.WARNING)


def at(column: int, end: int, snippet: str, line: int = 7) -> Span:
    return Span("gateway.d/aliases/chat.yaml", line, column, end, snippet)


ERROR = UNKNOWN.at(
    at(13, 18, "  provider: opena"),
    'alias "gpt-4o-eu" names provider "opena", which no file declares',
    help='did you mean "openai"?',
)
WARNING = UNUSED.at(at(7, 11, "name: chat", line=120), "no app lists it")


def column_of(text: str, character: str) -> int:
    """Return where a character stands in a terminal, wide characters counted twice."""
    before = text[: text.index(character)]
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before)


def test_text() -> None:
    assert render_text([ERROR, WARNING]) == snapshot("""\
gateway.d/aliases/chat.yaml:7:13: AG201 unknown-provider
  |
7 |   provider: opena
  |             ^^^^^ alias "gpt-4o-eu" names provider "opena", which no file declares
  |
  = help: did you mean "openai"?

gateway.d/aliases/chat.yaml:120:7: AG208 unused-alias (warning)
    |
120 | name: chat
    |       ^^^^ no app lists it

1 error, 1 warning
""")


def test_no_findings_are_no_text() -> None:
    assert render_text([]) == ""
    assert render_github([]) == ""


def test_without_a_snippet_the_message_stands_alone() -> None:
    assert render_text([UNKNOWN.at(Span("gateway.yaml"), "no file declares it")]) == snapshot("""\
gateway.yaml:1:1: AG201 unknown-provider
  |
  | no file declares it

1 error
""")


def test_colour_changes_no_character_of_the_text() -> None:
    coloured = render_text([ERROR, WARNING], color=True)
    plain = coloured
    for code in ("0m", "1m", "2m", "36m", "1;31m", "1;33m"):
        plain = plain.replace(f"\x1b[{code}", "")
    assert plain == render_text([ERROR, WARNING])
    assert coloured != plain


@pytest.mark.parametrize(
    ("snippet", "column", "end"),
    [
        pytest.param("name: 预算表 §", 11, 12, id="behind wide characters"),
        pytest.param("名前: 値 §", 7, 8, id="behind Japanese"),
        pytest.param("emoji: 😀 §", 10, 11, id="behind an emoji"),
        pytest.param("name: cafe\u0301 §", 13, 14, id="behind a combining accent"),
        pytest.param("name: \x1b[2J §", 12, 13, id="behind an escape sequence"),
        pytest.param("name:\t§", 7, 8, id="behind a tab"),
        pytest.param("name: \u202eabc §", 12, 13, id="behind a bidirectional override"),
        pytest.param("§", 1, 2, id="at the start"),
        pytest.param("a" * 300 + " § " + "b" * 300, 302, 303, id="far out in a long line"),
    ],
)
def test_the_caret_stands_below_the_mistake(snippet: str, column: int, end: int) -> None:
    lines = render_text([UNKNOWN.at(at(column, end, snippet), "here")]).split("\n")
    shown, carets = lines[2], lines[3]
    combining = sum(unicodedata.combining(c) > 0 for c in shown)
    assert column_of(shown, "§") - combining == column_of(carets, "^")
    assert len(shown) < 180


def test_a_wide_mistake_has_wide_carets() -> None:
    lines = render_text([UNKNOWN.at(at(7, 10, "name: 预算表"), "here")]).split("\n")
    assert lines[3].count("^") == 6


@given(st.text(), st.integers(1, 60), st.integers(1, 60), st.text(), st.text())
def test_nothing_that_is_shown_acts_on_the_terminal(
    snippet: str, column: int, length: int, message: str, path: str
) -> None:
    line = snippet.split("\n", maxsplit=1)[0]
    span = Span(path, 3, column, column + length, line)
    for text in (
        render_text([UNKNOWN.at(span, message, help=message)]),
        render_github([UNKNOWN.at(span, message, help=message)]),
    ):
        acting = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
        assert acting <= {"\n"}


@given(st.text(), st.text(), st.text())
def test_every_format_can_be_written_as_utf_8(path: str, snippet: str, message: str) -> None:
    found = [UNKNOWN.at(Span(path, 1, 1, 2, snippet), message, help=snippet)]
    for render in DIAGNOSTIC_RENDERERS.values():
        text = render(found)
        assert text.encode()
        assert text.endswith("\n")


def test_github_annotations() -> None:
    assert render_github([ERROR, WARNING]) == snapshot("""\
::error file=gateway.d/aliases/chat.yaml,line=7,endLine=7,col=13,endColumn=18,title=AG201 unknown-provider::alias "gpt-4o-eu" names provider "opena", which no file declares%0A= help: did you mean "openai"?
::warning file=gateway.d/aliases/chat.yaml,line=120,endLine=120,col=7,endColumn=11,title=AG208 unused-alias::no app lists it
""")


def test_github_annotations_cannot_be_broken_out_of() -> None:
    found = UNKNOWN.at(Span("a,b:c%.yaml", 1, 1, 2), "50% off\n::set-output name=x::y\r")
    [command] = render_github([found]).splitlines()
    assert command == snapshot(
        "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=2,title=AG201 unknown-provider::50%25 off\\n::set-output name=x::y\\r"
    )


def test_json() -> None:
    document = json.loads(render_json([ERROR, WARNING]))
    assert document == snapshot(
        {
            "diagnostics": [
                {
                    "code": "AG201",
                    "column": 13,
                    "end_column": 18,
                    "help": 'did you mean "openai"?',
                    "line": 7,
                    "message": 'alias "gpt-4o-eu" names provider "opena", which no file declares',
                    "name": "unknown-provider",
                    "path": "gateway.d/aliases/chat.yaml",
                    "severity": "error",
                    "snippet": "  provider: opena",
                },
                {
                    "code": "AG208",
                    "column": 7,
                    "end_column": 11,
                    "help": None,
                    "line": 120,
                    "message": "no app lists it",
                    "name": "unused-alias",
                    "path": "gateway.d/aliases/chat.yaml",
                    "severity": "warning",
                    "snippet": "name: chat",
                },
            ],
            "errors": 1,
            "format": "aspire-gitops/findings",
            "version": 1,
            "warnings": 1,
        }
    )


def test_sarif() -> None:
    log = json.loads(render_sarif([WARNING, ERROR, ERROR]))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["AG201", "AG208"]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "warning"]
    assert all(rule["help"]["markdown"].startswith(f"# {rule['id']} ") for rule in rules)
    assert [result["ruleId"] for result in run["results"]] == ["AG208", "AG201", "AG201"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert set(result) <= {
            "ruleId",
            "ruleIndex",
            "level",
            "message",
            "locations",
            "partialFingerprints",
        }
    [location] = run["results"][1]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "gateway.d/aliases/chat.yaml"},
        "region": {
            "startLine": 7,
            "startColumn": 13,
            "endColumn": 18,
            "snippet": {"text": "  provider: opena"},
        },
    }
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_paths_are_uris() -> None:
    found = UNKNOWN.at(Span("gateway.d/a b#ü.yaml"), "x")
    [result] = json.loads(render_sarif([found]))["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "gateway.d/a%20b%23%C3%BC.yaml"


def test_the_fingerprint_stays_when_lines_above_come_and_go() -> None:
    moved = Diagnostic(ERROR.rule, at(13, 18, "  provider: opena", line=99), ERROR.message)
    first, second = (
        json.loads(render_sarif([one]))["runs"][0]["results"][0]["partialFingerprints"]
        for one in (ERROR, moved)
    )
    assert first == second
