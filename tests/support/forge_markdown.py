"""Markdown as a forge reads it: CommonMark with tables, strikethrough and bare links."""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token


def forge() -> MarkdownIt:
    """Return the parser. Of bare addresses only those with a scheme are links, and e-mails."""
    parser = MarkdownIt("gfm-like")
    assert parser.linkify is not None
    parser.linkify.set({"fuzzy_link": False})
    return parser


def skeleton(markdown: str) -> list[str]:
    """Return everything of a text but its words and its code: what must not depend on them."""
    return list(_skeleton(forge().parse(markdown)))


def _skeleton(tokens: Sequence[Token]) -> Iterator[str]:
    inside_code = False
    for token in tokens:
        if token.type == "inline":
            yield from _skeleton(token.children or ())
        elif token.type == "html_inline" and token.content in ("<code>", "</code>"):
            inside_code = not inside_code
        elif token.type in ("html_inline", "html_block"):
            yield token.content if token.type == "html_inline" else _tags(token.content)
        elif token.type not in ("text", "text_special", "code_inline", "softbreak"):
            yield token.type
    assert not inside_code


def _tags(html: str) -> str:
    """Return a block of HTML without what stands between its tags."""
    return "".join(f"<{part.partition('>')[0]}>" for part in html.split("<")[1:])
