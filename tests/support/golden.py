"""The golden cases of the compiler: folders in, three files out.

`PYTHONPATH=tests python -m support.golden` writes what is compiled now over
what is expected; the diff is the review.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path

from aspire_gitops.compiling import artifacts, compile_catalog
from support.catalogs import TODAY, catalog_of_folder
from support.worked_example import with_the_first_rate

REPOSITORY = Path(__file__).parents[2]
CASES = REPOSITORY / "tests" / "golden" / "cases"
ASPIRE = "aspire"  # the case without files of its own: it compiles the real gateway.d


def case_names() -> list[str]:
    return sorted(path.name for path in CASES.iterdir())


def source_of(case: str) -> AbstractContextManager[Path]:
    """Return the folder of a case; the worked example always with the same exchange rate."""
    return with_the_first_rate() if case == ASPIRE else nullcontext(CASES / case / "gateway.d")


def compiled(case: str) -> Mapping[str, str]:
    """Return the artifacts of a case, without the release that compiled them."""
    with source_of(case) as folder:
        made = artifacts(compile_catalog(catalog_of_folder(folder), today=TODAY))
    release = f"aspire-gitops {version('aspire-gitops')}"
    return {
        name: text.replace(release, "aspire-gitops (this release)") for name, text in made.items()
    }


def update() -> None:
    for case in case_names():
        for name, text in compiled(case).items():
            (CASES / case / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update()
