"""Where a document says things stand: to the column, in characters."""

import pytest

from aspire_gitops.loading import load
from aspire_gitops.loading.document import Document
from aspire_gitops.vocabulary import Revision, SourceFile, SourceProblem, SourceTree, Span

TEXT = """\
# yaml-language-server: $schema=../../schemas/app.schema.json
kind: App
name: knowledge-os
aliases: [qwen-vision, claude-sonnet]  # two of them
limits: {requests_per_minute: 120,
  parallel_requests: 8}
"clé": "ünï"   # a remark
empty:
keys:
  - name: worker-ocr
    deliver: {file: /var/lib/keys/x}
  - name: other
note: |
  first
  second
"""


@pytest.fixture
def document() -> Document:
    tree = SourceTree(Revision("test"), (SourceFile("apps/k.yaml", TEXT.encode()),))
    (document,) = load(tree).documents
    return document


def marked(span: Span) -> str:
    return span.snippet[span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("path", "place", "words"),
    [
        pytest.param(("name",), "3:7", "knowledge-os", id="a word"),
        pytest.param(("aliases",), "4:10", "[qwen-vision, claude-sonnet]", id="a list in brackets"),
        pytest.param(("aliases", 1), "4:24", "claude-sonnet", id="an item"),
        pytest.param(("limits",), "5:9", "{requests_per_minute: 120,", id="braces over two lines"),
        pytest.param(("limits", "parallel_requests"), "6:22", "8", id="on the second line"),
        pytest.param(("clé",), "7:8", '"ünï"', id="columns count characters, not bytes"),
        pytest.param(("empty",), "8:7", "", id="nothing"),
        pytest.param(("keys",), "10:3", "- name: worker-ocr", id="the first line of a list"),
        pytest.param(("keys", 0), "10:5", "name: worker-ocr", id="the first line of a mapping"),
        pytest.param(("keys", 0, "deliver", "file"), "11:21", "/var/lib/keys/x", id="deep"),
        pytest.param(("keys", 1, "deliver", "file"), "12:5", "name: other", id="nearest ancestor"),
        pytest.param(("keys", 7), "10:3", "- name: worker-ocr", id="an item that is not there"),
        pytest.param(("note",), "13:7", "|", id="a block of lines"),
        pytest.param((), "2:1", "kind: App", id="the document"),
        pytest.param(("price",), "2:1", "kind: App", id="a field that is missing at the top"),
    ],
)
def test_span(document: Document, path: tuple[str | int, ...], place: str, words: str) -> None:
    span = document.span(*path)
    assert (str(span), marked(span)) == (f"apps/k.yaml:{place}", words)


@pytest.mark.parametrize(
    ("path", "place", "words"),
    [
        pytest.param(("kind",), "2:1", "kind", id="at the top"),
        pytest.param(("clé",), "7:1", '"clé"', id="in quotes"),
        pytest.param(("limits", "parallel_requests"), "6:3", "parallel_requests", id="in braces"),
        pytest.param(("keys", 1, "name"), "12:5", "name", id="in a list"),
        pytest.param(("keys", 1), "12:5", "name: other", id="an item has no key"),
        pytest.param(("keys", 1, "deliver"), "12:5", "name: other", id="no such key"),
    ],
)
def test_key_span(document: Document, path: tuple[str | int, ...], place: str, words: str) -> None:
    span = document.key_span(*path)
    assert (str(span), marked(span)) == (f"apps/k.yaml:{place}", words)


def test_windows_line_ends_do_not_show_in_a_snippet() -> None:
    document = Document("a.yaml", {}, "kind: App\r\nname: x\r\n")
    assert document.span("name") == Span("a.yaml", 2, 7, 8, "name: x")


def test_a_very_long_line_gives_a_short_snippet() -> None:
    document = Document("a.yaml", {}, f"a: {'x' * 5000}\nb: [{'y, ' * 2000}z]\n")
    assert len(document.span("a").snippet) < 500
    assert document.span("b", 2000) == Span("a.yaml", 2, 6005, 6006, "")


def test_what_a_source_could_not_take_is_a_diagnostic() -> None:
    problem = SourceProblem("a/link.yaml", "AG017", "the link leaves the folder", "copy it")
    loaded = load(SourceTree(Revision("test"), (), (problem,)))
    (found,) = loaded.diagnostics
    assert (found.rule.name, str(found.span), found.help) == (
        "refused-link",
        "a/link.yaml:1:1",
        "copy it",
    )
    assert loaded.unread == {"a/link.yaml"}
