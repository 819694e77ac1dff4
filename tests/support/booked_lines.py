"""A month's lines, added up one by one: what the sums of the database are compared with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from aspire_gitops.spend import Adjustment, MonthSums, Part, RateUsed
from aspire_ledger.amounts import aud
from aspire_ledger.money import Aud
from aspire_ledger.values import Entry, EntryKind

NOTHING = Aud(Decimal(0))
_NO_CALLS = (EntryKind.CORRECTED, EntryKind.ADJUSTED)


@dataclass(frozen=True, slots=True)
class Booked:
    """One line. A correction is money and no call; `request_id` says which call it corrects."""

    number: int
    at: datetime
    budget: str
    aud: Aud
    app: str = ""
    alias: str = ""
    provider: str = ""
    usd_per_aud: Decimal = Decimal(0)
    is_call: bool = False
    is_adjustment: bool = False
    reason: str = ""
    request_id: str = ""
    estimated: bool = False


def booked_of(entry: Entry) -> Booked:
    """Return an entry of the ledger as a line."""
    by_hand = entry.kind is EntryKind.ADJUSTED
    return Booked(
        entry.number,
        entry.at,
        entry.budget,
        aud(entry.cost),
        entry.app,
        entry.alias,
        entry.provider,
        entry.usd_per_aud,
        is_call=entry.kind not in _NO_CALLS,
        is_adjustment=by_hand,
        reason=entry.note if by_hand else "",
        request_id=entry.request_id,
        estimated=entry.estimated,
    )


def sums_of(lines: Iterable[Booked], totals: Mapping[str, Aud] | None = None) -> MonthSums:
    """Add up the lines of one month, in their order."""
    sums = _Sums()
    for line in lines:
        sums.add(line)
    budgets, apps, aliases, providers = (tuple(found.values()) for found in sums.parts)
    return MonthSums(
        sums.lines,
        budgets,
        apps,
        aliases,
        providers,
        estimated=tuple(_added({}, sums.estimated.values()).values()),
        adjustments=tuple(sums.adjustments),
        rates=tuple(sums.rates.values()),
        totals=totals,
    )


@dataclass
class _Sums:
    parts: tuple[dict[str, Part], ...] = field(default_factory=lambda: ({}, {}, {}, {}))
    adjustments: list[Adjustment] = field(default_factory=list)
    rates: dict[Decimal, RateUsed] = field(default_factory=dict)
    estimated: dict[str, Booked] = field(default_factory=dict)  # by the call's id
    lines: int = 0

    def add(self, line: Booked) -> None:
        self.lines += 1
        if line.is_adjustment:
            self.adjustments.append(
                Adjustment(line.number, line.at, line.budget, line.aud, line.reason)
            )
            return
        if line.estimated:
            self.estimated[line.request_id] = line
        elif not line.is_call:  # a correction: the cost is known now
            self.estimated.pop(line.request_id, None)
        names = (line.budget, line.app, line.alias, line.provider)
        for known, name in zip(self.parts, names, strict=True):
            known[name] = _plus(known.get(name, Part(name, NOTHING, 0)), line, int(line.is_call))
        self._rate(line)

    def _rate(self, line: Booked) -> None:
        fresh = RateUsed(line.usd_per_aud, line.at, line.at, 0, NOTHING)
        known = self.rates.get(line.usd_per_aud, fresh)
        self.rates[line.usd_per_aud] = replace(
            known,
            first=min(known.first, line.at),
            last=max(known.last, line.at),
            entries=known.entries + 1,
            aud=Aud(known.aud + line.aud),
        )


def _added(known: dict[str, Part], lines: Iterable[Booked]) -> dict[str, Part]:
    for line in lines:
        known[line.budget] = _plus(known.get(line.budget, Part(line.budget, NOTHING, 0)), line, 1)
    return known


def _plus(part: Part, line: Booked, calls: int) -> Part:
    return Part(part.name, Aud(part.aud + line.aud), part.calls + calls)
