"""The rows of the registry agree with each other, and nobody else branches on a kind."""

import re
from pathlib import Path

import pytest

import aspire_gitops
from aspire_gitops.kinds import KINDS, from_last_to_first, level, levels, parse_key
from aspire_gitops.state import Kind, ObjectKey

SOURCE = Path(aspire_gitops.__file__).parent
BRANCHES = re.compile(r"(\bis|\bis not|==|!=|\bin) \(?Kind\.|case Kind\.")


def test_a_kind_needs_kinds_that_are_there() -> None:
    needed = {need for kind in KINDS.values() for need in kind.facts.needs}
    assert needed <= KINDS.keys()


def test_what_is_needed_comes_first_and_goes_last() -> None:
    assert [level(kind) for kind in KINDS] == [0, 1, 2]
    assert levels() == 3
    assert [kind.facts.name for kind in from_last_to_first()] == ["key", "deployment", "credential"]


def test_a_key_is_read_as_it_is_written() -> None:
    key = ObjectKey(Kind.KEY, "shop/a.main")
    assert parse_key(str(key)) == key
    assert parse_key("key/x").kind is Kind.KEY


@pytest.mark.parametrize("text", ["", "key", "key/", "/x", "gateway/test", "Key/x"])
def test_anything_else_is_no_object(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_key(text)


def test_no_code_outside_of_kinds_branches_on_a_kind() -> None:
    """What differs from kind to kind is a fact that its file states."""
    others = (path for path in SOURCE.rglob("*.py") if "kinds" not in path.parts)
    found = {str(path.relative_to(SOURCE)) for path in others if BRANCHES.search(path.read_text())}
    assert found == set()
