"""The golden cases of a review: what a reviewer sees, and the gallery of all of them.

Each case changes some files of `reviews/base`; `reviews/snapshot.json` is what a
controller published of that base. `PYTHONPATH=tests python -m support.reviews`
writes what is shown now over what is expected; the diff is the review.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from aspire_gitops.codec.review import review_json
from aspire_gitops.codec.snapshot_reader import SavedSnapshot, read_snapshot
from aspire_gitops.codec.snapshot_writer import snapshot_json
from aspire_gitops.pipeline.catalog import AsOf
from aspire_gitops.pipeline.change import sides
from aspire_gitops.review.builder import Side, as_applied, make_review
from aspire_gitops.review.markdown import review_markdown
from aspire_gitops.review.terminal import review_text
from aspire_gitops.review.value import Review
from aspire_gitops.sources.git import Comparison
from aspire_gitops.state import DEFAULT_OWNER, Snapshot
from aspire_gitops.usage import Downtime, Traffic, Usage
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree
from aspire_ledger.money import Aud
from support.reviewed import files_below

REPOSITORY = Path(__file__).parents[2]
REVIEWS = REPOSITORY / "tests" / "golden" / "reviews"
CASES = REVIEWS / "cases"
GALLERY = REPOSITORY / "docs" / "review" / "gallery.md"
ORDER = (
    "alias-swap", "cap-below-spend", "shared-budget", "app-removed", "provider-added",
    "rate-changed", "restart-needed", "other-vectors", "mistake", "nothing-known",
)  # fmt: skip
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_TAKEN_AT = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
_BASE = Revision("main", commit="4f2c9d1e" * 5)
_HEAD = Revision("topic", commit="b81d07a3" * 5)
_SINCE, _UNTIL = date(2026, 10, 24), date(2026, 11, 22)
# What an app asks of an alias on a usual working day: calls, tokens in, tokens out.
_USUAL = {
    ("agents", "agents", "claude-sonnet"): (140, 250_000, 54_000),
    ("agents", "agents", "qwen-chat"): (310, 500_000, 120_000),
    ("knowledge-os", "knowledge-os", "claude-sonnet"): (220, 400_000, 93_000),
    ("knowledge-os", "knowledge-os", "search-embed"): (900, 1_860_000, 0),
    ("marketing", "postiz", "qwen-chat"): (420, 560_000, 138_000),
    ("marketing", "zac-landing", "qwen-chat"): (190, 240_000, 59_000),
}
_USD_PER_MILLION = {
    "claude-sonnet": (Decimal(3), Decimal(15)),
    "qwen-chat": (Decimal("0.80"), Decimal("3.20")),
    "search-embed": (Decimal("0.07"), Decimal(0)),
}
_USD_PER_AUD = Decimal("0.6512")
_INTRODUCTION = """\
# What a review looks like

Each of these is a comment as `aspire-gitops review` writes it under a pull request, for a change of one small gateway.
They are made from the folders in [`tests/golden/reviews`](../../tests/golden/reviews), and a test keeps them as they are; [review.md](review.md) says where each figure is from.
"""


def tree(files: dict[str, str], revision: Revision) -> SourceTree:
    found = (SourceFile(path, text.encode()) for path, text in sorted(files.items()))
    return SourceTree(revision, tuple(found))


def base_files() -> dict[str, str]:
    return files_below(REVIEWS / "base")


def head_files(case: str) -> dict[str, str]:
    """Return base's files with those of the case in their places, and without those that it removes."""
    files = base_files()
    if (CASES / case / "head").is_dir():
        files |= files_below(CASES / case / "head")
    removed = CASES / case / "removed.txt"
    for path in removed.read_text().split() if removed.exists() else ():
        del files[path]
    return files


def sides_of(case: str) -> tuple[Side, Side]:
    base, head = tree(base_files(), _BASE), tree(head_files(case), _HEAD)
    both = sides(Comparison(base, head), AsOf(NOW))
    return both.base, both.head


def review_of(case: str) -> Review:
    """Return the review of a golden case, as of `NOW`."""
    base, head = sides_of(case)
    saved = None if (CASES / case / "without-snapshot").exists() else published()
    return make_review(
        base,
        head,
        snapshot=saved.snapshot if saved else None,
        owner=DEFAULT_OWNER,
        now=NOW,
        digest=saved.digest if saved else None,
        applied=saved.revision if saved else None,
    )


@cache
def published() -> SavedSnapshot:
    content = (REVIEWS / "snapshot.json").read_bytes()
    return read_snapshot(content, DEFAULT_OWNER, name="snapshot.json")


def snapshot_of_base() -> str:
    """Return what a controller would publish of base after a month of calls."""
    base, _ = sides_of("nothing-known")
    assert base.compiled is not None
    applied = as_applied(base.compiled, owner=DEFAULT_OWNER, at=_TAKEN_AT)
    traffic = Traffic(_SINCE, _UNTIL, tuple(sorted(_usages())))
    live = Snapshot(
        applied.gateway_url,
        applied.litellm_version,
        _TAKEN_AT,
        applied.objects,
        spent=_spent(traffic),
        traffic=traffic,
        downtime=Downtime("2026-11", 95.0, date(2026, 11, 1)),
    )
    return snapshot_json(live, owner=DEFAULT_OWNER, revision=str(_BASE))


def _usages() -> Iterator[Usage]:
    day = _SINCE
    while day <= _UNTIL:
        busy = (60 if day.weekday() >= 5 else 115) + day.day * 7 % 5 * 4  # percent
        for (budget, app, alias), (calls, tokens_in, tokens_out) in _USUAL.items():
            read, written = tokens_in * busy // 100, tokens_out * busy // 100
            price_in, price_out = _USD_PER_MILLION[alias]
            usd = (read * price_in + written * price_out) / 1_000_000
            aud = Aud(round(usd / _USD_PER_AUD, 6))
            count = calls * busy // 100
            yield Usage(day, budget, app, alias, count, aud, read, 0, written)
        day += timedelta(days=1)


def _spent(traffic: Traffic) -> dict[str, str]:
    spent: dict[str, Decimal] = {}
    for row in traffic.rows:
        if row.day.month == TODAY.month:
            spent[row.budget] = spent.get(row.budget, Decimal(0)) + row.aud
    return {budget: f"{aud:.6f}" for budget, aud in sorted(spent.items())}


def gallery() -> str:
    """Return the page: for each case what changes, and the comment as a reviewer sees it."""
    parts = [_INTRODUCTION, *map(_shown, ORDER)]
    return "\n".join(parts)


def _shown(case: str) -> str:
    title = case.replace("-", " ").capitalize()
    about = (CASES / case / "about.md").read_text(encoding="utf-8")
    return f"## {title}\n\n{about}\n---\n\n{review_markdown(review_of(case))}\n---\n"


def update() -> None:
    (REVIEWS / "snapshot.json").write_text(snapshot_of_base(), encoding="utf-8")
    published.cache_clear()
    for case in ORDER:
        review = review_of(case)
        (CASES / case / "comment.md").write_text(review_markdown(review), encoding="utf-8")
        (CASES / case / "review.json").write_text(review_json(review), encoding="utf-8")
        (CASES / case / "review.txt").write_text(review_text(review).plain, encoding="utf-8")
    GALLERY.write_text(gallery(), encoding="utf-8")


if __name__ == "__main__":
    update()
