"""`make shape` counts what it says it counts, on a small tree with everything in it."""

from pathlib import Path

import pytest
from bench.shape import Shape, modules_in, shape_of


@pytest.fixture
def shape(tmp_path: Path) -> Shape:
    files = {
        "aspire_gitops/__init__.py": "",
        "aspire_gitops/kinds/__init__.py": "",
        "aspire_gitops/kinds/key.py": "def test(kind):\n    return kind is Kind.KEY\n",
        "aspire_gitops/short.py": "def one():\n    return 1\n",
        "aspire_gitops/shared.py": "X = 1\n",
        "aspire_gitops/long.py": "\n" * 61,
        "aspire_gitops/user.py": (
            "import os\n"
            "from aspire_gitops.short import one\n"
            "from aspire_gitops import shared, long\n"
            "def use(kind):\n"
            "    from aspire_gitops.shared import X\n"
            "    if kind in (Kind.KEY, Kind.CREDENTIAL) or kind == Kind.KEY:\n"
            "        return 1\n"
            "    match kind:\n"
            "        case Kind.KEY:\n"
            "            return 2\n"
        ),
        "aspire_gitops/other.py": "import aspire_gitops.shared\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return shape_of(modules_in({"aspire_gitops": tmp_path}))


def test_it_counts_files_and_lines(shape: Shape) -> None:
    assert (shape.files, shape.lines) == (8, 2 + 2 + 1 + 61 + 10 + 1)


def test_it_counts_the_lines_of_each_function(shape: Shape) -> None:
    assert shape.functions == (2, 2, 7)


def test_an_own_import_is_one_statement_wherever_it_stands(shape: Shape) -> None:
    assert shape.imports == 4


def test_a_paragraph_is_short_and_has_one_importer(shape: Shape) -> None:
    assert shape.paragraphs == ("aspire_gitops.short",)


def test_a_match_is_no_test_on_kind_and_kinds_may_test(shape: Shape) -> None:
    assert shape.kind_tests == ("aspire_gitops.user:6", "aspire_gitops.user:6")


def test_each_missed_aim_is_a_sentence(shape: Shape) -> None:
    assert [sentence.split()[0] for sentence in shape.misses()] == ["5.19", "tests"]


def test_modules_that_import_each_other_are_named(tmp_path: Path) -> None:
    package = tmp_path / "aspire_gitops"
    package.mkdir()
    (package / "one.py").write_text("from aspire_gitops.two import X\n")
    (package / "two.py").write_text("def late():\n    from aspire_gitops.one import Y\n")
    shape = shape_of(modules_in({"aspire_gitops": tmp_path}))
    assert shape.circle in {
        ("aspire_gitops.one", "aspire_gitops.two", "aspire_gitops.one"),
        ("aspire_gitops.two", "aspire_gitops.one", "aspire_gitops.two"),
    }
    assert any(sentence.startswith("modules import each other") for sentence in shape.misses())
