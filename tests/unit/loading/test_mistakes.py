"""Each way to get a file wrong, the rule that says so, and the place it points at."""

import time

import pytest

from aspire_gitops.loading import Loaded, load
from aspire_gitops.loading import reading as reading_module
from aspire_gitops.loading.reading import python_events
from aspire_gitops.loading.rules import MAX_FILE_BYTES, MAX_FINDINGS
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree

KIND = b"kind: Alias\n"

MISTAKES = [
    pytest.param(b"", ["AG005 1:1"], id="empty file"),
    pytest.param(b"# only a remark\n", ["AG005 1:1"], id="only comments"),
    pytest.param(b"---\n", ["AG005 1:1"], id="only a document marker"),
    pytest.param(b"hello\n", ["AG007 1:1"], id="a text instead of a mapping"),
    pytest.param(b"- kind: Alias\n", ["AG007 1:1"], id="a list instead of a mapping"),
    pytest.param(KIND + b"---\nkind: App\n", ["AG006 2:1"], id="two documents"),
    pytest.param(KIND + b"name: a\nkind: App\n", ["AG008 3:1"], id="a key twice"),
    pytest.param(b"a: {b: 1, c: 2, b: 3}\n", ["AG008 1:17"], id="a key twice in braces"),
    pytest.param(
        b"a:\n  b: 1\n  b: 2\nc:\n  b: 1\n", ["AG008 3:3"], id="twice in one mapping only"
    ),
    pytest.param(b"'a': 1\n\"a\": 2\n", ["AG008 2:1"], id="a key twice in different quotes"),
    pytest.param(b"a: &x 1\n", ["AG009 1:4"], id="an anchor"),
    pytest.param(b"a: *x\n", ["AG009 1:4"], id="an alias"),
    pytest.param(b"a:\n  <<: {b: 1}\n", ["AG009 2:3"], id="a merge key"),
    pytest.param(b"&x a: 1\n", ["AG009 1:1"], id="an anchored key"),
    pytest.param(b"a: !!python/name:os.system x\n", ["AG010 1:4"], id="a python tag"),
    pytest.param(b"a: !!str 1\n", ["AG010 1:4"], id="a standard tag"),
    pytest.param(b"a: !mine [1]\n", ["AG010 1:4"], id="a tag of one's own"),
    pytest.param(b"a: ! 1\n", ["AG010 1:4"], id="the non-specific tag"),
    pytest.param(b"%YAML 1.1\n---\na: 1\n", ["AG010 1:1"], id="a version directive"),
    pytest.param(b"1: a\n", ["AG011 1:1"], id="a number as key"),
    pytest.param(b"true: a\n", ["AG011 1:1"], id="a boolean as key"),
    pytest.param(b"~: a\n", ["AG011 1:1"], id="nothing as key"),
    pytest.param(b"? [a]\n: b\n", ["AG011 1:3"], id="a list as key"),
    pytest.param(b"a: 010\n", ["AG012 1:4"], id="a leading zero"),
    pytest.param(b"a: -007.5\n", ["AG012 1:4"], id="a fraction with leading zeros"),
    pytest.param(b"a: [0x1F, 0o17, 0b11]\n", ["AG012 1:5", "AG012 1:11", "AG012 1:17"], id="bases"),
    pytest.param(b"a: 1_000\n", ["AG012 1:4"], id="underscores between digits"),
    pytest.param(b"a: 1e3\n", ["AG012 1:4"], id="an exponent without point and sign"),
    pytest.param(b"a: .inf\nb: .nan\n", ["AG013 1:4", "AG013 2:4"], id="not finite"),
    pytest.param(b"a: 1e999\n", ["AG013 1:4"], id="too large for a float"),
    pytest.param(b"a: 1234567890123456789\n", ["AG013 1:4"], id="nineteen digits"),
    pytest.param(b"a: " + b"[" * 17 + b"]" * 17, ["AG014 1:19"], id="seventeen levels"),
    pytest.param(b"a" * (MAX_FILE_BYTES + 1), ["AG015 1:1"], id="too large"),
    pytest.param("a: 1\n".encode("utf-16"), ["AG002 1:1"], id="UTF-16 with a mark"),
    pytest.param("a: 1\n".encode("utf-16-le"), ["AG002 1:1"], id="UTF-16 without a mark"),
    pytest.param("a: 1\n".encode("utf-32"), ["AG002 1:1"], id="UTF-32"),
    pytest.param(b"\xef\xbb\xbfa: 1\n", ["AG002 1:1"], id="a byte order mark"),
    pytest.param(b"a: 1\nb: caf\xe9\n", ["AG002 2:7"], id="Latin-1"),
    pytest.param(b"a: \xed\xa0\x80\n", ["AG002 1:4"], id="a surrogate in UTF-8"),
    pytest.param(b"a: x\x00y\n", ["AG003 1:5"], id="a NUL"),
    pytest.param(b"a: \x1b[31mred\n", ["AG003 1:4"], id="a terminal escape"),
    pytest.param("a: x # \u202e y\n".encode(), ["AG003 1:8"], id="a change of direction"),
    pytest.param("a: x\u2028b: y\n".encode(), ["AG003 1:5"], id="a Unicode line separator"),
    pytest.param(b"a: 1\rb: 2\r", ["AG003 1:5", "AG003 1:10"], id="old Macintosh line ends"),
    pytest.param(b'a: "x\\0"\n', ["AG003 1:4"], id="a NUL by escape"),
    pytest.param(b"a:\n\tb: 1\n", ["AG004 2:1"], id="a tab as indentation"),
    pytest.param(b"a:\t1\n", ["AG004 1:3"], id="a tab before a value"),
    pytest.param(b"a: b: c\n", ["AG001 1:5"], id="two colons in a line"),
    pytest.param(b"a: 1\nname x\nb: 2\n", ["AG001 2:1"], id="no colon"),
    pytest.param(b"a:\n    b: 1\n  c: 2\n", ["AG001 3:3"], id="an indentation between two"),
    pytest.param(b'a: "x\nb: 1\n', ["AG001 1:4"], id="an open quote"),
    pytest.param(b"a: [x, y\nb: 1\n", ["AG001 1:4"], id="an open bracket"),
    pytest.param(b"a: {b: 1 c: 2}\n", ["AG001 1:11"], id="no comma"),
    pytest.param(b"a: @x\n", ["AG001 1:4"], id="a reserved character"),
    pytest.param(b"a: - x\n", ["AG001 1:4"], id="a list on the line of its key"),
    pytest.param(b"a:\n  - x\n  y\n  z: 1\n", ["AG001 3:3"], id="not an item of the list above"),
]


def load_one(content: bytes, path: str = "a.yaml") -> Loaded:
    return load(SourceTree(Revision("test"), (SourceFile(path, content),)))


def summary(loaded: Loaded) -> list[str]:
    return [f"{d.rule.code} {d.span.line}:{d.span.column}" for d in loaded.diagnostics]


@pytest.mark.parametrize(("content", "expected"), MISTAKES)
def test_a_mistake_is_named_and_placed(content: bytes, expected: list[str]) -> None:
    loaded = load_one(content)
    assert summary(loaded) == expected
    assert all(found.help and found.is_error for found in loaded.diagnostics)


@pytest.mark.parametrize(("content", "expected"), MISTAKES)
def test_without_libyaml_the_same_mistakes_are_found(
    content: bytes, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_module, "events", python_events)
    assert summary(load_one(content)) == expected


def test_all_mistakes_of_all_files_come_in_one_go() -> None:
    files = (
        SourceFile("a.yaml", b"a: 010\nb: &x 1\nb: 2\n"),
        SourceFile("b.yaml", b"a: [\n"),
        SourceFile("c.yaml", b"kind: Alias\nname: c\n"),
        SourceFile("d.yaml", b"\xff\xfe"),
    )
    loaded = load(SourceTree(Revision("test"), files))
    assert [str(found.span) for found in loaded.diagnostics] == [
        "a.yaml:1:4",
        "a.yaml:2:4",
        "a.yaml:3:1",
        "b.yaml:1:4",
        "d.yaml:1:1",
    ]
    assert [document.path for document in loaded.documents] == ["a.yaml", "c.yaml"]
    assert loaded.unread == {"b.yaml", "d.yaml"}


def test_a_mistake_before_a_syntax_error_is_still_told() -> None:
    assert summary(load_one(b"a: 010\nb: [\n")) == ["AG012 1:4", "AG001 2:4"]


def test_a_file_with_an_alias_has_no_document() -> None:
    """Its value has a hole, and other checks would complain about that."""
    assert load_one(b"a: &x 1\nb: *x\n").documents == ()


def test_a_repaired_file_is_checked_further() -> None:
    (document,) = load_one(b"requests: 010\nname:\tx\nname: y\n").documents
    assert document.value == {"requests": 10, "name": "x"}


def test_the_help_shows_both_ways_to_write_an_ambiguous_number() -> None:
    (found,) = load_one(b"a: 0x1F\n").diagnostics
    assert found.help == 'write "0x1F" in quotes if it is text, or 31 if it is a number'


def test_a_duplicate_names_both_places() -> None:
    (found,) = load_one(b"a: 1\nb: 2\na: 3\n", "x/y.yaml").diagnostics
    assert found.message == 'the key "a" is already at x/y.yaml:1:1'
    assert (found.span.line, found.span.snippet) == (3, "a: 3")


def test_no_snippet_carries_what_a_terminal_would_obey() -> None:
    (found,) = load_one(b"a: \x1b[31mred\n").diagnostics
    assert found.span.snippet == "a:  [31mred"


def test_a_flood_of_mistakes_is_cut() -> None:
    assert len(load_one(b"a: [" + b"010, " * 5000 + b"1]\n").diagnostics) == MAX_FINDINGS
    assert len(load_one(b"\t" * 5000).diagnostics) == MAX_FINDINGS


LAUGHS = b"a0: &a0 [x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30)
)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(LAUGHS, id="a billion laughs"),
        pytest.param(b"[" * MAX_FILE_BYTES, id="brackets"),
        pytest.param(b"- " * (MAX_FILE_BYTES // 2), id="lists in lists"),
        pytest.param(b"a: " + b"9" * (MAX_FILE_BYTES - 3), id="a number without end"),
        pytest.param(b"a: b" + b" " * (MAX_FILE_BYTES - 5) + b"#", id="blanks"),
        pytest.param(b"a: " + b"x " * 8000 + b"#", id="words and a hash"),
        pytest.param(b"a: [" + b'"", ' * 60000, id="a list that never ends"),
    ],
)
def test_a_hostile_file_costs_little(content: bytes) -> None:
    began = time.process_time()
    load_one(content)
    assert time.process_time() - began < 2  # seconds; a quadratic road would take minutes
