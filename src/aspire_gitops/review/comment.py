"""Which comment of a pull request is ours, and what it must say. Pure.

Ours begins with a hidden line, the marker, and its author is our token's account.
Both are required: anyone can copy the marker into their own comment, and our token
may be allowed to change that one too.

`forge.comments` lists, creates, updates and deletes them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aspire_gitops.vocabulary import UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_OPENING = "<!-- aspire-gitops:"
_DISARMED = "&lt;!-- aspire-gitops:"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_DETAILS = re.compile(r"<(/?)details\b", re.IGNORECASE)
_CLOSED_DETAILS = "\n</details>"
_MOST_OPEN = 20


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of a pull request. `author` is empty for an account that is gone."""

    id: int
    author: str
    is_bot: bool
    text: str


def marker(name: str) -> str:
    """Return the hidden line that our comment of this name begins with.

    Raises:
        UsageError: The name is invalid.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"invalid comment name {name[:60]!r}", help="use a name like review or review-eu"
        )
    return f"{_OPENING}{name} -->"


def ours(comments: Iterable[Comment], name: str, author: str | None) -> tuple[Comment, ...]:
    """Return our comments of this name, the oldest first; more than one is left by a race.

    `author` is our token's account. None is an app whose name the forge does not
    reveal: then any app counts, and no person does.
    """
    wanted = marker(name)
    found = (one for one in comments if _first_line(one.text) == wanted and _by(one, author))
    return tuple(sorted(found, key=lambda one: one.id))


def says_the_same(comment: Comment, text: str) -> bool:
    """Return whether the comment has this text already; line ends and trailing newlines do not count."""
    return _settled(comment.text) == _settled(text)


def sticky_text(name: str, text: str, *, longest: int, pointer: str) -> str:
    """Return the whole text of our comment: the marker, then `text`.

    `longest` is how many characters the forge takes. A text that is longer is
    cut at the end of a line and ends with `pointer`, which says where the rest
    is. A marker inside of `text` is made visible, so that it marks nothing.

    Raises:
        UsageError: There is nothing to say.
    """
    safe = text.replace("\r\n", "\n").replace("\0", "").replace(_OPENING, _DISARMED).strip("\n")
    if not safe.strip():
        raise UsageError(
            "the comment's file is empty", help="write the review's Markdown into it first"
        )
    head = f"{marker(name)}\n"
    return head + _cut(safe, longest - length(head), pointer) + "\n"


def length(text: str) -> int:
    """Return the length as the strictest forge may count it: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, room: int, pointer: str) -> str:
    if length(text) < room:
        return text
    ending = f"\n\n{pointer}"
    # What is open at the cut must be closed, and how much that is depends on the cut.
    left = room - length(ending) - 1 - _MOST_OPEN * (len(_CLOSED_DETAILS) + 8)
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * left].decode("utf-16-le", "ignore")
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    return kept + _closings(kept) + ending


def _closings(text: str) -> str:
    fence = ""
    for found in _FENCE.finditer(text):
        mark = found[1]
        if not fence:
            fence = mark
        elif mark[0] == fence[0] and len(mark) >= len(fence):
            fence = ""
    tags = list(_DETAILS.findall(text))  # "/" for each that closes
    unclosed = min(max(tags.count("") - tags.count("/"), 0), _MOST_OPEN)
    return (f"\n{fence}" if fence else "") + ("\n" + _CLOSED_DETAILS * unclosed if unclosed else "")


def _by(comment: Comment, author: str | None) -> bool:
    return comment.is_bot if author is None else comment.author == author


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()


def _settled(text: str) -> str:
    return text.replace("\r\n", "\n").strip("\n")
