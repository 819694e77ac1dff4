"""A month's spend for a terminal, as Markdown, CSV and JSON. Pure."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from rich.text import Text

from aspire_gitops.rendering.plan.words import plural
from aspire_gitops.rendering.spend.rows import By, Table, exact, parts, table
from aspire_gitops.rendering.spend.words import cents, estimated_text, month_text
from aspire_gitops.spending import BudgetSpend, Forecast, Spend
from aspire_gitops.spending.spend import plain
from aspire_ledger.canonical import JsonValue, pretty_json

_FULL, _NEARLY = 100, 80
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
        {
            "format": 1,
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
        }
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
    writer.writerows([_harmless(cell) for cell in row] for row in found.rows)
    return out.getvalue()


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


def _harmless(cell: str) -> str:
    # A spreadsheet would carry out what begins like a formula. A negative amount stays a number.
    is_number = cell.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(_FORMULA) and not is_number else cell
