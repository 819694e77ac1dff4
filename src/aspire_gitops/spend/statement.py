"""A month's statement: what could be spent, what was spent, by whom, and what was booked by hand.

Computed from the sums of the ledger's lines, so that it checks the ledger's running
totals instead of repeating them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aspire_gitops.spend.caps import Cap
from aspire_gitops.spend.month import plain
from aspire_gitops.spend.record import Adjustment, MonthSums, Part, RateUsed
from aspire_ledger.canonical import JsonValue, digest
from aspire_ledger.money import Aud, Month

_NOTHING = Aud(Decimal(0))


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget: `opening` is its cap, None if no key carries it now; `closing` is what is left.

    `estimated` is the part of `spent_on_calls` that was estimated and never corrected.
    """

    budget: str
    opening: Aud | None
    spent_on_calls: Aud
    adjusted: Aud
    calls: int
    estimated: Aud = _NOTHING
    estimated_calls: int = 0

    @property
    def spent(self) -> Aud:
        return Aud(self.spent_on_calls + self.adjusted)

    @property
    def closing(self) -> Aud | None:
        return None if self.opening is None else Aud(self.opening - self.spent)


@dataclass(frozen=True, slots=True)
class Statement:
    """One month. `differences` says where the running totals differ from the sum of the lines."""

    month: str
    timezone: str
    made_at: datetime
    is_over: bool
    budgets: tuple[BudgetLine, ...]
    apps: tuple[Part, ...]
    aliases: tuple[Part, ...]
    providers: tuple[Part, ...]
    adjustments: tuple[Adjustment, ...]
    rates: tuple[RateUsed, ...]
    lines: int
    differences: tuple[str, ...] = ()

    @property
    def spent(self) -> Aud:
        """What the whole month cost, adjustments included."""
        return Aud(sum((line.spent for line in self.budgets), Decimal(0)))

    @property
    def adjusted(self) -> Aud:
        return Aud(sum((line.adjusted for line in self.budgets), Decimal(0)))

    @property
    def digest(self) -> str:
        """The digest of everything in the statement except when it was made."""
        return digest(_covered(self))


def statement_of(
    sums: MonthSums, caps: Mapping[str, Cap], *, month: Month, now: datetime
) -> Statement:
    """Return the statement of one month, compared with the running totals if `sums` has them."""
    budgets = tuple(_budgets(sums, caps))
    return Statement(
        month=str(month),
        timezone=str(month.start.tzinfo),
        made_at=now,
        is_over=now >= month.end,
        budgets=budgets,
        apps=_dearest(sums.apps),
        aliases=_dearest(sums.aliases),
        providers=_dearest(sums.providers),
        adjustments=sums.adjustments,
        rates=tuple(sorted(sums.rates, key=lambda rate: (rate.first, rate.usd_per_aud))),
        lines=sums.lines,
        differences=_differences(budgets, sums.totals) if sums.totals is not None else (),
    )


def _budgets(sums: MonthSums, caps: Mapping[str, Cap]) -> Iterator[BudgetLine]:
    called = {part.name: part for part in sums.budgets}
    guessed = {part.name: part for part in sums.estimated}
    adjusted: dict[str, Aud] = {}
    for one in sums.adjustments:
        adjusted[one.budget] = Aud(adjusted.get(one.budget, _NOTHING) + one.aud)
    for name in sorted(called.keys() | adjusted.keys()):
        nothing, cap = Part(name, _NOTHING, 0), caps.get(name)
        part, guess = called.get(name, nothing), guessed.get(name, nothing)
        yield BudgetLine(
            name,
            cap.aud if cap else None,
            part.aud,
            adjusted.get(name, _NOTHING),
            part.calls,
            guess.aud,
            guess.calls,
        )


def _dearest(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: (-part.aud, part.name)))


def _differences(budgets: Sequence[BudgetLine], totals: Mapping[str, Aud]) -> tuple[str, ...]:
    added = {line.budget: line.spent for line in budgets}
    return tuple(
        f'the running total of budget "{name}" is {plain(totals.get(name, _NOTHING))} AUD,'
        f" and its lines add up to {plain(added.get(name, _NOTHING))}"
        for name in sorted(added.keys() | totals.keys())
        if added.get(name, _NOTHING) != totals.get(name, _NOTHING)
    )


def _covered(made: Statement) -> JsonValue:
    def parts(found: Iterable[Part]) -> JsonValue:
        return [[part.name, plain(part.aud), part.calls] for part in found]

    estimated: list[JsonValue] = [
        [line.budget, plain(line.estimated), line.estimated_calls]
        for line in made.budgets
        if line.estimated_calls
    ]
    return {
        "month": made.month,
        "timezone": made.timezone,
        "budgets": [
            [
                line.budget,
                None if line.opening is None else plain(line.opening),
                plain(line.spent_on_calls),
                plain(line.adjusted),
                line.calls,
            ]
            for line in made.budgets
        ],
        "apps": parts(made.apps),
        "aliases": parts(made.aliases),
        "providers": parts(made.providers),
        "adjustments": [
            [one.number, one.at.isoformat(), one.budget, plain(one.aud), one.reason]
            for one in made.adjustments
        ],
        "rates": [[str(rate.usd_per_aud), rate.entries, plain(rate.aud)] for rate in made.rates],
        "lines": made.lines,
        # Left out if empty, so that older statements keep their digest.
        **({"estimated": estimated} if estimated else {}),
    }
