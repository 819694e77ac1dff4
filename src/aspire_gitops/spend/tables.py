"""A month's spend as tables for a terminal, and as Markdown, CSV and JSON. Pure."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from rich.text import Text

from aspire_gitops.codec.values import document
from aspire_gitops.spend import BudgetSpend, Forecast, Part, Spend
from aspire_gitops.spend.month import plain
from aspire_gitops.spend.wording import (
    BY_HAND,
    NOT_KNOWN,
    cents,
    estimated_text,
    month_text,
    reach_text,
)
from aspire_gitops.vocabulary import one_line, plural
from aspire_ledger.canonical import JsonValue, pretty_json

_NONE = "-"
By: TypeAlias = Literal["budget", "app", "alias", "provider"]
_FULL, _NEARLY = 100, 80
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows, all text. `numbers` are the right-aligned columns."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]


def spend_text(spend: Spend, by: By) -> Text:
    """Return the month for a terminal, ending with a newline."""
    text = Text.assemble((_title(spend), "bold"), f"  {_whole(spend)}\n\n")
    found = table(spend, by)
    if not found.rows:
        return text.append("  nothing was spent, and no key carries a budget\n")
    tones = [_tone(row) for row in spend.budgets] if by == "budget" else [""] * len(found.rows)
    text.append(table_text(found, tones))
    return text.append(f"\n  {estimates}\n" if (estimates := estimated_text(spend)) else "")


def spend_markdown(spend: Spend, by: By) -> str:
    """Return the month as a Markdown table, for a message or a report."""
    found = table(spend, by)
    lines = [f"### {_title(spend)}", "", f"{_whole(spend)}.", "", *table_markdown(found)]
    lines += ["", f"{estimates}."] if (estimates := estimated_text(spend)) else []
    return "\n".join(lines) + "\n"


def spend_csv(spend: Spend, by: By) -> str:
    """Return the month as CSV: exact amounts, ISO days."""
    return table_csv(exact(spend, by))


def spend_json(spend: Spend, by: By) -> str:
    """Return the month as JSON. Amounts are text, because a double cannot hold every cent."""
    rows: JsonValue = [
        {"name": part.name, "spent_aud": plain(part.aud), "calls": part.calls}
        for part in parts(spend, by)
    ]
    if by == "budget":
        rows = [budget_json(row) for row in spend.budgets]
    return pretty_json(
        document(
            "spend",
            {
                "month": spend.month,
                "timezone": spend.timezone,
                "at": spend.at.isoformat(),
                "total": {
                    "spent_aud": plain(spend.total.aud),
                    "calls": spend.total.calls,
                    "estimated_aud": plain(spend.estimated.aud),
                    "estimated_calls": spend.estimated.calls,
                },
                "by": by,
                "rows": rows,
            },
        )
    )


def budget_json(row: BudgetSpend) -> Mapping[str, JsonValue]:
    """Return one budget for programs."""
    return {
        "name": row.budget,
        "apps": row.apps,
        "spent_aud": plain(row.spent),
        "cap_aud": plain(row.cap) if row.cap is not None else None,
        "percent": row.percent,
        "calls": row.calls,
        "estimated_aud": plain(row.estimated),
        "estimated_calls": row.estimated_calls,
        "forecast": _forecast_json(row.forecast) if row.forecast else None,
    }


FORMATS: Mapping[str, Callable[[Spend, By], Text | str]] = {
    "text": spend_text,
    "json": spend_json,
    "csv": spend_csv,
    "markdown": spend_markdown,
}


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
    """Return the month for programs: every digit, ISO days, empty if unknown."""
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
    """Return the month's parts; all but budgets are sorted by cost."""
    return {
        "budget": [Part(row.budget, row.spent, row.calls) for row in spend.budgets],
        "app": spend.apps,
        "alias": spend.aliases,
        "provider": spend.providers,
    }[by]


def table_text(found: Table, tones: Sequence[str]) -> Text:
    """Return a table for a terminal, each row in its tone."""
    text = Text()
    widths = [max(map(len, column)) for column in zip(found.headings, *found.rows, strict=True)]
    text.append(_line(found.headings, widths, found), style="dim")
    for row, tone in zip(found.rows, tones, strict=True):
        text.append(_line(row, widths, found), style=tone)
    return text


def table_markdown(found: Table) -> list[str]:
    """Return the lines of a table in Markdown."""
    rule = ["---:" if place in found.numbers else "---" for place in range(len(found.headings))]
    return [_cells(row) for row in (found.headings, tuple(rule), *found.rows)]


def table_csv(found: Table) -> str:
    """Return a table as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(found.headings)
    writer.writerows([_without_formula(cell) for cell in row] for row in found.rows)
    return out.getvalue()


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


def _forecast_json(ahead: Forecast) -> JsonValue:
    low, middle, high = map(plain, ahead.month_end) if ahead.month_end else (None, None, None)
    return {
        "cap_reached": ahead.reach.value,
        "earliest": ahead.earliest.isoformat() if ahead.earliest else None,
        "likely": ahead.likely.isoformat() if ahead.likely else None,
        "latest": ahead.latest.isoformat() if ahead.latest else None,
        "aud_per_day": plain(ahead.per_day) if ahead.per_day is not None else None,
        "days": ahead.days,
        "month_end_aud": {"low": low, "middle": middle, "high": high},
    }


def _title(spend: Spend) -> str:
    so_far = " so far" if spend.is_current else ""
    return f"{month_text(spend.month)}{so_far}, {spend.timezone}"


def _whole(spend: Spend) -> str:
    return f"{cents(spend.total.aud)} AUD in {plural(spend.total.calls, 'call')}"


def _line(cells: tuple[str, ...], widths: list[int], found: Table) -> str:
    shown = (
        f"{cell:>{width}}" if place in found.numbers else f"{cell:<{width}}"
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"  {'  '.join(shown).rstrip()}\n"


def _tone(row: BudgetSpend) -> str:
    percent = row.percent or 0
    return "red" if percent >= _FULL else "yellow" if percent >= _NEARLY else ""


def _cells(row: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _without_formula(cell: str) -> str:
    # A spreadsheet would run what begins like a formula. A negative amount stays a number.
    is_number = cell.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(_FORMULA) and not is_number else cell
