"""What the ledger has of one month, as plain values. `ledger_reading` fills them."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aspire_ledger.money import Aud, Month

_NAME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one budget, app, alias or provider in a month. Adjustments do not count as calls."""

    name: str
    aud: Aud
    calls: int


@dataclass(frozen=True, slots=True)
class Route:
    """From `since` on (None: always), calls of `alias` by one deployment went to `provider`.

    `protocol` is LiteLLM's word for it: `openai` for all that speak like OpenAI. `provider`
    is empty where the deployment names none, or was deleted.
    """

    alias: str
    address: str
    provider: str
    protocol: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What one deployment's calls of an alias cost in one slot of a month.

    Slot 0 ends at the first of `moments_of`, slot n begins at the nth. `deployment` is
    empty in lines of older ledgers.
    """

    alias: str
    deployment: str
    protocol: str
    slot: int
    aud: Aud
    calls: int


def moments_of(routes: Iterable[Route]) -> tuple[datetime, ...]:
    """Return when routes changed, in order."""
    return tuple(sorted({route.since for route in routes if route.since}))


def providers_of(paid: Iterable[PaidPart], routes: Sequence[Route]) -> tuple[Part, ...]:
    """Return what each Provider was paid, the dearest first.

    Where nobody knows which one it was, the part is called `unknown (openai)`, by its protocol;
    what was booked by hand has no name.
    """
    moments, protocols = moments_of(routes), {route.protocol for route in routes}
    sums: dict[str, Part] = {}
    for part in paid:
        at = moments[part.slot - 1] if part.slot else None
        name = _provider(part, routes, at, protocols)
        known = sums.get(name, Part(name, Aud(Decimal(0)), 0))
        sums[name] = Part(name, Aud(known.aud + part.aud), known.calls + part.calls)
    return tuple(sorted(sums.values(), key=lambda part: (-part.aud, part.name)))


def _provider(
    part: PaidPart, routes: Sequence[Route], at: datetime | None, protocols: Container[str]
) -> str:
    if not part.protocol and not part.deployment:
        return ""
    # A deployment that is not ours may share the alias's name, so its address must be known.
    by_alias = not part.deployment or part.deployment.startswith(f"gw.{part.alias}.")
    then = [r for r in routes if r.since is None or (at is not None and r.since <= at)]
    found = [route for route in then if route.address and route.address == part.deployment]
    if not found and by_alias:
        found = [route for route in then if route.alias == part.alias]
    last = max(found, key=_since, default=None)
    contradicts = last and last.protocol != part.protocol and part.protocol in protocols
    if last is None or contradicts or not last.provider:
        return f"unknown ({part.protocol or 'not recorded'})"
    return last.provider


def _since(route: Route) -> datetime:
    return route.since or datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MonthRecord:
    """One month of the ledger.

    `month` is `2026-11`. `days` is what calls cost on each day, by budget; it
    may reach back into the month before, for the forecast, and is empty if not
    asked for. `estimated` is what each budget's estimated calls cost, for which the
    provider reported no credible usage.
    """

    month: str
    budgets: tuple[Part, ...] = ()
    apps: tuple[Part, ...] = ()
    aliases: tuple[Part, ...] = ()
    providers: tuple[Part, ...] = ()
    days: Mapping[str, Mapping[date, Aud]] = field(default_factory=dict)
    estimated: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An amount booked by hand, negative for a refund."""

    number: int  # of the ledger's entry
    at: datetime
    budget: str
    aud: Aud
    reason: str  # and who booked it


@dataclass(frozen=True, slots=True)
class RateUsed:
    """An exchange rate, and what was booked at it."""

    usd_per_aud: Decimal
    first: datetime
    last: datetime
    entries: int
    aud: Aud


@dataclass(frozen=True, slots=True)
class MonthSums:
    """The lines of one month, added up for a statement.

    What was booked by hand is in `lines` and `adjustments` alone. `estimated` is the part of each
    budget that was estimated and not corrected since. `totals` are the ledger's own running totals
    of the same moment, to compare with; None if not asked for.
    """

    lines: int
    budgets: tuple[Part, ...] = ()
    apps: tuple[Part, ...] = ()
    aliases: tuple[Part, ...] = ()
    providers: tuple[Part, ...] = ()
    estimated: tuple[Part, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    rates: tuple[RateUsed, ...] = ()
    totals: Mapping[str, Aud] | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """Calls of some days that failed in one way. See `aspire_ledger.values.FailedCalls` for the outcomes."""

    app: str
    alias: str
    deployment: str
    outcome: str
    calls: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Calls that were admitted, the first at `since`, and that nobody booked anything for."""

    app: str
    alias: str
    calls: int
    since: datetime


@dataclass(frozen=True, slots=True)
class UnlistedParameter:
    """Calls of some days that sent a parameter which no reviewed file lists.

    `outcome` is `refused`, `removed` or `passed`.
    """

    app: str
    alias: str
    call_type: str
    parameter: str
    outcome: str
    calls: int


@dataclass(frozen=True, slots=True)
class PriceDifference:
    """A call that we price differently from the gateway (US dollars)."""

    request_id: str
    alias: str
    deployment: str
    booked: Decimal
    reported: Decimal


@dataclass(frozen=True, slots=True)
class PriceDifferences:
    """How many calls of a month are priced differently, and those that differ most."""

    calls: int = 0
    worst: tuple[PriceDifference, ...] = ()


def month_named(name: str, timezone: ZoneInfo) -> Month:
    """Return the month called `2026-11`.

    Raises:
        ValueError: It is not a month.
    """
    if not is_month(name):
        raise ValueError(f"invalid month {name!r}")
    noon = datetime(int(name[:4]), int(name[5:]), 1, 12, tzinfo=timezone)
    return Month.containing(noon, timezone)


def is_month(name: str) -> bool:
    """Return whether this is the name of a month."""
    return bool(_NAME.fullmatch(name)) and not name.startswith("0000")


def month_before(month: Month) -> Month:
    """Return the month that ends where this one starts."""
    timezone = timezone_of(month)
    return Month.containing(
        datetime.combine(month.start.date() - _DAY, time(12), timezone), timezone
    )


def timezone_of(month: Month) -> ZoneInfo:
    """Return the month's timezone."""
    timezone = month.start.tzinfo
    if not isinstance(timezone, ZoneInfo):
        raise TypeError("a month without a timezone")
    return timezone


def days_of(month: Month) -> Iterator[date]:
    """Yield the days of the month, in order."""
    day = month.start.date()
    while day < month.end.date():
        yield day
        day += _DAY


def part_left(day: date, now: datetime, timezone: ZoneInfo) -> float:
    """Return how much of `day` is still to come at `now`, 0 to 1.

    Measured in real time: a day on which clocks are changed has 23 or 25 hours.
    """
    start, end = _midnight(day, timezone), _midnight(day + _DAY, timezone)
    left = (end - now.astimezone(UTC)) / (end - start)
    return min(max(left, 0.0), 1.0)


def _midnight(day: date, timezone: ZoneInfo) -> datetime:
    # In UTC, because the difference of two times of one zone ignores that clocks are changed.
    return datetime.combine(day, time(), timezone).astimezone(UTC)
