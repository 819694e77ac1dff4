"""A month's statement as Markdown, to keep and to pay from. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aspire_gitops.spend import Part
from aspire_gitops.spend.month import plain
from aspire_gitops.spend.statement import Statement
from aspire_gitops.spend.tables import Table, table_markdown
from aspire_gitops.spend.wording import NOT_KNOWN, cents, month_text
from aspire_gitops.vocabulary import one_line

_NO_CAP = "not known"


def statement_markdown(made: Statement) -> str:
    """Return the whole statement. All amounts are AUD, in cents; the digest covers every digit."""
    return "\n".join(
        [
            *_head(made),
            *_budgets(made),
            *_shares("Apps", "app", made.apps),
            *_shares("Aliases", "alias", made.aliases),
            *_shares("Protocols", "protocol", made.providers),
            *_estimates(made),
            *_adjustments(made),
            *_rates(made),
            *_foot(made),
        ]
    )


def _head(made: Statement) -> Iterator[str]:
    yield f"# Statement for {month_text(made.month)}"
    yield ""
    yield f"All amounts in AUD. The month is that of {made.timezone}."
    if not made.is_over:
        yield f"**The month is not over: this is how it stood on {_moment(made.made_at, made)}.**"
    for difference in made.differences:
        yield ""
        yield f"> **Do not pay by this.** {one_line(difference)}."
    yield ""


def _budgets(made: Statement) -> Iterator[str]:
    yield "## Budgets"
    yield ""
    yield "Opening is the cap in force when this was written; closing is what is left of it."
    yield ""
    rows = [
        (
            line.budget,
            cents(line.opening) if line.opening is not None else _NO_CAP,
            cents(line.spent_on_calls),
            cents(line.adjusted),
            cents(line.spent),
            cents(line.closing) if line.closing is not None else _NO_CAP,
            f"{line.calls:,}",
        )
        for line in made.budgets
    ]
    on_calls = sum((line.spent_on_calls for line in made.budgets), start=made.spent - made.spent)
    calls = sum(line.calls for line in made.budgets)
    rows.append(
        ("**All**", "", cents(on_calls), cents(made.adjusted), f"**{cents(made.spent)}**", "", f"{calls:,}")
    )  # fmt: skip
    headings = ("budget", "opening", "calls cost", "adjusted", "spent", "closing", "calls")
    yield from _table(headings, rows)


def _shares(heading: str, one: str, parts: Sequence[Part]) -> Iterator[str]:
    yield f"## {heading}"
    yield ""
    rows = [
        (one_line(part.name) or NOT_KNOWN, cents(part.aud), f"{part.calls:,}") for part in parts
    ]
    yield from _table((one, "calls cost", "calls"), rows)


def _estimates(made: Statement) -> Iterator[str]:
    rows = [
        (one_line(line.budget), cents(line.estimated), f"{line.estimated_calls:,}")
        for line in made.budgets
        if line.estimated_calls
    ]
    if not rows:
        return
    yield "## Estimated costs"
    yield ""
    yield "These calls reported no credible usage. They are included in the sums above."
    yield ""
    yield from _table(("budget", "calls cost", "calls"), rows)


def _adjustments(made: Statement) -> Iterator[str]:
    yield "## Adjustments"
    yield ""
    rows = [
        (_moment(one.at, made), one_line(one.budget), cents(one.aud), one_line(one.reason), str(one.number))
        for one in made.adjustments
    ]  # fmt: skip
    yield from _table(("when", "budget", "amount", "reason", "line"), rows, numbers=(2, 4))


def _rates(made: Statement) -> Iterator[str]:
    yield "## Exchange rates"
    yield ""
    rows = [
        (str(rate.usd_per_aud), cents(rate.aud), f"{rate.entries:,}", _moment(rate.first, made), _moment(rate.last, made))
        for rate in made.rates
    ]  # fmt: skip
    headings = ("USD for one AUD", "calls cost", "lines", "first", "last")
    yield from _table(headings, rows, numbers=(0, 1, 2))


def _foot(made: Statement) -> Iterator[str]:
    yield "## Proof"
    yield ""
    agrees = (
        "which is not what the ledger's running totals say"
        if made.differences
        else ("which is what the ledger's running totals say")
    )
    yield f"The ledger's lines ({made.lines:,}) add up to {plain(made.spent)} AUD, {agrees}."
    yield f"Made on {_moment(made.made_at, made)}. Digest of everything above but this day: `{made.digest}`"
    yield ""


def _table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] | None = None
) -> Iterator[str]:
    found = tuple(map(tuple, rows))
    if not found:
        yield "None."
        yield ""
        return
    right = range(1, len(headings)) if numbers is None else numbers
    yield from table_markdown(Table(tuple(headings), found, frozenset(right)))
    yield ""


def _moment(moment: datetime, made: Statement) -> str:
    there = moment.astimezone(ZoneInfo(made.timezone))
    return f"{there.day} {there:%b %Y %H:%M}"
