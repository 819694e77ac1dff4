"""A month's spend as rows of text: the same rows for a terminal, Markdown and CSV. Pure.

`by budget` puts each budget beside its cap. By app, alias or provider there is
no cap: these are shares of the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.spend.words import BY_HAND, NOT_KNOWN, cents, reach_text
from aspire_gitops.spending import BudgetSpend, Part, Spend
from aspire_gitops.spending.spend import plain

_NONE = "-"

By: TypeAlias = Literal["budget", "app", "alias", "provider"]


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows, all text. `numbers` are the columns that are set to the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]


def table(spend: Spend, by: By) -> Table:
    """Return the month for people: cents, whole percent."""
    if by == "budget":
        headings = ("budget", "apps", "spent AUD", "cap AUD", "%", "AUD a day", "calls")
        ahead = ("cap reached",) if spend.is_current else ()
        rows = (_budget_row(row, with_forecast=spend.is_current) for row in spend.budgets)
        return Table((*headings, *ahead), tuple(rows), frozenset(range(2, 7)))
    budgets = _budgets_of_apps(spend) if by == "app" else {}
    rows = (_part_row(part, spend, by, budgets) for part in parts(spend, by))
    paid_by = ("budget",) if by == "app" else ()
    return Table((by, "spent AUD", "share %", "calls", *paid_by), tuple(rows), frozenset({1, 2, 3}))


def exact(spend: Spend, by: By) -> Table:
    """Return the month for programs: every digit, ISO days, empty where nothing is known."""
    if by == "budget":
        headings = (
            "month", "budget", "apps", "spent_aud", "cap_aud", "percent", "aud_per_day", "calls",
            "cap_reached", "earliest", "likely", "latest", "estimated_aud", "estimated_calls",
        )  # fmt: skip
        rows = (_exact_row(row, spend.month) for row in spend.budgets)
        return Table(headings, tuple(rows), frozenset())
    found = (
        (spend.month, part.name, plain(part.aud), str(part.calls)) for part in parts(spend, by)
    )
    return Table(("month", by, "spent_aud", "calls"), tuple(found), frozenset())


def parts(spend: Spend, by: By) -> Sequence[Part]:
    """Return the month's parts, the dearest first."""
    return {
        "budget": [Part(row.budget, row.spent, row.calls) for row in spend.budgets],
        "app": spend.apps,
        "alias": spend.aliases,
        "provider": spend.providers,
    }[by]


def _budget_row(row: BudgetSpend, *, with_forecast: bool) -> tuple[str, ...]:
    per_day = row.forecast.per_day if row.forecast else None
    cells = (
        one_line(row.budget),
        ", ".join(map(one_line, row.apps)) or _NONE,
        cents(row.spent),
        cents(row.cap) if row.cap is not None else _NONE,
        str(row.percent) if row.percent is not None else _NONE,
        cents(per_day) if per_day is not None else _NONE,
        f"{row.calls:,}",
    )
    return (*cells, reach_text(row.forecast)) if with_forecast else cells


def _part_row(part: Part, spend: Spend, by: By, budgets: Mapping[str, str]) -> tuple[str, ...]:
    whole = spend.total.aud
    share = f"{part.aud * 100 / whole:.0f}" if whole else _NONE
    name = one_line(part.name) or (NOT_KNOWN if by == "provider" else BY_HAND)
    paid_by = (budgets.get(part.name, _NONE),) if by == "app" else ()
    return (name, cents(part.aud), share, f"{part.calls:,}", *paid_by)


def _budgets_of_apps(spend: Spend) -> Mapping[str, str]:
    return {app: one_line(row.budget) for row in spend.budgets for app in row.apps}


def _exact_row(row: BudgetSpend, month: str) -> tuple[str, ...]:
    ahead = row.forecast

    def text(value: object) -> str:
        return "" if value is None else plain(value) if isinstance(value, Decimal) else str(value)

    return (
        month,
        row.budget,
        " ".join(row.apps),
        plain(row.spent),
        text(row.cap),
        text(row.percent),
        text(ahead and ahead.per_day),
        str(row.calls),
        text(ahead and ahead.reach.value),
        text(ahead and ahead.earliest),
        text(ahead and ahead.likely),
        text(ahead and ahead.latest),
        plain(row.estimated),
        str(row.estimated_calls),
    )
