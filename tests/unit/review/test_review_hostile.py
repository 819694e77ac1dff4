"""Whatever stands in reviewed files shows in a review, and never acts: not there, not in a terminal."""

import json
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aspire_gitops.codec.review import review_json
from aspire_gitops.review.markdown import Destination, review_markdown
from aspire_gitops.review.terminal import review_text
from support.forge_markdown import skeleton
from support.hostile_reviews import hostile_review
from support.sample import examples

PIECES = (
    "<!-- aspire-gitops:review -->", "-->", "<script>alert(1)</script>", "</details>", "<b>", "&lt;",
    "@team", "#12", "GH-7", "org/repo#3", "https://evil.example/x", "www.evil.example", "a@b.example",
    "![x](https://evil.example/y)", "[x](javascript:1)", "[x]: /y", "`", "``", "|", "\\|", "\\", "*", "_",
    "~~", "# ", "> ", "- ", "1. ", "    ", "\n", "\n\n", "\r", "\t", "---", "===", "+", "$x$", ":tada:",
    "::error::", "::set-output name=x::y", "##[error]", "\x1b[2J", "\u202e", "\u2066", "\u200b", "\x00",
    "x" * 300, "é漢", "[!CAUTION]", "<details><summary>",
)  # fmt: skip
ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
HOSTILE = (
    st.lists(st.sampled_from(PIECES) | ANYTHING, min_size=1, max_size=5)
    .map("".join)
    .filter(str.strip)
)
HARMLESS = "harmless"
WHOLE = Destination(room=None)
unhurried = settings(deadline=None, max_examples=examples(15))


@unhurried
@given(HOSTILE)
@example("`x`")
@example("<!-- aspire-gitops:review -->")
@example("- 1. # x")
@example("| a | b |")
def test_no_text_changes_the_structure_of_a_comment(text: str) -> None:
    wanted = skeleton(review_markdown(hostile_review(HARMLESS), WHOLE))
    assert skeleton(review_markdown(hostile_review(text), WHOLE)) == wanted


@unhurried
@given(HOSTILE)
def test_no_text_brings_a_link_a_mention_or_our_marker(text: str) -> None:
    shown = review_markdown(hostile_review(text))
    found = skeleton(shown)
    assert not [part for part in found if part.startswith(("link", "image"))]
    assert "<!--" not in shown
    assert "##[" not in shown


@pytest.mark.parametrize(
    "text", ["@team", "fixes #12", "GH-7", "$x$", ":tada:", "www.evil.example"]
)
def test_a_forge_finds_nothing_of_its_own_outside_of_code(text: str) -> None:
    prose = re.sub(r"`[^`]*`|<code>.*?</code>", "", review_markdown(hostile_review(text)))
    assert text.rsplit(maxsplit=1)[-1] not in prose


@unhurried
@given(HOSTILE)
def test_no_text_acts_on_a_terminal_or_in_a_log(text: str) -> None:
    shown = review_text(hostile_review(text)).plain
    acting = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not [c for c in shown if c != "\n" and unicodedata.category(c) in acting]
    assert "##[" not in shown
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]


@unhurried
@given(HOSTILE)
def test_json_gives_every_text_back_and_no_command_to_a_log(text: str) -> None:
    shown = review_json(hostile_review(text))
    assert json.loads(shown)["aliases"][0]["name"] == text
    assert "##[" not in shown
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]


def test_half_a_character_is_shown_as_an_escape() -> None:
    review = hostile_review("x")
    assert "\\ud800" in review_markdown(
        hostile_review("\ud800", errors=False),
    )
    assert review_json(review).encode()
