"""Reviewed files in memory: a small folder that is right, and what becomes of it when changed.

`PYTHONPATH=tests python -m support.reviewed` writes what the golden cases show
now over what they are expected to show; the diff is the review.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from aspire_gitops.loading import load
from aspire_gitops.rendering.diagnostics import render_text
from aspire_gitops.validation import Validated, validate
from aspire_gitops.validation.judging import Judge, judge
from aspire_gitops.vocabulary import Diagnostic, Revision, SourceFile, SourceTree

CASES = Path(__file__).parents[1] / "golden" / "diagnostics" / "cases"
BASE = Path(__file__).parents[1] / "golden" / "diagnostics" / "base"
TODAY = date(2026, 11, 23)
REVISION = Revision("main", commit="4f2c9d1" + "0" * 33)


def files_below(root: Path) -> dict[str, str]:
    """Read every file of a folder by its path from there."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text() for path in paths}


def base_with(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return the right folder's files with some replaced, added, or (None) taken away."""
    files = {**files_below(BASE), **changes}
    return {path: text for path, text in files.items() if text is not None}


def check(
    files: Mapping[str, str | bytes], *, today: date = TODAY, judge: Judge = judge
) -> Validated:
    """Load and validate files that are only in memory."""
    contents = {p: t if isinstance(t, bytes) else t.encode() for p, t in files.items()}
    tree = SourceTree(REVISION, tuple(SourceFile(p, c) for p, c in sorted(contents.items())))
    return validate(load(tree), REVISION, today=today, judge=judge)


def found_in(changes: Mapping[str, str | None], *, today: date = TODAY) -> tuple[Diagnostic, ...]:
    """Return what is found in the right folder after some changes."""
    return check(base_with(changes), today=today).diagnostics


def codes(found: tuple[Diagnostic, ...]) -> list[str]:
    return [diagnostic.rule.code for diagnostic in found]


def shown_for(case: str) -> str:
    """Return what a person sees who validates the folder of a golden case."""
    files = files_below(CASES / case / "gateway.d")
    return render_text(
        check({f"gateway.d/{path}": text for path, text in files.items()}).diagnostics
    )


def case_names() -> list[str]:
    return sorted(path.name for path in CASES.iterdir())


if __name__ == "__main__":
    for name in case_names():
        (CASES / name / "expected.txt").write_text(shown_for(name), encoding="utf-8")
