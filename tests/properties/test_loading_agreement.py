"""Three readers, one opinion: the quick road, libyaml, and PyYAML without libyaml."""

import string
from typing import Any
from unittest.mock import patch

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aspire_gitops.loading import load, reading
from aspire_gitops.loading.plain import plain_document
from aspire_gitops.loading.reading import Reading, python_events, read
from aspire_gitops.loading.scalars import plain_value
from aspire_gitops.loading.text import decode
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree

# Lines out of which real files, broken files and odd files are built.
PIECES = st.sampled_from(
    [
        *(
            "a: ",
            "b: ",
            "name: ",
            "a-b: ",
            "b.: ",
            "null: ",
            "- ",
            "-",
            "  ",
            "    ",
            " ",
            "\n",
            "\n",
            "\n",
            "\n  ",
        ),
        *("x", "y z", "010", "1", "-1", "1.5", "0x1", "true", "no", "~", "''", '""', "'q'", '"q"'),
        *(
            "[",
            "]",
            "{",
            "}",
            ", ",
            ",",
            ":",
            ": ",
            "#",
            " # c",
            "/v1",
            "http://h:1/p",
            "a-b",
            "+",
            ".",
        ),
        *(
            "&a ",
            "*a",
            "!t ",
            "|",
            ">",
            "%",
            "@",
            "?",
            "? ",
            "---",
            "...",
            "\t",
            "\\",
            "\r\n",
            "é",
            "'",
        ),
    ]
)
SOUPS = st.lists(PIECES, max_size=24).map("".join)

KEYS = st.from_regex(r"[a-z_][a-z_.-]{0,7}", fullmatch=True)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.text(string.ascii_letters + string.digits + " ./:-_#@'\"éß", max_size=12).filter(
        lambda text: not text or plain_value(text) == text  # PyYAML writes 0E0 without quotes
    ),
    st.integers(-(10**17), 10**17),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)


def read_without_libyaml(text: str) -> Reading:
    with patch.object(reading, "events", python_events):
        return read("a.yaml", text)


@given(SOUPS)
@example("a: x\n  b: y\n")
@example("a:\n- x\nb: y\n")
@example("- a: x\n")
@example("a: {b: x, b: y}\n")
@example("a: 'it''s'\n")
@example("a: x # c\n")
@example("a:  # c\n  b: x\n")
@example("a: x\nb:\n")
@example("a:\n  - b: x\n    a: y\n  - z\n")
def test_the_quick_road_agrees_or_stays_silent(text: str) -> None:
    plain = plain_document(text)
    if plain is not None and decode("a.yaml", text.encode()).findings == ():
        slow = read("a.yaml", text)
        assert (plain, slow.findings) == (slow.value, ())
        assert repr(plain) == repr(slow.value)  # 1, 1.0 and True are equal, but not the same


@given(SOUPS)
def test_no_text_makes_loading_raise(text: str) -> None:
    loaded = load(SourceTree(Revision("test"), (SourceFile("a.yaml", text.encode()),)))
    assert loaded.documents or loaded.diagnostics


@given(st.binary(max_size=60))
def test_no_bytes_make_loading_raise(content: bytes) -> None:
    loaded = load(SourceTree(Revision("test"), (SourceFile("a.yaml", content),)))
    assert loaded.documents or loaded.diagnostics


@given(DOCUMENTS, st.booleans())
def test_what_a_program_wrote_reads_back_the_same(value: dict[str, Any], flow: bool) -> None:  # noqa: FBT001 (hypothesis gives it)
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    fast, slow = read("a.yaml", text), read_without_libyaml(text)
    assert repr(fast.value) == repr(slow.value)
    assert [f.rule for f in fast.findings] == [f.rule for f in slow.findings]
    if not fast.findings:
        assert fast.value == value
        assert plain_document(text) in (None, value)


@given(DOCUMENTS)
def test_every_value_has_a_place_on_its_own_line(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    reading_ = read("a.yaml", text)
    for path, (_, start, _) in reading_.places.items():
        assert start.start_mark.line < text.count("\n") + 1, path
