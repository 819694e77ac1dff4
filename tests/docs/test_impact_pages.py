"""What the pages of a review's warnings show is true: their change is warned of."""

import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.review.builder import Side, as_applied, make_review
from aspire_gitops.state import Snapshot
from aspire_gitops.usage import Traffic, Usage
from aspire_ledger.money import Aud
from docs.test_rule_pages import ABSENT, RULES, examples
from support.catalogs import catalog_of_folder
from support.objects import NOON, OWNER
from support.reviewed import BASE, TODAY

CHANGES = [code for code in RULES if "AG520" <= code <= "AG539" and examples(code, "The change")]
DAYS = [TODAY - timedelta(days=back) for back in range(1, 15)]
CALLS = tuple(
    Usage(day, "knowledge-os", "knowledge-os", "qwen-vision", 40, Aud(Decimal(2)), 1_000_000, 0, 500_000)
    for day in DAYS
)  # fmt: skip


def write(code: str, heading: str, folder: Path) -> None:
    for info, text in examples(code, heading):
        path = folder / info.partition(" ")[2].removesuffix(ABSENT)
        path.parent.mkdir(parents=True, exist_ok=True)
        if info.endswith(ABSENT):
            path.unlink()
        else:
            path.write_text(text)


def side(folder: Path) -> Side:
    catalog = catalog_of_folder(folder / "gateway.d")
    return Side(catalog, compiled=compile_catalog(catalog, today=TODAY))


def live(base: Side) -> Snapshot:
    """The gateway at base, with a fortnight of calls and 120 AUD spent."""
    assert base.compiled
    found = as_applied(base.compiled, owner=OWNER, at=NOON)
    traffic = Traffic(DAYS[-1], DAYS[0], CALLS)
    return Snapshot(
        found.gateway_url,
        found.litellm_version,
        NOON,
        found.objects,
        spent={"knowledge-os": "120"},
        traffic=traffic,
    )


@pytest.mark.parametrize("code", CHANGES)
def test_the_change_on_a_page_is_warned_of(code: str, tmp_path: Path) -> None:
    shutil.copytree(BASE / "gateway.d", tmp_path / "gateway.d")
    write(code, "Before", tmp_path)
    base = side(tmp_path)
    write(code, "The change", tmp_path)
    review = make_review(base, side(tmp_path), snapshot=live(base), owner=OWNER, now=NOON)
    assert code in {found.rule.code for found in review.findings}
