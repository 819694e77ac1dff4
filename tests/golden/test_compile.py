"""`cases/<case>/gateway.d` compiles to the three files beside it, byte for byte.

To accept what is compiled now: `PYTHONPATH=tests python -m support.golden`.
"""

import hashlib
import json

import pytest

from support.golden import CASES, case_names, compiled

EXPECTED = ("config.yaml", "manifest.json", "objects.json")


@pytest.mark.parametrize("case", case_names())
def test_compiles_to_the_expected_files(case: str) -> None:
    expected = {name: (CASES / case / name).read_bytes().decode() for name in EXPECTED}

    assert dict(sorted(compiled(case).items())) == expected


@pytest.mark.parametrize("case", case_names())
def test_the_manifest_has_the_digests_of_the_files_beside_it(case: str) -> None:
    digests = json.loads((CASES / case / "manifest.json").read_text())["digests"]

    assert digests == {
        name: "sha256:" + hashlib.sha256((CASES / case / name).read_bytes()).hexdigest()
        for name in EXPECTED
        if name != "manifest.json"
    }
