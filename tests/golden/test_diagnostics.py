"""`diagnostics/cases/<case>/gateway.d` shows as `expected.txt`, to the byte.

To accept what is shown now: `PYTHONPATH=tests python -m support.reviewed`.
"""

import pytest

from support.reviewed import CASES, case_names, shown_for


@pytest.mark.parametrize("case", case_names())
def test_the_text_for_people(case: str) -> None:
    assert shown_for(case) == (CASES / case / "expected.txt").read_text(encoding="utf-8")


def test_no_secret_of_the_case_is_shown() -> None:
    shown = shown_for("secrets-are-hidden")
    assert "Abcdef" not in shown
    assert "0123456789" not in shown
    assert "hunter2" not in shown
    assert shown.count("AG304") == 4
