"""One month's spend: each budget beside its cap, and its forecast. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal

from aspire_gitops.spend.caps import Cap
from aspire_gitops.spend.forecast import Forecast, forecast
from aspire_gitops.spend.record import MonthRecord, Part
from aspire_ledger.money import Aud, Month

_NOTHING = Aud(Decimal(0))


@dataclass(frozen=True, slots=True)
class BudgetSpend:
    """One budget in one month. `cap` is None if no key carries it; only the current month has a forecast.

    `estimated` is the part of `spent` that was estimated, in `estimated_calls` calls.
    """

    budget: str
    apps: tuple[str, ...]
    spent: Aud
    calls: int
    cap: Aud | None = None
    warn_at_percent: tuple[int, ...] = ()
    forecast: Forecast | None = None
    estimated: Aud = _NOTHING
    estimated_calls: int = 0

    @property
    def percent(self) -> int | None:
        """The share of the cap that is spent, rounded down: 100 means that nothing is left."""
        return percent_of(self.spent, self.cap)

    @property
    def crossed(self) -> tuple[int, ...]:
        """The declared percentages that are reached."""
        percent = self.percent
        return tuple(p for p in self.warn_at_percent if percent is not None and percent >= p)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A budget reached one of its declared percentages this month."""

    budget: str
    month: str
    percent: int

    def __str__(self) -> str:
        return f"{self.budget} {self.month} {self.percent}%"


@dataclass(frozen=True, slots=True)
class Spend:
    """A month as of `at`. `is_current` says whether it is the current one."""

    month: str
    timezone: str
    at: datetime
    is_current: bool
    budgets: tuple[BudgetSpend, ...]
    apps: tuple[Part, ...] = ()
    aliases: tuple[Part, ...] = ()
    providers: tuple[Part, ...] = ()

    @property
    def total(self) -> Part:
        """Everything together."""
        spent = sum((row.spent for row in self.budgets), _NOTHING)
        return Part("total", Aud(Decimal(spent)), sum(row.calls for row in self.budgets))

    @property
    def estimated(self) -> Part:
        """Everything that was estimated."""
        cost = sum((row.estimated for row in self.budgets), _NOTHING)
        calls = sum(row.estimated_calls for row in self.budgets)
        return Part("estimated", Aud(Decimal(cost)), calls)

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """Every declared percentage that is reached."""
        return tuple(
            Crossing(row.budget, self.month, percent)
            for row in self.budgets
            for percent in row.crossed
        )


def spend_of(
    record: MonthRecord,
    caps: Mapping[str, Cap],
    *,
    month: Month,
    now: datetime,
    lately: Spend | None = None,
) -> Spend:
    """Combine what was booked with what may be spent.

    Budgets without spend are included, and so are used ones that no key carries any
    more. Forecasts of `lately`, from a few minutes ago, are kept while the cap is the
    same: each forecast takes milliseconds.
    """
    is_current = month.start <= now < month.end
    booked = {part.name: part for part in record.budgets}
    estimated = {part.name: part for part in record.estimated}
    rows, known = [], {row.budget: row for row in lately.budgets} if lately else {}
    for name in sorted(booked.keys() | (caps.keys() if is_current else set())):
        nothing = Part(name, _NOTHING, 0)
        part, cap, guess = booked.get(name, nothing), caps.get(name), estimated.get(name, nothing)
        ahead = None
        if is_current:
            ahead = _kept(part, cap, known.get(name)) or _ahead(
                part, cap, record.days.get(name, {}), month, now
            )
        rows.append(
            BudgetSpend(
                name,
                cap.apps if cap else (),
                part.aud,
                part.calls,
                cap.aud if cap else None,
                cap.warn_at_percent if cap else (),
                ahead,
                guess.aud,
                guess.calls,
            )
        )
    return Spend(
        month=str(month),
        timezone=str(month.start.tzinfo),
        at=now,
        is_current=is_current,
        budgets=tuple(rows),
        apps=record.apps,
        aliases=record.aliases,
        providers=record.providers,
    )


def known_spent(totals: Iterable[Part], caps: Iterable[str]) -> Mapping[str, str]:
    """Return what each budget has spent, as `Snapshot.spent` carries it: exact AUD as text.

    `totals` are the ledger's, all of a month, so a budget of `caps` that is not
    among them has spent nothing.
    """
    nothing = dict.fromkeys(sorted(caps), plain(_NOTHING))
    return nothing | {part.name: plain(part.aud) for part in totals}


def percent_of(spent: Aud, cap: Aud | None) -> int | None:
    """Return a share in whole percent, rounded down; None without a cap or with one of zero."""
    if not cap:
        return None
    return int((spent * 100 / cap).to_integral_value(ROUND_FLOOR))


def plain(amount: Decimal) -> str:
    """Return an amount as people and programs write it: exact, no exponent, at least cents."""
    text = f"{amount.normalize():f}"
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}"


def _kept(part: Part, cap: Cap | None, known: BudgetSpend | None) -> Forecast | None:
    if known is None or known.forecast is None or known.cap != (cap.aud if cap else None):
        return None
    if (known.cap is not None) and (known.spent >= known.cap) != (part.aud >= known.cap):
        return None
    return known.forecast


def _ahead(
    part: Part, cap: Cap | None, days: Mapping[date, Aud], month: Month, now: datetime
) -> Forecast:
    amount = cap.aud if cap else None
    return forecast(spent=part.aud, cap=amount, days=days, now=now, month=month)
