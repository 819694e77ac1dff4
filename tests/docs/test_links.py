"""Every relative link in every Markdown file leads to a file, and every anchor to a heading."""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

REPOSITORY = Path(__file__).parents[2]
# What a reviewer writes into a golden review is no page of ours.
_GENERATED = "tests/golden/reviews/cases/"
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def pages() -> list[str]:
    found = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=REPOSITORY,
        text=True,
    )
    return [
        path
        for path in found.splitlines()
        if not path.startswith(_GENERATED) and (REPOSITORY / path).is_file()
    ]


def tokens(path: Path) -> list[Token]:
    return _MARKDOWN.parse(path.read_text(encoding="utf-8"))


def links(path: Path) -> Iterator[str]:
    """Yield each link and each image's address that does not name another site."""
    for token in tokens(path):
        for child in token.children or ():
            target = child.attrGet("href" if child.type == "link_open" else "src")
            if isinstance(target, str) and not _ELSEWHERE.match(target):
                yield unquote(target)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    names: set[str] = set()
    flow = tokens(path)
    for opening, inline in pairwise(flow):
        if opening.type != "heading_open":
            continue
        text = "".join(child.content for child in inline.children or ())
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return frozenset(names)


def problem(page: Path, link: str) -> str | None:
    name, _, anchor = link.partition("#")
    target = Path(os.path.normpath(page.parent / name)) if name else page
    if not target.exists():
        return f"{link}: no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return f"{link}: no such heading"
    return None


@pytest.mark.parametrize("name", pages())
def test_every_link_resolves(name: str) -> None:
    page = REPOSITORY / name
    assert [found for link in links(page) if (found := problem(page, link))] == []


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        pytest.param("there.md", None, id="a file"),
        pytest.param("there.md#what-it-is-100-", None, id="a heading"),
        pytest.param("#twice-1", None, id="the second heading of one name"),
        pytest.param("gone.md", "gone.md: no such file", id="no file"),
        pytest.param("there.md#gone", "there.md#gone: no such heading", id="no heading"),
    ],
)
def test_a_link_that_does_not_resolve_is_found(
    tmp_path: Path, link: str, expected: str | None
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Twice\n\n[text]({link})\n\n## Twice\n")
    (tmp_path / "there.md").write_text("# What `it` is (100 %)\n")

    assert list(links(page)) == [link]
    assert problem(page, link) == expected


def test_every_page_of_the_documentation_is_in_the_index() -> None:
    """A page that no index lists is found by nobody."""
    docs = REPOSITORY / "docs"
    listed = {
        Path(os.path.normpath(index.parent / link.partition("#")[0]))
        for index in (
            docs / "README.md",
            docs / "reference" / "README.md",
            docs / "adr" / "README.md",
        )
        for link in links(index)
    }
    written = {
        path
        for path in docs.rglob("*.md")
        if path.parent.name != "rules" and path.name != "README.md"
    }
    assert written - listed == set()
