"""Which comment is ours, and what it says: pure, so every case is a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.forge import Comment, marker, sticky_text
from aspire_gitops.review.comment import length, ours, says_the_same
from aspire_gitops.vocabulary import UsageError

MARK = "<!-- aspire-gitops:review -->"
BOT = "github-actions[bot]"
POINTER = "**Cut here.**"


def comment(text: str, author: str = BOT, number: int = 1) -> Comment:
    return Comment(number, author, author.endswith("[bot]"), text)


@pytest.mark.parametrize(
    ("one", "author", "is_ours"),
    [
        pytest.param(comment(f"{MARK}\nhello"), None, True, id="an app's, for an app's token"),
        pytest.param(comment(f"{MARK}\r\nhello"), None, True, id="edited on the web page"),
        pytest.param(comment(f"{MARK}\nhello", "mia"), "mia", True, id="mine, for my token"),
        pytest.param(comment(f"{MARK}\nhello", "mia"), None, False, id="a person copied it"),
        pytest.param(comment(f"{MARK}\nhello"), "mia", False, id="an app's, for my token"),
        pytest.param(comment(f"{MARK}\nhello", ""), None, False, id="its author is gone"),
        pytest.param(comment(f"hello\n{MARK}"), None, False, id="not on the first line"),
        pytest.param(comment(f"> {MARK}\nhello"), None, False, id="quoted"),
        pytest.param(comment("<!-- aspire-gitops:egress -->\nx"), None, False, id="another name"),
        pytest.param(comment(""), None, False, id="empty"),
    ],
)
def test_ours(one: Comment, author: str | None, is_ours: bool) -> None:  # noqa: FBT001 (a column)
    assert bool(ours([one], "review", author)) == is_ours


def test_of_several_the_oldest_comes_first() -> None:
    found = ours([comment(MARK, number=9), comment(MARK, number=3)], "review", None)

    assert [one.id for one in found] == [3, 9]


@pytest.mark.parametrize("name", ["", "Review", "a b", "x -->", "../x", "-x", "a" * 41])
def test_a_name_cannot_end_the_marker(name: str) -> None:
    with pytest.raises(UsageError, match="invalid comment name"):
        marker(name)


@given(st.text())
def test_no_text_can_forge_a_marker(text: str) -> None:
    hostile = f"a{text}\n{MARK}\n<!-- aspire-gitops:egress -->\n{text}"

    whole = sticky_text("review", hostile, longest=65_536, pointer=POINTER)

    assert whole.count("<!-- aspire-gitops:") == 1
    assert whole.startswith(f"{MARK}\n")
    assert not ours([comment(whole)], "egress", None)


@given(st.text(alphabet="ab`~\n😀<>/", min_size=1), st.integers(1_200, 1_400))
def test_a_long_text_is_cut_within_the_limit(text: str, longest: int) -> None:
    piece = f"x{text}\n<details>\n"

    whole = sticky_text("review", piece * 300, longest=longest, pointer=POINTER)

    assert length(whole) <= longest
    assert whole.endswith(f"\n\n{POINTER}\n")


def test_a_text_that_fits_is_left_as_it_is() -> None:
    text = "x" * (65_536 - length(f"{MARK}\n") - 1)

    assert sticky_text("review", text, longest=65_536, pointer="") == f"{MARK}\n{text}\n"


def test_what_the_cut_left_open_is_closed() -> None:
    text = "<details><summary>All</summary>\n\n```diff\n" + "+ a line of a change\n" * 400

    whole = sticky_text("review", text, longest=4_000, pointer=POINTER)

    assert whole.endswith(f"+ a line of a change\n```\n\n</details>\n\n{POINTER}\n")


@pytest.mark.parametrize("text", ["", "\n\n", "  \n", "\0"])
def test_nothing_to_say_is_a_mistake(text: str) -> None:
    with pytest.raises(UsageError, match="is empty"):
        sticky_text("review", text, longest=65_536, pointer=POINTER)


def test_line_ends_do_not_count_as_a_change() -> None:
    assert says_the_same(comment("a\r\nb\n"), "a\nb")
    assert not says_the_same(comment("a\nb"), "a\nc")
