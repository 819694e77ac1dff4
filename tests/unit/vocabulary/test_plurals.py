"""One is told as one, everywhere: `1 problem`, never `1 problems`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aspire_gitops
from aspire_gitops.vocabulary import Diagnostic, InvalidConfig, Rule, Span, plural

_COUNTS = ("len", "sum", "error_count", "count")
_VERBS = {"is", "has", "was", "does"}


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "problem", "0 problems"),
        (1, "problem", "1 problem"),
        (1204, "call", "1,204 calls"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "day", "2 days"),
        (2, "alias", "2 aliases"),
    ],
)
def test_a_count_and_its_noun_agree(count: int, noun: str, text: str) -> None:
    assert plural(count, noun) == text


def test_one_problem_in_the_files_is_one_problem() -> None:
    found = Diagnostic(Rule("AG201", "unknown-provider"), Span("a.yaml", 1, 1), "provider unknown")
    assert InvalidConfig([found]).message == "1 problem in the reviewed files"
    assert InvalidConfig([found, found]).message == "2 problems in the reviewed files"


def test_no_sentence_counts_something_and_takes_the_plural_for_granted() -> None:
    root = Path(aspire_gitops.__file__).parent
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in sorted(root.rglob("*.py"))
        for line in _taken_for_granted(ast.parse(path.read_text()))
    ]
    assert found == []


def _taken_for_granted(tree: ast.AST) -> Iterator[int]:
    """Yield the line of each f-string in which a plural follows what `len` and the like return.

    One that is a branch of `… if … else …` asked for the count before.
    """
    branches = [one for test in ast.walk(tree) if isinstance(test, ast.IfExp)
                for branch in (test.body, test.orelse) for one in ast.walk(branch)]  # fmt: skip
    for text in ast.walk(tree):
        if not isinstance(text, ast.JoinedStr) or text in branches:
            continue
        for value, after in zip(text.values, text.values[1:], strict=False):
            said = str(after.value) if isinstance(after, ast.Constant) else ""
            words = said.split() if said.startswith(" ") else []
            if words and _is_plural(words[0]) and _counts(value):
                yield value.lineno


def _is_plural(word: str) -> bool:
    plain = word.strip(".,;:()")
    return plain.isalpha() and plain.endswith("s") and plain not in _VERBS


def _counts(value: ast.expr) -> bool:
    call = value.value if isinstance(value, ast.FormattedValue) else None
    if not isinstance(call, ast.Call):
        return False
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return name in _COUNTS
