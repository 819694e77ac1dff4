"""Names and values on a gateway are anybody's text: they show, and never act."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.planning import Action, Change, FieldChange, Plan, Refusal
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.rendering.plan_wording import plan_markdown
from aspire_gitops.state import GatewayObject, Kind, LiveFallback, ObjectKey
from aspire_gitops.vocabulary import Rule, code, markdown, one_line, printable, value_text

# Half a character has no digest, so no plan holds one; `test_printable` has the case.
ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


def hostile_plan(text: str, changes: int = 1) -> Plan:
    key = ObjectKey(Kind.KEY, text or "x")
    live = GatewayObject(key, text, {}, address=text)
    change = Change(Action.UPDATE, key, (FieldChange(text, text, [text]),), live, live, reason=text)
    return Plan(
        revision=text,
        gateway_name=text,
        gateway_url=text,
        owner="o",
        based_on="sha256:0",
        changes=(change,) * changes,
        refusals=(Refusal(Rule("AG501", "too-many"), text, text, text),),
        warnings=(text,),
        unmanaged=(text,),
        fallbacks=(LiveFallback(text, text, (text,)),),
    )


@given(ANYTHING)
def test_no_character_acts_on_a_terminal(text: str) -> None:
    shown = plan_text(hostile_plan(text)).plain
    acting = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not [c for c in shown if c not in "\n\t" and unicodedata.category(c) in acting]


@pytest.mark.parametrize("text", ["::error::x", "  ::error::x"])
def test_no_line_begins_as_a_command_to_a_runner(text: str) -> None:
    assert not one_line(text).lstrip().startswith("::")


@given(ANYTHING)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(ANYTHING)
def test_markdown_has_no_tag_that_we_did_not_write(text: str) -> None:
    ours = {"code", "/code", "br", "details", "/details", "summary", "/summary", "sub", "/sub"}
    assert set(re.findall(r"<([^>]*)>", plan_markdown(hostile_plan(text)))) <= ours


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x1b[2Kb", "a\\x1b[2Kb", id="a terminal's escape"),
        pytest.param("a\u202eb", "a\\u202eb", id="a bidirectional override"),
        pytest.param("a\nb", "a\nb", id="a line break stays"),
        pytest.param("\ud800", "\\ud800", id="half a character"),
        pytest.param("##[error]x", "#\\x23[error]x", id="a command to GitHub's runner"),
        pytest.param("Müller 漢", "Müller 漢", id="other languages stay"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("[x](javascript:1)", "\\[x\\](javascript:1)", id="a link"),
        pytest.param("@team #1", "@&#8203;team \\#&#8203;1", id="a mention and an issue"),
        pytest.param("a|b", "a\\|b", id="the end of a cell"),
        pytest.param("https://x.y www.x.y", "https:&#8203;//x.y www&#8203;.x.y", id="bare links"),
        pytest.param("GH-12 $x$", "GH&#8203;-12 $&#8203;x$&#8203;", id="an issue and a formula"),
        pytest.param("a: :tada:", "a: :&#8203;tada:", id="a picture by name"),
        pytest.param("<img src=x>", "&lt;img src=x\\>", id="HTML"),
        pytest.param("a\nb", "a\\\\nb", id="the end of a row"),
    ],
)
def test_markdown(text: str, shown: str) -> None:
    assert markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("gw.chat_1", "`gw.chat_1`", id="a name"),
        pytest.param("@c #1 *x*", "`@c #1 *x*`", id="nothing acts in code"),
        pytest.param(
            "a|`b`<@c>&",
            "<code>a&#124;&#96;b&#96;&#60;@&#8203;c&#62;&#38;</code>",
            id="what would end the code, or the cell",
        ),
        pytest.param(" x", "<code> x</code>", id="a space that code would lose"),
        pytest.param(
            "##[error]", "<code>&#35;&#92;x23&#91;error&#93;</code>", id="a runner's command"
        ),
    ],
)
def test_code(text: str, shown: str) -> None:
    assert code(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, "(unset)", id="nothing"),
        pytest.param("(unset)", '"(unset)"', id="the text that looks like nothing"),
        pytest.param("", '""', id="an empty text"),
        pytest.param(True, "true", id="a truth"),
        pytest.param((1, "a"), '[1,"a"]', id="a list"),
        pytest.param("x" * 500, "x" * 159 + "…", id="a long text is cut"),
    ],
)
def test_value_text(value: object, shown: str) -> None:
    assert value_text(value) == shown  # type: ignore[arg-type]  # JSON values


def test_a_comment_never_exceeds_what_github_takes() -> None:
    assert len(plan_markdown(hostile_plan("<&|`@" * 40, changes=500))) < 65_536
