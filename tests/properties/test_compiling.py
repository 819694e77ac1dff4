"""The compiled bytes depend on what the files say, not on how they were met."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.compiling import artifacts, compile_catalog
from aspire_gitops.loading import load
from support.catalogs import REVISION, TODAY, catalog_of_documents, tree_of_folder
from support.golden import CASES, REPOSITORY, case_names, source_of

DOCUMENTS = load(tree_of_folder(REPOSITORY / "gateway.d")).documents
EXPECTED = artifacts(compile_catalog(catalog_of_documents(DOCUMENTS), today=TODAY))


@given(st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_show(order: random.Random) -> None:
    shuffled = list(DOCUMENTS)
    order.shuffle(shuffled)

    assert artifacts(compile_catalog(catalog_of_documents(shuffled), today=TODAY)) == EXPECTED


PROGRAM = """
from support.catalogs import TODAY
from support.golden import compiled
import sys
sys.stdout.write("".join(compiled(sys.argv[1]).values()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "4242"])
def test_the_hash_seed_does_not_show(seed: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, "subscription-price"],
        cwd=REPOSITORY,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
        check=True,
    )

    folder = CASES / "subscription-price"
    assert result.stdout == "".join(
        (folder / name).read_text() for name in ("config.yaml", "objects.json", "manifest.json")
    )


@pytest.mark.parametrize("case", case_names())
def test_the_day_shows_in_nothing_but_the_approvals(case: str) -> None:
    with source_of(case) as folder:
        documents = load(tree_of_folder(folder)).documents
    declared = [one for one in documents if one.value["kind"] != "Approval"]
    later = TODAY.replace(year=2031)

    catalog = catalog_of_documents(declared)
    assert artifacts(compile_catalog(catalog, today=later)) == artifacts(
        compile_catalog(catalog, today=TODAY)
    )
    assert catalog.revision == REVISION
