"""Reviewed exceptions: what they agree to, when they end, and how strictly they are read."""

from datetime import date

import pytest

from aspire_gitops.egress.exceptions import agree, read_exceptions
from aspire_gitops.vocabulary import Diagnostic, Rule, Span
from support.labelled import made_up_key

TODAY = date(2026, 11, 27)
DIRECT = Rule("AG601", "direct-client")


def found(
    path: str = "src/a.py", snippet: str = "client = OpenAI()", code: str = "AG601"
) -> Diagnostic:
    return Rule(code, "x").at(Span(path, 3, 1, 5, snippet), "message")


def entry(**changes: str) -> str:
    said = {"path": "src/a.py", "code": "AG601", "reason": "We move in spring.", "owner": "a@b.au", "expires": "2026-12-31"}  # fmt: skip
    lines = (f"    {name}: '{value}'" for name, value in {**said, **changes}.items() if value)
    return "exceptions:\n  - # one\n" + "\n".join(lines) + "\n"


def codes(text: str, *findings: Diagnostic, whole: bool = True) -> list[str]:
    exceptions = read_exceptions(".aspire-egress.yaml", text.encode())
    return [
        item.rule.code for item in agree(findings, exceptions, today=TODAY, whole=whole).counted
    ]


@pytest.mark.parametrize(
    ("changes", "finding", "expected"),
    [
        pytest.param({}, found(), [], id="the file, the code"),
        pytest.param({"code": "AG602"}, found(), ["AG601", "AG611"], id="another code"),
        pytest.param({"path": "src/*.py"}, found(), [], id="a star is a part of a name"),
        pytest.param(
            {"path": "*.py"}, found(), ["AG601", "AG611"], id="a star does not cross folders"
        ),
        pytest.param({"path": "**/*.py"}, found(), [], id="two stars are folders"),
        pytest.param({"path": "**/a.py"}, found("a.py"), [], id="two stars are no folder as well"),
        pytest.param(
            {"path": "src/"}, found("src/deep/a.py"), [], id="a slash is everything below"
        ),
        pytest.param({"path": "src/[a].py"}, found("src/[a].py"), [], id="brackets are brackets"),
        pytest.param({"line": "OpenAI()"}, found(), [], id="the line's text"),
        pytest.param({"line": "Other()"}, found(), ["AG601", "AG611"], id="another line"),
        pytest.param({"expires": "2026-11-27"}, found(), [], id="the last day counts"),
        pytest.param({"expires": "2026-11-26"}, found(), ["AG601", "AG610"], id="it has ended"),
    ],
)
def test_an_exception_covers(
    changes: dict[str, str], finding: Diagnostic, expected: list[str]
) -> None:
    assert codes(entry(**changes), finding) == expected


def test_an_unused_exception_is_told_only_of_a_whole_folder() -> None:
    assert codes(entry()) == ["AG611"]
    assert codes(entry(), whole=False) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(entry(reason=""), "AG609", id="no reason"),
        pytest.param(entry(owner="me"), "AG609", id="an owner that is not an address"),
        pytest.param(entry(expires="tomorrow"), "AG609", id="no day"),
        pytest.param(entry(code="AG604x"), "AG609", id="no code"),
        pytest.param(entry(code="AG608"), "AG609", id="a code that nobody may agree to"),
        pytest.param(entry(path="/etc/x"), "AG609", id="a path from the root"),
        pytest.param(entry(because="x"), "AG609", id="an unknown field"),
        pytest.param("exceptions: 3\n", "AG609", id="no list"),
        pytest.param("exception: []\n", "AG609", id="a mistyped top"),
        pytest.param("exceptions: []\nexceptions: []\n", "AG008", id="twice the same key"),
        pytest.param("exceptions: [\n", "AG001", id="no YAML"),
        pytest.param("- a\n", "AG007", id="no mapping"),
    ],
)
def test_a_file_with_a_mistake_agrees_to_nothing(text: str, expected: str) -> None:
    result = codes(text, found())
    assert expected in result
    assert "AG601" in result


def test_a_mistake_has_a_place_and_a_help() -> None:
    mistake = read_exceptions("x.yaml", entry(owner="me").encode()).diagnostics[0]
    assert (mistake.span.line, mistake.message) == (
        6,
        "`exceptions.0.owner`: must be an e-mail address",
    )


def test_a_key_in_the_file_is_not_shown() -> None:
    key = made_up_key("sk-ant-")
    exceptions = read_exceptions("x.yaml", entry(owner=key).encode())
    assert key not in repr(exceptions.diagnostics)
