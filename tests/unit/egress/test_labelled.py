"""The labelled set: what is found, what is not, and how well that goes for each language."""

from collections import Counter, defaultdict

import pytest

from aspire_gitops.egress.redacting import keys_in
from support.labelled import FOLDER, Piece, pieces

PIECES = list(pieces())


@pytest.mark.parametrize("piece", [pytest.param(one, id=one.title) for one in PIECES])
def test_each_line_yields_what_it_is_labelled_with(piece: Piece) -> None:
    assert sorted(piece.found()) == sorted(piece.wanted)


def test_there_are_pieces_of_every_language() -> None:
    count = Counter(piece.language for piece in PIECES)
    assert len(PIECES) >= 120
    assert min(count[name] for name in ("python", "javascript", "typescript", "php", "go", "shell", "dockerfile", "yaml", "env", "notebook", "config")) >= 4  # fmt: skip


def test_precision_and_recall_do_not_sink(capsys: pytest.CaptureFixture[str]) -> None:
    """Printed with `-s`; the docs quote the numbers."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for piece in PIECES:
        found = piece.found()
        right[piece.language] += len(found & (piece.wanted | piece.missed))
        wrong[piece.language] += len(found - piece.wanted - piece.missed)
        lost[piece.language] += len((piece.wanted | piece.missed) - found)
        lines[piece.language] += piece.text.count("\n")
    table: defaultdict[str, tuple[float, float]] = defaultdict(lambda: (1.0, 1.0))
    with capsys.disabled():
        for name in sorted(lines):
            precision = right[name] / (right[name] + wrong[name]) if wrong[name] else 1.0
            recall = right[name] / (right[name] + lost[name]) if lost[name] else 1.0
            table[name] = (precision, recall)
            print(f"\n{name:<11} {lines[name]:>4} lines, {right[name]:>3} found, precision {precision:.2f}, recall {recall:.2f}", end="")  # noqa: T201  # fmt: skip
    assert all(precision == 1.0 for precision, _ in table.values())
    assert all(recall >= 0.85 for _, recall in table.values())


def test_no_file_of_the_set_holds_a_key() -> None:
    assert [file.name for file in FOLDER.iterdir() if list(keys_in(file.read_text()))] == []
