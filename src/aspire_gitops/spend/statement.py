"""A month's statement: what could be spent, what was spent, by whom, and what was booked by hand.

Computed from the ledger's lines alone, so that it checks the ledger's running
totals instead of repeating them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from aspire_gitops.spend.caps import Cap
from aspire_gitops.spend.month import plain
from aspire_gitops.spend.record import Adjustment, Booked, Part, RateUsed
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
    lines: Iterable[Booked],
    caps: Mapping[str, Cap],
    *,
    month: Month,
    now: datetime,
    totals: Mapping[str, Aud] | None = None,
) -> Statement:
    """Add up the lines of one month. `totals` are the ledger's own sums, to compare with."""
    sums = _Sums()
    for line in lines:
        sums.add(line)
    names = sorted(sums.budgets.keys() | sums.adjusted.keys())
    budgets = tuple(_budget(name, sums, caps.get(name)) for name in names)
    return Statement(
        month=str(month),
        timezone=str(month.start.tzinfo),
        made_at=now,
        is_over=now >= month.end,
        budgets=budgets,
        apps=_dearest(sums.apps),
        aliases=_dearest(sums.aliases),
        providers=_dearest(sums.providers),
        adjustments=tuple(sums.adjustments),
        rates=tuple(sorted(sums.rates.values(), key=lambda rate: (rate.first, rate.usd_per_aud))),
        lines=sums.lines,
        differences=_differences(budgets, totals) if totals is not None else (),
    )


@dataclass(slots=True)
class _Sums:
    """What has been added up so far."""

    budgets: dict[str, Part] = field(default_factory=dict)
    apps: dict[str, Part] = field(default_factory=dict)
    aliases: dict[str, Part] = field(default_factory=dict)
    providers: dict[str, Part] = field(default_factory=dict)
    adjusted: dict[str, Aud] = field(default_factory=dict)
    adjustments: list[Adjustment] = field(default_factory=list)
    rates: dict[Decimal, RateUsed] = field(default_factory=dict)
    estimated: dict[str, Booked] = field(default_factory=dict)  # by the call's id
    lines: int = 0

    def add(self, line: Booked) -> None:
        self.lines += 1
        if line.is_adjustment:
            before = self.adjusted.get(line.budget, _NOTHING)
            self.adjusted[line.budget] = Aud(before + line.aud)
            self.adjustments.append(
                Adjustment(line.number, line.at, line.budget, line.aud, line.reason)
            )
            return
        calls = int(line.is_call)
        if line.estimated:
            self.estimated[line.request_id] = line
        elif not line.is_call:  # a correction: the cost is known now
            self.estimated.pop(line.request_id, None)
        for sums, name in (
            (self.budgets, line.budget),
            (self.apps, line.app),
            (self.aliases, line.alias),
            (self.providers, line.provider),
        ):
            known = sums.get(name, Part(name, _NOTHING, 0))
            sums[name] = Part(name, Aud(known.aud + line.aud), known.calls + calls)
        self._rate(line)

    def _rate(self, line: Booked) -> None:
        known = self.rates.get(line.usd_per_aud)
        if known is None:
            self.rates[line.usd_per_aud] = RateUsed(line.usd_per_aud, line.at, line.at, 1, line.aud)
            return
        self.rates[line.usd_per_aud] = replace(
            known,
            first=min(known.first, line.at),
            last=max(known.last, line.at),
            entries=known.entries + 1,
            aud=Aud(known.aud + line.aud),
        )


def _budget(name: str, sums: _Sums, cap: Cap | None) -> BudgetLine:
    part = sums.budgets.get(name, Part(name, _NOTHING, 0))
    adjusted = sums.adjusted.get(name, _NOTHING)
    guesses = [line.aud for line in sums.estimated.values() if line.budget == name]
    return BudgetLine(
        name,
        cap.aud if cap else None,
        part.aud,
        adjusted,
        part.calls,
        Aud(sum(guesses, _NOTHING)),
        len(guesses),
    )


def _dearest(parts: Mapping[str, Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts.values(), key=lambda part: (-part.aud, part.name)))


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
