"""Two small catalogs, what changes between them, and a gateway to review the change against."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.review.builder import Side, as_applied, make_review
from aspire_gitops.review.value import Review
from aspire_gitops.state import Snapshot
from aspire_gitops.usage import Traffic, Usage
from aspire_ledger.money import Aud
from support.catalogs import GATEWAY, TODAY, alias, app, budget, catalog_of, provider
from support.objects import NOON, OWNER

Resource = Mapping[str, Any]
SINCE, UNTIL = date(2026, 10, 25), date(2026, 11, 23)


def small(*others: Resource) -> list[Resource]:
    """A gateway, two providers, one alias, one app and its budget; `others` take their places."""
    resources = [GATEWAY, provider(), provider("second", vendor="second.example"), alias(), app()]
    found = {(one["kind"], one["name"]): one for one in [*resources, budget(), *others]}
    return list(found.values())


def without(resources: Iterable[Resource], *names: str) -> list[Resource]:
    return [one for one in resources if f"{one['kind']}/{one['name']}" not in names]


def side(resources: Iterable[Resource]) -> Side:
    catalog = catalog_of(resources)
    return Side(catalog, compiled=compile_catalog(catalog, today=TODAY))


def used(day: date = TODAY, **changes: Any) -> Usage:
    """One row of traffic: a thousand tokens each way, 0.0111 AUD at the small catalog's prices."""
    usage = Usage(day, "shared", "agents", "qwen-chat", 10, Aud(Decimal("0.0111")), 1000, 0, 1000)
    return replace(usage, **changes)


def fortnight(**changes: Any) -> list[Usage]:
    return [used(TODAY - timedelta(days=back), **changes) for back in range(1, 15)]


def live(base: Side, rows: Iterable[Usage] = (), **changes: Any) -> Snapshot:
    """What a controller publishes right after base was applied."""
    assert base.compiled
    found = as_applied(base.compiled, owner=OWNER, at=NOON)
    return replace(found, traffic=Traffic(SINCE, UNTIL, tuple(rows)), **changes)


def reviewed(
    base: Iterable[Resource],
    head: Iterable[Resource],
    snapshot: Snapshot | None = None,
    **more: Any,
) -> Review:
    return make_review(side(base), side(head), snapshot=snapshot, owner=OWNER, now=NOON, **more)


def codes(review: Review) -> list[str]:
    return [found.rule.code for found in review.findings]
