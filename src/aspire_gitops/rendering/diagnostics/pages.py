"""The page of a rule, as shipped: in the installed package, or in the checkout that runs."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
_FOLDERS = (_PACKAGE / "rules", _PACKAGE.parents[1] / "docs" / "rules")


@cache
def page_of(code: str) -> str | None:
    """Return the Markdown page of the rule, or None when this installation has none."""
    for folder in _FOLDERS:
        try:
            return (folder / f"{code}.md").read_text(encoding="utf-8")
        except OSError:
            continue
    return None
