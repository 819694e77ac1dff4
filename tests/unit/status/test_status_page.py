"""The page as text: what the browser is given."""

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.page import STYLE_SOURCE, status_page
from aspire_gitops.status.value import AliasRow, AppRow
from support.statuses import STATUSES, hostile, ready

_VOID = {"meta", "link", "br", "rect", "circle", "path"}


class Tags(HTMLParser):
    """Collects tags and attributes, and what was opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


@pytest.mark.parametrize("name", STATUSES)
def test_it_is_well_formed(name: str) -> None:
    tags = read(status_page(status_document(STATUSES[name])))
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))


@given(st.text(max_size=40))
def test_no_text_of_others_makes_a_tag_or_an_attribute(text: str) -> None:
    plain = read(status_page(status_document(hostile("x"))))
    tried = read(status_page(status_document(hostile(text))))
    assert (tried.seen - plain.seen, tried.attributes - plain.attributes) == (set(), set())


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '" onload="alert(1)', "' style='x", "</style><script>", "javascript:alert(1)"],
)  # fmt: skip
def test_what_others_try_is_shown_as_it_is(text: str) -> None:
    page = status_page(status_document(hostile(text)))
    assert "<script" not in page
    assert not re.search(r'href="\s*javascript', page)


def test_what_looks_like_a_template_is_not_filled_in() -> None:
    assert "{{ 7*7 }}" in status_page(status_document(hostile("{{ 7*7 }}")))


def test_there_is_no_script_no_handler_and_no_style_attribute() -> None:
    for status in STATUSES.values():
        tags = read(status_page(status_document(status)))
        assert "script" not in tags.seen
        assert not [name for name in tags.attributes if name.startswith("on") or name == "style"]


def test_nothing_is_fetched_from_elsewhere() -> None:
    page = status_page(status_document(ready()))
    targets = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert not [t for t in targets if not t.startswith(("#", "?", "/api/", "/metrics", "data:"))]


def test_the_policy_names_the_style_by_its_hash() -> None:
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", STYLE_SOURCE)


def test_the_same_status_is_the_same_page() -> None:
    document = status_document(ready())
    assert status_page(document) == status_page(document)


def test_a_large_gateway_is_drawn_fast() -> None:
    """200 aliases and 500 apps: the loop that answers is the loop that reconciles."""
    aliases = [
        AliasRow(f"alias-{n}", "chat", "acme", "acme.ai", "m", live=True) for n in range(200)
    ]
    apps = [AppRow(f"app-{n}", "o@x", ("alias-1", "alias-2"), "b", "10", 2, 2) for n in range(500)]
    large = replace(ready(), aliases=tuple(aliases), apps=tuple(apps))
    status_page(status_document(large))
    began = time.process_time()
    page = status_page(status_document(large))
    assert time.process_time() - began < 0.25
    assert len(page) < 500_000
