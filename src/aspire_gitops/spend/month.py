"""One month's spend: each budget beside its cap, and each key beside LiteLLM's own figure. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final

from aspire_gitops.spend.caps import Cap, budget_of, cap_of, zone
from aspire_gitops.spend.forecast import Forecast, forecast
from aspire_gitops.spend.record import MonthRecord, Part
from aspire_gitops.state import GatewayObject, KeyFacts, ObjectKey, Snapshot
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


MARGIN: Final = Decimal("0.1")
"""How far the two may differ, as a fraction of the key's `max_budget`."""

_ABSURD: Final = Decimal(10) ** 15
_STEP: Final = Decimal("0.0001")
_COUNTED = "metadata.budget_mode"  # a key that carries it is counted by the ledger


class Verdict(StrEnum):
    HIGH = "high"  # LiteLLM refuses the app, or soon will, although the ledger has room
    LOW = "low"  # the backstop does not see what the ledger sees


@dataclass(frozen=True, slots=True)
class OwnSpend:
    """One key whose two figures differ too much. Amounts are US dollars."""

    key: ObjectKey
    address: str
    litellm: Decimal
    ledger: Decimal
    max_budget: Decimal
    verdict: Verdict


def own_spends(snapshot: Snapshot, owner: str) -> tuple[OwnSpend, ...]:
    """Return our keys whose two figures differ too much, by key.

    A key is compared if both sides count the same calendar month. Without an
    answer from the ledger nothing is compared.
    """
    if snapshot.booked is None:
        return ()
    keys = (item for item in snapshot.objects if item.mark and item.mark.owner == owner)
    found = (_compared(item, snapshot) for item in keys if _COUNTED in item.fields)
    return tuple(sorted((one for one in found if one), key=lambda one: (one.key, one.address)))


def usd_text(amount: Decimal) -> str:
    """Return US dollars for people: `1,234.50`, to a hundredth of a cent, whatever LiteLLM counted."""
    if abs(amount) >= _ABSURD:
        return f"{amount:.3e}"
    return f"{Decimal(plain(amount.quantize(_STEP))):,}"


def _compared(item: GatewayObject, snapshot: Snapshot) -> OwnSpend | None:
    facts = snapshot.facts_of(item)
    if facts is None or facts.spend is None or not facts.max_budget or facts.max_budget < 0:
        return None
    if not _same_month(item, facts, snapshot.taken_at):
        return None
    booked = (snapshot.booked or {}).get(item.handle, Decimal(0))
    spend, most = Decimal(str(facts.spend)), Decimal(str(facts.max_budget))
    verdict = _verdict(spend, booked, most, has_room=_has_room(item, snapshot))
    if verdict is None:
        return None
    return OwnSpend(item.key, item.address or "", spend, booked, most, verdict)


def _verdict(spend: Decimal, booked: Decimal, most: Decimal, *, has_room: bool) -> Verdict | None:
    if booked - spend > MARGIN * most:
        return Verdict.LOW
    is_high = spend > booked and (spend >= most or spend - booked > MARGIN * most)
    # If the ledger's own figure reaches the backstop, LiteLLM is right.
    return Verdict.HIGH if is_high and has_room and booked < most else None


def _same_month(item: GatewayObject, facts: KeyFacts, now: datetime) -> bool:
    name = item.fields.get("metadata.timezone")
    where = zone(name) if isinstance(name, str) else None
    if where is None or facts.resets_at is None:
        return False
    # A period that is over but not reset ends in the past; one of another length or
    # timezone ends at another moment.
    return facts.resets_at == Month.containing(now, where).end


def _has_room(item: GatewayObject, snapshot: Snapshot) -> bool:
    cap, spent = cap_of(item, snapshot.taken_at), snapshot.spent.get(budget_of(item), "0")
    return cap is not None and Aud(Decimal(spent)) < cap
