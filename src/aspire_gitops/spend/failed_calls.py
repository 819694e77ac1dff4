"""Failed calls of a month for a terminal, as Markdown, CSV and JSON. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich.text import Text

from aspire_gitops.codec.values import document
from aspire_gitops.spend.record import Failures
from aspire_gitops.spend.tables import Table, table_csv, table_markdown, table_text
from aspire_gitops.spend.wording import month_text
from aspire_gitops.vocabulary import one_line, plural
from aspire_ledger.canonical import JsonValue, pretty_json

_HEADINGS: Final = ("app", "alias", "deployment", "outcome", "calls")
_NUMBERS: Final = frozenset({4})


def failures_text(found: Sequence[Failures], month: str) -> Text:
    """Return failed calls for a terminal, ending with a newline."""
    text = Text.assemble((month_text(month), "bold"), f"  {_whole(found)}\n")
    if not found:
        return text
    shown = _table(found)
    return text.append("\n").append(table_text(shown, [""] * len(shown.rows)))


def failures_markdown(found: Sequence[Failures], month: str) -> str:
    """Return failed calls as a Markdown table, for a message or a report."""
    lines = [f"### {month_text(month)}", "", f"{_whole(found)}."]
    lines += ["", *table_markdown(_table(found))] if found else []
    return "\n".join(lines) + "\n"


def failures_csv(found: Sequence[Failures], month: str) -> str:
    """Return failed calls as CSV."""
    rows = ((month, *_cells(each), str(each.calls)) for each in found)
    return table_csv(Table(("month", *_HEADINGS), tuple(rows), frozenset()))


def failures_json(found: Sequence[Failures], month: str) -> str:
    """Return failed calls for programs."""
    rows: list[JsonValue] = [
        dict(zip(_HEADINGS, (*_cells(each), each.calls), strict=True)) for each in found
    ]
    calls = sum(each.calls for each in found)
    return pretty_json(
        document("failed-calls", {"month": month, "failed_calls": calls, "rows": rows})
    )


FAILURE_FORMATS: Mapping[str, Callable[[Sequence[Failures], str], Text | str]] = {
    "text": failures_text,
    "json": failures_json,
    "csv": failures_csv,
    "markdown": failures_markdown,
}


def _whole(found: Sequence[Failures]) -> str:
    return f"{plural(sum(each.calls for each in found), 'failed call')}"


def _table(found: Sequence[Failures]) -> Table:
    rows = ((*map(one_line, _cells(each)), f"{each.calls:,}") for each in found)
    return Table(_HEADINGS, tuple(rows), _NUMBERS)


def _cells(each: Failures) -> tuple[str, str, str, str]:
    return each.app, each.alias, each.deployment, each.outcome
