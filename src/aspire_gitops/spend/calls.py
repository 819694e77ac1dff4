"""What the ledger knows about calls beside their cost: failures, unlisted parameters, price differences.

Values and pure functions. The controller reads the ledger; page, terminal and metrics show them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aspire_gitops.spend.record import Failures, PriceDifferences, UnlistedParameter, Unsettled

DAYS: Final = 7
"""How many days a report covers, today included."""

WORST: Final = 5
"""How many price differences are listed."""


@dataclass(frozen=True, slots=True)
class AliasFailures:
    """Calls of one alias that failed in one way: in `DAYS` days, and how many of them today."""

    alias: str
    outcome: str
    calls: int
    today: int


@dataclass(frozen=True, slots=True)
class AppParameter:
    """Calls of one app, in `DAYS` days, that sent one parameter which no reviewed file lists.

    `outcome` is `refused`, `removed` or `passed`. `aliases` are the called ones.
    """

    app: str
    parameter: str
    outcome: str
    calls: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallReport:
    """What the ledger said about calls at `at`. What is None is unknown, and `problem` says why.

    Days are those of the gateway's timezone, both included. `prices` is of the month
    called `month`; everything else of the days from `since` to `until`. The most
    frequent come first.
    """

    at: datetime
    month: str
    since: date
    until: date
    failures: tuple[AliasFailures, ...] | None = None
    parameters: tuple[AppParameter, ...] | None = None
    prices: PriceDifferences | None = None
    unsettled: tuple[Unsettled, ...] = ()
    problem: str = ""


def days_until(now: datetime, timezone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last day that a report covers."""
    today = now.astimezone(timezone).date()
    return today - timedelta(days=DAYS - 1), today


def by_alias(lately: Iterable[Failures], today: Iterable[Failures]) -> tuple[AliasFailures, ...]:
    """Add up the failed calls of some days, and of today, by alias and outcome."""
    all_days: Counter[tuple[str, str]] = Counter()
    this_day: Counter[tuple[str, str]] = Counter()
    for counted, found in ((all_days, lately), (this_day, today)):
        for each in found:
            counted[each.alias, each.outcome] += each.calls
    # Today was read later, so it may have an alias that the days do not have yet.
    rows = (
        AliasFailures(*which, max(all_days[which], this_day[which]), this_day[which])
        for which in all_days | this_day
    )
    return tuple(sorted(rows, key=lambda row: (-row.calls, row.alias, row.outcome)))


def by_app(found: Iterable[UnlistedParameter]) -> tuple[AppParameter, ...]:
    """Add up unlisted parameters by app, parameter and outcome."""
    counted: Counter[tuple[str, str, str]] = Counter()
    aliases: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for each in found:
        which = (each.app, each.parameter, each.outcome)
        counted[which] += each.calls
        aliases[which].add(each.alias)
    rows = (
        AppParameter(*which, calls, tuple(sorted(aliases[which])))
        for which, calls in counted.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.calls, row.app, row.parameter, row.outcome)))
